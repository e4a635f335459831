"""Whose releases have to do with each other: requests with somebody in common, directly or through others [P10].

What one release shows of some people says nothing of others; only through somebody who is in both can two be laid beside
each other. Each box left a list of everybody behind it; here the lists are joined where they share a person, and of that
nothing but names of requests comes out. Refuses to leave anything out where it cannot be known: where a list had no room,
and where pseudonyms are of more than one key, everything has to do with everything.
"""

import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from tre.data.released import VERSION, everybody

_AT_ONCE = 16 << 20
"""Bytes of lists that are read in one go."""

Get = Callable[[str], Sequence[bytes]]
People = NDArray[np.uint64]
_NOBODY: People = np.empty(0, dtype=np.uint64)
_NO_NUMBERS: NDArray[np.int64] = np.empty(0, dtype=np.int64)


class Kin:
    """Remembers, of every list that it was shown, who it joins with whom; lists are named by digest and never change.

    A name may be of several lists, or of none.
    """

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._joined: list[int] = []
        self._people, self._list_of = _NOBODY, _NO_NUMBERS
        self._cannot_tell = False
        self._lock = threading.Lock()

    def related(
        self, own: Collection[str], others: Mapping[str, Collection[str]], get: Get
    ) -> frozenset[str]:
        """Those of some requests that have somebody in common with one, directly or through any that were ever seen here.

        Args:
            own: the one's lists.
            others: the lists of each of the others, by its name.
            get: the bytes of the lists of a name.
        """
        with self._lock:
            groups = [own, *others.values()]
            self._learn(dict.fromkeys(each for group in groups for each in group), get)
            for group in groups:
                self._join(self._numbers[each] for each in group)
            if self._cannot_tell:
                return frozenset(others)
            ours = {self._end(self._numbers[each]) for each in own}
            return frozenset(
                name
                for name, lists in others.items()
                if any(self._end(self._numbers[each]) in ours for each in lists)
            )

    def _learn(self, names: Iterable[str], get: Get) -> None:
        """Read the lists that were not seen before, as many at once as take a bounded room."""
        new = ((name, get(name)) for name in names if name not in self._numbers)
        for batch in _batches(new):
            first = len(self._joined)
            numbers = {name: first + at for at, (name, _) in enumerate(batch)}
            full = [(numbers[name], each) for name, lists in batch for each in lists if each]
            people = _everybody(full)
            self._cannot_tell |= any(not each for _, lists in batch for each in lists)
            self._joined += numbers.values()
            self._numbers |= numbers
            self._merge(*people)

    def _merge(self, lists: NDArray[np.int64], people: People) -> None:
        """Take these people in; lists in which the same person is are joined."""
        everybody, of = np.concatenate([self._people, people]), np.concatenate([self._list_of, lists])
        order = np.argsort(everybody, kind="stable")
        everybody, of = everybody[order], of[order]
        again = np.flatnonzero(everybody[1:] == everybody[:-1])
        for one, other in np.unique(np.stack([of[again], of[again + 1]], axis=1), axis=0):
            self._join((int(one), int(other)))
        first = np.ones(len(everybody), dtype=np.bool_)
        first[again + 1] = False
        self._people, self._list_of = everybody[first], of[first]
        if len(self._people):
            # In order, so that the first and the last are of the oldest key and of the newest.
            self._cannot_tell |= bool(self._people[0] >> VERSION != self._people[-1] >> VERSION)

    def _join(self, lists: Iterable[int]) -> None:
        ends = [self._end(each) for each in lists]
        for each in ends:
            self._joined[each] = min(ends)

    def _end(self, each: int) -> int:
        while self._joined[each] != each:
            self._joined[each] = self._joined[self._joined[each]]
            each = self._joined[each]
        return each


def _batches(new: Iterable[tuple[str, Sequence[bytes]]]) -> Iterator[list[tuple[str, Sequence[bytes]]]]:
    batch: list[tuple[str, Sequence[bytes]]] = []
    size = 0
    for each in new:
        batch.append(each)
        size += sum(map(len, each[1]))
        if size > _AT_ONCE:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _everybody(lists: Sequence[tuple[int, bytes]]) -> tuple[NDArray[np.int64], People]:
    """Everybody in some lists, each with its number: the number, and the person."""
    people = [everybody(content) for _, content in lists]
    numbers = [np.full(len(each), number) for each, (number, _) in zip(people, lists, strict=True)]
    return np.concatenate([_NO_NUMBERS, *numbers]), np.concatenate([_NOBODY, *people])
