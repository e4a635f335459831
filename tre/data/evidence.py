"""What an extract says about a declared table: people behind each group, shares, sides, and each number computed again.

It answers with numbers about groups and never with a row. It refuses columns that the extract does not have, labels that
are not its values, and questions with too many groups; in sentences that repeat no label and no value.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from output_checks.model import Confidence, Evidence, Shares, Sides
from output_checks.question import Asked, Measure, Question, Unaskable
from tre.data import grouping
from tre.data.apart import ENDS, Amounts, commonest, others
from tre.data.extracted import Extract
from tre.data.grouping import Key, quoted
from tre.data.models import of_model

_SHARED = frozenset({Measure.SUM, Measure.MEAN, Measure.GINI, Measure.CONCENTRATION})
_SIDED = frozenset({Measure.PERCENTILE, Measure.LOWEST, Measure.HIGHEST})
_STEPS = frozenset({Measure.AT_RISK, Measure.EVENTS})
_NO_AMOUNT = _STEPS | {Measure.PEOPLE, Measure.WITH, Measure.MODE}
_SPREAD = frozenset({Measure.SD, Measure.VARIANCE})
_OF_RECORDS = _SPREAD | {Measure.PEOPLE, Measure.WITH, Measure.SUM, Measure.MEAN}
TRUTHS = frozenset({"BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT"})
_NUMBERS = TRUTHS | {"DOUBLE", "FLOAT", "HUGEINT", "UINTEGER", "USMALLINT", "UBIGINT"}
_N, _TOTAL = "count(*) FILTER (WHERE nv > 0)", "sum(s)"
_VARIANCE = f"(sum(q) - {_TOTAL} * {_TOTAL} / nullif(sum(nv), 0)) / nullif(sum(nv) - 1, 0)"
"""The variance of records, where a person has several: from their number, their sum and the sum of their squares."""


def _moment(order: int) -> str:
    """The mean of a power of standardised amounts."""
    powers = {3: "sum(s ^ 3) / count(s) - 3 * avg(s) * avg(s * s) + 2 * avg(s) ^ 3",
              4: "sum(s ^ 4) / count(s) - 4 * avg(s) * avg(s ^ 3) + 6 * avg(s) ^ 2 * avg(s * s) - 3 * avg(s) ^ 4"}  # fmt: skip
    return f"({powers[order]}) / nullif(var_pop(s) ^ {order / 2}, 0)"


_NUMBER: Mapping[Measure, Callable[[Asked], str]] = {
    Measure.PEOPLE: lambda _: _N,
    Measure.SUM: lambda _: _TOTAL,
    Measure.MEAN: lambda _: "sum(s) / nullif(sum(nv), 0)",
    Measure.SD: lambda _: "stddev_samp(s)",
    Measure.VARIANCE: lambda _: "var_samp(s)",
    Measure.SKEWNESS: lambda _: "skewness(s)",
    Measure.SKEWNESS_POP: lambda _: _moment(3),
    Measure.KURTOSIS: lambda _: "kurtosis(s)",
    Measure.KURTOSIS_POP: lambda _: f"{_moment(4)} - 3",
    Measure.PERCENTILE: lambda asked: f"quantile_cont(s, {asked.at / 100!r})",
    Measure.LOWEST: lambda _: "min(s)",
    Measure.HIGHEST: lambda _: "max(s)",
    Measure.CONCENTRATION: lambda _: "sum(s * s) / nullif(sum(s) * sum(s), 0)",
    Measure.GINI: lambda _: (
        "2 * sum(place * s) / nullif(count(s) * sum(s), 0) - (count(s) + 1) / nullif(count(s), 0)"
    ),
}
"""What is computed of each group, over one line for each person: `s` their amount, `nv` their records that have one."""


@dataclass
class Gathered:
    """Evidence as it is gathered, row by row."""

    people: list[int]
    rows: list[int]
    values: dict[str, list[float | None]] = field(default_factory=dict)
    shares: dict[str, list[Shares]] = field(default_factory=dict)
    sides: dict[str, list[Sides | None]] = field(default_factory=dict)
    labels: dict[str, list[str]] = field(default_factory=dict)
    apart: dict[str, list[int | None]] = field(default_factory=dict)
    unlisted: tuple[int, ...] = ()

    def evidence(self) -> Evidence:
        """The whole of it, recomputed."""
        return Evidence(
            people=tuple(self.people),
            source=Confidence.RECOMPUTED,
            rows=tuple(self.rows),
            values={name: tuple(each) for name, each in self.values.items()},
            shares={name: tuple(each) for name, each in self.shares.items()},
            sides={name: tuple(each) for name, each in self.sides.items()},
            labels={name: tuple(each) for name, each in self.labels.items()},
            apart={name: tuple(each) for name, each in self.apart.items()},
            unlisted=self.unlisted,
        )


def measure(extract: Extract, question: Question) -> Evidence:
    """Answer a question from an extract.

    Raises:
        Unaskable: the extract has no such columns or groups, or the question cannot be answered in bounds.
    """
    _hold(extract, question)
    if question.regressors:
        return of_model(extract, question)
    whole = _Asking(extract, question, question.by)
    keys = grouping.keys(question, _known(whole))
    answer = Gathered([0] * len(keys), [0] * len(keys))
    for kept, rows in grouping.by_totals(question.by, keys):
        places = [(row, tuple(part for part in keys[row] if part is not grouping.TOTAL)) for row in rows]
        _take(whole if kept == whole.kept else _Asking(extract, question, kept), places, answer)
    for place, name in enumerate(question.by):
        answer.labels[name] = [grouping.spelled(key[place]) for key in keys]
    answer.unlisted = _unlisted(whole, keys)
    return replace(answer.evidence(), partly=frozenset(whole.flagged()))


def _unlisted(whole: "_Asking", keys: Sequence[Key]) -> tuple[int, ...]:
    """The people of each group that the file leaves out. Who has a gap for a label may be left out, all of them."""
    listed = frozenset(keys)
    with_gaps = any(None in key for key in listed)
    return tuple(
        int(found[0])
        for key, found in whole.found.items()
        if key not in listed and (with_gaps or None not in key)
    )


def _hold(extract: Extract, question: Question) -> None:
    needed = [*question.by, *question.regressors, *filter(None, (question.value, question.event))]
    needed += [each.of for each in question.asked if each.measure in _STEPS]
    if not all(name in extract.columns and name != extract.patient for name in needed):
        raise Unaskable(
            "Group by, and summarise, columns of the extract that `of` names, under their own names."
        )
    measures = {each.measure for each in question.asked} - {Measure.COEFFICIENT}
    if not extract.one_each and not measures <= _OF_RECORDS:
        raise Unaskable(
            "Only counts, sums, means and standard deviations are recomputed from data with several records for a person."
        )


@dataclass(frozen=True)
class _Asking:
    """One question, grouped by the dimensions that are not totals."""

    extract: Extract
    question: Question
    kept: tuple[str, ...]

    @cached_property
    def asked(self) -> tuple[Asked, ...]:
        """The columns whose numbers are computed from one line for each person."""
        counted = (*_NUMBER, Measure.WITH)
        return tuple(each for each in self.question.asked if each.measure in counted)

    @cached_property
    def found(self) -> Mapping[Key, Sequence[Any]]:
        """For each group: people, those with an amount, records, sizes, the two largest, both ends of the amounts, how many
        have the same amount in each other column, and each number asked for.
        """
        numbers = "".join(f", ({self.number(each)})::DOUBLE" for each in self.asked)
        same = ", ".join(f"count(*) FILTER (WHERE s = o{place})" for place, _ in enumerate(self.others))
        ends = f"{ENDS}, [{same}]" if self.has_amounts else "NULL, NULL, NULL, NULL"
        top = "NULL" if self.are_sizes and self.has_amounts else f"max({self.size}, 2)"
        sizes = f"sum({self.size}), {top}"
        select = f"count(*), {_N}, sum(n), {sizes}, {ends}{numbers} FROM ({self.each_person()})"
        return grouping.groups(self.extract, self.kept, select)

    @cached_property
    def common(self) -> Mapping[Key, Sequence[Any]]:
        """For each group, how many people have the commonest amount."""
        return grouping.groups(self.extract, self.kept, commonest(self.dims, self.each_person()))

    @cached_property
    def are_sizes(self) -> bool:
        """Whether amounts are never negative, and so their own sizes: one sum less, and one list, over all records."""
        return not self.extract.one_each and self.extract.never_below_nought(self.amount())

    @property
    def size(self) -> str:
        """How large a person's amount is."""
        return "s" if self.are_sizes else "a"

    @property
    def has_amounts(self) -> bool:
        """Whether people's amounts are put into a number, and not only people are counted."""
        return any(each.measure not in _NO_AMOUNT for each in self.asked)

    @property
    def others(self) -> list[str]:
        """The other columns of numbers, where amounts are asked for."""
        columns = {name: kind for name, kind in self.extract.columns.items() if name != self.extract.patient}
        return others(columns, _NUMBERS, self.question.value) if self.has_amounts else []

    @property
    def dims(self) -> str:
        """The dimensions, each followed by a comma."""
        return "".join(f"{quoted(name)}, " for name in self.kept)

    def each_person(self) -> str:
        """One line for each person of each group: records, records with an amount, the amount, and what is true of them."""
        amount = self.amount()
        flags = [(name, place) for place, name in enumerate(self.flagged())]
        if self.extract.one_each:
            true = "".join(f", {quoted(name)}::BOOLEAN AS f{place}" for name, place in flags)
            true += "".join(f", {quoted(name)}::DOUBLE AS o{at}" for at, name in enumerate(self.others))
            ranked = (
                f", row_number() OVER (PARTITION BY {self.dims} 1 ORDER BY {amount}) AS place"
                if self.ranks
                else ""
            )
            return f"SELECT {self.dims} 1 AS n, ({amount} IS NOT NULL)::INT AS nv, {amount} AS s, abs({amount}) AS a{true}{ranked} FROM people"  # noqa: S608 - names are quoted
        true = "".join(f", bool_or({quoted(name)}::BOOLEAN) AS f{place}" for name, place in flags)
        true += "".join(f", sum({quoted(name)}::DOUBLE) AS o{at}" for at, name in enumerate(self.others))
        grouped = f"{self.dims}{quoted(self.extract.patient)}"
        size = "" if self.are_sizes else f", sum(abs({amount})) AS a"
        squares = f", sum({amount} * {amount}) AS q" if self.spreads else ""
        return f"SELECT {grouped}, count(*) AS n, count({amount}) AS nv, sum({amount}) AS s{size}{squares}{true} FROM people GROUP BY ALL"  # noqa: S608 - names are quoted

    @property
    def spreads(self) -> bool:
        """Whether anything needs the squares of the amounts."""
        return any(each.measure in _SPREAD for each in self.question.asked)

    @property
    def ranks(self) -> bool:
        """Whether anything needs the amounts in order."""
        return any(each.measure is Measure.GINI for each in self.question.asked)

    def amount(self) -> str:
        """The summarised column as a number; everybody has the amount 1 where there is none, or where it is no number."""
        value = self.question.value
        kind = self.extract.columns.get(value, "")
        if kind in _NUMBERS or kind.startswith("DECIMAL"):
            return f"{quoted(value)}::DOUBLE"
        if any(each.measure not in _NO_AMOUNT for each in self.question.asked):
            raise Unaskable("Summarise a column of numbers.")
        return "1" if not value else f"CASE WHEN {quoted(value)} IS NOT NULL THEN 1.0 END"

    def flagged(self) -> tuple[str, ...]:
        """The counted columns that are facts, true or false, of the data; any other count is of everybody in the group."""
        counts = (each.column for each in self.question.asked if each.measure is Measure.WITH)
        return tuple(name for name in counts if self.extract.columns.get(name) in TRUTHS)

    def number(self, asked: Asked) -> str:
        """What one column is computed with."""
        if asked.measure is Measure.WITH:
            flags = self.flagged()
            return (
                f"count(*) FILTER (WHERE f{flags.index(asked.column)})"
                if asked.column in flags
                else "count(*)"
            )
        if asked.measure in _SPREAD and not self.extract.one_each:
            return f"sqrt(greatest({_VARIANCE}, 0))" if asked.measure is Measure.SD else _VARIANCE
        return _NUMBER[asked.measure](asked)


