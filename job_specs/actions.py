"""One action: its body, its needs, its outputs.

Refuses an action with two bodies or none, an SQL action that could write anything but one plain table, and outputs
without a sensitivity. Whether actions fit together is judged in `across.py`.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from job_specs import commands, vocabulary
from job_specs.complaints import Complaints
from job_specs.fields import as_items, as_name, as_table, as_text, check_keys, scalar
from job_specs.matrix import Expanded
from job_specs.model import Action, OutputSpec, RunBody, Sensitivity, Site, SqlBody, Statistic
from job_specs.names import action_name
from job_specs.patterns import output_pattern, path_fault
from job_specs.reading import Items, Node, Table, Text
from job_specs.resources import resources
from job_specs.statistics import statistic

LONGEST_SQL = 500_000
LONGEST_OUTPUT_NAME = 200
_LEVELS = {
    "highly_sensitive": Sensitivity.HIGH,
    "moderately_sensitive": Sensitivity.MODERATE,
    "minimally_sensitive": Sensitivity.HIGH,  # OpenSAFELY never releases from it either
}
TABLE_TYPES = (".csv", ".csv.gz", ".parquet", ".arrow", ".duckdb")
"""An extract is read by the study's next action and by nobody else: it comes as that likes it. Of results for people, the
types that can be checked are fewer."""


def action(written: Expanded, site: Site, complaints: Complaints) -> Action | None:
    """An accepted action, or None with the reasons noted."""
    name, node, bindings = written
    before = len(complaints)
    accepted = action_name(name, complaints)
    table = as_table(node, complaints, "`run` or `sql`, and `outputs`")
    if table is None:
        return None
    check_keys(table, vocabulary.ACTION, complaints, noun="an action", required=["outputs"])
    body = _body(name, table, complaints)
    outputs = _outputs(table, complaints)
    needs = _needs(table, complaints)
    allowance = resources(_get(table, "resources"), site, complaints)
    if body is not None and outputs:
        _check_body(body, outputs, table, complaints)
    if accepted is None or body is None or len(complaints) > before:
        return None
    return Action(accepted, body, needs, outputs, allowance, complaints.where(name), bindings)


def _get(table: Table, name: str) -> Node | None:
    entry = table.entries.get(name)
    return entry[1] if entry is not None else None


def _body(name: Text, table: Table, complaints: Complaints) -> SqlBody | RunBody | None:
    run, sql = _get(table, "run"), _get(table, "sql")
    if (run is None) == (sql is None):
        fix = "Give it `run:` and a command, or `sql:` and a query; not both."
        complaints.add("one-body", name, text=name.text, fix=fix)
        return None
    if sql is not None:
        return _sql(sql, complaints)
    found = commands.command(run, complaints) if run is not None else None
    config = _config(_get(table, "config"), complaints)
    return RunBody(found.image, found.argv, config) if found else None


def _sql(node: Node, complaints: Complaints) -> SqlBody | None:
    if isinstance(node, Table):
        return _sql_table(node, complaints)
    text = as_text(node, complaints, "the query, or the path of a .sql file", longest=LONGEST_SQL)
    if text is None:
        return None
    return _sql_file(node, text, complaints) if _is_file(text) else SqlBody(file=None, text=text)


def _is_file(text: str) -> bool:
    return text.strip().endswith(".sql") and len(text.split()) == 1


def _sql_file(node: Node, text: str, complaints: Complaints, dialect: str = "duckdb") -> SqlBody | None:
    fault = path_fault(text.strip()) or (None if "*" not in text else "Name one file.")
    if fault or not _is_file(text):
        fix = fault or "Name a file that ends in .sql."
        complaints.add("sql-body", node, text=text, fix=fix)
        return None
    return SqlBody(file=text.strip(), text=None, dialect=dialect)


def _sql_table(table: Table, complaints: Complaints) -> SqlBody | None:
    before = len(complaints)
    check_keys(table, vocabulary.SQL, complaints, noun="an SQL body")
    said = {
        key: as_text(value, complaints, f"`{key}`", longest=LONGEST_SQL)
        for key, (_, value) in table.entries.items()
        if key in vocabulary.SQL
    }
    dialect = said.get("dialect") or "duckdb"
    if dialect not in vocabulary.DIALECTS:
        fix = f"Write one of {', '.join(vocabulary.DIALECTS)}."
        complaints.add("dialect", table.entries["dialect"][1], text=dialect, fix=fix)
    if ("file" in said) == ("text" in said):
        complaints.add("sql-body", table, text="", fix="Give `file:` or `text:`, one of the two.")
    if len(complaints) > before:
        return None
    file, text = said.get("file"), said.get("text")
    if file is not None:
        return _sql_file(table.entries["file"][1], file, complaints, dialect)
    return SqlBody(file=None, text=text, dialect=dialect)


def _config(node: Node | None, complaints: Complaints) -> dict[str, Any] | None:
    if node is None:
        return None
    table = as_table(node, complaints, "settings")
    return _plain(table) if table is not None else None


def _plain(node: Node) -> Any:
    """Settings as JSON data; depth and size were bounded when the file was read."""
    if isinstance(node, Text):
        return scalar(node, dates=False)
    if isinstance(node, Items):
        return [_plain(item) for item in node.nodes]
    return {name: _plain(value) for name, (_, value) in node.entries.items()}


def _needs(table: Table, complaints: Complaints) -> tuple[str, ...]:
    node = _get(table, "needs")
    found: dict[str, None] = {}
    for item in as_items(node, complaints, "needs") if node is not None else ():
        name = as_name(item, complaints, "a need")
        if name is None:
            continue
        if " " in name.text:
            fix = "Put commas between needs: [first, second]."
            complaints.add("unknown-need", item, text=name.text, fix=fix)
        elif name.text in found:
            complaints.add("repeated-need", item, text=name.text, fix="Delete this one.")
        found[name.text] = None
    return tuple(found)


def _outputs(table: Table, complaints: Complaints) -> tuple[OutputSpec, ...]:
    node = _get(table, "outputs")
    groups = as_table(node, complaints, "highly_sensitive or moderately_sensitive") if node else None
    if groups is None:
        return ()
    check_keys(groups, vocabulary.SENSITIVITIES, complaints, noun="outputs")
    made: list[OutputSpec] = []
    for name, (_, group) in groups.entries.items():
        if name in vocabulary.SENSITIVITIES:
            made.extend(_group(_LEVELS[name], group, complaints))
    _refuse_same_names(made, groups, complaints)
    return tuple(made)


def _group(sensitivity: Sensitivity, node: Node, complaints: Complaints) -> list[OutputSpec]:
    if not (isinstance(node, Table) and node.entries):
        fix = f"Name each file under {sensitivity}, such as `cohort: output/cohort.csv`; or delete the key."
        complaints.add("no-outputs", node, text="", fix=fix)
        return []
    made = (_output(key, value, sensitivity, complaints) for key, value in node.entries.values())
    return [output for output in made if output is not None]


def _output(key: Text, node: Node, sensitivity: Sensitivity, complaints: Complaints) -> OutputSpec | None:
    if len(key.text) > LONGEST_OUTPUT_NAME or not key.text.isascii() or not key.text.strip():
        fix = f"Name it in 1 to {LONGEST_OUTPUT_NAME} plain characters."
        complaints.add("output-name", key, text=key.text, fix=fix)
    declared: Statistic | None = None
    path: Node = node
    if isinstance(node, Table):
        check_keys(node, vocabulary.OUTPUT, complaints, noun="an output", required=["path"])
        declared = statistic(node, complaints)
        if "path" not in node.entries:
            return None
        path = node.entries["path"][1]
    if as_text(path, complaints, "the path, such as output/deaths_by_age.csv") is None:
        return None
    pattern = output_pattern(path, sensitivity, complaints) if isinstance(path, Text) else None
    return OutputSpec(key.text, sensitivity, pattern, declared) if pattern is not None else None


def _refuse_same_names(made: list[OutputSpec], groups: Table, complaints: Complaints) -> None:
    written = Counter(output.name for output in made)
    for name in (name for name, times in written.items() if times > 1):
        fix = "Rename one: the two levels of one action do not share a name."
        complaints.add("output-name", groups, text=name, fix=fix)


def _check_body(
    body: SqlBody | RunBody, outputs: tuple[OutputSpec, ...], table: Table, complaints: Complaints
) -> None:
    if isinstance(body, RunBody):
        _refuse_disk(table, complaints)
        place = table.entries["run"][1]
        commands.check_outputs(body, outputs, place, complaints)
        return
    place = table.entries["sql"][0]
    pattern = outputs[0].pattern
    if len(outputs) != 1 or "*" in pattern or not pattern.endswith(TABLE_TYPES):
        fix = (
            "Declare one output, such as output/cohort.csv; give a second query an action of its own. "
            f"A result is a .csv, an extract one of {', '.join(TABLE_TYPES)}."
        )
        complaints.add("sql-one-output", place, text=f"{len(outputs)} outputs", fix=fix)
    if "config" in table.entries:
        fix = "Use `parameters:` and {{ parameters.name }} in the query."
        complaints.add("unknown-key", table.entries["config"][0], text="config", fix=fix)


def _refuse_disk(table: Table, complaints: Complaints) -> None:
    """What study code writes to a disk is not encrypted, so it has none."""
    asked = _get(table, "resources")
    if isinstance(asked, Table) and "disk" in asked.entries:
        fix = (
            "Leave `disk` out, and read the extract in parts or ask for more memory: disk is for SQL actions."
        )
        complaints.add("resources", asked.entries["disk"][1], text="disk", fix=fix)
