"""Which hidden numbers can be solved for, in tables of any shape: one matrix, kept solved while numbers are hidden.

Every row of the matrix writes one quantity in terms of others. The quantities on the left (the basis) always include as
many hidden ones as can stand there; a primary on the left whose row holds no hidden quantity can be solved for, and its
row lists the shown quantities that do it. Arithmetic is modulo a prime: a coincidence could only mislead the choice of
a pattern, never the attacker, who counts exactly. Refuses nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np
from numpy.typing import NDArray

from output_checks.suppress.covering import Task

_PRIME = 2_147_483_647
Matrix = NDArray[np.int64]


class Tableau:
    """A solved system; see the module."""

    def __init__(self, matrix: Matrix, basis: list[int], hidden: NDArray[np.bool_], task: Task) -> None:
        self._matrix = matrix
        self._basis = basis
        self._hidden = hidden
        self._task = task

    @classmethod
    def of(cls, task: Task) -> Self:
        """The system with what is hidden already; quantities that cannot be hidden are constants and left out."""
        system, costs = task.system, task.costs
        size = len(system.quantities)
        matrix = np.zeros((len(system.sums), size), dtype=np.int64)
        for at, each in enumerate(system.sums):
            for member in each.members:
                matrix[at, member] = _PRIME - 1 if member == each.total else 1
        free = [at for at in range(size) if costs[at] is not None and at not in task.hidden]
        order = [*sorted(task.hidden), *sorted(free, key=lambda place: (costs[place] or 0, place))]
        out = np.ones(size, dtype=np.bool_)
        out[order] = False
        matrix[:, out] = 0
        basis = _solve(matrix, order)
        hidden = np.zeros(size, dtype=np.bool_)
        hidden[sorted(task.hidden)] = True
        return cls(matrix[: len(basis)], basis, hidden, task)

    def copy(self) -> Self:
        """The same tableau, to go on from in another way."""
        return type(self)(self._matrix.copy(), list(self._basis), self._hidden.copy(), self._task)

    def gaps(self) -> list[list[int]]:
        """For each primary that can be solved for: the shown quantities that do it."""
        rows = [
            row for row, place in enumerate(self._basis) if place in self._task.targets and self._alone(row)
        ]
        return [
            [int(at) for at in np.flatnonzero(self._matrix[row]) if at != self._basis[row]] for row in rows
        ]

    def _alone(self, row: int) -> bool:
        held = int(np.count_nonzero(self._matrix[row, self._hidden]))
        return held == 1

    def hide(self, place: int) -> None:
        """Hide a quantity; it enters the basis if it says something new."""
        self._hidden[place] = True
        if place not in self._basis:
            column = self._matrix[:, place]
            shown = [row for row in np.flatnonzero(column) if not self._hidden[self._basis[row]]]
            if shown:
                leaving = max(shown, key=lambda row: self._task.costs[self._basis[row]] or 0)
                self._pivot(int(leaving), place)

    def show(self, place: int) -> bool:
        """Show a quantity again unless a primary could then be solved for."""
        if place in self._basis:
            row = self._basis.index(place)
            partners = [at for at in np.flatnonzero(self._matrix[row]) if self._hidden[at] and at != place]
            if partners:
                self._pivot(row, int(partners[0]))
        self._hidden[place] = False
        column = self._matrix[:, place]
        touched = [row for row in np.flatnonzero(column) if self._basis[row] in self._task.targets]
        if any(self._alone(int(row)) for row in touched):
            self._hidden[place] = True
            return False
        return True

    def _pivot(self, row: int, place: int) -> None:
        _pivot(self._matrix, row, place)
        self._basis[row] = place


def _solve(matrix: Matrix, order: Sequence[int]) -> list[int]:
    """Bring the matrix into solved form, the first columns of the order first; the basis, row by row."""
    basis: list[int] = []
    for place in order:
        rank = len(basis)
        if rank == matrix.shape[0]:
            break
        below = np.flatnonzero(matrix[rank:, place])
        if below.size:
            found = rank + int(below[0])
            if found != rank:
                matrix[[rank, found]] = matrix[[found, rank]]
            _pivot(matrix, rank, place)
            basis.append(place)
    return basis


def _pivot(matrix: Matrix, row: int, place: int) -> None:
    matrix[row] = matrix[row] * pow(int(matrix[row, place]), -1, _PRIME) % _PRIME
    others = np.flatnonzero(matrix[:, place])
    others = others[others != row]
    columns = np.flatnonzero(matrix[row])
    if others.size:
        by = matrix[others, place][:, None]
        block = np.ix_(others, columns)
        matrix[block] = (matrix[block] - by * matrix[row, columns][None, :]) % _PRIME
