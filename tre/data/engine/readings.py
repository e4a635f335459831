"""The three readings of a query before it is run: as DuckDB parses it, as it binds it, and as it plans it.

Each refuses what is outside the scope, so that a mistake in the guard that came before is not a leak. They refuse by lists
of what is allowed: a part of a plan that is not known is a refusal.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import duckdb

from .query import Query, Refused

TABLE_FUNCTIONS = frozenset({"range", "generate_series", "unnest"})
QUERY_NODES = frozenset({"SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"})
REFERENCES = frozenset({"BASE_TABLE", "EMPTY", "EXPRESSION_LIST", "JOIN", "SUBQUERY", "TABLE_FUNCTION"})
MODIFIERS = frozenset({"DISTINCT_MODIFIER", "LIMIT_MODIFIER", "ORDER_MODIFIER"})
ORDERS = frozenset({"ASCENDING", "DESCENDING", "ORDER_ASCENDING", "ORDER_DEFAULT", "ORDER_DESCENDING"})
LEAVES = frozenset(
    {
        "CHUNK_GET",
        "COLUMN_DATA_SCAN",
        "CTE_SCAN",
        "DELIM_SCAN",
        "DUMMY_SCAN",
        "EMPTY_RESULT",
        "GENERATE_SERIES",
        "RANGE",
        "REC_CTE_SCAN",
        "UNNEST",
    }
)
SCANS = frozenset({"SEQ_SCAN", "TABLE_SCAN"})
# The guard allows functions by name. Those that reach past the query are stopped here too: what tells of the engine or its
# settings, what raises or waits, what runs a text, what a clock or chance decides, and what makes much of little.
FUNCTIONS_DENIED = frozenset(
    [
        "add_parquet_key",
        "current_catalog",
        "current_connection_id",
        "current_database",
        "current_query",
        "current_query_id",
        "current_role",
        "current_schema",
        "current_schemas",
        "current_setting",
        "current_transaction_id",
        "current_user",
        "getenv",
        "getvariable",
        "in_search_path",
        "pragma_version",
        "session_user",
        "txid_current",
        "user",
        "version",
        "write_log",
        "error",
        "pg_sleep",
        "sleep_ms",
        "stats",
        "json_deserialize_sql",
        "json_execute_serialized_sql",
        "json_serialize_plan",
        "json_serialize_sql",
        "query",
        "query_table",
        "current_date",
        "current_localtime",
        "current_localtimestamp",
        "current_time",
        "current_timestamp",
        "get_current_time",
        "get_current_timestamp",
        "localtime",
        "localtimestamp",
        "now",
        "today",
        "transaction_timestamp",
        "currval",
        "gen_random_uuid",
        "nextval",
        "random",
        "setseed",
        "uuid",
        "uuidv4",
        "uuidv7",
        "lpad",
        "repeat",
        "rpad",
    ]
)


class Readings:
    """Reads each query before it is run, and runs none that it has not read."""

    def __init__(
        self, patients: duckdb.DuckDBPyConnection, query: Query, names: Mapping[str, frozenset[str]]
    ) -> None:
        """Over a locked database in which the query's tables are views."""
        self.patients = patients
        self.query = query
        self._names = names
        self.plans: dict[str, Any] = {}
        """How DuckDB runs each query that was read: its steps, as plain data."""

    def answer(self, sql: str, *, beside: frozenset[str] = frozenset()) -> duckdb.DuckDBPyRelation:
        """The rows of a query that was read; `beside` are tables of ours that it may read as well.

        Raises:
            Refused: any of the three readings reaches outside the scope.
        """
        return self.patients.sql(sql, params=self.read(sql, beside=beside) or None)

    def read(self, sql: str, *, beside: frozenset[str] = frozenset()) -> dict[str, Any]:
        """Read the query as parsed, as bound and as planned; gives the parameters it uses. Raises Refused."""
        if not _is_one_select(self.patients, sql):
            raise Refused("not one SELECT")
        tree = parsed(self.patients, sql)
        check_parsed(tree, frozenset(self.query.tables) | beside)
        given = self.query.parameters
        used = {name: given[name] for name in _parameters(tree) if name in given}
        own = {f"memory.main.{name}": frozenset[str]() for name in beside}
        self.plans[sql] = check_planned(self.patients, sql, used, {**self._names, **own})
        return used


def _is_one_select(patients: duckdb.DuckDBPyConnection, sql: str) -> bool:
    statements = patients.extract_statements(sql)
    try:
        return len(statements) == 1 and statements[0].type == duckdb.StatementType.SELECT
    except ValueError:
        # A kind of statement that is newer than the Python binding's list of them is no SELECT.
        return False


def parsed(patients: duckdb.DuckDBPyConnection, sql: str) -> Any:
    """A query's tree, as DuckDB parses it. Raises Refused for what is no SELECT."""
    rows = patients.execute("SELECT json_serialize_sql(?::VARCHAR)", [sql]).fetchall()
    tree = json.loads(rows[0][0])
    if tree.get("error"):
        raise Refused("not a SELECT that can be read")
    return tree


