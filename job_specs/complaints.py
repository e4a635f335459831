"""Everything that is wrong with one spec, gathered so that its author hears it all at once.

Refuses to let a hostile spec make an endless report: after MOST problems the report is raised as it stands.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Protocol

from job_specs.errors import Problem, SpecError, Where, problem

MOST = 200
"""Problems in one report."""
MOST_COMPARISONS = 20_000
"""Names that are compared with what was written, in one report."""


class Placed(Protocol):
    """Anything that stands somewhere in the file."""

    @property
    def line(self) -> int:
        """The line, from 1."""

    @property
    def column(self) -> int:
        """The column, from 1."""


class Complaints:
    """The problems of one file so far."""

    def __init__(self, file: str) -> None:
        self.file = file
        self._problems: list[Problem] = []
        self._comparisons = MOST_COMPARISONS
        self._lines: list[str] = []

    def add(
        self, code: str, place: Placed, *, text: object, fix: str, among: Iterable[str] | None = None
    ) -> None:
        """Note a problem. With `among`, the nearest of those names is suggested.

        Raises SpecError when the report is full.
        """
        near = self._nearest(str(text), among) if among is not None else None
        self._problems.append(problem(code, self.where(place), text, fix, nearest=near))
        if len(self._problems) >= MOST:
            raise SpecError(self._problems)

    def _nearest(self, written: str, among: Iterable[str]) -> str | None:
        """The nearest name, as long as looking for it stays cheap: a suggestion is a courtesy."""
        names = list(among)
        self._comparisons -= len(names)
        return nearest(written, names) if self._comparisons >= 0 else None

    def keep(self, text: str) -> None:
        """Keep the text that is judged, so that a fault inside a long value can be found in it."""
        self._lines = text.split("\n")

    def locate(self, place: Placed, words: str) -> Placed:
        """Where `words` stand in the file, looked for from the start of the value; the start when not found."""
        for line in range(place.line, min(place.line + 500, len(self._lines) + 1)):
            column = self._lines[line - 1].find(words, place.column - 1 if line == place.line else 0)
            if words and column >= 0:
                return Where(self.file, line, column + 1)
        return place

    def where(self, place: Placed) -> Where:
        """The place as a Where in this file."""
        return Where(self.file, place.line, place.column)

    def settle(self) -> None:
        """Raise SpecError when anything was noted."""
        if self._problems:
            raise SpecError(self._problems)

    def __len__(self) -> int:
        return len(self._problems)


def nearest(written: str, names: Iterable[str]) -> str | None:
    """The name that was most likely meant, or None. Bounded: long texts and long lists are not compared."""
    candidates = [name for _, name in zip(range(5_000), names, strict=False)]
    matches = get_close_matches(written[:200], candidates, n=1, cutoff=0.6)
    return matches[0] if matches else None
