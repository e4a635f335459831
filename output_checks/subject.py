"""What the rules look at: the facts of one file, and the sums that bind its counts.

Refuses nothing; the rules do.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from output_checks.facts import Facts
from output_checks.structure import structure
from output_checks.suppress.system import System


@dataclass(frozen=True, eq=False)
class Subject(Facts):
    """The facts, with what follows from them worked out once."""

    @cached_property
    def system(self) -> System:
        """Every count of the table and every sum a reader can rely on; empty where there is no table."""
        return structure(self) if self.table is not None else System()