def _known(whole: _Asking) -> list[Mapping[str, str]]:
    """The values of each dimension: those of the groups, where these are asked for in any case, else asked for by itself."""
    if grouping.has_totals(whole.question):
        return [grouping.values(whole.extract, name) for name in whole.kept]
    return [grouping.values_among(whole.found, place) for place in range(len(whole.kept))]


def _take(asking: _Asking, places: Sequence[tuple[int, Key]], answer: Gathered) -> None:
    found, asked = asking.found, asking.asked
    counts_value = any(each.measure is not Measure.WITH for each in asked)
    for row, key in places:
        everyone, with_value, records, sizes, top, high, low, total, same, *numbers = found.get(
            key
        ) or _nobody(asked)
        answer.people[row] = with_value if counts_value else everyone
        answer.rows[row] = int(records or 0)
        for each, number in zip(asked, numbers, strict=True):
            counted = each.measure in (Measure.PEOPLE, Measure.WITH)
            _at(answer.values, each.column, answer)[row] = 0.0 if number is None and counted else number
            if each.measure in _SHARED:
                _at(answer.shares, each.column, answer, Shares(0.0, 0.0))[row] = _shares(
                    sizes, top or high[:2]
                )
            if each.measure not in _NO_AMOUNT and with_value:
                own = _apart(asking, key, Amounts(with_value, high, low, total, same))
                _at(answer.apart, each.column, answer)[row] = own
    _take_sides(asking, places, answer)
    _take_modes(asking, places, answer)
    _take_steps(asking, places, answer)


