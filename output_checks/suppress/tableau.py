"""Which hidden numbers can be solved for, in tables of any shape: one matrix, kept solved while numbers are hidden.

Every row of the matrix writes one quantity in terms of others. The quantities on the left (the basis) always include as
many hidden ones as can stand there; a primary on the left whose row holds no hidden quantity can be solved for, and its
row lists the shown quantities that do it. Arithmetic is modulo a prime: a coincidence could only mislead the choice of
a pattern, never the attacker, who counts exactly. Refuses nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from output_checks.suppress.covering import Task

_PRIME = 2_147_483_647
Matrix = NDArray[np.int64]


@dataclass(frozen=True)
class Frame:
    """Which quantity each column is, hidden ones first and then cheap ones; its cost, and whether it is a target."""

    places: tuple[int, ...]
    at: Mapping[int, int]
    cost: tuple[int, ...]
    target: tuple[bool, ...]

    @classmethod
    def of(cls, task: Task) -> Frame:
        """The columns of a task."""
        costs = task.costs
        free = [at for at, cost in enumerate(costs) if cost is not None and at not in task.hidden]
        order = (*sorted(task.hidden), *sorted(free, key=lambda place: (costs[place] or 0, place)))
        cost = tuple(costs[place] or 0 for place in order)
        at = {place: at for at, place in enumerate(order)}
        return cls(order, at, cost, tuple(place in task.targets for place in order))


class Tableau:
    """A solved system; see the module. Columns are the quantities that can be hidden, by their place in `places`."""

    def __init__(self, matrix: Matrix, basis: list[int], hidden: NDArray[np.bool_], frame: Frame) -> None:
        self._matrix = matrix
        self._basis = basis
        self._hidden = hidden
        self._frame = frame

    @classmethod
    def of(cls, task: Task) -> Self:
        """The system with what is hidden already; quantities that cannot be hidden are constants and left out."""
        frame = Frame.of(task)
        matrix = np.zeros((len(task.system.sums), len(frame.places)), dtype=np.int64)
        for at, each in enumerate(task.system.sums):
            for member in each.members:
                if member in frame.at:
                    matrix[at, frame.at[member]] = _PRIME - 1 if member == each.total else 1
        basis = _solve(matrix, range(len(frame.places)))
        hidden = np.array([place in task.hidden for place in frame.places], dtype=np.bool_)
        return cls(matrix[: len(basis)], basis, hidden, frame)

    def copy(self) -> Self:
        """The same tableau, to go on from in another way."""
        return type(self)(self._matrix.copy(), list(self._basis), self._hidden.copy(), self._frame)

    def gaps(self) -> list[list[int]]:
        """For each primary that can be solved for: the shown quantities that do it."""
        rows = [row for row, at in enumerate(self._basis) if self._frame.target[at] and self._alone(row)]
        places = self._frame.places
        return [
            [places[at] for at in np.flatnonzero(self._matrix[row]) if at != self._basis[row]] for row in rows
        ]

    def _alone(self, row: int) -> bool:
        held = int(np.count_nonzero(self._matrix[row, self._hidden]))
        return held == 1

    def hide(self, place: int) -> None:
        """Hide a quantity; it enters the basis if it says something new."""
        at = self._frame.at[place]
        self._hidden[at] = True
        if at not in self._basis:
            column = self._matrix[:, at]
            shown = [row for row in np.flatnonzero(column) if not self._hidden[self._basis[row]]]
            if shown:
                leaving = max(shown, key=lambda row: self._frame.cost[self._basis[row]])
                self._pivot(int(leaving), at)

    def show(self, place: int) -> bool:
        """Show a quantity again unless a primary could then be solved for."""
        at = self._frame.at[place]
        if at in self._basis:
            row = self._basis.index(at)
            partners = np.flatnonzero((self._matrix[row] != 0) & self._hidden)
            partners = partners[partners != at]
            if partners.size:
                self._pivot(row, int(partners[0]))
        self._hidden[at] = False
        touched = [row for row in np.flatnonzero(self._matrix[:, at]) if self._frame.target[self._basis[row]]]
        if any(self._alone(int(row)) for row in touched):
            self._hidden[at] = True
            return False
        return True

    def _pivot(self, row: int, at: int) -> None:
        _pivot(self._matrix, row, at)
        self._basis[row] = at


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
