"""DuckDB's own parser and binder, in locked in-memory connections that hold no data.

Nothing is ever executed here but `json_serialize_sql` (which parses) and `DESCRIBE` (which binds against empty tables
made from the study's scope). It refuses to open a file, to load an extension, or to pass an engine's message on.
"""

import json
import threading
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import duckdb

from job_specs.sql.model import Scope

_LOCK = (
    "SET enable_external_access = false",
    "SET python_enable_replacements = false",
    "SET autoinstall_known_extensions = false",
    "SET autoload_known_extensions = false",
    "SET allow_community_extensions = false",
    "SET memory_limit = '256MB'",
    "SET threads = 1",
    "SET max_execution_time = 5000",
    "SET disabled_filesystems = 'LocalFileSystem'",
    "SET lock_configuration = true",
)
_SERIALIZE = "SELECT json_serialize_sql($1, skip_default := true, skip_null := true, skip_empty := true)"
UNREADABLE = "unreadable"
_busy = threading.Lock()


def parse(sql: str) -> dict[str, Any]:
    """DuckDB's syntax tree of a text as plain data; `{"error": True, ...}` where it will not parse or is no SELECT.

    Raises:
        RecursionError: when the tree nests deeper than JSON can be read.
    """
    with _busy:
        try:
            row = _parser().execute(_SERIALIZE, [sql]).fetchone()
        except duckdb.Error:
            # It ran out of the little memory it has, or met what it cannot write down: nothing to be understood.
            return {"error": True, "error_type": UNREADABLE}
    tree: dict[str, Any] = json.loads(row[0]) if row else {"error": True}
    return tree


def statements(sql: str) -> int:
    """How many statements DuckDB finds in a text; 0 where it cannot tell."""
    with _busy:
        try:
            return len(_parser().extract_statements(sql))
        except duckdb.Error:
            return 0


def bind(sql: str, scope: Scope, parameters: Mapping[str, Any]) -> tuple[tuple[str, str], ...] | None:
    """The columns (name, type) that a query over empty tables of this scope would give, or None if it cannot bind."""
    with _busy:
        try:
            rows = _tables(scope).cursor().execute("DESCRIBE " + sql, dict(parameters) or None).fetchall()
        except duckdb.Error:
            return None
    return tuple((str(row[0]), str(row[1])) for row in rows)


def _locked(*before: str) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(":memory:")
    for statement in (*before, *_LOCK):
        connection.execute(statement)
    return connection


@lru_cache(maxsize=1)
def _parser() -> duckdb.DuckDBPyConnection:
    return _locked()


@lru_cache(maxsize=8)
def _tables(scope: Scope) -> duckdb.DuckDBPyConnection:
    return _locked(*(_create(table.name, {c.name: c.type for c in table.columns}) for table in scope.tables))


def _create(table: str, columns: Mapping[str, str]) -> str:
    listed = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
    return f'CREATE TABLE "{table}" ({listed})'
