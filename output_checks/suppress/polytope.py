"""Every table that shows the same as a given one, searched for the lowest and the highest that a number can be.

A small simplex method that starts from the true table, so that it needs no first phase, and goes from one target to the
next without starting over. Refuses to run for ever: a search that takes too many steps reports what it has reached,
which is less than the truth and so never calls anything safe that is not. Its tables may hold fractions of people.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Real = NDArray[np.float64]
_TINY = 1e-7
_STEPS = 1_000
_NOISE = 1e-9
_HAIR = 1e-5
_GOLDEN = 0.6180339887498949


class Polytope:
    """All tables with the same sums in which no hidden number is below a floor; always standing at one of them."""

    def __init__(self, sums: Real, values: Sequence[float], floor: float) -> None:
        self._at = np.asarray(values, dtype=np.float64)
        # Floors a hair apart: where many numbers stand at the same floor, no step is of length nothing.
        self._floor = floor - _HAIR * (1.0 + np.arange(len(values)) * _GOLDEN % 1.0)
        self._basis, self._rates = _solved(sums)
        self._others = [place for place in range(len(values)) if place not in set(self._basis)]
        self.lowest = self._at.copy()
        self.highest = self._at.copy()

    def reach(self, target: int, way: int, goal: float) -> float:
        """How far a number can be moved one way, towards a goal; the best table found stays where it is."""
        for _ in range(_STEPS):
            if way * (self._at[target] - goal) >= -_TINY or not self._improve(target, way, goal):
                break
        return float(self._at[target])

    def _improve(self, target: int, way: int, goal: float) -> bool:
        slope = way * self._slope(target)
        falls = self._at[self._others] <= self._floor[self._others] + _TINY
        useful = np.where((slope < 0) & falls, 0.0, slope)
        best = self._entering(useful)
        if best is None:
            return False
        sign = 1.0 if useful[best] > 0 else -1.0
        length, blocking = self._length(best, sign)
        enough = abs(goal - self._at[target]) / abs(useful[best])
        if min(length, enough) == np.inf:
            return False
        self._move(best, sign * min(length, enough))
        if length < enough and blocking >= 0:
            self._exchange(blocking, best)
        return True

    def _entering(self, useful: Real) -> int | None:
        """Which free quantity to change: the one that moves the target fastest."""
        best = int(np.argmax(np.abs(useful))) if useful.size else 0
        return best if useful.size and abs(useful[best]) > _TINY else None

    def _slope(self, target: int) -> Real:
        """How the target changes with each quantity that is free to be chosen."""
        if target in self._basis:
            row: Real = self._rates[self._basis.index(target)]
            return -row
        slope = np.zeros(len(self._others))
        slope[self._others.index(target)] = 1.0
        return slope

    def _length(self, free: int, sign: float) -> tuple[float, int]:
        """How far one free quantity can go, and which of the others stops it (-1: it stops by itself)."""
        change = -self._rates[:, free] * sign
        room = np.where(
            change < -_TINY,
            (self._at[self._basis] - self._floor[self._basis]) / np.maximum(-change, _TINY),
            np.inf,
        )
        first = int(np.argmin(room)) if room.size else -1
        length = max(0.0, float(room[first])) if room.size else np.inf
        own = float(self._at[self._others[free]] - self._floor[self._others[free]]) if sign < 0 else np.inf
        return (own, -1) if own <= length else (length, first)

    def _move(self, free: int, length: float) -> None:
        self._at[self._basis] -= self._rates[:, free] * length
        self._at[self._others[free]] += length
        np.minimum(self.lowest, self._at, out=self.lowest)
        np.maximum(self.highest, self._at, out=self.highest)

    def _exchange(self, row: int, free: int) -> None:
        """The blocking quantity becomes free, and the free one follows from the rest."""
        pivot = self._rates[row, free]
        self._rates[row] /= pivot
        self._rates[row, free] = 1.0 / pivot
        column = self._rates[:, free].copy()
        column[row] = 0.0
        self._rates[:, free] = np.where(np.arange(len(column)) == row, 1.0 / pivot, 0.0)
        self._rates -= np.outer(column, self._rates[row])
        self._rates[np.abs(self._rates) < _NOISE] = 0.0
        self._basis[row], self._others[free] = self._others[free], self._basis[row]


def _solved(sums: Real) -> tuple[list[int], Real]:
    """Some quantities in terms of the others: which ones, and the rates at which each follows the others, negated."""
    matrix = np.array(sums, dtype=np.float64)
    basis: list[int] = []
    for place in range(matrix.shape[1]):
        rank = len(basis)
        if rank == matrix.shape[0]:
            break
        found = rank + int(np.argmax(np.abs(matrix[rank:, place])))
        if abs(matrix[found, place]) <= _TINY:
            continue
        matrix[[rank, found]] = matrix[[found, rank]]
        matrix[rank] /= matrix[rank, place]
        others = np.flatnonzero(np.abs(matrix[:, place]) > _TINY)
        others = others[others != rank]
        matrix[others] -= np.outer(matrix[others, place], matrix[rank])
        basis.append(place)
    free = [place for place in range(matrix.shape[1]) if place not in set(basis)]
    return basis, matrix[: len(basis)][:, free]
