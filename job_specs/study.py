"""A spec together with the files it names: codelists read, queries rendered.

Files come from a `read` function that its caller provides (a folder, a commit, a vault), so this module never opens
anything by itself; `folder_reader` is the one for a folder on disk, and refuses links, devices and anything outside.
"""

from __future__ import annotations

import stat
from collections.abc import Callable, Mapping
from pathlib import Path

from job_specs.codelists import MAX_BYTES, read_codelist
from job_specs.errors import Problem, SpecError, Where, problem
from job_specs.model import Action, JobSpec, SqlBody
from job_specs.patterns import path_fault
from job_specs.render import Rendered, render

Read = Callable[[str], bytes]
"""A study file's bytes by its path inside the study. Raises KeyError when there is none."""


def folder_reader(folder: Path) -> Read:
    """Read ordinary files of at most 32 MiB inside `folder`; KeyError for anything else."""

    def read(name: str) -> bytes:
        if path_fault(name) is not None:
            raise KeyError(name)
        path = folder
        for part in name.split("/"):
            path = path / part
            if not path.exists() or path.is_symlink():
                raise KeyError(name)
        about = path.stat()
        if not stat.S_ISREG(about.st_mode) or about.st_size > MAX_BYTES:
            raise KeyError(name)
        return path.read_bytes()

    return read


def codes(spec: JobSpec, read: Read) -> dict[str, tuple[str, ...]]:
    """Every codelist of the spec, read and checked. Raises SpecError."""
    return {name: read_codelist(one, _file(one.file, read)) for name, one in spec.codelists.items()}


def rendered(spec: JobSpec, action: Action, read: Read, codelists: Mapping[str, tuple[str, ...]]) -> Rendered:
    """The query of one SQL action, with its parameters. Raises SpecError.

    Raises TypeError for an action that has no query: the caller chose it.
    """
    body = action.body
    if not isinstance(body, SqlBody):
        raise TypeError("only an SQL action has a query")
    file = body.file or f"{action.where.file} ({action.name})"
    text = body.text if body.file is None else _text(body.file, read)
    return render(text or "", parameters=spec.parameters_of(action), codelists=codelists, file=file)


def queries(spec: JobSpec, read: Read) -> dict[str, Rendered]:
    """Every SQL action's query, by action. Raises SpecError with the problems of all of them."""
    problems: list[Problem] = []
    made: dict[str, Rendered] = {}
    codelists = codes(spec, read)
    for action in spec.actions:
        if isinstance(action.body, SqlBody):
            try:
                made[action.name] = rendered(spec, action, read, codelists)
            except SpecError as error:
                problems.extend(error.problems)
    if problems:
        raise SpecError(problems)
    return made


def _file(name: str, read: Read) -> bytes:
    try:
        return read(name)
    except KeyError:
        fix = "Add it to the study as an ordinary file (no link), or correct the path in the spec."
        raise SpecError([problem("study-file", Where(name, 1, 1), name, fix)]) from None


def _text(name: str, read: Read) -> str:
    try:
        return _file(name, read).decode("utf-8")
    except UnicodeDecodeError:
        raise SpecError(
            [problem("not-utf8", Where(name, 1, 1), "", "Save the file again as UTF-8.")]
        ) from None
