"""What the rules look at: the facts of one file, and the sums that bind its counts.

Refuses nothing; the rules do.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

from output_checks.facts import Facts
from output_checks.formats.cells import Reading
from output_checks.model import Table
from output_checks.structure import structure
from output_checks.suppress.system import System


@dataclass(frozen=True, eq=False)
class Subject(Facts):
    """The facts, with what follows from them worked out once."""

    @cached_property
    def system(self) -> System:
        """Every count of the table and every sum a reader can rely on; empty where there is no table."""
        return structure(self) if self.table is not None else System()

    def restated(self, table: Table) -> Subject:
        """The same file with another table of the same rows and columns."""
        again = replace(self, document=Reading(table, self.oddities))
        if self.table is not None and all(
            self.table.column(name) == table.column(name) for name in self.counted
        ):
            # The same counts are bound by the same sums, whatever their labels and the other numbers are called.
            vars(again)["system"] = self.system
        return again
