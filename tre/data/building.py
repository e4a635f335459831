"""Building a store's files from an attached supply, one permission group at a time, so that a build that died goes on.

A group's three files (everybody; national opt-outs; type 1 opt-outs) are finished together, and a note of their digests is
written after them: a later build of the very same thing takes up what the note covers and makes the rest. It refuses to take
up a file whose bytes are not the noted ones, and anything made from another supply, catalogue, key or list.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from tre.data import supply
from tre.data.catalogue import Catalogue, Table, Transform
from tre.data.landing import create_aside, create_main, create_part
from tre.data.progress import Progress
from tre.data.store import FILES, Partition, canonical, file_digest

ASIDE = "aside_in"


@dataclass(frozen=True)
class Plan:
    """What is built: from which attached supply and people, by which catalogue, into which folder.

    `practices` are the SQL parameters that make practice pseudonyms.
    """

    connection: duckdb.DuckDBPyConnection
    catalogue: Catalogue
    staging: Path
    supply: str
    people: str
    practices: Mapping[str, Any]
    progress: Progress


def fingerprint(*parts: Any) -> str:
    """One digest of everything that decides what a build makes."""
    return hashlib.sha256(canonical({"parts": list(parts)})).hexdigest()


def build(plan: Plan) -> dict[str, Any]:
    """Build every file of the store; returns, by part and group, its name, size, digest and rows."""
    files: dict[str, Any] = {part.value: {} for part in Partition}
    groups = tuple(plan.catalogue.groups)
    for done, group in enumerate(groups):
        plan.progress(f"building {group}", done, len(groups))
        for part, told in (_finished(plan, group) or _build_group(plan, group)).items():
            files[part][group] = told
    plan.progress("built", len(groups), len(groups))
    return files


def _note(plan: Plan, group: str) -> Path:
    return plan.staging / f"{group}.finished.json"


def _finished(plan: Plan, group: str) -> dict[str, Any] | None:
    """What an earlier build noted of a group, where its files are still those."""
    try:
        noted: dict[str, Any] = json.loads(_note(plan, group).read_bytes())
        whole = all(file_digest(plan.staging / told["file"]) == told["sha256"] for told in noted.values())
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return noted if whole and set(noted) == set(Partition) else None


def forget_notes(staging: Path) -> None:
    """Remove the notes: the store is whole, and its manifest says more."""
    for note in staging.glob("*.finished.json"):
        note.unlink()


def _build_group(plan: Plan, group: str) -> dict[str, Any]:
    paths = {part: plan.staging / name.format(group) for part, name in FILES.items()}
    for part, path in paths.items():
        path.unlink(missing_ok=True)
        plan.connection.execute(f"ATTACH '{_quoted(path)}' AS out_{part.value}")
    rows: dict[Partition, dict[str, int]] = {part: {} for part in Partition}
    for table in plan.catalogue.tables:
        if table.group == group:
            for part, count in _build_table(plan, table).items():
                rows[part][table.name] = count
    told = {}
    for part, path in paths.items():
        plan.connection.execute(f"DETACH out_{part.value}")
        told[part.value] = _closed(path, rows[part])
    _note(plan, group).write_bytes(canonical(told))
    return told


def _build_table(plan: Plan, table: Table) -> dict[Partition, int]:
    keyed = any(column.transform is Transform.PRACTICE for column in table.columns)
    parameters = dict(plan.practices) if keyed else {}
    with supply.unquoted(table.source):
        main = create_main(table, supply=plan.supply, people=plan.people, into=f"out_{Partition.MAIN.value}")
        plan.connection.execute(main, parameters)
        aside = create_aside(table, supply=plan.supply, people=plan.people, into=ASIDE)
        plan.connection.execute(aside, parameters)
        for part in (Partition.NATIONAL, Partition.OPTED_OUT):
            plan.connection.execute(
                create_part(table, aside=ASIDE, part=part.value, into=f"out_{part.value}")
            )
        plan.connection.execute(f"DROP TABLE {ASIDE}")
    return {part: _count(plan.connection, f"out_{part.value}.{table.name}") for part in Partition}


def _closed(path: Path, rows: Mapping[str, int]) -> dict[str, Any]:
    path.chmod(0o444)
    return {
        "file": path.name,
        "bytes": path.stat().st_size,
        "sha256": file_digest(path),
        "rows": dict(rows),
    }


def _count(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    row = connection.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608 - names from the checked catalogue
    return int(row[0]) if row else 0


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
