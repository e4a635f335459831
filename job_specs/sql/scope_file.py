"""A scope written as TOML, for the command line: which tables and columns a query may touch, and its parameters.

Refuses keys it does not know, types that are not plain, and names that are not names.
"""

import tomllib
from collections.abc import Mapping
from typing import Any, Literal

from job_specs.sql import types
from job_specs.sql.model import ColumnFact, Scope, TableFact


class ScopeUnreadable(Exception):
    """The scope file does not say what a scope must say; the sentence says which part."""


def read_scope(untrusted_text: str) -> tuple[Scope, Mapping[str, Any]]:
    """The scope and the parameters in a TOML text.

    Raises:
        ScopeUnreadable: anything missing, unknown or badly named.
    """
    try:
        content = tomllib.loads(untrusted_text)
    except tomllib.TOMLDecodeError as error:
        raise ScopeUnreadable(f"The scope is not TOML: {error}.") from error
    _only(content, {"tables", "parameters"}, "the scope")
    try:
        tables = tuple(_table(name, body) for name, body in _mapping(content.get("tables"), "tables").items())
        return Scope(tables), _mapping(content.get("parameters", {}), "parameters")
    except ValueError as error:
        raise ScopeUnreadable(f"The scope is not valid: {error}.") from error


def _table(name: str, untrusted: Any) -> TableFact:
    body = _mapping(untrusted, f"tables.{name}")
    _only(body, {"columns", "patient", "rows_are"}, f"tables.{name}")
    columns = _mapping(body.get("columns"), f"tables.{name}.columns")
    facts = tuple(_column(name, column, value) for column, value in columns.items())
    patient = body.get("patient", "patient_id")
    return TableFact(name, facts, patient or None, _rows_are(name, body.get("rows_are", "events")))


def _rows_are(table: str, untrusted: Any) -> Literal["patients", "events"]:
    if untrusted == "patients":
        return "patients"
    if untrusted == "events":
        return "events"
    raise ScopeUnreadable(f'tables.{table}.rows_are is "patients" or "events".')


def _column(table: str, name: str, untrusted: Any) -> ColumnFact:
    where = f"tables.{table}.columns.{name}"
    body = {"type": untrusted} if isinstance(untrusted, str) else _mapping(untrusted, where)
    _only(body, {"type", "dimension"}, where)
    kind = str(body.get("type", "")).upper()
    if kind != "UUID" and not types.is_admitted(kind):
        raise ScopeUnreadable(f"{where}.type is one of: UUID, {', '.join(types.NAMES)}.")
    return ColumnFact(name, kind, dimension=body.get("dimension", True) is True)


def _mapping(untrusted: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(untrusted, dict):
        raise ScopeUnreadable(f"The scope needs a table [{where}].")
    return untrusted


def _only(body: Mapping[str, Any], known: set[str], where: str) -> None:
    for key in body.keys() - known:
        raise ScopeUnreadable(
            f"{where} has a key that is not known: {key!r}. Known are: {', '.join(sorted(known))}."
        )
