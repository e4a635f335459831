"""A table that study code made says what the data says [P9].

Counts, sums, means, standard deviations, variances, skewness and kurtosis, percentiles, extremes, modes, concentration, Gini,
numbers at risk and events are computed again; of records, where people have several, counts, sums, means, standard deviations
and variances. So are the coefficients of `model: ols(outcome ~ one + other)` over columns of numbers, from sums of products. A
ratio, a margin and a curve are as sure as the numbers that they follow from. Not computed again, and so only declared:
coefficients of other models (their fit is not had from sums), standard errors, p-values and other tests, since how they were
corrected is not said; clusters, and whatever a person must judge.

Refuses numbers that are not what the data gives for the declared groups, exactly or as this policy rounds them. Notes
where the data could not be asked, and why: such a table is only declared.
"""

from __future__ import annotations

from collections.abc import Iterator

from output_checks.agreement import differing
from output_checks.model import Confidence
from output_checks.rule import Because, Rule, note, refuse
from output_checks.subject import Subject

_FIX = "Declare `of`, `where`, `by` and each column as they were computed; or compute the table with an SQL action."


def _look(subject: Subject) -> Iterator[Because]:
    evidence = subject.evidence
    if subject.offered.unmeasured is not None and subject.table is not None:
        yield note("The data could not be asked about this table.", subject.offered.unmeasured)
    if evidence is None or evidence.source is not Confidence.RECOMPUTED:
        return
    for name in subject.statistics:
        cells = differing(subject, name)
        if cells:
            reason = "Numbers are not what the data gives for the declared groups."
            yield refuse(reason, _FIX, column=name, cells=cells)


RULE = Rule("recomputed", "P9", _look)
