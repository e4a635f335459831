"""Why a file could not be read, in words for the person who made it. Refuses nothing itself."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(eq=False)
class Unreadable(Exception):
    """A file that is not read: which rule says so, why, and how to make one that is. Holds nothing of its content."""

    check: str
    reason: str
    fix: str
    promise: str = "P9"

    def __str__(self) -> str:
        return f"{self.reason} {self.fix}"


def not_a_table(reason: str, fix: str) -> Unreadable:
    """A file of a readable kind whose shape is not that of a table."""
    return Unreadable(check="file_type", reason=reason, fix=fix)
