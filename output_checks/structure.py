"""Which cells of a table are sums of which others: declared margins, total rows, shares and their complements.

Refuses to take a file's word for it: a sum is used where the numbers bear it out, and what a total holds beyond the
rows that are listed becomes a quantity of its own, since whoever sees the table can compute it [P10].
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from output_checks.declare import DERIVED, PEOPLE, ROUNDED, Role
from output_checks.facts import Facts
from output_checks.labels import TOTAL_WORDS
from output_checks.model import CellRef, Evidence
from output_checks.suppress.system import Quantity, Sum, System

_MANY_DIMENSIONS = 8
_MANY_COLUMNS = 12
Key = tuple[str, ...]


@dataclass
class _Builder:
    """Quantities and sums, as they are found."""

    subject: Facts
    numbers: Mapping[CellRef, int]
    place: dict[CellRef, int] = field(default_factory=dict)
    quantities: list[Quantity] = field(default_factory=list)
    sums: dict[tuple[int, frozenset[int]], Sum] = field(default_factory=dict)
    blind: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        for cell, number in self.numbers.items():
            self.place[cell] = len(self.quantities)
            self.quantities.append(Quantity((cell,), number))

    def join(self, cells: Sequence[CellRef]) -> int:
        """One quantity for cells that repeat the same number."""
        kept = self.place[cells[0]]
        for cell in cells[1:]:
            other = self.place[cell]
            if other != kept:
                merged = (*self.quantities[kept].cells, *self.quantities[other].cells)
                self.quantities[kept] = Quantity(merged, self.quantities[kept].value)
                self.quantities[other] = Quantity((), 0)
                for each in merged:
                    self.place[each] = kept
        return kept

    def add(self, total: int, cells: Sequence[CellRef], *, rest_is_hidden: bool = False) -> bool:
        """Take up that a total is the sum of some cells and a rest; False where the numbers deny it.

        A rest that is hidden is one even where it is nobody, which only whoever counted knows.
        """
        seen = [self.numbers[cell] for cell in cells if cell in self.numbers]
        rest = self.rest(self.quantities[total].value, seen)
        if rest is None or not seen:
            return False
        if len(seen) < len(cells) and rest:
            self.blind.add(total)
            return True
        parts = [self.place[cell] for cell in cells if cell in self.numbers]
        key = (total, frozenset(parts))
        if key not in self.sums:
            self.sums[key] = Sum(total, tuple(parts), self._unlisted(rest, always=rest_is_hidden))
        return True

    def _unlisted(self, rest: int, *, always: bool) -> int | None:
        if not rest and not always:
            return None
        self.quantities.append(Quantity((), rest))
        return len(self.quantities) - 1

    def rest(self, total: int, parts: Sequence[int]) -> int | None:
        """What a total holds beyond its parts; 0 where only rounding stands between them; None where they exceed it."""
        gap = total - sum(parts)
        policy = self.subject.policy
        if policy.rounding != "none" and all(map(policy.is_rounded, (total, *parts))):
            loose = policy.rounding_base * (len(parts) + 1) / 2
            return 0 if abs(gap) <= loose else (gap if gap > 0 else None)
        return gap if gap >= 0 else None

    def system(self) -> System:
        """What was found."""
        return System(tuple(self.quantities), tuple(self.sums.values()), frozenset(self.blind))


def structure(subject: Facts) -> System:
    """Every count of the subject's table and every sum that binds them."""
    builder = _Builder(subject, _numbers(subject))
    counts = [each.name for each in subject.with_role(*(ROUNDED - {Role.MARGIN}))][:_MANY_COLUMNS]
    totals = total_labels(subject, counts)
    for name in counts:
        _take_total_rows(builder, name, totals)
    margins = [each.name for each in subject.with_role(Role.MARGIN)]
    for margin in margins or counts:
        _take_margin(builder, margin, [each for each in counts if each != margin], totals)
    _take_complements(builder)
    _take_column_sums(builder, counts)
    return builder.system()


def _numbers(subject: Facts) -> Mapping[CellRef, int]:
    taken = {each.name for each in subject.with_role(*ROUNDED)}
    return {cell: number for cell, number in subject.counted_cells() if cell.column in taken and number >= 0}


def unexplained_margins(subject: Facts) -> tuple[str, ...]:
    """Declared margins that are no total of any declared count."""
    margins = [each.name for each in subject.with_role(Role.MARGIN)]
    if not margins:
        return ()
    builder = _Builder(subject, _numbers(subject))
    counts = [each.name for each in subject.with_role(*(ROUNDED - {Role.MARGIN}))]
    totals = total_labels(subject, counts)
    return tuple(name for name in margins if not _take_margin(builder, name, counts, totals))


