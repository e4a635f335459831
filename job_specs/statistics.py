"""Declared statistics: what an output says it is, in the shared vocabulary.

Refuses a kind it does not know, a kind that leaves out what it must declare, and a column role or a reference that
means nothing. It never looks at a file: holding the file to its declaration is the output checker's work [P9].
"""

from __future__ import annotations

from typing import Any

from job_specs import vocabulary
from job_specs.complaints import Complaints
from job_specs.fields import as_identifiers, as_items, as_number, as_table, as_text, kind_of, scalar
from job_specs.model import Statistic
from job_specs.reading import Items, Node, Table, Text

_SHARED = {"path", "statistic", "of", "by", "where", "columns"}
_WORDS = {"regressors", "tables", "link"}
_NUMBER_OR_COLUMN = {"n", "residual_df", "df", "k"}


def statistic(table: Table, complaints: Complaints) -> Statistic | None:
    """The declaration that stands beside an output's path, or None when there is none or it is at fault."""
    entry = table.entries.get("statistic")
    if entry is None:
        _refuse_stray(table, complaints)
        return None
    kind = as_text(entry[1], complaints, "the kind of statistic, such as frequencies")
    if kind is None:
        return None
    if kind not in vocabulary.KINDS:
        fix = f"Write one of {', '.join(vocabulary.KINDS)}."
        complaints.add("statistic", entry[1], text=kind, fix=fix, among=vocabulary.KINDS)
        return None
    return _declared(kind, table, complaints)


def _refuse_stray(table: Table, complaints: Complaints) -> None:
    for name, (key, _) in table.entries.items():
        if name != "path" and name in vocabulary.OUTPUT:
            fix = "Add `statistic:` and its kind, such as frequencies; without it this key says nothing."
            complaints.add("statistic-incomplete", key, text=name, fix=fix)


def _declared(kind: str, table: Table, complaints: Complaints) -> Statistic | None:
    before = len(complaints)
    must = vocabulary.KINDS[kind].must
    for name in must:
        if name not in table.entries:
            fix = f"Add `{name}:`. A {kind} statistic declares {', '.join(must)}."
            complaints.add("statistic-incomplete", table.entries["statistic"][1], text=name, fix=fix)
    made = Statistic(
        kind=kind,
        of=_text(table, "of", complaints),
        by=as_identifiers(_value(table, "by"), complaints, "the dimensions") if _has(table, "by") else (),
        where=_text(table, "where", complaints),
        columns=_columns(kind, table, complaints),
        extra=_extra(table, complaints),
    )
    return made if len(complaints) == before else None


def _has(table: Table, name: str) -> bool:
    return name in table.entries


def _value(table: Table, name: str) -> Node:
    node: Node = table.entries[name][1]
    return node


def _text(table: Table, name: str, complaints: Complaints) -> str | None:
    if not _has(table, name):
        return None
    return as_text(_value(table, name), complaints, f"`{name}`")


def _columns(kind: str, table: Table, complaints: Complaints) -> dict[str, Any]:
    if not _has(table, "columns"):
        return {}
    columns = as_table(_value(table, "columns"), complaints, "each column and its role")
    if columns is None:
        return {}
    made = {name: _role(node, columns, complaints) for name, (_, node) in columns.entries.items()}
    wanted = vocabulary.KINDS[kind].role
    if wanted and not any(role == wanted or _derived(role) == wanted for role in made.values()):
        fix = f"Give the {wanted} role to at least one column."
        complaints.add("statistic-incomplete", columns, text=wanted, fix=fix)
    return made


def _derived(role: Any) -> str | None:
    return next(iter(role)) if isinstance(role, dict) and role else None


def _role(node: Node, columns: Table, complaints: Complaints) -> Any:
    if isinstance(node, Text):
        if node.text not in vocabulary.ROLES:
            fix = f"Write one of {', '.join(vocabulary.ROLES)}."
            complaints.add("column-role", node, text=node.text, fix=fix, among=vocabulary.ROLES)
        return node.text
    if isinstance(node, Table) and len(node.entries) == 1:
        ((name, (key, value)),) = node.entries.items()
        if name in vocabulary.DERIVED_ROLES:
            return {name: _operands(name, value, columns, complaints)}
        fix = f"Write one of {', '.join(vocabulary.DERIVED_ROLES)} here."
        complaints.add("column-role", key, text=name, fix=fix, among=vocabulary.DERIVED_ROLES)
        return None
    fix = "Write a role, or what it was computed from: `{ratio: [deaths, people]}`."
    complaints.add("column-role", node, text=kind_of(node), fix=fix)
    return None


def _operands(role: str, node: Node, columns: Table, complaints: Complaints) -> Any:
    if role == "percentile":
        return as_number(node, complaints, "which percentile, such as 50")
    operands = as_items(node, complaints, "the numerator's and the denominator's column")
    if len(operands) != 2:  # noqa: PLR2004  # a numerator and a denominator
        fix = "Name two columns: the numerator's, then the denominator's."
        complaints.add("column-role", node, text=kind_of(node), fix=fix)
    for operand in operands:
        if not (isinstance(operand, Text) and operand.text in columns.entries):
            fix = "Name a column that stands in this `columns` section."
            complaints.add("column-role", operand, text=kind_of(operand), fix=fix, among=columns.entries)
    return [kind_of(operand) for operand in operands]


def _extra(table: Table, complaints: Complaints) -> dict[str, Any]:
    own = [n for n in table.entries if n in vocabulary.OUTPUT and n not in _SHARED]
    return {name: _extra_value(name, _value(table, name), complaints) for name in own}


def _extra_value(name: str, node: Node, complaints: Complaints) -> Any:
    if name in _WORDS:
        return [as_text(item, complaints, f"`{name}`") for item in as_items(node, complaints, f"`{name}`")]
    if name == "percentile" and isinstance(node, Items):
        return [as_number(item, complaints, "a percentile") for item in node.nodes]
    if name == "percentile":
        return as_number(node, complaints, "which percentile, such as 50")
    text = as_text(node, complaints, f"`{name}`")
    if name in _NUMBER_OR_COLUMN and isinstance(node, Text) and text is not None:
        return scalar(node, dates=False)
    return text