def check_parsed(tree: Any, tables: frozenset[str]) -> None:
    """First reading: only SELECTs, only plain names of approved tables and of the query's own parts."""
    nodes = tuple(_nodes(tree))
    own = frozenset(name for node in nodes for name in _own_names(node))
    for node in nodes:
        _check_node(node, tables | own)


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    pending = [tree]
    while pending:
        item = pending.pop()
        if isinstance(item, dict):
            yield item
            pending.extend(item.values())
        elif isinstance(item, list):
            pending.extend(item)


def _own_names(node: Mapping[str, Any]) -> Iterator[str]:
    ctes = node.get("cte_map")
    if isinstance(ctes, dict):
        yield from (str(entry["key"]).lower() for entry in ctes.get("map", ()))
    if "cte_name" in node:
        yield str(node["cte_name"]).lower()


def _check_node(node: Mapping[str, Any], tables: frozenset[str]) -> None:
    kind = node.get("type")
    if "function_name" in node and str(node["function_name"]).lower() in FUNCTIONS_DENIED:
        raise Refused("a function that reaches past the query")
    if node.get("class") == "COLUMN_REF" and _is_a_clock(node.get("column_names")):
        raise Refused("a function that reaches past the query")
    # Expressions have a class; the types of values are objects. What is left is a part, a source, or how rows are arranged.
    if "class" in node or not isinstance(kind, str):
        return
    if kind not in QUERY_NODES | REFERENCES | MODIFIERS | ORDERS:
        raise Refused("a part or a source of rows that is not allowed")
    if kind == "BASE_TABLE":
        _check_table(node, tables)
    elif kind == "TABLE_FUNCTION":
        called = node.get("function") or {}
        if str(called.get("function_name", "")).lower() not in TABLE_FUNCTIONS:
            raise Refused("a table function that is not allowed")


def _is_a_clock(names: Any) -> bool:
    """Some functions are called without brackets; the guard writes every column with its table."""
    return isinstance(names, list) and len(names) == 1 and str(names[0]).lower() in FUNCTIONS_DENIED


def _check_table(node: Mapping[str, Any], tables: frozenset[str]) -> None:
    if node.get("schema_name") or node.get("catalog_name") or node.get("at_clause"):
        raise Refused("a table named with its schema")
    if str(node.get("table_name", "")).lower() not in tables:
        raise Refused("a table outside the scope")


def _parameters(tree: Any) -> frozenset[str]:
    return frozenset(str(node["identifier"]) for node in _nodes(tree) if node.get("class") == "PARAMETER")


def check_planned(
    patients: duckdb.DuckDBPyConnection,
    sql: str,
    parameters: Mapping[str, Any],
    names: Mapping[str, frozenset[str]],
) -> Any:
    """Second and third reading: what DuckDB bound, through views, macros and anything clever, and what it will scan.

    The plan as bound shows every table, used or not; the plan as it will run shows the columns that each scan reads, and
    is given back.
    """
    plans = patients.execute(f"EXPLAIN (FORMAT json) {sql}", parameters or None).fetchall()
    known = _known_columns(patients)
    if {str(stage) for stage, _ in plans} != {"logical_plan", "logical_opt", "physical_plan"}:
        raise Refused("not a SELECT that can be planned")
    for _stage, plan in plans:
        for node in _nodes(json.loads(plan)):
            if "name" in node and "children" in node:
                _check_operator(node, names, known)
    return json.loads(next(plan for stage, plan in plans if stage == "physical_plan"))


def _known_columns(patients: duckdb.DuckDBPyConnection) -> dict[str, frozenset[str]]:
    rows = patients.execute(
        "SELECT database_name || '.' || schema_name || '.' || table_name, list(column_name) FROM duckdb_columns() "
        "WHERE database_name LIKE 'store\\_%' ESCAPE '\\' GROUP BY 1"
    )
    return {str(name): frozenset(columns) for name, columns in rows.fetchall()}


def _check_operator(
    node: Mapping[str, Any], names: Mapping[str, frozenset[str]], known: Mapping[str, frozenset[str]]
) -> None:
    kind = str(node["name"]).strip().upper()
    told = node.get("extra_info") or {}
    if kind in SCANS:
        table = str(told.get("Table", ""))
        if table == "memory.main.absent":
            return
        if table not in names:
            raise Refused("a scan outside the scope, once planned")
        if _touched(told) & (known.get(table, frozenset()) - names[table]):
            raise Refused("a column outside the scope, once planned")
    elif not node["children"] and kind not in LEAVES:
        raise Refused("a source of rows that is not allowed, once planned")
    elif re.search(r"INSERT|DELETE|UPDATE|COPY|CREATE|ATTACH|MERGE_INTO|EXPORT|PRAGMA|LOAD", kind):
        raise Refused("a part that changes data, once planned")


def _touched(told: Mapping[str, Any]) -> frozenset[str]:
    """The words of a scan's projections and filters, outside quotes."""
    said = json.dumps([told.get("Projections", ""), told.get("Filters", "")])
    return frozenset(re.findall(r"\w+", re.sub(r"'(?:[^']|'')*'", " ", said)))
