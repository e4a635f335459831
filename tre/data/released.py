"""What left before, as sets of people: whether one more table, beside all of it, would single somebody out [P10].

Each aggregate's box left a list of who is behind each row, under pseudonyms that are used for nothing else; the quarantine
keeps it for as long as the release is remembered. Here the lists become places in arrays, and nothing but row numbers
leaves this room. Refuses to say that a table is safe where its list is missing, or is not of this key.
"""

import io
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import compute, parquet

from output_checks.ledger import Cut, Difference, Ledger, Listed
from output_checks.policy import Policy
from tre.data.errors import AnswerUnreadable, Reason

_MOST_ROWS = 200
_MOST_KEPT = 256 << 20
VERSION = np.uint64(56)
"""How far the key's version is from the end of a person's number."""
_PSEUDONYM = 16
"""Bytes of one; and as many of its digits say who it is."""
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
    read = parquet.read_table(io.BytesIO(content), columns=["place", "member"])
    return read.column("place").to_numpy().astype(np.int64), _people(read)


def everybody(content: bytes) -> NDArray[np.uint64]:
    """Everybody in a list, each once and in order."""
    return np.unique(_people(parquet.read_table(io.BytesIO(content), columns=["member"])))


def _people(table: Any) -> NDArray[np.uint64]:
    """The person of each line: the beginning of their pseudonym, key's version first.

    The engine writes pseudonyms as sixteen bytes; a list that was made of a table of study code spells them out.
    """
    members = table.column("member").combine_chunks()
    members = getattr(members, "storage", members)
    if members.null_count:
        raise _unreadable()
    if pa.types.is_string(members.type):
        return _spelled_out(members)
    if not pa.types.is_fixed_size_binary(members.type) or members.type.byte_width != _PSEUDONYM:
        raise _unreadable()
    halves = np.frombuffer(members.buffers()[1] or b"", dtype=">u8").reshape(-1, 2)
    return halves[members.offset : members.offset + len(members), 0].astype(np.uint64)


def _spelled_out(members: Any) -> NDArray[np.uint64]:
    digits = compute.utf8_slice_codeunits(compute.replace_substring(members, "-", ""), 0, _PSEUDONYM)
    try:
        return np.frombuffer(bytes.fromhex("".join(digits.to_pylist())), dtype=">u8").astype(np.uint64)
    except ValueError as wrong:
        raise _unreadable() from wrong


def _unreadable() -> AnswerUnreadable:
    return AnswerUnreadable(
        Reason("list-unreadable", "Who is behind a release is not as the engine lists it.", "Run it again.")
    )


def _cuts(table: Listed, rows: Ints, people: Ints, everybody: int) -> list[Cut] | None:
    """One cut where nobody is in two rows, one for each row otherwise."""
    whole = np.full(everybody, -1, dtype=np.int64)
    whole[people] = rows
    if np.array_equal(whole[people], rows) and len(np.unique(people)) == len(people):
        return [Cut(table.release, whole, table.shown, table.question, table.curve)]
    if len(table.shown) > _MOST_ROWS:
        return None
    return list(_row_by_row(table, rows, people, everybody))


def _row_by_row(table: Listed, rows: Ints, people: Ints, everybody: int) -> Iterator[Cut]:
    for row in sorted(table.shown):
        alone = np.full(everybody, -1, dtype=np.int64)
        alone[people[rows == row]] = row
        yield Cut(table.release, alone, frozenset({row}), table.question, table.curve)
