"""What was released before, as sets of people, and whether one number more would single somebody out.

A table is a partition: each person is in one of its cells or in none. All released tables together cut the people into
atoms, groups that no released table tells apart. A number that may be shown adds one row over the atoms; if some
combination of rows, with whatever weights, is about so few people that the policy would hide them, the number stays
hidden [P10]. This sees a filter shifted by one person, the complement of a release, a tracker and any longer sum.

A number that released ones already give, although nobody could know that from the questions alone, stays hidden as well:
whether "ill" and "ill, and not this person" are the same people is what is asked. And there are never more independent
numbers than one for each group that the policy would show of the people they are about: with enough large sums, the
people in them can be solved for. A table that counts nobody at all is not answered either.

Exact numbers can be taken from any total that somebody brings: of a group whose size everybody knows, the ill but this
person, and those who are not. Where a policy does not round, what everybody knows of people is therefore part of every
comparison, as though it had left; and where nobody said what that is, nothing is answered.

Refuses tables over another number of people than the ledger's. It never holds who anybody is: people are places in an
array that only the data room can read.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from output_checks.policy import Policy

_PRIME = 2_147_483_647
_OUTSIDE = -1
Ints = NDArray[np.int64]


class LedgerMismatch(Exception):
    """A table and a ledger that are about different people, in one sentence."""


@dataclass(frozen=True)
class Question:
    """What was asked, as far as two questions can be known to divide the same people: whom, and by which columns.

    `population` names the definition of who is counted, and `by` the definitions that divide them; equal names are
    equal definitions. An empty population is like no other.
    """

    population: str = ""
    by: frozenset[str] = frozenset()

    def is_asked_in(self, other: Question) -> bool:
        """Whether both divide the same people in the same way, whatever the data is.

        One that divides them further does not count: that its rows add up to those of the other is so only where nobody is
        left over, and whether nobody or one person is may be what is asked.
        """
        return bool(self.population) and self == other


NOTHING_KNOWN = Question()


@dataclass(frozen=True)
class Cut:
    """One table as the data room sees it: for each person the row they are counted in (-1 for none), and what is shown.

    `shown` holds the rows whose number the twin shows; the others are hidden and tell nobody anything. `curve` names
    the curve that the rows are steps of: what they tell beside each other alone is the business of the check of curves.
    """

    release: str
    row_of: Ints
    shown: frozenset[int]
    question: Question = NOTHING_KNOWN
    curve: str = ""

    def __post_init__(self) -> None:
        if self.row_of.ndim != 1 or (self.row_of.size and int(self.row_of.min()) < _OUTSIDE):
            raise ValueError("a cut gives each person one row from 0, or -1")
        if not self.release or any(row < 0 for row in self.shown):
            raise ValueError("a cut names its release and its rows")


@dataclass(frozen=True)
class Listed:
    """A table that left, or is to leave, with the list of who is behind each row, which only the data room can read.

    `places` says of each row which number it is a part of, where one number, a total, is repeated on several rows; rows
    that are part of none are left out. `shown` are then such numbers. `curve` names the curve
    that the rows are steps of, if they are.
    """

    release: str
    members: bytes
    question: Question
    shown: frozenset[int]
    places: Mapping[int, int] | None = None
    curve: str = ""

    def rows_of(self, place: int) -> tuple[int, ...]:
        """The rows of the file in which a number of the list stands."""
        return (place,) if self.places is None else tuple(r for r, p in self.places.items() if p == place)


@dataclass(frozen=True)
class Difference:
    """A row that may not be shown, and why (for eyes inside): with earlier releases it would single out this many people.

    0 people: it can be computed from what was released, or there are too many numbers already.
    """

    row: int
    people: int
    releases: tuple[str, ...]


@dataclass(frozen=True)
class Ledger:
    """Everything released from one dataset, across all studies.

    `known` says of each person which of the groups they are in (from 0) whose people anybody may know: those of one age, sex and
    region, say. A policy without rounding needs it; None where nobody said.
    """

    people: int
    cuts: tuple[Cut, ...] = ()
    known: Ints | None = None

    def __post_init__(self) -> None:
        if any(len(cut.row_of) != self.people for cut in self.cuts):
            raise LedgerMismatch("A release is about another number of people than the ledger.")
        if self.known is not None and len(self.known) != self.people:
            raise LedgerMismatch("What everybody knows is about another number of people than the ledger.")

    def with_release(self, *cuts: Cut) -> Ledger:
        """The ledger after one more release, of one cut or several.

        Raises:
            LedgerMismatch: the cut is over another number of people.
        """
        return replace(self, cuts=(*self.cuts, *cuts))

    def differences(self, offered: Cut | Sequence[Cut], policy: Policy) -> tuple[Difference, ...]:
        """The rows of an offered table that may not be shown beside what was released before.

        A table in which nobody is in two rows is one cut; any other is several. Rows are taken largest first, each
        beside those already taken, so that as much as can be is shown.

        Raises:
            LedgerMismatch: the table is over another number of people.
        """
        cuts = (offered,) if isinstance(offered, Cut) else tuple(offered)
        comparison = _Comparison(self, cuts, policy)
        found = [each for cut in cuts for each in comparison.judged(cut)]
        return tuple(sorted(found, key=lambda each: each.row))

    def to_bytes(self) -> bytes:
        """The ledger for the data room's own store; not for any other place."""
        out = io.BytesIO()
        arrays: dict[str, NDArray[Any]] = {
            "people": np.array([self.people]),
            "names": np.array([cut.release for cut in self.cuts], dtype=np.str_),
        }
        if self.known is not None:
            arrays["known"] = self.known
        for at, cut in enumerate(self.cuts):
            arrays[f"row_of_{at}"] = cut.row_of
            arrays[f"shown_{at}"] = np.array(sorted(cut.shown), dtype=np.int64)
            arrays[f"question_{at}"] = np.array(
                [cut.question.population, *sorted(cut.question.by)], dtype=np.str_
            )
        np.savez_compressed(out, allow_pickle=False, **arrays)
        return out.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes) -> Ledger:
        """The ledger that `to_bytes` wrote."""
        with np.load(io.BytesIO(content), allow_pickle=False) as kept:
            cuts = tuple(
                Cut(
                    str(name),
                    kept[f"row_of_{at}"],
                    frozenset(map(int, kept[f"shown_{at}"])),
                    _question(*map(str, kept[f"question_{at}"])),
                )
                for at, name in enumerate(kept["names"])
            )
            return cls(int(kept["people"][0]), cuts, kept.get("known"))


