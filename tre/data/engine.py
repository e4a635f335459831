"""The engine: the program that answers one query inside the `sql` box. Standard library and DuckDB alone.

    python3 engine.py query.json

It opens the store's files read-only, shows a query the approved columns of the approved tables as views and nothing else,
shuts DuckDB off from files, extensions and settings, and then reads the query three times over before it runs it: as DuckDB
parses it, as DuckDB binds it, and as DuckDB plans it. Each reading is enough to refuse what is outside the scope, so that a
mistake in the guard that came before is not a leak.

Rows leave through an Arrow stream to a second database that has files and no patients: there an extract gets its study's
pseudonyms and an order that says nothing about the store's, and there results are written. The query's text is never near
the key or the disk.

It refuses to say what went wrong in words: DuckDB's messages quote values. A class, and for faults of the text itself the
place in the text, is all that the report holds. Nothing is printed.
"""

import json
import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

FORMAT = "tre-query-1"
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
# The guard allows functions by name; these few are stopped here too, since each would reach past the query.
FUNCTIONS_DENIED = frozenset(
    {
        "current_query",
        "current_setting",
        "error",
        "getvariable",
        "json_serialize_sql",
        "pg_sleep",
        "sleep_ms",
        "stats",
        "txid_current",
        "write_log",
    }
)
FORMATS = {
    "csv": "FORMAT csv, HEADER true",
    "csv.gz": "FORMAT csv, HEADER true, COMPRESSION gzip",
    "parquet": "FORMAT parquet, COMPRESSION zstd",
}
PEOPLE = "tre_people"
_CLASSES: tuple[tuple[type[Exception], str], ...] = (
    (duckdb.ParserException, "syntax"),
    (duckdb.BinderException, "meaning"),
    (duckdb.CatalogException, "meaning"),
    (duckdb.ConversionException, "conversion"),
    (duckdb.OutOfRangeException, "out_of_range"),
    (duckdb.OutOfMemoryException, "out_of_memory"),
    (duckdb.InterruptException, "out_of_time"),
    (duckdb.PermissionException, "refused"),
    (duckdb.InvalidInputException, "invalid_input"),
    (duckdb.Error, "engine"),
)
_STATIC = frozenset({"syntax", "meaning"})


class Refused(Exception):
    """The query, or its answer, is not what may be run or written. The rule is one of ours and quotes nothing."""

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


@dataclass(frozen=True)
class Query:
    """What query.json asks for, checked."""

    sql: str
    parameters: Mapping[str, Any]
    tables: Mapping[str, Mapping[str, Any]]
    extract: bool
    counted: bool
    columns: tuple[str, ...]
    pseudonym: Mapping[str, str]
    absent: str | None
    out: Path
    path: str
    format: str
    units: str
    report: str
    limits: Mapping[str, Any]


def main(arguments: Sequence[str]) -> int:
    """Answer the query in the file named; returns 0 when the results are written and 1 when they are not."""
    content = json.loads(Path(arguments[0]).read_text("utf-8"))
    query = _query(content)
    try:
        report = answer(query)
    except Refused as refusal:
        report = {"status": "refused", "rule": refusal.rule}
    except MemoryError:
        report = {"status": "error", "class": "out_of_memory"}
    except duckdb.Error as error:
        report = {"status": "error", **_classified(error)}
    _write_json(query.out / query.report, report)
    return 0 if report["status"] == "ok" else 1


def answer(query: Query) -> dict[str, Any]:
    """Run the query and write its results; returns the report, which holds no value from a row.

    Raises:
        Refused: a wall behind the guard stopped it.
        duckdb.Error: DuckDB could not run it.
    """
    with duckdb.connect(":memory:") as patients, duckdb.connect(":memory:") as writer:
        names = open_store(patients, query)
        lock(patients, query.limits)
        parameters = check(patients, query, names)
        _bound(writer, query.limits, share=0.25)
        if query.limits.get("spill"):
            writer.execute(f"SET temp_directory = '{_text(query.limits['spill']['directory'])}/writer'")
        result = patients.sql(query.sql, params=parameters or None)
        stream = _Stream(result.__arrow_c_stream__())
        writer.register("result", stream)
        try:
            return write_extract(writer, query) if query.extract else write_aggregate(writer, query)
        finally:
            writer.unregister("result")


