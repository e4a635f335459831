"""What is wrong with a spec, in words its author can act on: Where, Problem, SpecError.

Refuses to carry raw text: whatever a spec said is bounded and escaped before it enters a Problem, so that an error
can be printed on any terminal or page.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from job_specs.rules import RULES

SHOWN = 80
"""Characters of offending text that a Problem shows."""
SHOWN_FIX = 2_000
"""Characters of a fix, which may repeat names and, for a cycle, every link of it."""


@dataclass(frozen=True, order=True)
class Where:
    """A place in a file that a person can put a cursor on. Lines and columns count from 1."""

    file: str
    line: int
    column: int

    def __post_init__(self) -> None:
        if self.line < 1 or self.column < 1:
            raise ValueError("lines and columns count from 1")

    def __str__(self) -> str:
        return f"{shown(self.file)}:{self.line}:{self.column}"


@dataclass(frozen=True)
class Problem:
    """One thing to put right: which rule, where, what was written, and what to write instead."""

    code: str
    where: Where
    text: str
    rule: str
    fix: str
    nearest: str | None = None

    def __post_init__(self) -> None:
        if self.code not in RULES:
            raise ValueError(f"no such rule: {self.code}")
        object.__setattr__(self, "text", shown(self.text))
        object.__setattr__(self, "fix", shown(self.fix, SHOWN_FIX))
        object.__setattr__(self, "nearest", shown(self.nearest) if self.nearest is not None else None)

    def __str__(self) -> str:
        lines = [f"{self.where}: [{self.code}] {self.rule}"]
        if self.text:
            lines.append(f"    written: {self.text}")
        lines.append(f"    to fix:  {self.fix}")
        if self.nearest is not None:
            lines.append(f"    did you mean: {self.nearest}")
        return "\n".join(lines)


def problem(code: str, where: Where, text: object, fix: str, *, nearest: str | None = None) -> Problem:
    """A Problem whose rule sentence is the catalogue's, so that a code never means two things."""
    return Problem(code, where, str(text), RULES[code], fix, nearest)


class SpecError(Exception):
    """A spec cannot be accepted: every problem that was found, in the order of the file. Never empty."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(sorted(problems, key=lambda p: p.where))
        if not self.problems:
            raise ValueError("a SpecError names at least one problem")
        super().__init__(str(self))

    def __str__(self) -> str:
        count = len(self.problems)
        heading = "1 problem" if count == 1 else f"{count} problems"
        return "\n".join([f"{heading} in this spec:", *(str(p) for p in self.problems)])


def shown(untrusted: str, limit: int = SHOWN) -> str:
    """Text that is safe to print anywhere: one line, printable, at most `limit` characters.

    Control, format (bidirectional), surrogate and unusual space characters become their escapes.
    """
    cut = untrusted[:limit]
    safe = "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in cut)
    return safe + "…" if len(untrusted) > limit else safe
