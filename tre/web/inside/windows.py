"""A window on a large table: where each of its lines begins is found once, and only the lines that are looked at are read.

Refuses nothing that it is given: bytes that are no table are shown as lines of text, and a line that is too long is cut.
"""

import csv
import io
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Generic, TypeVar

MOST_ROWS = 200
LONGEST_CELL = 400
KEPT = 8

T = TypeVar("T")


class Kept(Generic[T]):
    """What was made from bytes with a digest, kept while it is looked at; the least lately asked for goes first."""

    def __init__(self, most: int = KEPT) -> None:
        """An empty shelf for so many."""
        self._most, self._made, self._lock = most, OrderedDict[str, T](), Lock()

    def get(self, digest: str, make: Callable[[], T]) -> T:
        """What is kept under that digest, made now where it is not."""
        with self._lock:
            if digest in self._made:
                self._made.move_to_end(digest)
                return self._made[digest]
        made = make()
        with self._lock:
            self._made[digest] = made
            while len(self._made) > self._most:
                self._made.popitem(last=False)
        return made


@dataclass(frozen=True)
class Grid:
    """A table in its bytes: its heading, and where each of its lines begins; ``ends`` closes the last."""

    content: bytes
    columns: tuple[str, ...]
    starts: tuple[int, ...]

    @property
    def rows(self) -> int:
        """How many lines there are below the heading."""
        return max(0, len(self.starts) - 2)

    def window(self, start: int, most: int = MOST_ROWS) -> list[list[str]]:
        """The cells of some lines below the heading, counted from 0."""
        first = min(max(0, start), self.rows)
        last = min(first + max(0, min(most, MOST_ROWS)), self.rows)
        piece = self.content[self.starts[first + 1] : self.starts[last + 1]]
        return [_fitted(row, len(self.columns)) for row in _read(piece)][: last - first]


def grid_of(content: bytes) -> Grid | None:
    """The bytes as a table, or nothing where they are not one: no heading, or not text."""
    if b"\x00" in content[:4096]:
        return None
    starts = _plain_starts(content) if b'"' not in content else _quoted_starts(content)
    if len(starts) <= 1:
        return None
    heading = next(iter(_read(content[: starts[1]])), [])
    return Grid(content, tuple(cell[:LONGEST_CELL] for cell in heading), starts) if heading else None


def _plain_starts(content: bytes) -> tuple[int, ...]:
    """Where lines begin, where no cell is quoted: after every end of a line."""
    starts, at = [0], content.find(b"\n")
    while at != -1:
        starts.append(at + 1)
        at = content.find(b"\n", at + 1)
    return tuple(starts if starts[-1] == len(content) else [*starts, len(content)])


def _quoted_starts(content: bytes) -> tuple[int, ...]:
    """Where lines begin, where a quoted cell may hold an end of a line: one outside an even number of quotation marks."""
    starts, open_quotes, at = [0], 0, 0
    for line in content.splitlines(keepends=True):
        open_quotes += line.count(b'"')
        at += len(line)
        if open_quotes % 2 == 0:
            starts.append(at)
    return tuple(starts if starts[-1] == len(content) else [*starts, len(content)])


def _read(piece: bytes) -> list[list[str]]:
    text = io.StringIO(piece.decode("utf-8", "backslashreplace"), newline="")
    try:
        return list(csv.reader(text))
    except csv.Error:
        return [[line] for line in piece.decode("utf-8", "backslashreplace").splitlines()]


def _fitted(row: list[str], width: int) -> list[str]:
    """A line as wide as the heading; what is more stands, together, in the last cell."""
    if len(row) > width:
        row = [*row[: width - 1], ",".join(row[width - 1 :])]
    return [cell if len(cell) <= LONGEST_CELL else cell[:LONGEST_CELL] + "…" for cell in row] + [""] * (
        width - len(row)
    )
