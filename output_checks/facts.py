"""What is known of one offered file: as it was read, what it claims, what the data says of it, and its policy.

Refuses to let a claim weaken what is known: where the data's own evidence names a column's role, that role stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from output_checks.declare import COUNTED, LABELS, Column, Declaration, Role
from output_checks.formats.cells import Oddity, Reading
from output_checks.formats.refusal import Unreadable
from output_checks.model import CellRef, Confidence, Evidence, Offered, Opaque, Sides, Table
from output_checks.numerals import decimal, is_hidden, whole
from output_checks.policy import Policy

_EVIDENT: Mapping[str, Role] = {
    "dimension": Role.DIMENSION,
    "count_people": Role.COUNT,
    "count_rows": Role.ROWS,
    "sum": Role.SUM,
    "mean": Role.MEAN,
    "ratio": Role.RATIO,
    "extreme": Role.MAX,
    "percentile": Role.PERCENTILE,
    "other": Role.OTHER,
}
_COUNT_WORDS = re.compile(
    r"(^|[_\W])(n|no|num|number|count|counts|freq|frequency|total|totals|people|patients|population|denominator"
    r"|numerator|events|deaths)([_\W]|count|$)|count$|^n[A-Z_]|records",
    re.IGNORECASE,
)


@dataclass(frozen=True, eq=False)
class Facts:
    """One offered file, read. `document` is an Unreadable where reading was refused."""

    offered: Offered
    policy: Policy
    document: Reading | Opaque | Unreadable
    declaration: Declaration | None
    fault: str | None = None

    @property
    def path(self) -> str:
        """The file's path as it was offered."""
        return self.offered.path

    @cached_property
    def evidence(self) -> Evidence | None:
        """What the data says of the table, where it fits the table; rules refuse one that does not."""
        evidence, table = self.offered.evidence, self.table
        fits = evidence is not None and table is not None and len(evidence.people) == len(table.rows)
        return evidence if fits else None

    @cached_property
    def table(self) -> Table | None:
        """The table, if the file is one."""
        return self.document.table if isinstance(self.document, Reading) else None

    @property
    def oddities(self) -> tuple[tuple[Oddity, CellRef], ...]:
        """What the file said that its table does not."""
        return self.document.oddities if isinstance(self.document, Reading) else ()

    @cached_property
    def confidence(self) -> Confidence:
        """How sure we can be of anything about this file."""
        if self.table is None:
            return Confidence.OPAQUE
        if self.evidence is not None:
            return self.evidence.source
        return Confidence.DECLARED if self.declaration else Confidence.OPAQUE

    @cached_property
    def guessed(self) -> bool:
        """Whether the columns' roles are only a guess: no declaration, and no evidence that names them."""
        return self.declaration is None and not (self.evidence and self.evidence.roles)

    @cached_property
    def columns(self) -> Mapping[str, Column]:
        """Every column of the table with its role: proved, else declared, else guessed."""
        table = self.table
        if table is None:
            return {}
        return {name: self._column(name, table) for name in table.columns}

    def _column(self, name: str, table: Table) -> Column:
        claimed = self._claimed(name)
        proved = self.evidence.roles.get(name) if self.evidence else None
        if proved is not None:
            return settled(claimed, Column(name, _EVIDENT.get(proved, Role.OTHER)))
        if claimed is not None:
            return claimed
        if self.guessed and _COUNT_WORDS.search(name) and all_counts(table.column(name)):
            return Column(name, Role.COUNT)
        numbers = any(decimal(cell) is not None for cell in table.column(name))
        return Column(name, Role.OTHER if numbers else Role.DIMENSION)

    def _claimed(self, name: str) -> Column | None:
        if self.declaration is None:
            return None
        if name in self.declaration.by:
            return Column(name, Role.DIMENSION)
        return self.declaration.columns.get(name)

    def with_role(self, *roles: Role) -> tuple[Column, ...]:
        """The table's columns of some roles, in the table's order."""
        return tuple(column for column in self.columns.values() if column.role in roles)

    @cached_property
    def counted(self) -> frozenset[str]:
        """The columns of whole numbers."""
        return frozenset(self._numbers)

    @cached_property
    def dimensions(self) -> tuple[str, ...]:
        """The columns that name rows."""
        return tuple(column.name for column in self.with_role(*LABELS))

    @cached_property
    def statistics(self) -> tuple[str, ...]:
        """The columns that hold numbers about people."""
        return tuple(name for name, column in self.columns.items() if column.role not in LABELS)

    def number(self, cell: CellRef) -> int | None:
        """The whole number in a cell of a counted column; None where it is hidden already, or no number."""
        return self._numbers[cell.column][cell.row]

    @cached_property
    def _numbers(self) -> Mapping[str, tuple[int | None, ...]]:
        table = self.table
        counted = self.with_role(*COUNTED) if table else ()
        return {each.name: tuple(map(whole, table.column(each.name))) for each in counted if table}

    def counted_cells(self) -> Iterator[tuple[CellRef, int]]:
        """Every cell that holds a count, with it, column by column."""
        for name, numbers in self._numbers.items():
            for row, number in enumerate(numbers):
                if number is not None:
                    yield CellRef(row, name), number

    def people(self, row: int) -> int | None:
        """How many people stand behind a row: by evidence, else by what the row itself says, else unknown."""
        return self._people[row]

    @cached_property
    def _people(self) -> tuple[int | None, ...]:
        if self.evidence is not None:
            return self.evidence.people
        rows = len(self.table.rows) if self.table else 0
        said = [self._numbers[each.name] for each in self.with_role(Role.N, Role.COUNT, Role.AT_RISK)]
        return tuple(self._largest([numbers[row] for numbers in said]) for row in range(rows))

    def sides_of(self, name: str) -> tuple[Sides | None, ...] | None:
        """Where a column's numbers stand among their people; None where the data was not asked."""
        return self.evidence.sides.get(name) if self.evidence else None

    def _largest(self, said: list[int | None]) -> int | None:
        known = [number for number in said if number is not None]
        if known:
            return max(known)
        n = self.declaration.extra.get("n") if self.declaration else None
        return n if isinstance(n, int) and not isinstance(n, bool) else None


def settled(claimed: Column | None, proved: Column) -> Column:
    """A claim seen beside a proof: the claim may say more about the same thing, never something else."""
    if claimed is None:
        return proved
    same = {proved.role} | _MORE_EXACT.get(proved.role, frozenset())
    return claimed if claimed.role in same else proved


_MORE_EXACT: Mapping[Role, frozenset[Role]] = {
    Role.COUNT: frozenset({Role.N, Role.MARGIN, Role.AT_RISK, Role.EVENTS}),
    Role.ROWS: frozenset(),
    Role.RATIO: frozenset({Role.RATE, Role.PERCENT}),
    Role.MAX: frozenset({Role.MIN}),
}


def all_counts(cells: tuple[str, ...]) -> bool:
    """Whether every cell is a whole number that is not negative, or stands for a hidden one."""
    numbers = [whole(cell) for cell in cells if not is_hidden(cell)]
    return bool(numbers) and all(number is not None and number >= 0 for number in numbers)
