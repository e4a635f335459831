"""Where a study starts: a working one to copy, or an OpenSAFELY project brought as it is.

Refuses to write over anything, and to change what a project does: migrating adds the keys that this system asks for and
leaves every other line as it was written.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from job_specs.complaints import Complaints
from job_specs.errors import SpecError, Where, problem
from job_specs.model import JobSpec, Purpose, TableScope, canonical_action
from job_specs.parse import parse
from job_specs.reading import read

TEMPLATE = Path(__file__).parent / "examples" / "covid-tests"
_KEPT = frozenset({".yaml", ".sql", ".py", ".csv"})


def new_study(folder: Path) -> tuple[Path, ...]:
    """Write a small whole study that runs on synthetic data into a folder that is new or empty; the files written.

    Raises SpecError when something is already there.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        fix = "Name a folder that is not there yet, or an empty one."
        raise SpecError([problem("study-file", Where(str(folder), 1, 1), folder, fix)])
    written = []
    for source in sorted(path for path in TEMPLATE.rglob("*") if path.suffix in _KEPT):
        target = folder / source.relative_to(TEMPLATE)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(source.read_bytes())
        written.append(target)
    return tuple(written)


def migrate(
    untrusted: bytes | str, *, purpose: Purpose, data: Sequence[TableScope] = (), file: str = "project.yaml"
) -> str:
    """An OpenSAFELY project's text with `purpose` and, where given, `data` above its actions [P3] [P8].

    Raises SpecError when the project is refused, or says its purpose or its data already.
    """
    before = parse(untrusted, file=file)
    complaints = Complaints(file)
    root = read(untrusted, complaints)
    for name in ("purpose", "data"):
        if name in root.entries:
            fix = "Edit this key by hand: the project has it already."
            complaints.add("duplicate-key", root.entries[name][0], text=name, fix=fix)
    complaints.settle()
    text = untrusted.decode("utf-8-sig") if isinstance(untrusted, bytes) else untrusted
    lines = text.splitlines(keepends=True)
    at = root.entries["actions"][0].line - 1
    migrated = "".join([*lines[:at], _added(purpose, data), *lines[at:]])
    _hold_same(before, parse(migrated, file=file))
    return migrated


def _added(purpose: Purpose, data: Sequence[TableScope]) -> str:
    tables = [f"  {scope.table}: [{', '.join(scope.columns)}]\n" for scope in data]
    return f"purpose: {purpose}\n" + ("data:\n" + "".join(tables) if tables else "") + "\n"


def _hold_same(before: JobSpec, after: JobSpec) -> None:
    """What the project does is what it did; anything else is our fault, not its author's."""
    if list(map(canonical_action, before.actions)) != list(map(canonical_action, after.actions)):
        raise RuntimeError("migrating changed what an action does")
