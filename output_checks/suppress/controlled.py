"""Rounding so that totals add: each number to one of the two multiples beside it, all of them chosen together [P10].

A number that is a multiple stays as it is (zero-restricted controlled rounding: L. H. Cox, JASA 82, 1987, 520-524). A table
of two dimensions is a network, in which a linear program has whole answers and there always is one; with more dimensions it
is an integer program, bounded by nodes and not by seconds, so that a slow machine rounds as a fast one does. Of all choices
the one that moves numbers least is taken, and one that left before keeps the number that it was shown as, where that can be.

Refuses to bend a number past its neighbours: where nothing adds up, or nothing was found in bounds, there is no answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from highspy import HighsLp, HighsVarType, MatrixFormat
from highspy._core import _Highs  # the class for Python greets on standard output
from numpy.typing import NDArray

from output_checks.policy import Policy
from output_checks.suppress.network import network_of
from output_checks.suppress.system import System

Real = NDArray[np.float64]
_NODES = 500
_ITERATIONS = 400_000
_MOST = 60_000
_RATHER = 1_000.0


def controlled(system: System, policy: Policy, before: Mapping[int, int]) -> tuple[int, ...] | None:
    """The number to show for each quantity, all within the base of what was counted and every sum exact.

    `before` is what some quantities were shown as when they left. None where no such numbers were found.
    """
    base = policy.rounding_base
    below = [each.value // base * base for each in system.quantities]
    open_ones = [place for place, each in enumerate(system.quantities) if each.value % base]
    at = {place: column for column, place in enumerate(open_ones)}
    whole = network_of(system) is None
    if len(open_ones) > _MOST:
        return None
    costs = [_cost_of_more(system.quantities[place].value, policy, before.get(place)) for place in open_ones]
    program = _program(system, [each // base for each in below], at, costs)
    chosen = _solved(program, whole=whole) if open_ones else ()
    if chosen is None:
        return None
    values = list(below)
    for place, more in zip(open_ones, chosen, strict=True):
        values[place] += base * more
    return tuple(values) if _adds_up(system, values) else None


def _cost_of_more(value: int, policy: Policy, before: int | None) -> float:
    """What the multiple above costs more than the one below: how much further it is.

    Rather than near, a number is as it was when it left, above the threshold where it is, and as if alone where it is hidden.
    """
    base = policy.rounding_base
    rest = value % base
    cost = float(base - 2 * rest)
    if policy.is_small(value):
        # A few are hidden. Were 7 now 5 and now 10 in a total's sum, whoever sees the total would know when they are 7.
        cost += _RATHER if policy.rounded(value) == value - rest else -_RATHER
    elif policy.is_small(value - rest) or value < base:
        cost -= _RATHER
    if before in (value - rest, value - rest + base):
        cost += 2 * (_RATHER if before == value - rest else -_RATHER)
    return cost


def _adds_up(system: System, values: Sequence[int]) -> bool:
    return all(values[each.total] == sum(map(values.__getitem__, each.members[1:])) for each in system.sums)


def _program(system: System, below: Sequence[int], at: Mapping[int, int], costs: Sequence[float]) -> HighsLp:
    """One column for each number that is no multiple, 1 where it goes up; one row for each sum."""
    starts, places, signs, missing = [0], list[int](), list[float](), list[float]()
    for each in system.sums:
        members = [member for member in each.members if member in at]
        places += [at[member] for member in members]
        signs += [-1.0 if member == each.total else 1.0 for member in members]
        starts.append(len(places))
        missing.append(float(below[each.total] - sum(map(below.__getitem__, each.members[1:]))))
    program = HighsLp()
    program.num_col_, program.num_row_ = len(at), len(missing)
    program.col_cost_ = np.array(costs, dtype=np.float64)
    program.col_lower_, program.col_upper_ = np.zeros(len(at)), np.ones(len(at))
    program.row_lower_ = program.row_upper_ = np.array(missing, dtype=np.float64)
    program.a_matrix_.format_ = MatrixFormat.kRowwise
    program.a_matrix_.start_ = np.array(starts, dtype=np.int32)
    program.a_matrix_.index_ = np.array(places, dtype=np.int32)
    program.a_matrix_.value_ = np.array(signs, dtype=np.float64)
    return program


def _solved(program: HighsLp, *, whole: bool) -> tuple[int, ...] | None:
    """Which numbers go up; None where the program has no answer, or gave none in bounds. What it gave is added up by the caller."""
    if whole:
        program.integrality_ = [HighsVarType.kInteger] * program.num_col_
    solver = _Highs()
    for option, setting in (("output_flag", False), ("threads", 1), ("random_seed", 0)):
        solver.setOptionValue(option, setting)
    solver.setOptionValue("simplex_iteration_limit", _ITERATIONS)
    solver.setOptionValue("mip_max_nodes", _NODES)
    solver.passModel(program)
    solver.run()
    found = np.array(solver.getSolution().col_value, dtype=np.float64)
    if found.size != program.num_col_ or not np.all(np.abs(found - 0.5) < 1.0):
        return None
    return tuple(int(each) for each in np.rint(found))