def _nobody(asked: Sequence[Asked]) -> list[Any]:
    return [0, 0, 0, 0, [], [], 0, 0, [], *[None] * len(asked)]


def _apart(asking: _Asking, key: Key, amounts: Amounts) -> int | None:
    common = int(asking.common[key][0]) if amounts.is_nearly_one else None
    return amounts.apart(common)


def _at(kept: dict[str, list[Any]], name: str, answer: Gathered, empty: object = None) -> list[Any]:
    return kept.setdefault(name, [empty] * len(answer.people))


def _shares(sizes: float | None, top: Sequence[float] | None) -> Shares:
    largest, second = (*(top or ()), 0.0, 0.0)[:2]
    return Shares(max(sizes or 0.0, largest + second), largest, second)


def _take_sides(asking: _Asking, places: Sequence[tuple[int, Key]], answer: Gathered) -> None:
    """How many people are below, at and above each percentile and extreme."""
    for each in (each for each in asking.question.asked if each.measure in _SIDED):
        dims, mark = asking.dims, _NUMBER[each.measure](each)
        inner = f"SELECT *, {mark} OVER (PARTITION BY {dims} 1) AS mark FROM ({asking.each_person()})"  # noqa: S608 - names are quoted
        sides = ", ".join(f"count(*) FILTER (WHERE s {sign} mark)" for sign in "<=>")
        found = grouping.groups(asking.extract, asking.kept, f"{sides} FROM ({inner})")
        for row, key in places:
            _at(answer.sides, each.column, answer)[row] = Sides(*found[key]) if key in found else None


