"""A table that study code made says what the data says [P9].

Counts, sums, means, standard deviations, variances, skewness and kurtosis, percentiles, extremes, modes, concentration, Gini,
numbers at risk and events are computed again; of records, where people have several, counts, sums, means, standard deviations
and variances. So are the coefficients of `model: ols(outcome ~ one + other)` over columns of numbers, from sums of products. A
ratio, a margin and a curve are as sure as the numbers that they follow from. Not computed again, and so only declared:
coefficients of other models (their fit is not had from sums), standard errors, p-values and other tests, since how they were
corrected is not said; clusters, and whatever a person must judge.

Refuses numbers that are not what the data gives for the declared groups, exactly or as this policy rounds them. Leaves to a
person, in a table of study code, whatever the data did not answer for (numbers, labels, or the whole table), since the
program could have written anything there; tables that leave out groups of enough people; and cells that were hidden although
enough people are behind them. A cell that was hidden before stays hidden. Where nobody was to ask, nothing is said.
"""

from __future__ import annotations

from collections.abc import Iterator

from output_checks.agreement import differing, levels
from output_checks.declare import COUNTED
from output_checks.model import CellRef, Confidence, Evidence, Table
from output_checks.numerals import is_hidden
from output_checks.question import INTERCEPT
from output_checks.restated import hidden_already
from output_checks.rule import Because, Rule, hide, refuse, review
from output_checks.subject import Subject

_FIX = "Declare `of`, `where`, `by` and each column as they were computed; or compute the table with an SQL action."
_ANYTHING = "a program could write anything there, a message or a person's value among it"
_LOOK = "Look whether they can be what they say, and whether they are needed; or declare them so that they are computed again."


def _look(subject: Subject) -> Iterator[Because]:
    table, evidence = subject.table, subject.evidence
    if table is None:
        return
    if subject.offered.unmeasured is not None:
        yield review(
            f"The data could not be asked about this table: {_ANYTHING}.", subject.offered.unmeasured
        )
    if evidence is None or evidence.source is not Confidence.RECOMPUTED:
        return
    for name in subject.statistics:
        cells = differing(subject, name)
        if cells:
            reason = "Numbers are not what the data gives for the declared groups."
            yield refuse(reason, _FIX, column=name, cells=cells)
    yield from _unanswered(subject, table)
    yield from _chosen_rows(subject, evidence)
    yield from _hidden_already(subject, evidence)


def _unanswered(subject: Subject, table: Table) -> Iterator[Because]:
    """Numbers and labels that the data was asked about in vain, or not at all."""
    given = subject.evidence.values if subject.evidence else {}
    answered = all(name in given and None not in given[name] for name in subject.statistics)
    for name, known in ({} if answered else levels(subject)).items():
        cells = [CellRef(row, name) for row, level in enumerate(known) if level is Confidence.DECLARED]
        shown = [cell for cell in cells if not is_hidden(table.at(cell))]
        if shown:
            yield review(f"Numbers were not computed again: {_ANYTHING}.", _LOOK, column=name, cells=shown)
    declaration = subject.declaration
    if declaration is None or declaration.kind != "correlation":
        return
    said = declaration.extra.get("regressors")
    terms = INTERCEPT.union(map(str, said) if isinstance(said, list | tuple) else ())
    for name in subject.dimensions:
        cells = [
            CellRef(row, name) for row, text in enumerate(table.column(name)) if not _is_term(text, terms)
        ]
        if cells:
            reason = f"Labels are neither a regressor nor the intercept: {_ANYTHING}."
            yield review(reason, _LOOK, column=name, cells=cells)


def _is_term(text: str, terms: frozenset[str]) -> bool:
    return text in terms or text.casefold() in INTERCEPT


def _chosen_rows(subject: Subject, evidence: Evidence) -> Iterator[Because]:
    if any(people and not subject.policy.is_small(people) for people in evidence.unlisted):
        fix = "List every group of the data; leave groups out by `where`, which is read before anything runs."
        yield review("The table leaves out groups that the data has: which, could be a message.", fix)


def _hidden_already(subject: Subject, evidence: Evidence) -> Iterator[Because]:
    """Cells that the program hid: they stay hidden, and where nothing asked for it a person looks."""
    for name in subject.statistics:
        cells = [cell for cell in hidden_already(subject) if cell.column == name]
        if cells:
            leave = "Nothing; next time leave hiding to us, and less may have to go."
            yield hide(
                "Cells were hidden before they were offered, and stay so.", leave, column=name, cells=cells
            )
        enough = [cell for cell in cells if _is_of_many(subject, evidence, cell)]
        if enough:
            fix = "Offer the table with nothing hidden; it is then hidden here, by rule."
            reason = "Cells were hidden that enough people are behind: which, could be a message."
            yield review(reason, fix, column=name, cells=enough)


def _is_of_many(subject: Subject, evidence: Evidence, cell: CellRef) -> bool:
    given = evidence.values[cell.column][cell.row]
    numbers = [evidence.people[cell.row]]
    if subject.columns[cell.column].role in COUNTED and given is not None:
        numbers.append(round(given))
    return all(number and not subject.policy.is_small(number) for number in numbers)


RULE = Rule("recomputed", "P9", _look)