# Total rows ---------------------------------------------------------------------------------------------------------


def total_labels(subject: Facts, counts: Sequence[str]) -> Mapping[str, str]:
    """For each dimension that has one, the label of its total."""
    found = {name: _total_label(subject, name, counts) for name in subject.dimensions}
    return {name: label for name, label in found.items() if label is not None}


def _total_label(subject: Facts, dimension: str, counts: Sequence[str]) -> str | None:
    assert subject.table is not None  # noqa: S101  # only tables have dimensions
    labels = dict.fromkeys(subject.table.column(dimension))
    named = [label for label in labels if label.casefold() in TOTAL_WORDS]
    if named:
        return named[0]
    sums = (_sum_labels(subject, dimension, name) for name in counts if len(labels) > 2)  # noqa: PLR2004  # a total and two parts
    return next((label for found in sums for label in labels if label in found), None)


def _sum_labels(subject: Facts, dimension: str, count: str) -> set[str]:
    """Labels that are the sum of all the others wherever they stand, and not of nothing."""
    slices: dict[Key, list[tuple[str, int | None]]] = defaultdict(list)
    others = _keys(subject, [name for name in subject.dimensions if name != dimension])
    for row, (own,) in enumerate(_keys(subject, [dimension])):
        slices[others[row]].append((own, subject.number(CellRef(row, count))))
    found: set[str] = set()
    denied: set[str] = set()
    labels = set(subject.table.column(dimension)) if subject.table else set()
    for parts in slices.values():
        if len(denied) == len(labels):
            break
        numbers = [number for _, number in parts if number is not None]
        if len(numbers) < len(parts):
            continue
        total = sum(numbers)
        found |= {own for own, number in parts if number and 2 * number == total and len(parts) > 2}  # noqa: PLR2004
        denied |= {own for own, number in parts if 2 * (number or 0) != total}
    return found - denied