def open_store(patients: duckdb.DuckDBPyConnection, query: Query) -> dict[str, frozenset[str]]:
    """Attach the files and make the views; returns each underlying table's name with the columns approved of it."""
    files = sorted({file for table in query.tables.values() for file in table["files"]})
    aliases = {file: f"store_{place}" for place, file in enumerate(files)}
    for file, alias in aliases.items():
        patients.execute(f"ATTACH '{_text(file)}' AS {alias} (READ_ONLY)")
    if query.absent is not None:
        _load_absent(patients, Path(query.absent))
    names: dict[str, frozenset[str]] = {}
    for name, table in query.tables.items():
        parts = [_part(query, f"{aliases[file]}.main.{_word(name)}", table) for file in table["files"]]
        patients.execute(f"CREATE VIEW {_word(name)} AS {' UNION ALL '.join(parts)}")
        approved = frozenset(table["columns"]) | {table["patient"]}
        names |= {f"{aliases[file]}.main.{name}": approved for file in table["files"]}
    return names


def _part(query: Query, table: str, approved: Mapping[str, Any]) -> str:
    columns = ", ".join(_word(column) for column in approved["columns"])
    left = "" if query.absent is None else f" WHERE {_word(approved['patient'])} NOT IN (FROM absent)"
    return f"SELECT {columns} FROM {table}{left}"  # noqa: S608 - every word is checked


def _load_absent(patients: duckdb.DuckDBPyConnection, path: Path) -> None:
    """People who have opted out since the store was built: nobody's query sees them [P6]."""
    patients.execute("CREATE TABLE absent (patient UUID NOT NULL)")
    pseudonyms = [line for line in path.read_text("ascii").splitlines() if line]
    if pseudonyms:
        patients.execute("INSERT INTO absent SELECT unnest($1::VARCHAR[])::UUID", [pseudonyms])


def lock(patients: duckdb.DuckDBPyConnection, limits: Mapping[str, Any]) -> None:
    """Shut DuckDB off from everything but the views, for good."""
    _bound(patients, limits, share=0.7)
    spill = limits.get("spill")
    for setting, value in (
        ("python_enable_replacements", "false"),
        ("autoinstall_known_extensions", "false"),
        ("autoload_known_extensions", "false"),
        ("allow_community_extensions", "false"),
        ("allow_persistent_secrets", "false"),
        ("max_execution_time", str(int(limits["seconds"]) * 1000)),
        ("temp_directory", f"'{_text(spill['directory'])}'" if spill else "''"),
        ("max_temp_directory_size", f"'{int(spill['bytes'])}B'" if spill else "'0B'"),
        ("explain_output", "'all'"),
        ("enable_external_access", "false"),
    ):
        patients.execute(f"SET {setting} = {value}")
    if not spill:
        # Even the bytes of the attached files are now out of a query's reach. Only with no spill: that needs files.
        patients.execute("SET disabled_filesystems = 'LocalFileSystem'")
    patients.execute("SET lock_configuration = true")


def _bound(connection: duckdb.DuckDBPyConnection, limits: Mapping[str, Any], *, share: float) -> None:
    connection.execute(f"SET memory_limit = '{int(limits['memory_bytes'] * share)}B'")
    connection.execute(f"SET threads = {int(limits['threads'])}")


def check(
    patients: duckdb.DuckDBPyConnection, query: Query, names: Mapping[str, frozenset[str]]
) -> dict[str, Any]:
    """Read the query as parsed, as bound and as planned; returns the parameters it uses.

    Raises:
        Refused: any of the three readings reaches outside the scope.
    """
    statements = patients.extract_statements(query.sql)
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise Refused("not one SELECT")
    tree = _parsed(patients, query.sql)
    check_parsed(tree, frozenset(query.tables))
    used = {name: query.parameters[name] for name in _parameters(tree) if name in query.parameters}
    check_planned(patients, query.sql, used, names)
    return used


