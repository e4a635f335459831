"""An attacker who solves the published sums by plain elimination over fractions; shares no code with the product."""

from collections.abc import Iterable
from fractions import Fraction

from output_checks.suppress.system import System

Row = dict[int, Fraction]


def solved_for(system: System, hidden: Iterable[int]) -> set[int]:
    """The hidden numbers that the sums determine, however the others may be."""
    unknown = set(hidden)
    rows: dict[int, Row] = {}
    for each in system.sums:
        row = {part: Fraction(1) for part in each.parts if part in unknown}
        row |= {each.rest: Fraction(1)} if each.rest in unknown else {}
        row |= {each.total: Fraction(-1)} if each.total in unknown else {}
        _take(rows, row)
    return {at for at, row in rows.items() if len(row) == 1}


def _take(rows: dict[int, Row], row: Row) -> None:
    for at in [at for at in row if at in rows]:
        _subtract(row, rows[at], row.get(at, Fraction(0)))
    if row:
        at = min(row)
        leading = row[at]
        scaled = {key: number / leading for key, number in row.items()}
        for other in rows.values():
            _subtract(other, scaled, other.get(at, Fraction(0)))
        rows[at] = scaled


def _subtract(row: Row, other: Row, times: Fraction) -> None:
    for key, number in other.items() if times else ():
        left = row.get(key, Fraction(0)) - times * number
        if left:
            row[key] = left
        else:
            row.pop(key, None)