def _rows_by_slice(subject: Facts, dimension: str, label: str) -> Mapping[Key, tuple[list[int], list[int]]]:
    """For each combination of the other dimensions: the row of the total, and the rows of its parts."""
    found: dict[Key, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
    others = [name for name in subject.dimensions if name != dimension]
    keys = _keys(subject, others)
    for row, (own,) in enumerate(_keys(subject, [dimension])):
        at, parts = found[keys[row]]
        (at if own == label and not at else parts).append(row)
    return found


def _take_total_rows(builder: _Builder, count: str, totals: Mapping[str, str]) -> None:
    for dimension, label in totals.items():
        for at, others in _rows_by_slice(builder.subject, dimension, label).values():
            for cell in (CellRef(row, count) for row in at):
                if cell in builder.numbers and others:
                    builder.add(builder.place[cell], [CellRef(row, count) for row in others])


# Margins in a column of their own -----------------------------------------------------------------------------------


def _take_margin(builder: _Builder, margin: str, counts: Sequence[str], totals: Mapping[str, str]) -> bool:
    """Find what a margin is the total of, finest grouping first; exact sums are preferred to sums with a rest."""
    subject = builder.subject
    declared = subject.columns[margin].role is Role.MARGIN
    for exact in (True, False) if declared else (True,):
        for kept in _subsets(subject.dimensions):
            groups = _groups(subject, kept, totals)
            for count in counts:
                if _is_margin(builder, groups, margin, count, exact=exact):
                    _join_margin(builder, groups, margin, count)
                    return True
    return False


def _subsets(dimensions: Sequence[str]) -> Iterator[Key]:
    sizes = range(len(dimensions) - 1, -1, -1)
    for size in sizes if len(dimensions) <= _MANY_DIMENSIONS else [*sizes[:2], 1, 0]:
        yield from combinations(dimensions, size)


def _groups(subject: Facts, kept: Key, totals: Mapping[str, str]) -> list[list[int]]:
    """Rows with the same labels in the dimensions kept; rows that are totals of another dimension stay out."""
    summed = [name for name in subject.dimensions if name not in kept]
    labels = _keys(subject, summed)
    found: dict[Key, list[int]] = defaultdict(list)
    for row, key in enumerate(_keys(subject, kept)):
        if not any(totals.get(name) == own for name, own in zip(summed, labels[row], strict=True)):
            found[key].append(row)
    return list(found.values())


def _is_margin(
    builder: _Builder, groups: Iterable[list[int]], margin: str, count: str, *, exact: bool
) -> bool:
    several = False
    for rows in groups:
        shown = {builder.numbers.get(CellRef(row, margin)) for row in rows} - {None}
        parts = [builder.numbers[cell] for row in rows if (cell := CellRef(row, count)) in builder.numbers]
        if len(shown) > 1:
            return False
        for total in shown:
            rest = builder.rest(total or 0, parts)
            if rest is None or (exact and rest and len(parts) == len(rows)):
                return False
        several = several or len(rows) > 1
    return several or not exact


def _join_margin(builder: _Builder, groups: Iterable[list[int]], margin: str, count: str) -> None:
    for rows in groups:
        shown = [cell for row in rows if (cell := CellRef(row, margin)) in builder.numbers]
        if shown:
            builder.add(builder.join(shown), [CellRef(row, count) for row in rows])


# Shares and columns -------------------------------------------------------------------------------------------------


def _take_complements(builder: _Builder) -> None:
    """Of a share, what it leaves out: 96 of 100 tells of the other 4."""
    evidence = builder.subject.evidence
    partly = evidence.partly if evidence else frozenset()
    for numerator, denominator in _shares(builder.subject):
        rows = range(len(builder.subject.table.rows)) if builder.subject.table else ()
        pairs = [(CellRef(row, denominator), CellRef(row, numerator)) for row in rows]
        known = [pair for pair in pairs if builder.numbers.keys() >= set(pair)]
        if all(builder.numbers[total] >= builder.numbers[part] for total, part in known):
            for total, part in known:
                if builder.place[total] != builder.place[part]:
                    builder.add(builder.place[total], [part], rest_is_hidden=numerator in partly)


def _shares(subject: Facts) -> Iterator[tuple[str, str]]:
    """Pairs of columns of which the first counts some of the people in the second."""
    roles = {name: column.role for name, column in subject.columns.items()}
    for column in subject.with_role(*DERIVED):
        if len(column.operands) == 2:  # noqa: PLR2004  # a numerator and a denominator
            numerator, denominator = column.operands
            # A margin's parts are listed: the sums over them already say what a share leaves out.
            if roles.get(numerator) in PEOPLE and roles.get(denominator) in PEOPLE - {Role.MARGIN}:
                yield numerator, denominator
    if subject.evidence is not None and (subject.evidence.roles or subject.evidence.partly):
        yield from _shares_of_everyone(subject, subject.evidence)


def _shares_of_everyone(subject: Facts, evidence: Evidence) -> Iterator[tuple[str, str]]:
    """Each count of some people, as a share of the one that counts everybody in each row."""
    counts = [each.name for each in subject.with_role(Role.COUNT, Role.N)]
    everyone = [
        name
        for name in counts
        if all(subject.number(CellRef(row, name)) == number for row, number in enumerate(evidence.people))
    ]
    some = [name for name in counts if name in evidence.partly or name not in everyone]
    for whole in sorted(everyone, key=some.__contains__)[:1]:
        yield from ((name, whole) for name in some if name != whole)


def _take_column_sums(builder: _Builder, counts: Sequence[str]) -> None:
    """Columns that are the sum of others on every row, such as n = yes + no."""
    rows = range(len(builder.subject.table.rows)) if builder.subject.table else range(0)
    for total in counts:
        others = [name for name in counts if name != total]
        for parts in _column_choices(others):
            if _columns_add_up(builder, rows, total, parts):
                for row in rows:
                    _take_row_sum(builder, CellRef(row, total), [CellRef(row, name) for name in parts])


def _column_choices(others: Sequence[str]) -> Iterator[Key]:
    if len(others) > 2:  # noqa: PLR2004  # two are a pair already
        yield tuple(others)
    yield from combinations(others, 2)


def _columns_add_up(builder: _Builder, rows: range, total: str, parts: Key) -> bool:
    def whole(row: int) -> bool:
        return all(CellRef(row, name) in builder.numbers for name in (total, *parts))

    known = [row for row in rows if whole(row)]
    return bool(known) and all(
        0 < builder.numbers[CellRef(row, total)] == sum(builder.numbers[CellRef(row, name)] for name in parts)
        or builder.numbers[CellRef(row, total)] == 0
        for row in known
    )


def _take_row_sum(builder: _Builder, total: CellRef, parts: Sequence[CellRef]) -> None:
    if total in builder.numbers:
        builder.add(builder.place[total], parts)


def _keys(subject: Facts, names: Sequence[str]) -> list[Key]:
    table = subject.table
    if table is None:
        return []
    if not names:
        return [()] * len(table.rows)
    return list(zip(*map(table.column, names), strict=True))
