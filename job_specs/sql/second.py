"""The second opinion: sqlglot reads a text, and writes what it understood; and it translates other dialects.

Refuses what sqlglot only passes through (its `Command`), more than one statement, and whatever its generator cannot
say in DuckDB's dialect.
"""

import logging
from functools import lru_cache

import sqlglot
from sqlglot import exp
from sqlglot.errors import ErrorLevel, SqlglotError

# sqlglot warns of what it does not support; here that is an error, and its log would be noise.
logging.getLogger("sqlglot").setLevel(logging.CRITICAL)

DIALECTS = ("duckdb", "tsql")
"""Dialects a query may be written in. Anything but DuckDB's is translated first, and shown translated."""


@lru_cache(maxsize=64)
def second_reading(untrusted_sql: str, *, dialect: str = "duckdb") -> str | None:
    """Sqlglot's own wording, in DuckDB's dialect, of the one query in a text; None where it has none."""
    try:
        found = sqlglot.parse(untrusted_sql, dialect=dialect, error_level=ErrorLevel.RAISE)
    except (SqlglotError, RecursionError, ValueError):
        return None
    statements = [each for each in found if each is not None]
    if len(statements) != 1 or not isinstance(statements[0], exp.Query) or statements[0].find(exp.Command):
        return None
    try:
        return statements[0].sql("duckdb", unsupported_level=ErrorLevel.RAISE, comments=False, copy=False)
    except (SqlglotError, RecursionError, ValueError):
        return None
