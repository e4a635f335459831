"""What an extract says about a model: its people, its rarest levels, and least squares computed again.

Least squares are had from sums of products: no row is looked at, and no residual. It refuses nothing that is not a model of
numbers: what it does not compute again is None, and is then only declared.
"""

from collections.abc import Mapping

import numpy as np

from output_checks.model import Confidence, Evidence
from output_checks.question import INTERCEPT, Measure, Question, Unaskable
from tre.data import grouping
from tre.data.apart import MOST_FEW
from tre.data.extracted import Extract
from tre.data.grouping import quoted

_NUMBERS = frozenset(
    {
        "BOOLEAN",
        "TINYINT",
        "SMALLINT",
        "INTEGER",
        "BIGINT",
        "UTINYINT",
        "DOUBLE",
        "FLOAT",
        "UINTEGER",
        "USMALLINT",
    }
)
_SINGULAR = 1e12
_CARRIED_BY_ONE = 0.5
_CARRIED_BY_FEW = 0.9
"""How much of people's own outcomes a fit may follow: at 1 it gives them away, or the sum of those of a few."""


def of_model(extract: Extract, question: Question) -> Evidence:
    """The people of a model, how many are at the rarest level of each regressor, and its coefficients where they are had.

    Raises:
        Unaskable: it explains what the extract does not have.
    """
    if question.outcome and question.outcome not in extract.columns:
        raise Unaskable("Explain a column of the extract that `of` names, under its own name.")
    names = [name for name in (*question.regressors, question.outcome) if name]
    counts = ", ".join(f"count({quoted(name)})" for name in names)
    counted = extract.connection.execute(f"SELECT count(*), {counts} FROM people").fetchall()[0]  # noqa: S608 - names are quoted
    people, rows = min(int(each) for each in counted), len(question.groups)
    known = _least_squares(extract, question)
    smallest = {name: grouping.smallest(extract, name) for name in question.regressors}
    one, few = _leverage(extract, question)
    if one > _CARRIED_BY_ONE:
        smallest = dict.fromkeys(smallest, 1)
    elif few > _CARRIED_BY_FEW:
        # It may be a tail, or a few people whom two columns single out together: nobody says that it is fine.
        smallest = {}
    shown = [each.column for each in question.asked if each.measure is Measure.COEFFICIENT]
    return Evidence(
        (people,) * rows,
        Confidence.RECOMPUTED,
        rows=(people,) * rows,
        smallest=smallest,
        values={
            column: tuple(known.get(_term(term)) for term in question.terms) for column in shown if known
        },
    )


def _term(label: str) -> str:
    return "" if label.casefold() in INTERCEPT else label


def _least_squares(extract: Extract, question: Question) -> Mapping[str, float]:
    """The coefficient of each regressor, and of the intercept under no name; nothing where there is no single answer."""
    names = [*question.regressors, question.outcome]
    # Of several records for a person, what one record more explains is nobody's.
    if (
        not question.outcome
        or not extract.one_each
        or not all(extract.columns.get(name) in _NUMBERS for name in names)
    ):
        return {}
    products = _products(extract, names)
    if products is None:
        return {}
    matrix, right = products[:-1, :-1], products[:-1, -1]
    scale = np.sqrt(np.diag(matrix))
    if not np.all(scale > 0) or np.linalg.cond(matrix / np.outer(scale, scale)) > _SINGULAR:
        return {}
    found = np.linalg.solve(matrix / np.outer(scale, scale), right / scale) / scale
    return dict(zip(("", *question.regressors), map(float, found), strict=True))


def _leverage(extract: Extract, question: Question) -> tuple[float, float]:
    """How much of their own outcomes the fit follows: of the one person it follows most, and of the few, added up.

    Two columns that differ for one person only are together a regressor that is theirs alone. 0 where columns are no numbers.
    """
    names = list(question.regressors)
    if not all(extract.columns.get(name) in _NUMBERS for name in names):
        return 0.0, 0.0
    products = _products(extract, names)
    if products is None:
        return 0.0, 0.0
    inverse = np.linalg.pinv(products, rcond=1 / _SINGULAR, hermitian=True)
    columns = ["1.0", *(f"{quoted(name)}::DOUBLE" for name in names)]
    pairs = [(one, other) for one in range(len(columns)) for other in range(len(columns))]
    leverage = " + ".join(
        f"({float(inverse[one, other])!r}) * {columns[one]} * {columns[other]}" for one, other in pairs
    )
    asked = f"SELECT max({leverage}), list_sum(max({leverage}, {MOST_FEW})) FROM people"  # noqa: S608 - names are quoted
    one, few = extract.connection.execute(asked).fetchall()[0]
    return (1.0 if one is None else float(one)), float(few or 0)


def _products(extract: Extract, names: list[str]) -> np.ndarray[tuple[int, int], np.dtype[np.float64]] | None:
    """The sum of products of each two of: one, and each column; over the people who have all of them."""
    columns = ["1.0", *(f"{quoted(name)}::DOUBLE" for name in names)]
    pairs = [(one, other) for one in range(len(columns)) for other in range(one + 1)]
    sums = ", ".join(f"sum({columns[one]} * {columns[other]})" for one, other in pairs)
    complete = " AND ".join(f"{quoted(name)} IS NOT NULL" for name in names)
    (row,) = extract.connection.execute(f"SELECT {sums} FROM people WHERE {complete}").fetchall()  # noqa: S608 - names are quoted
    if any(each is None for each in row):
        return None
    found = np.zeros((len(columns), len(columns)))
    for (one, other), total in zip(pairs, row, strict=True):
        found[one, other] = found[other, one] = total
    return found