def _question(population: str, *by: str) -> Question:
    return Question(population, frozenset(by))


class _Comparison:
    """One offered table beside everything released: what is known already, by everybody and by the questions alone."""

    def __init__(self, ledger: Ledger, offered: Sequence[Cut], policy: Policy) -> None:
        self._ledger = ledger
        self._policy = policy
        self._everybodys = tuple(_everybodys(ledger)) if policy.rounding == "none" else ()
        cuts = (*self._everybodys, *ledger.cuts, *offered)
        self._atoms = _atoms([cut.row_of for cut in cuts], ledger.people)
        self._sizes = np.bincount(self._atoms, minlength=1)
        self._free = self._span(()).rank
        self._known = self._span(ledger.cuts)
        curves = {cut.curve for cut in offered} - {""}
        self._alone = self._span(cut for cut in ledger.cuts if cut.curve in curves)
        self._counted = np.zeros(ledger.people, dtype=np.bool_)
        for cut in ledger.cuts:
            self._counted |= np.isin(cut.row_of, sorted(cut.shown))

    def _span(self, cuts: Iterable[Cut]) -> _Span:
        span = _Span(self._sizes, self._policy.small_max)
        for cut in (*self._everybodys, *cuts):
            for vector in _vectors(cut, self._atoms, sorted(cut.shown)):
                span.add(vector)
        return span

    def judged(self, cut: Cut) -> Iterator[Difference]:
        """The rows of a cut that stay hidden; the others are known from here on."""
        related = self._span(each for each in self._ledger.cuts if each.question.is_asked_in(cut.question))
        sizes = np.bincount(cut.row_of[cut.row_of >= 0], minlength=max(cut.shown, default=0) + 1)
        order = sorted(cut.shown, key=lambda row: (-int(sizes[row]), row))
        for row, vector in zip(order, _vectors(cut, self._atoms, order), strict=True):
            if cut.curve and not sizes.any():
                continue
            if not sizes.any() or self._is_blind:
                # Of how many it counts nobody is not said: it may be one person, who is then told of.
                yield Difference(row, 0, ())
                continue
            people = self._why_not(cut, row, vector, related)
            if people is not None and not (cut.curve and self._is_its_own(vector, people)):
                yield Difference(row, people, self._near(cut, row))
            else:
                self._counted |= cut.row_of == row
                for span in (self._known, related, self._alone):
                    span.add(vector)

    def _is_its_own(self, vector: Ints, people: int) -> bool:
        """Whether the steps of the curve single out as many by themselves, or give the number: that is for its own check."""
        if people:
            return 0 < self._alone.would_single_out(vector) <= people
        return self._alone.gives(vector)

    @property
    def _is_blind(self) -> bool:
        """Whether exact numbers would be shown to somebody who may know anything."""
        return self._policy.rounding == "none" and self._ledger.known is None

    def _why_not(self, cut: Cut, row: int, vector: Ints, related: _Span) -> int | None:
        """The people that a row would single out, 0 where it says what is known or too much; None where it may be shown."""
        singled = self._known.would_single_out(vector)
        if singled:
            return singled
        if self._known.gives(vector):
            return None if related.gives(vector) else 0
        about = int(np.count_nonzero(self._counted | (cut.row_of == row)))
        return 0 if (self._known.rank - self._free + 1) * (self._policy.small_max + 1) > about else None

    def _near(self, cut: Cut, row: int) -> tuple[str, ...]:
        """The earlier releases that count somebody whom the row counts, latest first."""
        inside = cut.row_of == row
        touching = (each.release for each in reversed(self._ledger.cuts) if np.any(each.row_of[inside] >= 0))
        return tuple(dict.fromkeys(touching))