def _parsed(patients: duckdb.DuckDBPyConnection, sql: str) -> Any:
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
) -> None:
    """Second and third reading: what DuckDB bound, through views, macros and anything clever, and what it will scan.

    The plan as bound shows every table, used or not; the plan as it will run shows the columns that each scan reads.
    """
    plans = patients.execute(f"EXPLAIN (FORMAT json) {sql}", parameters or None).fetchall()
    known = _known_columns(patients)
    if {str(stage) for stage, _ in plans} != {"logical_plan", "logical_opt", "physical_plan"}:
        raise Refused("not a SELECT that can be planned")
    for _stage, plan in plans:
        for node in _nodes(json.loads(plan)):
            if "name" in node and "children" in node:
                _check_operator(node, names, known)


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


def write_aggregate(writer: duckdb.DuckDBPyConnection, query: Query) -> dict[str, Any]:
    """Write an aggregate's table, and beside it how many people are behind each row of it."""
    writer.execute("CREATE TABLE answer AS FROM result LIMIT ?", [query.limits["rows"] + 1])
    rows = int(writer.execute("SELECT count(*) FROM answer").fetchall()[0][0])
    if rows > query.limits["rows"]:
        raise Refused("more rows than an aggregate may have")
    found = [str(row[0]) for row in writer.execute("DESCRIBE answer").fetchall()]
    evidence = [name for name in found if name not in query.columns]
    if not set(query.columns) <= set(found) or (query.counted and PEOPLE not in evidence):
        raise Refused("columns that are not those that were declared")
    if not _ordered(writer, query.sql):
        writer.execute("CREATE OR REPLACE TABLE answer AS FROM answer ORDER BY ALL")
    shown = ", ".join(_word(name) for name in query.columns)
    _copy(writer, f"SELECT {shown} FROM answer", query)  # noqa: S608 - every word is checked
    if query.counted:
        _write_json(query.out / query.units, _units(writer, evidence))
    return {"status": "ok", "rows": rows, "columns": _described(writer, f"SELECT {shown} FROM answer")}  # noqa: S608


def _ordered(writer: duckdb.DuckDBPyConnection, sql: str) -> bool:
    """Whether the query itself says in which order its rows come; otherwise ours makes equal answers equal bytes."""
    statement = _parsed(writer, sql)["statements"][0]["node"]
    return any(modifier.get("type") == "ORDER_MODIFIER" for modifier in statement.get("modifiers", ()))


def _units(writer: duckdb.DuckDBPyConnection, evidence: Sequence[str]) -> dict[str, Any]:
    columns = {
        name: [row[0] for row in writer.execute(f"SELECT {_word(name)}::DOUBLE FROM answer").fetchall()]  # noqa: S608
        for name in evidence
    }
    people = [int(count) for count in columns.pop(PEOPLE)]
    return {"format": "tre-units-1", "people": people, "shares": columns}


def write_extract(writer: duckdb.DuckDBPyConnection, query: Query) -> dict[str, Any]:
    """Write an extract under the study's pseudonyms, in their order, and hold it to one row for each person."""
    found = [str(row[0]) for row in writer.execute("DESCRIBE result").fetchall()]
    if tuple(found) != query.columns or found[0] != "patient_id":
        raise Refused("columns that are not those that were declared")
    blocks = {name: bytes.fromhex(query.pseudonym[name]) for name in ("inner", "outer")}
    version = _hex(query.pseudonym["version"])
    writer.execute(
        f"CREATE TEMP MACRO study_pseudonym(person) AS ('{version}' || substr(sha256(unhex('{blocks['outer'].hex()}') "
        f"|| unhex(sha256(unhex('{blocks['inner'].hex()}') || person::VARCHAR::BLOB))), 1, 30))::UUID::VARCHAR"
    )
    # In the store's order two studies' extracts could be laid side by side, row for row.
    written = "SELECT study_pseudonym(patient_id) AS patient_id, * EXCLUDE (patient_id) FROM result ORDER BY patient_id"
    writer.execute(f"CREATE TABLE answer AS {written}")
    rows, people = writer.execute("SELECT count(*), count(DISTINCT patient_id) FROM answer").fetchall()[0]
    if rows != people:
        raise Refused("more than one row for a person, or a row for nobody")
    _copy(writer, "FROM answer", query)
    return {"status": "ok", "rows": int(rows), "columns": _described(writer, "FROM answer")}


