"""What a study asks for before any action: purpose, tables and columns, parameters, codelists, named lists.

Refuses a purpose that is not permitted [P3] and a table without columns: `data` is the request that an approval is
later compared with [P8], so it is never a wildcard.
"""

from __future__ import annotations

from job_specs import vocabulary
from job_specs.complaints import Complaints
from job_specs.fields import (
    as_identifier,
    as_identifiers,
    as_items,
    as_table,
    as_text,
    check_keys,
    kind_of,
    scalar,
)
from job_specs.model import Codelist, Purpose, Scalar, TableScope, Value
from job_specs.patterns import path_fault
from job_specs.reading import Items, Node, Table, Text

MOST_ITEMS = 1_000


def purpose(node: Node | None, complaints: Complaints) -> Purpose | None:
    """The purpose, or None when there is none or it is at fault."""
    if node is None:
        return None
    text = as_text(node, complaints, "the purpose, such as covid-19-research")
    if text in vocabulary.PURPOSES:
        return Purpose(text)
    if text is not None:
        fix = f"Write one of {', '.join(vocabulary.PURPOSES)}."
        complaints.add("purpose", node, text=text, fix=fix, among=vocabulary.PURPOSES)
    return None


def scopes(node: Node | None, complaints: Complaints) -> tuple[TableScope, ...]:
    """The `data` section: each table with the columns that are needed of it."""
    table = as_table(node, complaints, "tables and their columns") if node is not None else None
    made = []
    for name, (key, value) in table.entries.items() if table else ():
        before = len(complaints)
        as_identifier(key, complaints, "a table's name")
        columns = as_identifiers(value, complaints, "the columns")
        if not columns and len(complaints) == before:
            fix = f"Name the columns of {name} that the study needs; `patient_id` is one like any other."
            complaints.add("empty", value, text="", fix=fix)
        if len(complaints) == before:
            made.append(TableScope(name, columns))
    return tuple(made)


def parameters(node: Node | None, complaints: Complaints) -> dict[str, Value]:
    """Named values: what a template may use."""
    table = as_table(node, complaints, "each parameter and its value") if node is not None else None
    made: dict[str, Value] = {}
    for name, (key, value) in table.entries.items() if table else ():
        as_identifier(key, complaints, "a parameter's name")
        found = _many(value, complaints) if isinstance(value, Items) else _one(value, complaints)
        if found is not None:
            made[name] = found
    return made


def _one(node: Node, complaints: Complaints) -> Scalar | None:
    found = scalar(node, dates=True) if isinstance(node, Text) else None
    if found is None:
        fix = "Write a text, a number, true or false, a date such as 2021-03-01, or a list of one of these."
        complaints.add("parameter", node, text=kind_of(node), fix=fix)
    return found


def _many(node: Items, complaints: Complaints) -> tuple[Scalar, ...] | None:
    before = len(complaints)
    if not 1 <= len(node.nodes) <= MOST_ITEMS:
        fix = f"Write between 1 and {MOST_ITEMS} values; keep codes in a codelist."
        complaints.add("parameter", node, text=f"{len(node.nodes)} values", fix=fix)
        return None
    found = [_one(item, complaints) for item in node.nodes]
    if len(complaints) == before and len({type(item) for item in found}) > 1:
        fix = "Write all of one kind: all texts, all numbers, or all dates."
        complaints.add("parameter", node, text="values of several kinds", fix=fix)
    if len(complaints) > before:
        return None
    return tuple(item for item in found if item is not None)


def codelists(node: Node | None, complaints: Complaints) -> dict[str, Codelist]:
    """Named codelists: where each is kept and what its codes mean."""
    table = as_table(node, complaints, "each codelist") if node is not None else None
    made: dict[str, Codelist] = {}
    for name, (key, value) in table.entries.items() if table else ():
        as_identifier(key, complaints, "a codelist's name")
        fields = as_table(value, complaints, "`file`, `system` and `version`")
        found = _codelist(name, fields, complaints) if fields else None
        if found is not None:
            made[name] = found
    return made


def _codelist(name: str, fields: Table, complaints: Complaints) -> Codelist | None:
    required = [key for key, about in vocabulary.CODELIST.items() if about.required]
    check_keys(fields, vocabulary.CODELIST, complaints, noun="a codelist", required=required)
    said = {
        key: as_text(value, complaints, f"`{key}`")
        for key, (_, value) in fields.entries.items()
        if key in vocabulary.CODELIST
    }
    file, system, version = said.get("file"), said.get("system"), said.get("version")
    if file is None or system is None or version is None:
        return None
    if system not in vocabulary.SYSTEMS:
        fix = f"Write one of {', '.join(vocabulary.SYSTEMS)}."
        node = fields.entries["system"][1]
        complaints.add("codelist", node, text=system, fix=fix, among=vocabulary.SYSTEMS)
        return None
    fault = path_fault(file) or (None if file.endswith(".csv") and "*" not in file else "Name one .csv file.")
    if fault:
        complaints.add("codelist", fields.entries["file"][1], text=file, fix=fault)
        return None
    return Codelist(name, file, system, version, said.get("column") or "code")


def named_lists(node: Node | None, complaints: Complaints) -> dict[str, tuple[Text, ...]]:
    """Lists of texts that a `for_each` may go over."""
    table = as_table(node, complaints, "each list") if node is not None else None
    made = {}
    for name, (key, value) in table.entries.items() if table else ():
        as_identifier(key, complaints, "a list's name")
        items = as_items(value, complaints, "the values")
        texts = [item for item in items if as_text(item, complaints, "a value") is not None]
        made[name] = tuple(item for item in texts if isinstance(item, Text))
    return made
