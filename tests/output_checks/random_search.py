"""A random search for sequences of counts that get a person out; shares no code with the ledger that should stop it.

The attacker knows everybody's age, sex and region, and wants one bit of one person: ill or not. A sequence of counts is
put to the checks in many worlds that differ only in who is ill. From half of the worlds the attacker learns a rule (an
answer, a sum or difference of two answers, or which of them are withheld, on one side of a line), and tries it on the
others. Sequences that come close are mutated. Long sequences ask the same with and without the person among ever other
people, so that rounding averages out. A sequence gets the person out when the rule is right in nearly every world.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from output_checks.check import check
from output_checks.ledger import Cut, Ledger
from output_checks.model import Confidence, Evidence, Offered
from output_checks.policy import Policy

PEOPLE, TARGET = 160, 0
LENGTH, PAIRS, LEARNT, TRIED = 6, 16, 12, 40
CLOSE, OUT = 0.9, 0.9
DECLARED = {"statistic": "frequencies", "of": "cohort", "by": [], "columns": {"n": "count"}}
Mask = NDArray[np.bool_]
Answers = tuple[int | None, ...]


@dataclass(frozen=True)
class Count:
    """Everybody among some people who is ill, who is well, or all of them."""

    among: Mask
    who: str

    def of(self, ill: Mask) -> Mask:
        """The people counted, in a world."""
        return self.among & {"ill": ill, "well": ~ill, "all": np.ones_like(ill)}[self.who]


class Lot:
    """Random counts, and what a search does to them."""

    def __init__(self, seed: int) -> None:
        self.draw = np.random.default_rng(seed)
        levels = (5, 2, 4)
        self.known = np.stack([self.draw.integers(0, top, PEOPLE) for top in levels])
        self.known[:, TARGET] = 0

    def world(self) -> Mask:
        """Who is ill."""
        return self.draw.random(PEOPLE) < 0.5

    def count(self) -> Count:
        """A count by some of what is known of people, the target often taken out of it or put into it."""
        among = np.ones(PEOPLE, dtype=np.bool_)
        for column in self.known:
            if self.draw.random() < 0.4:
                among &= np.isin(column, self.draw.choice(int(column.max()) + 1, size=2))
        if self.draw.random() < 0.5:
            among[TARGET] = not among[TARGET]
        return Count(among, str(self.draw.choice(["ill", "well", "all"], p=[0.6, 0.2, 0.2])))

    def sequence(self) -> tuple[Count, ...]:
        """Counts of which each is new, or one before it with the target the other way."""
        found: list[Count] = []
        while len(found) < LENGTH:
            found.append(self._shifted(found) if found and self.draw.random() < 0.4 else self.count())
        return tuple(found)

    def pairs(self) -> tuple[Count, ...]:
        """The same asked twice, without the target and with it, of ever other people."""
        found: list[Count] = []
        while len(found) < 2 * PAIRS:
            among = self.draw.random(PEOPLE) < 0.5
            found += [
                Count(among & (np.arange(PEOPLE) != TARGET), "ill"),
                Count(among | (np.arange(PEOPLE) == TARGET), "ill"),
            ]
        return tuple(found)

    def mutated(self, sequence: tuple[Count, ...]) -> tuple[Count, ...]:
        """The sequence with one of its counts another one."""
        at = int(self.draw.integers(LENGTH))
        fresh = self._shifted(sequence) if self.draw.random() < 0.5 else self.count()
        return (*sequence[:at], fresh, *sequence[at + 1 :])

    def _shifted(self, found: Sequence[Count]) -> Count:
        base = found[int(self.draw.integers(len(found)))]
        among = base.among.copy()
        among[TARGET] = not among[TARGET]
        return replace(base, among=among)


Gate = Callable[[Sequence[Mask]], Answers]
"""What answers a sequence of counts."""


def checked_alone(policy: Policy) -> Gate:
    """The checks without a memory: thresholds and rounding, as elsewhere."""
    return lambda asked: tuple(_answer(int(people.sum()), withheld=False, policy=policy) for people in asked)


def checked_and_compared(policy: Policy, everybody_knows: NDArray[np.int64] | None = None) -> Gate:
    """The checks beside a ledger of everything answered, which may be told what everybody knows of people."""

    def gate(asked: Sequence[Mask]) -> Answers:
        ledger, answers = Ledger(PEOPLE, known=everybody_knows), list[int | None]()
        for at, people in enumerate(asked):
            cut = Cut(str(at), np.where(people, 0, -1), frozenset({0}))
            withheld = bool(ledger.differences(cut, policy))
            answers.append(_answer(int(people.sum()), withheld=withheld, policy=policy))
            ledger = ledger.with_release(cut) if answers[-1] is not None else ledger
        return tuple(answers)

    return gate


@cache
def _answer(people: int, *, withheld: bool, policy: Policy) -> int | None:
    """One count through the checks, as it would leave: a number, or None."""
    rows = frozenset({0}) if withheld else frozenset[int]()
    evidence = Evidence(
        people=(people,), source=Confidence.PROVED, roles={"n": "count_people"}, withheld=rows
    )
    report = check(Offered("count.csv", f"n\n{people}\n".encode(), DECLARED, evidence), policy)
    text = report.twin.decode().split("\n")[1] if report.twin is not None else policy.mark
    return None if text == policy.mark else int(text)


@dataclass(frozen=True)
class Rule:
    """One feature of the answers, and the line that it is compared with."""

    feature: int
    line: float
    above: bool

    def guesses(self, features: NDArray[np.float64]) -> Mask:
        """Whether the person is ill, in each world."""
        found: Mask = (features[:, self.feature] > self.line) == self.above
        return found


def _features(answers: Sequence[Answers]) -> NDArray[np.float64]:
    """Every answer (-1 where there is none), and the sum and difference of every two; of many pairs, what they add up to."""
    plain = np.array([[-1 if each is None else each for each in one] for one in answers], dtype=np.float64)
    if plain.shape[1] > LENGTH:
        without, within = plain[:, ::2], plain[:, 1::2]
        both = (without >= 0) & (within >= 0)
        told = np.sum((within - without) * both, axis=1)
        return np.column_stack([told, *(np.sum(each < 0, axis=1) for each in (without, within))])
    pairs = [(a, b) for a in range(plain.shape[1]) for b in range(a)]
    sums = [plain[:, a] + way * plain[:, b] for a, b in pairs for way in (1, -1)]
    return np.column_stack([plain, *sums])


def _learnt(features: NDArray[np.float64], bits: Mask) -> tuple[Rule, float]:
    """The rule that is right most often."""
    best, share = Rule(0, 0.0, above=True), 0.0
    for feature, column in enumerate(features.T):
        for line in np.unique(column)[:-1]:
            right = float(np.mean((column > line) == bits))
            if max(right, 1 - right) > share:
                best, share = Rule(feature, float(line), above=right >= 0.5), max(right, 1 - right)
    return best, share


def _played(gate: Gate, sequence: Sequence[Count], worlds: Sequence[Mask]) -> NDArray[np.float64]:
    return _features([gate([count.of(ill) for count in sequence]) for ill in worlds])


@dataclass(frozen=True)
class Tried:
    """How often the rule was right where it was learnt, and whether it was right nearly everywhere it was tried."""

    learnt: float
    out: bool


def tried(gate: Gate, sequence: Sequence[Count], lot: Lot) -> Tried:
    """One sequence, in worlds of which half have the person ill."""
    learning, trying = (_worlds(lot, count) for count in (LEARNT, TRIED))
    rule, share = _learnt(_played(gate, sequence, learning), _bits(learning))
    if share < CLOSE:
        return Tried(share, out=False)
    guesses = rule.guesses(_played(gate, sequence, trying))
    return Tried(share, out=bool(np.mean(guesses == _bits(trying)) >= OUT))


def _worlds(lot: Lot, count: int) -> list[Mask]:
    worlds = [lot.world() for _ in range(count)]
    for at, ill in enumerate(worlds):
        ill[TARGET] = at % 2 == 0
    return worlds


def _bits(worlds: Sequence[Mask]) -> Mask:
    return np.array([ill[TARGET] for ill in worlds])


def search(gate: Gate, lot: Lot, sequences: int) -> Iterator[Tried]:
    """That many sequences: new ones, the best so far with one count another, and now and then a long one."""
    best, reached = lot.sequence(), 0.0
    for at in range(sequences):
        sequence = lot.pairs() if at % 10 == 0 else lot.mutated(best) if at % 2 else lot.sequence()
        found = tried(gate, sequence, lot)
        if found.learnt >= reached and not found.out and len(sequence) == LENGTH:
            best, reached = sequence, found.learnt
        yield found


def known_to_everybody(lot: Lot) -> NDArray[np.int64]:
    """Everybody's age, sex and region as one table, each combination a row."""
    _, rows = np.unique(lot.known, axis=1, return_inverse=True)
    return rows.astype(np.int64).ravel()
