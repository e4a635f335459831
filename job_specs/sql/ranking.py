"""`arg_max(value, date)` gives one answer: where two rows have the same date, the greater value wins (for arg_min the lesser).

DuckDB takes whichever of the tied rows it meets first, so that the same question has several answers. Here rows are ranked by
all their keys and then by the value itself; rows without the first key, or without a value, are left out, as DuckDB does.
It is written as `arg_max(value, CASE WHEN date IS NOT NULL THEN row(date, value) END)`, and a researcher's own tie-breaks as
`arg_max(value, (date, code))`. It refuses every other use of a row of values.
"""

from collections.abc import Mapping
from typing import Any

from job_specs.sql.ir import NULL, Call, Case, Expr

RANKED = frozenset({"arg_max", "arg_min"})
_ROW_KEYS = frozenset(
    {"class", "type", "alias", "query_location", "query_location_length", "function_name", "qualified_name", "order_bys",
     "arguments"}
)  # fmt: skip


def row_of(untrusted: Mapping[str, Any]) -> list[Mapping[str, Any]] | None:
    """The parts of `row(...)` in DuckDB's tree: bare, or as the only branch of a CASE; None for anything else."""
    node = untrusted
    if node.get("class") == "CASE" and len(node.get("case_checks", ())) == 1:
        node = node["case_checks"][0]["then_expr"]
    plain = node.get("class") == "FUNCTION" and node.get("function_name") == "row" and set(node) <= _ROW_KEYS
    if not plain or node.get("order_bys", {}).get("orders"):
        return None
    arguments = node.get("arguments", [])
    return (
        [each["expression"] for each in arguments]
        if all(set(each) == {"expression"} for each in arguments)
        else None
    )


def keys_of(value: Expr, row: tuple[Expr, ...]) -> tuple[Expr, ...]:
    """What rows are ranked by before the value itself."""
    return row[:-1] if len(row) > 1 and row[-1] == value else row


def ranked_by(value: Expr, keys: tuple[Expr, ...]) -> Expr:
    """What is written for the keys: nothing where the first is missing, and the value last."""
    there = Call("not", (Call("is_null", (keys[0],)),))
    return Case(((there, Call("row", (*keys, value))),), NULL)
