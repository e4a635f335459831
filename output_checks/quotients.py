"""Ratios, rates and percentages of two counts: which scale they are written in, and whether they are what they say.

Refuses to accept a number as a quotient that its own counts, exact or rounded, do not bear out.
"""

from __future__ import annotations

from decimal import Decimal

from output_checks.declare import Column
from output_checks.facts import Facts
from output_checks.model import CellRef
from output_checks.numerals import decimal, figures_of, is_hidden, plain

FACTORS = (1, 100, 1_000, 10_000, 100_000, 1_000_000)
_CLOSE = Decimal("0.006")


def counts_of(facts: Facts, column: Column, row: int) -> tuple[int, int] | None:
    """The numerator and denominator of a derived cell, where both are known and something was counted from."""
    numerator, denominator = (facts.number(CellRef(row, name)) for name in column.operands)
    return (numerator, denominator) if numerator is not None and denominator else None


def factor_of(facts: Facts, column: Column) -> int | None:
    """The scale a ratio is written in (1, per cent, per thousand …), or None where no scale makes it one."""
    table = facts.table
    rows = range(len(table.rows)) if table else ()
    written = {row: decimal(table.at(CellRef(row, column.name))) for row in rows if table}
    known = {row: (value, counts_of(facts, column, row)) for row, value in written.items()}
    pairs = [(value, counts) for value, counts in known.values() if value is not None and counts is not None]
    strange = any(
        value is None and table is not None and not is_hidden(table.at(CellRef(row, column.name)))
        for row, value in written.items()
    )
    if strange:
        return None
    fitting = [factor for factor in FACTORS if all(_fits(value, counts, factor) for value, counts in pairs)]
    return fitting[0] if fitting else None


def _fits(value: Decimal, counts: tuple[int, int], factor: int) -> bool:
    """Within rounding of the printed value, or of counts that were rounded after it was computed."""
    numerator, denominator = counts
    exact = Decimal(numerator) * factor / denominator
    step = Decimal(1).scaleb(min(0, int(value.as_tuple().exponent)))
    loose = Decimal(factor) * 5 / denominator
    return abs(value - exact) <= max(step, abs(exact) * _CLOSE, loose)


def agrees(facts: Facts, column: Column, row: int, factor: int) -> bool:
    """Whether a derived cell already is what its counts, rounded by the policy, give to the policy's figures."""
    table, policy = facts.table, facts.policy
    text = table.at(CellRef(row, column.name)) if table else ""
    counts = counts_of(facts, column, row)
    value = decimal(text)
    if value is None or counts is None:
        return True
    numerator, denominator = map(policy.rounded, counts)
    if not denominator:
        return False
    given = Decimal(numerator) * factor / denominator
    if plain(value, policy.figures) == plain(given, policy.figures):
        return figures_of(text) <= policy.figures
    step = Decimal(1).scaleb(int(value.as_tuple().exponent))
    return figures_of(text) < policy.figures and abs(value - given) <= step / 2