def _copy(writer: duckdb.DuckDBPyConnection, what: str, query: Query) -> None:
    path = query.out / query.path
    path.parent.mkdir(parents=True, exist_ok=True)
    if query.format == "duckdb":
        writer.execute(f"ATTACH '{_text(str(path))}' AS written")
        writer.execute(f"CREATE TABLE written.extract AS {what}")
        writer.execute("DETACH written")
    else:
        writer.execute(f"COPY ({what}) TO '{_text(str(path))}' ({FORMATS[query.format]})")


def _described(writer: duckdb.DuckDBPyConnection, what: str) -> list[dict[str, str]]:
    return [
        {"name": str(row[0]), "type": str(row[1])} for row in writer.execute(f"DESCRIBE {what}").fetchall()
    ]


class _Stream:
    """What DuckDB will read from: an object that gives its Arrow stream away once."""

    def __init__(self, stream: object) -> None:
        self._stream = stream

    def __arrow_c_stream__(self, _requested_schema: object = None) -> object:
        """The Arrow C stream interface."""
        return self._stream


def _query(content: Mapping[str, Any]) -> Query:
    if content.get("format") != FORMAT or content["output"]["format"] not in {*FORMATS, "duckdb"}:
        raise ValueError("not a query of a format that is known")
    output = content["output"]
    for path in (output["path"], output["units"], output["report"]):
        if Path(path).is_absolute() or ".." in Path(path).parts:
            raise ValueError("an output outside the output folder")
    return Query(
        sql=content["units_sql"] or content["sql"],
        parameters={name: _value(value) for name, value in content["parameters"].items()},
        tables={_word(name).strip('"'): table for name, table in content["tables"].items()},
        extract=content["kind"] == "extract",
        counted=content["units_sql"] is not None,
        columns=tuple(content["columns"]),
        pseudonym=content["pseudonym"] or {},
        absent=content["absent"],
        out=Path(content["out"]),
        path=output["path"],
        format=output["format"],
        units=output["units"],
        report=output["report"],
        limits=content["limits"],
    )


def _value(written: Any) -> Any:
    """A parameter as it was given: dates are written apart from texts."""
    return date.fromisoformat(written["date"]) if isinstance(written, dict) else written


def _classified(error: duckdb.Error) -> dict[str, Any]:
    """The class of DuckDB's error and, where it is about the text alone, the line: never the message."""
    name = next(word for kind, word in _CLASSES if isinstance(error, kind))
    line = re.search(r"^LINE (\d+):", str(error), re.MULTILINE) if name in _STATIC else None
    return {"class": name, "line": int(line[1]) if line else None}


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, sort_keys=True), "utf-8")


def _word(name: str) -> str:
    """An identifier, quoted: one that holds a quote or nothing is not one of ours."""
    if not name or '"' in name or "\0" in name:
        raise ValueError("not a name")
    return f'"{name}"'


def _text(value: str) -> str:
    return value.replace("'", "''")


def _hex(value: str) -> str:
    return bytes.fromhex(value).hex()


def _run() -> int:
    """As `main`, and silent whatever happens: a traceback of the engine could quote a row."""
    try:
        return main(sys.argv[1:])
    except BaseException:  # noqa: BLE001 - the box's log must hold nothing of the data, whatever went wrong
        return 3


if __name__ == "__main__":
    # Not sys.exit: DuckDB's Python binding prints about references it still holds.
    os._exit(_run())
