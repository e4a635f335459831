"""Identifiers planted in supplies, and a scan of every byte, and of every value, of a folder for any of them.

Bytes are searched as they are; a database or a Parquet file is also read value by value, since both compress. Each
identifier is looked for as text in two encodings, and an NHS number as an eight-byte integer as well.
"""

import gzip
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import numpy as np

WORD = re.compile(rb"[A-Za-z0-9@.+_-]+(?: [A-Za-z0-9]+)*")
COLUMNS = ("nhs_number", "nhs_no", "telephone", "email", "postcode", "address_line", "address")


@dataclass
class Found:
    """What a scan read, and where it found an identifier: files and columns, never what."""

    places: list[str] = field(default_factory=list)
    files: int = 0
    databases: int = 0
    extracts: int = 0
    names: set[str] = field(default_factory=set)


class Planted:
    """Every identifier of some supplies: numbers, telephones, e-mails, postcodes, addresses, and pairs of names."""

    def __init__(self, values: set[str]) -> None:
        # What is short enough to be anything by chance is no evidence.
        self.values = {value for value in values if len(value) >= 7}
        self.count = len(self.values)
        tens = {value for value in self.values if re.fullmatch(r"\d{10}", value)}
        self.tens = {value.encode() for value in tens}
        self.integers = np.array([int(value) for value in tens], dtype=np.int64)
        self.rest = {value.encode() for value in self.values - tens}
        self.wide = {value.encode("utf-16-le") for value in sorted(self.values)[::20]}

    @classmethod
    def in_supplies(cls, *supplies: Path) -> "Planted":
        values: set[str] = set()
        for supply in supplies:
            with duckdb.connect(str(supply), read_only=True) as connection:
                for table in ("person_record", "patient"):
                    values |= set(_identifiers(connection, table))
        return cls(values)

    def in_bytes(self, content: bytes) -> bool:
        """Whether any identifier is in the bytes."""
        if {content[at : at + 10] for at in _tens(content)} & self.tens:
            return True
        if any(np.isin(self.integers, eights).any() for eights in _integers(content)):
            return True
        tokens = set(WORD.findall(content))
        if tokens & self.rest:
            return True
        return any(word in content for word in self.wide)


def _identifiers(connection: duckdb.DuckDBPyConnection, table: str) -> list[str]:
    query = "SELECT column_name FROM duckdb_columns() WHERE table_name = ?"
    names = {row[0] for row in connection.execute(query, [table]).fetchall()}
    found: list[str] = []
    for name in COLUMNS:
        if name in names:
            rows = connection.execute(f"SELECT DISTINCT {name}::VARCHAR FROM {table}").fetchall()  # noqa: S608
            found += [row[0] for row in rows]
    return found


def _tens(content: bytes) -> list[int]:
    """Where ten digits in a row begin."""
    runs = re.finditer(rb"\d{10,}", content)
    return [at for run in runs for at in range(run.start(), run.end() - 9)]


def _integers(content: bytes) -> Iterator[np.ndarray]:
    """The bytes as eight-byte integers, from each of the eight places they could begin at."""
    for start in range(8):
        whole = (len(content) - start) // 8 * 8
        if whole > 0:
            yield np.frombuffer(content, dtype="<i8", count=whole // 8, offset=start)


def scan(folder: Path, planted: Planted, *, only: tuple[str, ...] = ()) -> Found:
    """Look through every file beneath a folder."""
    found = Found()
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not path.is_file() or (only and path.name not in only):
            continue
        content = path.read_bytes()
        found.files += 1
        found.names.add(path.name)
        if planted.in_bytes(content):
            found.places.append(f"{path.name}: bytes")
        if content[:2] == b"\x1f\x8b" and planted.in_bytes(gzip.decompress(content)):
            found.places.append(f"{path.name}: packed bytes")
        if content[8:12] == b"DUCK":
            found.databases += 1
            found.places += _in_database(path, planted)
        if content[:4] == b"PAR1":
            found.extracts += 1
            found.places += _in_query(f"FROM read_parquet('{path}')", path.name, planted)
    return found


def _in_database(path: Path, planted: Planted) -> list[str]:
    with duckdb.connect(str(path), read_only=True) as connection:
        tables = [row[0] for row in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()]
        return [
            place for table in tables for place in _rows_hold(connection, f"FROM {table}", path.name, planted)
        ]


def _in_query(query: str, name: str, planted: Planted) -> list[str]:
    with duckdb.connect(":memory:") as connection:
        return _rows_hold(connection, query, name, planted)


def _rows_hold(connection: duckdb.DuckDBPyConnection, query: str, name: str, planted: Planted) -> list[str]:
    columns = [column[0] for column in connection.execute(f"SELECT * {query} LIMIT 0").description]
    values = planted.values
    return [
        f"{name}: {column}"
        for column in columns
        if values
        & {
            str(row[0])
            for row in connection.execute(f'SELECT DISTINCT "{column}"::VARCHAR {query}').fetchall()
        }
    ]
