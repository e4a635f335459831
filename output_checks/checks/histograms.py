"""Bins whose edges are chosen, not measured [P11].

Refuses bins whose outermost edges look like the smallest and the largest value: no number in fives or tens, nor the one
next to it. Counts in bins are judged as any count is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal

from output_checks.model import Table
from output_checks.rule import Because, Rule, refuse
from output_checks.subject import Subject

_NUMBER = r"-?[0-9]+(?:\.[0-9]+)?"
_BIN = re.compile(rf"[\[(]?\s*({_NUMBER})\s*(?:,|-|\u2013|to|:)\s*({_NUMBER})\s*[\])]?")
_FEWEST, _ROUND = 3, 3
_STARTS = frozenset(map(Decimal, (12, 16, 18)))  # ages at which vaccination programmes and adulthood begin
_FIX = "Use equal steps of a round number, such as 5 years, and leave the first and last bin open: under 20, 80 and over."


def _look(subject: Subject) -> Iterator[Because]:
    table = subject.table
    if table is None:
        return
    for name in subject.dimensions:
        if measured_edges(bins_of(table, name)):
            reason = "The outer edges of the bins look like the smallest and the largest value."
            yield refuse(reason, _FIX, column=name)


def bins_of(table: Table, name: str) -> list[tuple[Decimal, Decimal]]:
    """The bins that a column's labels are, lowest first; none where most labels are something else."""
    labels = list(dict.fromkeys(table.column(name)))
    found = [_BIN.fullmatch(label) for label in labels]
    bins = sorted((Decimal(each.group(1)), Decimal(each.group(2))) for each in found if each)
    return bins if len(bins) >= _FEWEST and 2 * len(bins) > len(labels) else []


def measured_edges(bins: Sequence[tuple[Decimal, Decimal]]) -> bool:
    """Whether an outer end is no number that people choose: one in fives or tens, or the one before it."""
    return bool(bins) and not (_chosen(bins[0][0], -1) and _chosen(bins[-1][1], 1))


def _chosen(end: Decimal, step: int) -> bool:
    """Whether an end, or the number one unit of its last place further out, goes in fives of a coarse grid."""
    unit = Decimal(1).scaleb(min(0, int(end.as_tuple().exponent)))
    near = (end, end + step * unit)
    return end in _STARTS or any(each % (5 * unit) == 0 and _figures(each) <= _ROUND for each in near)


def _figures(number: Decimal) -> int:
    return len(number.normalize().as_tuple().digits)


RULE = Rule("histograms", "P11", _look)
