"""What changed between two versions of a table: rows matched by their labels, cells compared, and nothing else to look at again.

Refuses to guess: where labels do not name rows uniquely, rows are matched by their place, and the answer says so.
"""

from collections.abc import Sequence
from dataclasses import dataclass

MOST = 2000
Row = Sequence[str]


@dataclass(frozen=True)
class Change:
    """A cell that says something else now: the row in the newer table, counted from 0, the column, and both words."""

    row: int
    column: str
    before: str
    after: str


@dataclass(frozen=True)
class Difference:
    """What changed. ``by_labels``: rows were matched by their labels, not by their place."""

    changes: tuple[Change, ...]
    added_rows: tuple[int, ...]
    removed_rows: tuple[int, ...]
    added_columns: tuple[str, ...]
    removed_columns: tuple[str, ...]
    by_labels: bool

    @property
    def nothing(self) -> bool:
        """Whether the two say the same."""
        return not any(
            (self.changes, self.added_rows, self.removed_rows, self.added_columns, self.removed_columns)
        )


def difference(older: Sequence[Row], newer: Sequence[Row]) -> Difference:
    """What changed between two tables, each with its heading first.

    At most so many changed cells are named as a person can look at; rows and columns are all named.
    """
    before, after = _named(older), _named(newer)
    shared = [name for name in after if name in before]
    pairs, by_labels = _pairs(older, newer, [(before[name], after[name]) for name in shared])
    changes = [
        Change(new, name, older[old + 1][before[name]], newer[new + 1][after[name]])
        for old, new in pairs
        for name in shared
        if older[old + 1][before[name]] != newer[new + 1][after[name]]
    ]
    old_rows, new_rows = {old for old, _ in pairs}, {new for _, new in pairs}
    return Difference(
        changes=tuple(changes[:MOST]),
        added_rows=tuple(row for row in range(len(newer) - 1) if row not in new_rows),
        removed_rows=tuple(row for row in range(len(older) - 1) if row not in old_rows),
        added_columns=tuple(name for name in after if name not in before),
        removed_columns=tuple(name for name in before if name not in after),
        by_labels=by_labels,
    )


def _named(table: Sequence[Row]) -> dict[str, int]:
    return {name: place for place, name in reversed(list(enumerate(table[0] if table else ())))}


def _pairs(
    older: Sequence[Row], newer: Sequence[Row], columns: list[tuple[int, int]]
) -> tuple[list[tuple[int, int]], bool]:
    """Which row became which."""
    labels = [(old, new) for old, new in columns if _is_label(older, old) and _is_label(newer, new)]
    olds = _keyed(older, [old for old, _ in labels])
    news = _keyed(newer, [new for _, new in labels])
    if labels and olds is not None and news is not None:
        return [(olds[key], row) for key, row in news.items() if key in olds], True
    return [(row, row) for row in range(min(len(older), len(newer)) - 1)], False


def _is_label(table: Sequence[Row], column: int) -> bool:
    """Whether a column names rows: some of its cells are words, not numbers or marks of suppression."""
    return any(_is_word(row[column]) for row in table[1:])


def _is_word(cell: str) -> bool:
    text = cell.strip()
    return bool(text) and not text.startswith("[") and not text.replace(".", "", 1).lstrip("-").isdecimal()


def _keyed(table: Sequence[Row], columns: list[int]) -> dict[tuple[str, ...], int] | None:
    """Rows by their labels, or nothing where two have the same."""
    keys = {tuple(row[column] for column in columns): place for place, row in enumerate(table[1:])}
    return keys if len(keys) == len(table) - 1 else None
