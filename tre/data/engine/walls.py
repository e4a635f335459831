"""The lock: the store's files attached read-only, the approved columns as views, and DuckDB shut off from all else for good.

It refuses a list of absent people that is not the one the question names; after `lock`, DuckDB refuses the rest.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

import duckdb

from .query import LIST_PREFIX, Query, Refused, text, word


def open_store(patients: duckdb.DuckDBPyConnection, query: Query) -> dict[str, frozenset[str]]:
    """Attach the files and make the views; returns each underlying table's name with the columns approved of it."""
    for file, alias in store_aliases(query).items():
        patients.execute(f"ATTACH '{text(file)}' AS {alias} (READ_ONLY)")
    if query.absent is not None:
        _load_absent(patients, query.absent)
    aliases = store_aliases(query)
    show(patients, query)
    return {
        f"{aliases[file]}.main.{name}": frozenset(table["columns"]) | {table["patient"]}
        for name, table in query.tables.items()
        for file in table["files"]
    }


def show(
    patients: duckdb.DuckDBPyConnection,
    query: Query,
    *,
    below: str | None = None,
) -> None:
    """Make the views: of everybody, or of those alone whose pseudonym is below another."""
    aliases = store_aliases(query)
    for name, table in query.tables.items():
        tables = [f"{aliases[file]}.main.{word(name)}" for file in table["files"]]
        parts = [_part(query, one, table, below) for one in tables]
        patients.execute(f"CREATE OR REPLACE VIEW {word(name)} AS {' UNION ALL '.join(parts)}")


def store_aliases(query: Query) -> dict[str, str]:
    """What each file is called once attached."""
    files = sorted({file for table in query.tables.values() for file in table["files"]})
    return {file: f"store_{place}" for place, file in enumerate(files)}


def _part(query: Query, table: str, approved: Mapping[str, Any], below: str | None) -> str:
    columns, patient = ", ".join(word(column) for column in approved["columns"]), word(approved["patient"])
    conditions = [] if query.absent is None else [f"{patient} NOT IN (FROM absent)"]
    conditions += [] if below is None else [f"{patient} < '{UUID(below)}'::UUID"]
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    return f"SELECT {columns} FROM {table}{where}"  # noqa: S608 - every word is checked


def _load_absent(patients: duckdb.DuckDBPyConnection, told: Mapping[str, str]) -> None:
    """People who have opted out since the store was built: nobody's query sees them [P6].

    Raises:
        Refused: the list that was bound is not the one that the question names.
    """
    content = Path(told["file"]).read_bytes()
    if hashlib.sha256(LIST_PREFIX + content).hexdigest() != told["list"]:
        raise Refused("absent_list")
    patients.execute("CREATE TABLE absent (patient UUID NOT NULL)")
    pseudonyms = [line for line in content.decode("ascii").splitlines() if line]
    if pseudonyms:
        patients.execute("INSERT INTO absent SELECT unnest($1::VARCHAR[])::UUID", [pseudonyms])


def lock(patients: duckdb.DuckDBPyConnection, limits: Mapping[str, Any]) -> None:
    """Shut DuckDB off from everything but the views, for good."""
    bound(patients, limits, share=0.7)
    set_all(
        patients,
        {
            "python_enable_replacements": "false",
            # Kept, for the engine to tell of; never drawn.
            "enable_progress_bar": "true",
            "enable_progress_bar_print": "false",
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "allow_community_extensions": "false",
            "allow_persistent_secrets": "false",
            "max_execution_time": str(int(limits["seconds"]) * 1000),
            **spilling(limits, "patients", share=0.65),
            "explain_output": "'all'",
            "enable_external_access": "false",
        },
    )
    if not limits.get("spill"):
        # Even the bytes of the attached files are now out of a query's reach. Only with no spill: that needs files.
        patients.execute("SET disabled_filesystems = 'LocalFileSystem'")
    patients.execute("SET lock_configuration = true")


def spilling(limits: Mapping[str, Any], folder: str, *, share: float) -> dict[str, str]:
    """Where a database may write what does not fit into memory, and how much: its share of the disk, or nothing.

    Those are patients' rows: they are written under a key that dies with this process. Without an extension DuckDB writes
    nothing encrypted but by its own cipher, whose random numbers its makers do not vouch for.
    """
    spill = limits.get("spill")
    where = f"{spill['directory']}/{folder}" if spill else ""
    return {
        "temp_directory": f"'{text(where)}'",
        "max_temp_directory_size": f"'{int(spill['bytes'] * share) if spill else 0}B'",
        "force_mbedtls_unsafe": "'true'",
        "temp_file_encryption": "true",
    }


def set_all(connection: duckdb.DuckDBPyConnection, settings: Mapping[str, str]) -> None:
    """Set DuckDB's settings, in order."""
    for setting, value in settings.items():
        connection.execute(f"SET {setting} = {value}")


def bound(connection: duckdb.DuckDBPyConnection, limits: Mapping[str, Any], *, share: float) -> None:
    """Give a database its share of the memory, and its threads."""
    connection.execute(f"SET memory_limit = '{int(limits['memory_bytes'] * share)}B'")
    connection.execute(f"SET threads = {int(limits['threads'])}")
