"""Tables of the same people in several files: what one of them hides must not be in the sums of another [P10].

A crosstab and its own margins, a table by area and one by region, two crosstabs that share a dimension: where the numbers
bear it out, their cells are joined in one system, which is protected and attacked as a whole. Refuses to take a file's
word for it, and to guess: tables whose numbers do not agree are protected each by itself. Which area lies in which region
is known only where one of the files has both as columns.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations, permutations

from output_checks.consistent import shown_before
from output_checks.declare import ROUNDED
from output_checks.model import CellRef
from output_checks.policy import Policy
from output_checks.structure import total_labels
from output_checks.subject import Subject
from output_checks.suppress.complement import Pattern, protect
from output_checks.suppress.system import Quantity, Sum, System

_MANY = 4
Key = frozenset[tuple[str, str]]
Groups = Mapping[Key, int | None]
"""The quantity of each group of people; None where it is hidden already."""
Where = tuple[int, int]
"""Which table, and which of its quantities."""


@dataclass(frozen=True)
class Group:
    """The quantities that add up to a group of people; not `whole` where the file hides one of them already."""

    places: tuple[int, ...] = ()
    whole: bool = True

    def with_one(self, place: int | None) -> Group:
        """The group with one more of its cells, which may be hidden."""
        return Group(self.places, whole=False) if place is None else Group((*self.places, place), self.whole)


@dataclass(frozen=True, eq=False)
class Part:
    """One table, and the cells of it that are hidden in any case."""

    subject: Subject
    hidden: frozenset[CellRef]

    @property
    def primary(self) -> frozenset[int]:
        """The quantities that are hidden in any case."""
        places = self.subject.system.of_cell
        return frozenset(places[cell] for cell in self.hidden if cell in places)

    @cached_property
    def before(self) -> Mapping[int, int]:
        """What some quantities were shown as when they left before."""
        places = self.subject.system.of_cell
        shown = (each for each in shown_before(self.subject) if each.number is not None)
        return {places[each.cell]: int(each.number or 0) for each in shown if each.cell in places}

    @cached_property
    def readings(self) -> tuple[Groups, ...]:
        """Each counted column with the quantity of each group (None: hidden); a group names no dimension it is a total of.

        Which label is a total is known by its numbers, and a label can add up by chance: a column whose table seems to have
        totals is read once more with every label taken as it stands.
        """
        counts = [each.name for each in self.subject.with_role(*ROUNDED)]
        totals = total_labels(self.subject, counts)
        keys = [self._keys(totals), *([self._keys({})] if totals else [])]
        return tuple(self._groups(name, each) for each in keys for name in counts)

    def _groups(self, name: str, keys: Sequence[Key]) -> Groups:
        places = self.subject.system.of_cell
        return {key: places.get(CellRef(row, name)) for row, key in enumerate(keys)}

    def _keys(self, totals: Mapping[str, str]) -> list[Key]:
        table, names = self.subject.table, self.subject.dimensions
        labels = [table.column(name) for name in names] if table else []
        rows = range(len(table.rows) if table else 0)
        return [
            frozenset(
                (name, own[row])
                for name, own in zip(names, labels, strict=True)
                if totals.get(name) != own[row]
            )
            for row in rows
        ]

    def divided(self, groups: Groups, dimensions: frozenset[str]) -> Mapping[Key, Group]:
        """Groups by some dimensions: the one quantity that counts a group, or all the innermost ones it is the sum of."""
        names = frozenset(self.subject.dimensions)
        found: dict[Key, Group] = defaultdict(Group)
        exact: dict[Key, Group] = {}
        for key, place in groups.items():
            if len(key) == len(names):
                inner = frozenset(pair for pair in key if pair[0] in dimensions)
                found[inner] = found[inner].with_one(place)
            if {name for name, _ in key} == dimensions and place is not None:
                exact[key] = Group((place,))
        return found | exact

    def value(self, group: Group) -> int:
        """How many people a group is, of those that are not hidden already."""
        return sum(self.subject.system.quantities[place].value for place in group.places)


def patterns(parts: Sequence[Part], policy: Policy) -> list[Pattern]:
    """What to hide in each table, such that all of them can be shown together."""
    ties = list(_ties(parts))
    found: dict[int, Pattern] = {}
    for group in _groups(len(parts), ties):
        if len(group) == 1:
            alone = parts[group[0]]
            found[group[0]] = protect(alone.subject.system, alone.primary, policy, alone.before)
        else:
            found |= _together(parts, group, ties, policy)
    return [found[at] for at in range(len(parts))]


@dataclass(frozen=True)
class _Tie:
    """Two ways to count the same people: the quantities of one table, and those of another, that add up to them.

    Not `whole` where some of ours are hidden already: theirs then gives them away.
    """

    ours: tuple[Where, ...]
    theirs: tuple[Where, ...]
    whole: bool = True


def _ties(parts: Sequence[Part]) -> Iterator[_Tie]:
    for one, other in permutations(range(len(parts)), 2):
        for ours in parts[one].readings:
            for theirs in parts[other].readings:
                yield from _between(_Column(one, parts[one], ours), _Column(other, parts[other], theirs))


@dataclass(frozen=True, eq=False)
class _Column:
    at: int
    part: Part
    groups: Groups

    def where(self, group: Group) -> tuple[Where, ...]:
        return tuple((self.at, place) for place in group.places)


def _between(one: _Column, other: _Column) -> Iterator[_Tie]:
    """The ties between two columns, at the finest grouping that both have; none where their numbers disagree."""
    common = frozenset(one.part.subject.dimensions) & frozenset(other.part.subject.dimensions)
    for dimensions in _coarser(common):
        ours, theirs = one.part.divided(one.groups, dimensions), other.part.divided(other.groups, dimensions)
        pairs = [(ours[key], theirs[key]) for key in sorted(ours.keys() & theirs.keys(), key=sorted)]
        if not pairs:
            continue
        both = [pair for pair in pairs if pair[0].whole and pair[1].whole]
        if all(one.part.value(mine) == other.part.value(yours) for mine, yours in both):
            if one.at < other.at and any(one.part.value(mine) for mine, _ in both):
                yield from (_Tie(one.where(mine), other.where(yours)) for mine, yours in both)
            yield from (
                _Tie(one.where(mine), other.where(yours), whole=False)
                for mine, yours in pairs
                if not mine.whole and yours.whole and mine.places and yours.places
            )
        return


def _coarser(common: frozenset[str]) -> Iterator[frozenset[str]]:
    """All common dimensions, and each choice of fewer of them: a total can stand in one file and not in another."""
    sizes = range(len(common), -1, -1)
    for size in sizes if len(common) <= _MANY else (len(common), 1, 0):
        yield from map(frozenset, combinations(sorted(common), size))


def _groups(count: int, ties: Iterable[_Tie]) -> list[list[int]]:
    """Tables that ties hold together."""
    group = list(range(count))
    for tie in ties:
        one, other = group[tie.ours[0][0]], group[tie.theirs[0][0]]
        group = [one if each == other else each for each in group]
    return [[at for at in range(count) if group[at] == each] for each in dict.fromkeys(group)]


def _together(
    parts: Sequence[Part], group: Sequence[int], ties: Sequence[_Tie], policy: Policy
) -> dict[int, Pattern]:
    joint = _Joint(parts, group)
    for tie in ties:
        if tie.whole and tie.ours[0][0] in group:
            joint.tie(tie)
    system, place = joint.system(), joint.place
    primary = frozenset(place(at, each) for at in group for each in parts[at].primary)
    given = {
        place(*where) for tie in ties if not tie.whole and tie.ours[0][0] in group for where in tie.theirs
    }
    system = replace(system, blind=system.blind | given)
    before = {place(at, each): shown for at in group for each, shown in parts[at].before.items()}
    pattern = protect(system, primary, policy, before)
    return {at: _of_one(pattern, [place(at, each) for each in joint.places(at)]) for at in group}


def _of_one(pattern: Pattern, places: Sequence[int]) -> Pattern:
    return Pattern(
        hidden=frozenset(at for at, place in enumerate(places) if place in pattern.hidden),
        values=tuple(pattern.values[place] for place in places),
        unprotected=frozenset(at for at, place in enumerate(places) if place in pattern.unprotected),
    )


class _Joint:
    """The systems of several tables as one, in which a number that stands in two files is one quantity."""

    def __init__(self, parts: Sequence[Part], group: Sequence[int]) -> None:
        self._systems = {at: parts[at].subject.system for at in group}
        self._start: dict[int, int] = {}
        self._quantities: list[Quantity] = []
        for at, system in self._systems.items():
            self._start[at] = len(self._quantities)
            self._quantities += system.quantities
        self._same = list(range(len(self._quantities)))
        self._sums: list[Sum] = []

    def places(self, table: int) -> range:
        """The quantities of one table, by its own places."""
        return range(len(self._systems[table].quantities))

    def place(self, table: int, own: int) -> int:
        """Where a table's quantity is in the joint system."""
        at = self._start[table] + own
        while self._same[at] != at:
            at = self._same[at]
        return at

    def tie(self, tie: _Tie) -> None:
        """Take up that two ways to count come to the same."""
        ours, theirs = (tuple(self.place(*where) for where in way) for way in (tie.ours, tie.theirs))
        if len(ours) == len(theirs) == 1:
            self._join(ours[0], theirs[0])
        elif len(ours) == 1:
            self._sums.append(Sum(ours[0], theirs))
        elif len(theirs) == 1:
            self._sums.append(Sum(theirs[0], ours))
        else:
            self._quantities.append(Quantity((), sum(self._quantities[at].value for at in ours)))
            self._same.append(len(self._same))
            self._sums += [Sum(len(self._same) - 1, each) for each in (ours, theirs)]

    def _join(self, one: int, other: int) -> None:
        if one != other:
            kept, gone = self._quantities[one], self._quantities[other]
            self._quantities[one] = Quantity((*kept.cells, *gone.cells), kept.value)
            self._same[other] = one

    def system(self) -> System:
        """Everything as one system; a quantity that was joined to another is left as an empty one."""
        found: dict[tuple[int, frozenset[int]], Sum] = {}
        for each in [*self._of_tables(), *self._sums]:
            moved = self._moved(each)
            if moved.total not in moved.parts:
                found.setdefault((moved.total, frozenset(moved.parts)), moved)
        quantities = tuple(
            each if self._same[at] == at else Quantity((), 0) for at, each in enumerate(self._quantities)
        )
        blind = {self.place(at, each) for at, system in self._systems.items() for each in system.blind}
        return System(quantities, tuple(found.values()), frozenset(blind))

    def _of_tables(self) -> Iterator[Sum]:
        for at, system in self._systems.items():
            start = self._start[at]
            for each in system.sums:
                rest = None if each.rest is None else each.rest + start
                yield Sum(each.total + start, tuple(part + start for part in each.parts), rest)

    def _moved(self, each: Sum) -> Sum:
        def now(at: int) -> int:
            while self._same[at] != at:
                at = self._same[at]
            return at

        rest = None if each.rest is None else now(each.rest)
        return Sum(now(each.total), tuple(map(now, each.parts)), rest)
