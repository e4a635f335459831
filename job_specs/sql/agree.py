"""Two parsers must agree on what a text means, and our own writing of it must mean the same to both.

The text is read by DuckDB (which will run it) and by sqlglot; sqlglot's understanding is written out by its own
generator and read back. The two must come to equal nouns. Then the canonical text we write is put through the same
mill. Any difference, any failure to read, any fallback of either parser is a refusal: a text that can be understood in
two ways is where attacks live.
"""

from functools import lru_cache

from job_specs.sql.ir import Query
from job_specs.sql.model import Scope, SqlRefused
from job_specs.sql.read import read
from job_specs.sql.refusals import Refusals
from job_specs.sql.resolve import resolve
from job_specs.sql.second import second_reading
from job_specs.sql.write import write


def understand(untrusted_sql: str, scope: Scope, *, parameters: frozenset[str], refusals: Refusals) -> Query:
    """The resolved query that both parsers see in a text.

    Raises:
        SqlRefused: everything wrong with the text, or that the parsers differ.
    """
    query = resolve(read(untrusted_sql, refusals), scope, refusals, parameters)
    refusals.settle()
    for text in (second_reading(untrusted_sql), canonical := write(query), second_reading(canonical)):
        if text is None or _quietly(text, scope, parameters) != query:
            raise refusals.stop("sql-parsers-differ")
    return query


def forget() -> None:
    """Drop what is remembered of texts read lately. Readings never change; this is for those who time them."""
    _quietly.cache_clear()
    second_reading.cache_clear()


# The units of a query are asked right after its guard, of the same canonical text: its readings are still known.
@lru_cache(maxsize=64)
def _quietly(text: str, scope: Scope, parameters: frozenset[str]) -> Query | None:
    refusals = Refusals(text)
    try:
        query = resolve(read(text, refusals), scope, refusals, parameters)
        refusals.settle()
    except SqlRefused:
        return None
    return query
