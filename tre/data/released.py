"""What left before, as sets of people: whether one more table, beside all of it, would single somebody out [P10].

Each aggregate's box left a list of who is behind each row, under pseudonyms that are used for nothing else; the quarantine
keeps it for as long as the release is remembered. Here the lists become places in arrays, and nothing but row numbers
leaves this room. Refuses to say that a table is safe where its list is missing, or is not of this key.
"""

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace

import duckdb
import numpy as np
from numpy.typing import NDArray

from output_checks.ledger import Cut, Difference, Ledger, Listed
from output_checks.policy import Policy

_MOST_ROWS = 200
_MOST_KEPT = 256 << 20
VERSION = np.uint64(56)
"""How far the key's version is from the end of a person's number."""
PERSON = "('0x' || replace(member::VARCHAR, '-', '')[:16])::UBIGINT"
"""A person is the beginning of their pseudonym, key's version first."""
Ints = NDArray[np.int64]
Lines = tuple[Ints, NDArray[np.uint64]]
"""The row and the person of every line of a list."""


class Lists:
    """Lists as they were read before, up to a number of bytes: what a list says never changes."""

    def __init__(self, most: int = _MOST_KEPT) -> None:
        self._room = most
        self._read: dict[bytes, Lines] = {}

    def lines(self, content: bytes) -> Lines:
        """Every line of a list; those that there is no room for are read again each time."""
        known = self._read.get(content)
        if known is None:
            known = _members(content)
            size = len(content) + sum(each.nbytes for each in known)
            if size <= self._room:
                self._room -= size
                self._read[content] = known
        return known


def differences(
    offered: Listed, earlier: Sequence[Listed], policy: Policy, lists: Lists | None = None
) -> tuple[Difference, ...] | None:
    """The rows of a table that may not be shown beside what left before.

    Args:
        offered: the table.
        earlier: what left before, of everybody whom it has to do with.
        policy: what is small.
        lists: those that were read before.

    Returns:
        None where that cannot be told: a list had no room, people are in too many rows at once, or pseudonyms are of
        another key.
    """
    if not all(table.members for table in (*earlier, offered)):
        return None
    lists = lists or Lists()
    lines = [_placed(table, lists) for table in (*earlier, offered)]
    everybody, places = np.unique(np.concatenate([each for _, each in lines]), return_inverse=True)
    if len(np.unique(everybody >> VERSION)) > 1:
        return None
    starts = np.cumsum([0, *(len(each) for _, each in lines)])
    ledger, found = Ledger(len(everybody)), list[Cut]()
    # What is small by itself stays hidden whatever left before.
    offered = replace(offered, shown=offered.shown - few(offered, policy, lists))
    for at, table in enumerate((*earlier, offered)):
        own = places[starts[at] : starts[at + 1]].astype(np.int64)
        cuts = _cuts(table, lines[at][0], own, len(everybody))
        if cuts is None:
            return None
        ledger, found = (ledger.with_release(*cuts), found) if at < len(earlier) else (ledger, cuts)
    return ledger.differences(found, policy)


def few(table: Listed, policy: Policy, lists: Lists | None = None) -> frozenset[int]:
    """The rows of a table that are too small by themselves, and stay hidden whatever left before: without a list, all."""
    if not table.members:
        return table.shown
    sizes = np.bincount(_placed(table, lists or Lists())[0])
    return frozenset(row for row, size in enumerate(sizes) if policy.is_small(int(size)))


def _placed(table: Listed, lists: Lists) -> Lines:
    """The list of a table: the number that each line is part of, and the person."""
    rows, people = lists.lines(table.members)
    if table.places is None:
        return rows, people
    place = np.full(max(rows.max(initial=0), *table.places, 0) + 1, -1, dtype=np.int64)
    place[list(table.places)] = list(table.places.values())
    kept = place[rows] >= 0
    return place[rows][kept], people[kept]


def _members(content: bytes) -> Lines:
    with tempfile.NamedTemporaryFile(suffix=".parquet") as file, duckdb.connect(":memory:") as connection:
        file.write(content)
        file.flush()
        read = connection.execute(
            f"SELECT place::BIGINT AS place, {PERSON} AS person FROM read_parquet($1)",  # noqa: S608 - our words
            [file.name],
        ).fetchnumpy()
    return np.asarray(read["place"], dtype=np.int64), np.asarray(read["person"], dtype=np.uint64)


def _cuts(table: Listed, rows: Ints, people: Ints, everybody: int) -> list[Cut] | None:
    """One cut where nobody is in two rows, one for each row otherwise."""
    whole = np.full(everybody, -1, dtype=np.int64)
    whole[people] = rows
    if np.array_equal(whole[people], rows) and len(np.unique(people)) == len(people):
        return [Cut(table.release, whole, table.shown, table.question)]
    if len(table.shown) > _MOST_ROWS:
        return None
    return list(_row_by_row(table, rows, people, everybody))


def _row_by_row(table: Listed, rows: Ints, people: Ints, everybody: int) -> Iterator[Cut]:
    for row in sorted(table.shown):
        alone = np.full(everybody, -1, dtype=np.int64)
        alone[people[rows == row]] = row
        yield Cut(table.release, alone, frozenset({row}), table.question)