def _take_modes(asking: _Asking, places: Sequence[tuple[int, Key]], answer: Gathered) -> None:
    """How many people share the value that the file calls the most common; nothing where another is more common."""
    for each in (each for each in asking.question.asked if each.measure is Measure.MODE):
        words = (asking.question.labels or {})[each.column]
        found = grouping.counts(asking.extract, (*asking.kept, each.of))
        for row, key in places:
            group = {own[-1]: people for own, (people,) in found.items() if own[:-1] == key}
            label = grouping.meant(words[row], [own for own in group if own is not None])
            same = group.get(label, 0) if label is not grouping.TOTAL else 0
            modal = same and same == max(group.values())
            sides = Sides(0, same, sum(group.values()) - same) if modal else None
            _at(answer.labels, each.column, answer, "")[row] = (
                grouping.spelled(label) if modal else words[row]
            )
            _at(answer.sides, each.column, answer)[row] = sides


def _take_steps(asking: _Asking, places: Sequence[tuple[int, Key]], answer: Gathered) -> None:
    """People at risk at each time of a survival table, and events up to it."""
    steps = [each for each in asking.question.asked if each.measure in _STEPS]
    if not steps:
        return
    event = f"count(*) FILTER (WHERE {quoted(asking.question.event)}::BOOLEAN)"
    found = grouping.timed(asking.extract, asking.kept, quoted(steps[0].of), event)
    for row, key in places:
        at = grouping.time_of(asking.question.times[row])
        group = found.get(key, [])
        at_risk = sum(people for when, people, _ in group if when >= at)
        events = sum(happened for when, _, happened in group if when <= at)
        answer.people[row] = answer.rows[row] = sum(people for _, people, _ in group)
        for each in steps:
            number = at_risk if each.measure is Measure.AT_RISK else events
            _at(answer.values, each.column, answer)[row] = float(number)
