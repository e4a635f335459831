"""What the command line and the pages show of a spec: checked, drawn, explained.

Plain functions from a file or a spec to values and text; they refuse nothing beyond what `parse`, `plan` and `study`
refuse, and print nothing themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from job_specs.errors import SpecError, Where, problem
from job_specs.model import Action, JobSpec, OutputSpec, RunBody
from job_specs.parse import parse
from job_specs.plan import Plan, plan
from job_specs.reading import MAX_BYTES
from job_specs.render import Rendered
from job_specs.study import Read, folder_reader, queries


@dataclass(frozen=True)
class Checked:
    """An accepted spec, its whole plan, and its rendered queries by action."""

    spec: JobSpec
    plan: Plan
    queries: Mapping[str, Rendered]

    @property
    def summary(self) -> str:
        """One line: what was accepted."""
        count = len(self.spec.actions)
        return f"accepted: {count} action{'s' if count != 1 else ''}, {len(self.queries)} of them queries"


def check(path: Path) -> Checked:
    """The spec in a file, with the study's files beside it. Raises SpecError."""
    return check_text(_read(path), file=path.name, read=folder_reader(path.parent))


def check_text(untrusted: bytes | str, *, file: str, read: Read) -> Checked:
    """As `check`, for a study that is not in a folder."""
    spec = parse(untrusted, file=file)
    return Checked(spec, plan(spec), queries(spec, read))


def _read(path: Path) -> bytes:
    """At most one byte more than a spec may have, so that a huge file is refused without being read."""
    try:
        with path.open("rb") as stream:
            return stream.read(MAX_BYTES + 1)
    except OSError:
        fix = "Give the path of a spec, such as project.yaml."
        raise SpecError([problem("study-file", Where(str(path), 1, 1), path, fix)]) from None


def text_graph(spec: JobSpec) -> str:
    """The actions in the order they run, each with what it needs and writes."""
    lines = []
    ordered = plan(spec)
    for number, name in enumerate(ordered.order, 1):
        action = spec.action(name)
        needs = f"  <- {', '.join(action.needs)}" if action.needs else ""
        lines.append(f"{number:>5}  {name} ({what_it_is(action)}){needs}")
        lines.extend(f"         -> {output.pattern} ({output.sensitivity})" for output in action.outputs)
    return "\n".join(lines)


def matrix_table(spec: JobSpec) -> str:
    """Every action that a `for_each` made, with the values it was made with; empty when there is none."""
    made = [action for action in spec.actions if action.bindings]
    names = list(dict.fromkeys(name for action in made for name in action.bindings))
    rows = [["action", *names]] + [[a.name, *(str(a.bindings.get(n, "")) for n in names)] for a in made]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join(lines) if made else ""


def what_it_is(action: Action) -> str:
    """An action's kind, in two words at most."""
    if isinstance(action.body, RunBody):
        return action.body.image
    return "SQL extract" if action.is_extract else "SQL aggregate"


def explain(checked: Checked, name: str) -> str:
    """Everything that the spec says about one action, and what will be run for it. Raises SpecError."""
    ordered = plan(checked.spec, [name])
    action = checked.spec.action(name)
    resources = action.resources
    lines = [
        f"{name}: {what_it_is(action)}, written at {action.where}",
        f"needs: {', '.join(action.needs) or 'nothing'}",
        f"runs after: {', '.join(ordered.order[:-1]) or 'nothing'}",
        f"may use: {resources.memory_mb} MB, {resources.cpus:g} processors, {resources.seconds} seconds"
        + (f", {resources.disk_mb} MB of disk" if resources.disk_mb else ""),
        *(f"writes: {_output(output)}" for output in action.outputs),
    ]
    if isinstance(action.body, RunBody):
        lines.append(f"runs: {' '.join([action.body.image, *action.body.argv])}")
    else:
        query = checked.queries[name]
        lines.extend([f"parameter ${key}: {value}" for key, value in query.parameters.items()])
        lines.extend(["query:", query.sql.strip()])
    return "\n".join(lines)


def _output(output: OutputSpec) -> str:
    declared = f", declared as {output.statistic.kind}" if output.statistic else ""
    return f"{output.pattern} as {output.name}, {output.sensitivity}{declared}"
