"""Untrusted text -> JobSpec, or SpecError with every problem at once.

Accepts OpenSAFELY's `project.yaml`, versions 1 to 5, and this system's additions to it. Refuses unknown keys, paths
and names that leave the job's folder, cycles, clashing outputs, and anything that asks the store a question without
a purpose [P3] and named tables and columns [P8]. Reads no file but the text it is given.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from job_specs import across, study_data, vocabulary
from job_specs.actions import action
from job_specs.complaints import Complaints
from job_specs.fields import as_table, as_text, check_keys
from job_specs.matrix import Expanded, expand
from job_specs.model import Action, JobSpec, RunBody, Site, Value
from job_specs.names import RUN_ALL, refuse_look_alikes
from job_specs.reading import Node, Table, Text, read

LATEST = 5
_VERSION = re.compile(r"([1-5])(?:\.0)?")
_SITE = Site()


def parse(untrusted_text: str | bytes, *, file: str = "project.yaml", site: Site = _SITE) -> JobSpec:
    """The spec that the text means.

    `file` is the name that problems give; `site` bounds what an action may ask for.
    Raises SpecError, with all problems of a readable file at once.
    """
    complaints = Complaints(file)
    root = read(untrusted_text, complaints)
    _check_keys(root, complaints)
    version = _version(root, complaints)
    _check_expectations(root, version, complaints)
    parameters = study_data.parameters(_get(root, "parameters"), complaints)
    written = _written(root, version, parameters, complaints)
    actions = _actions(written, version, site, complaints)
    spec = _assembled(root, complaints, version=version, parameters=parameters, actions=actions)
    complaints.settle()
    return spec


def _assembled(
    root: Table,
    complaints: Complaints,
    *,
    version: int,
    parameters: Mapping[str, Value],
    actions: list[Action],
) -> JobSpec:
    title = _get(root, "title")
    purpose = study_data.purpose(_get(root, "purpose"), complaints)
    words = as_text(title, complaints, "the title") if title is not None else None
    data = study_data.scopes(_get(root, "data"), complaints)
    codelists = study_data.codelists(_get(root, "codelists"), complaints)
    complaints.settle()
    spec = JobSpec(float(version), purpose, words, data, parameters, codelists, tuple(actions))
    across.check_references(spec, complaints)
    return spec


def _get(table: Table, name: str) -> Node | None:
    entry = table.entries.get(name)
    return entry[1] if entry is not None else None


def _check_keys(root: Table, complaints: Complaints) -> None:
    """As everywhere; but an action at the left margin is told to move, not that it is unknown."""
    strays = [name for name, (_, node) in root.entries.items() if _is_stray_action(name, node)]
    for name in strays:
        fix = f"Indent `{name}` and what is below it, like the other actions."
        complaints.add("misplaced", root.entries[name][0], text=name, fix=fix)
    rest = Table({n: e for n, e in root.entries.items() if n not in strays}, root.line, root.column)
    required = [name for name, key in vocabulary.PROJECT.items() if key.required]
    check_keys(rest, vocabulary.PROJECT, complaints, noun="a project", required=required)


def _is_stray_action(name: str, node: Node) -> bool:
    known = name in vocabulary.PROJECT
    return not known and isinstance(node, Table) and not {"run", "sql", "outputs"}.isdisjoint(node.entries)


def _version(root: Table, complaints: Complaints) -> int:
    node = _get(root, "version")
    if node is None:
        return LATEST
    text = as_text(node, complaints, "the version, such as 5")
    found = _VERSION.fullmatch(text) if text is not None else None
    if found:
        return int(found.group(1))
    if text is not None:
        complaints.add("version", node, text=text, fix=f"Write `version: {LATEST}`, the latest.")
    return LATEST


def _check_expectations(root: Table, version: int, complaints: Complaints) -> None:
    node = _get(root, "expectations")
    last = 3
    if node is None:
        if version == last:
            fix = "Add `expectations:` with `population_size: 1000`, or write version 4 or later."
            complaints.add("version-feature", root, text="expectations", fix=fix)
        return
    if version > last:
        fix = "Delete the expectations section: version 4 and later have none."
        complaints.add("version-feature", root.entries["expectations"][0], text="expectations", fix=fix)
        return
    table = as_table(node, complaints, "`population_size`")
    if table is not None:
        check_keys(
            table, vocabulary.EXPECTATIONS, complaints, noun="expectations", required=["population_size"]
        )
        size = _get(table, "population_size")
        if size is not None and not (isinstance(size, Text) and re.fullmatch(r"[0-9]{1,9}", size.text)):
            fix = "Write a whole number of made-up patients, such as 1000."
            complaints.add("wrong-type", size, text="population_size", fix=fix)


def _written(
    root: Table, version: int, parameters: Mapping[str, Value], complaints: Complaints
) -> list[Expanded]:
    node = _get(root, "actions")
    table = as_table(node, complaints, "at least one action") if node is not None else None
    lists = study_data.named_lists(_get(root, "lists"), complaints)
    if table is None:
        return []
    if set(table.entries) <= {RUN_ALL} and version < LATEST:
        fix = "Write at least one action of your own."
        complaints.add("no-actions", table, text=RUN_ALL, fix=fix)
    return expand(_without_run_all(table, version, complaints), lists, parameters, complaints)


def _actions(written: list[Expanded], version: int, site: Site, complaints: Complaints) -> list[Action]:
    """The accepted actions; how they fit together is judged even when some are at fault."""
    refuse_look_alikes((name for name, _, _ in written), complaints)
    made = [action(one, site, complaints) for one in written]
    actions = [one for one in made if one is not None]
    known = {name.text: None for name, _, _ in written}
    _check_versions(actions, version, complaints)
    across.check_needs(actions, known, complaints)
    across.check_bodies(actions, complaints)
    across.check_claims(actions, complaints)
    return actions


def _without_run_all(table: Table, version: int, complaints: Complaints) -> Iterable[tuple[Text, Node]]:
    """Versions 1 to 4 let a project write run_all out; it never meant more than every action."""
    for key, body in table.entries.values():
        if key.text != RUN_ALL:
            yield key, body
        elif version >= LATEST:
            fix = "Delete this action: run_all is there without being written."
            complaints.add("reserved-name", key, text=RUN_ALL, fix=fix)


_LAST_COHORTEXTRACTOR = 3


def _check_versions(actions: list[Action], version: int, complaints: Complaints) -> None:
    for one in actions:
        if not isinstance(one.body, RunBody):
            continue
        if one.body.name == "cohortextractor" and version > _LAST_COHORTEXTRACTOR:
            fix = "Rewrite it in ehrQL or SQL: version 4 and later have no cohortextractor."
            complaints.add("version-feature", one.where, text=one.body.image, fix=fix)
        if one.body.image.endswith(":latest") and version >= LATEST:
            fix = f"Name the version you tested with, such as {one.body.name}:v1: version 5 has no :latest."
            complaints.add("version-feature", one.where, text=one.body.image, fix=fix)
