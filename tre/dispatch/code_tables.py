"""Tables of study code as what is remembered of a release: lists of people, one for each set of numbers about the same ones [P10].

A declared table is asked of the extract that it names, as it was when it left; whoever counts the same people by the same
columns of the same extract asks the same. Refuses, for a person to compare, whatever of a table cannot be listed: then
nothing of it is.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from job_specs.model import Action
from output_checks.check import subject_of
from output_checks.declare import DERIVED, Role
from output_checks.labels import folded
from output_checks.ledger import Listed
from output_checks.ledger import Question as Asked
from output_checks.model import CellRef, Offered, Table
from output_checks.numerals import decimal
from output_checks.policy import Policy
from output_checks.question import Unaskable, question_of
from output_checks.subject import Subject
from tre.dispatch.actions import matches
from tre.dispatch.ports import Behind, DataRoom
from tre.dispatch.recompute import kept_by

_FOR_A_PERSON = "Compare it with what the study released before."


@dataclass(frozen=True)
class CodeTable:
    """A table that study code made: as it was offered and as it is shown, what it is declared as, and where it is from.

    `origin` names the definition of its extract: equal names are equal definitions.
    """

    release: str
    path: str
    raw: bytes
    shown: bytes
    declaration: Mapping[str, Any]
    extract: bytes
    link: bytes
    origin: str
    parameters: Mapping[str, Any]


def listed(table: CodeTable, data: DataRoom, policy: Policy) -> tuple[Listed, ...]:
    """Everybody behind each number of the table.

    Raises:
        Unaskable: something of it cannot be listed.
    """
    subject = subject_of(Offered(table.path, table.raw, table.declaration), policy)
    question = question_of(subject)
    kept = kept_by(table.declaration, table.extract, data, parameters=table.parameters)
    behind = data.behind(table.extract, table.link, question, kept)
    asked = _Asked(table, subject, _read(table.path, table.shown, table, policy), kept.sql if kept else "")
    if question.regressors:
        return tuple(asked.of_everybody(each) for each in behind)
    lists = tuple(asked.of(each) for each in behind)
    margins = tuple(asked.margins(behind))
    asked.hold_whole({name for each in behind for name in each.columns})
    return lists + margins


def declaration(action: Action, path: str) -> Mapping[str, Any] | None:
    """What the spec says this output is, in the vocabulary of the statistics."""
    for output in action.outputs:
        if output.statistic is not None and matches(path, output.pattern):
            return output.statistic.as_dict()
    return None


def _read(path: str, content: bytes, table: CodeTable, policy: Policy) -> Table | None:
    return subject_of(Offered(path, content, table.declaration), policy).table


@dataclass(frozen=True)
class _Asked:
    """What was asked, and which of the answers are shown."""

    table: CodeTable
    subject: Subject
    twin: Table | None
    where: str

    def of(self, behind: Behind) -> Listed:
        """One list of people, row by row."""
        shown = self._visible(behind.columns) & frozenset(behind.rows)
        return self._listed(behind, shown, behind.by)

    def of_everybody(self, behind: Behind) -> Listed:
        """The people of a model: all of its rows are about them."""
        rows = range(len(self.subject.table.rows) if self.subject.table else 0)
        listed = self._listed(behind, frozenset({0}), behind.columns)
        return Listed(listed.release, listed.members, listed.question, listed.shown, dict.fromkeys(rows, 0))

    def margins(self, behind: Sequence[Behind]) -> Iterator[Listed]:
        """Totals that stand in a column of their own: the people of all the rows that they are the sum of."""
        for column in self.subject.with_role(Role.MARGIN):
            counted, places = self._parts(column.name)
            own = next(
                (each for each in behind if counted in each.columns and {*places} <= {*each.rows}), None
            )
            if own is None:
                raise Unaskable(_FOR_A_PERSON)
            visible = self._visible((column.name,))
            shown = frozenset(place for row, place in places.items() if row in visible)
            by = self._constant(places, own.by)
            question = self._question(own, by)
            yield Listed(self.table.release, own.members, question, shown, places)

    def hold_whole(self, columns: set[str]) -> None:
        """Refuse a table of which a column is about people who are not listed."""
        for name in self.subject.statistics:
            column = self.subject.columns[name]
            derived = (
                column.role in DERIVED and column.operands and {*column.operands} <= columns | self._totals
            ) or column.role is Role.SURVIVAL
            if name not in columns and name not in self._totals and not derived:
                raise Unaskable(_FOR_A_PERSON)

    @property
    def _totals(self) -> set[str]:
        return {column.name for column in self.subject.with_role(Role.MARGIN)}

    def _parts(self, margin: str) -> tuple[str, Mapping[int, int]]:
        """The counted column that a margin is the total of, and for each row the first row of its total's parts."""
        system, table = self.subject.system, self.subject.table
        cells = [CellRef(row, margin) for row in range(len(table.rows) if table else 0)]
        sums = {each.total: each for each in system.sums if each.rest is None}
        found: dict[int, int] = {}
        counted: set[str] = set()
        for cell in cells:
            total = sums.get(system.of_cell.get(cell, -1))
            if total is None:
                raise Unaskable(_FOR_A_PERSON)
            parts = [part for place in total.parts for part in system.quantities[place].cells]
            counted |= {part.column for part in parts}
            found |= {part.row: min(each.row for each in parts) for part in parts}
        if len(counted) != 1:
            raise Unaskable(_FOR_A_PERSON)
        return counted.pop(), found

    def _constant(self, places: Mapping[int, int], by: tuple[str, ...]) -> tuple[str, ...]:
        """The dimensions that a total does not add over."""
        table = self.subject.table
        if table is None:
            return ()
        return tuple(
            name
            for name in by
            if all(table.column(name)[row] == table.column(name)[place] for row, place in places.items())
        )

    def _listed(self, behind: Behind, shown: frozenset[int], by: tuple[str, ...]) -> Listed:
        question = self._question(behind, by)
        curve = f"{self.table.release} {self.table.path}" if behind.steps else ""
        return Listed(self.table.release, behind.members, question, shown, curve=curve)

    def _question(self, behind: Behind, by: tuple[str, ...]) -> Asked:
        values = sorted((name, str(value)) for name, value in self.table.parameters.items())
        origin = [self.table.origin, self.where, values if self.where else []]
        return Asked(_named(origin, behind.fact), frozenset(_named(origin, "by", name) for name in by))

    def _visible(self, columns: tuple[str, ...]) -> frozenset[int]:
        """The rows of which one of some columns is shown; all of them where the rows cannot be told apart."""
        table, twin = self.subject.table, self.twin
        if table is None:
            return frozenset()
        keys = _keys(table, self.subject)
        everything = frozenset(range(len(keys)))
        if twin is None or {*twin.columns} != {*table.columns} or len(set(keys)) < len(keys):
            return everything
        shown = {
            key
            for row, key in enumerate(_keys(twin, self.subject))
            if any(decimal(twin.at(CellRef(row, name))) is not None for name in columns)
        }
        if not shown <= set(keys):
            return everything
        return frozenset(row for row, key in enumerate(keys) if key in shown)


def _keys(table: Table, subject: Subject) -> list[tuple[str, ...]]:
    labels = [table.column(name) for name in subject.dimensions]
    return [tuple(folded(column[row]) for column in labels) for row in range(len(table.rows))]


def _named(*parts: Any) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