def _everybodys(ledger: Ledger) -> Iterator[Cut]:
    """How many people there are, and how many of each group that anybody may know, as though it had left."""
    everybody = np.zeros(ledger.people, dtype=np.int64)
    for groups in (everybody, everybody if ledger.known is None else ledger.known):
        yield Cut("what everybody knows", groups, frozenset(range(int(groups.max(initial=_OUTSIDE)) + 1)))


def _atoms(partitions: Sequence[Ints], people: int) -> Ints:
    """For each person, the number of the atom that they are in."""
    atoms = np.zeros(people, dtype=np.int64)
    for row_of in partitions:
        if len(row_of) != people:
            raise LedgerMismatch("A table is about another number of people than the ledger.")
        width = int(row_of.max(initial=_OUTSIDE)) + 2
        _, atoms = np.unique(atoms * width + row_of + 1, return_inverse=True)
    return atoms


def _vectors(cut: Cut, atoms: Ints, rows: Sequence[int]) -> Iterator[Ints]:
    """For each row, which atoms it counts."""
    count = int(atoms.max(initial=0)) + 1
    row_of_atom = np.full(count, _OUTSIDE, dtype=np.int64)
    row_of_atom[atoms] = cut.row_of
    return ((row_of_atom == row).astype(np.int64) for row in rows)


class _Span:
    """Every combination of what is shown, kept in echelon form: large atoms first, so what is left over is small."""

    def __init__(self, sizes: Ints, small_max: int) -> None:
        self._order = np.argsort(-sizes, kind="stable")
        self._sizes = sizes[self._order]
        self._small_max = small_max
        self._large = int(np.count_nonzero(self._sizes > small_max))
        self._rows: dict[int, Ints] = {}

    @property
    def rank(self) -> int:
        """How many independent numbers are shown."""
        return len(self._rows)

    def gives(self, vector: Ints) -> bool:
        """Whether what is shown gives this number already."""
        return not self._reduced(vector).any()

    def add(self, vector: Ints) -> None:
        """One more number is shown."""
        rest = self._reduced(vector)
        if rest.any():
            pivot, scaled = self._scaled(rest)
            self._rows[pivot] = scaled

    def would_single_out(self, vector: Ints) -> int:
        """How many people the smallest group is that this number, with what is shown, would be about; 0 for none."""
        rest = self._reduced(vector)
        if not rest.any() or rest[: self._large].any():
            return 0
        return min((few for each in self._combined(rest) if (few := self._few(each)) > 0), default=0)

    def _few(self, vector: Ints) -> int:
        people = int(self._sizes[vector != 0].sum())
        return people if people <= self._small_max else 0

    def _combined(self, rest: Ints) -> Iterator[Ints]:
        """The new combination, and it with each other that is about small atoms only, in every way that cancels."""
        yield rest
        others = [row for pivot, row in self._rows.items() if pivot >= self._large]
        for other in others:
            for at in np.flatnonzero((rest != 0) & (other != 0)):
                by = int(rest[at]) * pow(int(other[at]), -1, _PRIME) % _PRIME
                yield (rest - by * other) % _PRIME

    def _reduced(self, vector: Ints) -> Ints:
        rest: Ints = vector[self._order] % _PRIME
        for pivot in sorted(self._rows):
            if rest[pivot]:
                rest = (rest - rest[pivot] * self._rows[pivot]) % _PRIME
        return rest

    @staticmethod
    def _scaled(rest: Ints) -> tuple[int, Ints]:
        pivot = int(np.flatnonzero(rest)[0])
        return pivot, rest * pow(int(rest[pivot]), -1, _PRIME) % _PRIME
