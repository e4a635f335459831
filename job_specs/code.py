"""Which of a study's files an action may see, so that a change to one script runs only its cone again.

An action's own files, and every file that no action names (modules, settings), are its code. A file that only other
actions name is not, unless something that is included mentions it. The sandbox is given exactly these files, which is
what makes the content key honest: what was not bound cannot have been read. Refuses nothing; unknown means included.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath

from job_specs.model import Action, JobSpec, SqlBody

_SCRIPTS = frozenset({".py", ".r", ".do", ".ado", ".jl", ".ipynb", ".rmd"})


def code_of(spec: JobSpec, action: Action, files: Mapping[str, bytes]) -> tuple[str, ...]:
    """The paths of the action's code among the study's files, sorted. The spec itself is never code."""
    if isinstance(action.body, SqlBody):
        return _of_query(spec, action.body, files)
    named = {one.name: _named(one, files) for one in spec.actions}
    own = named[action.name]
    others = set().union(*named.values(), *[{c.file} for c in spec.codelists.values()]) - own
    included = {path for path in files if path not in others and path != action.where.file}
    return tuple(sorted(_with_mentioned(included, others & files.keys(), files)))


def _of_query(spec: JobSpec, body: SqlBody, files: Mapping[str, bytes]) -> tuple[str, ...]:
    """A query's file, and the codelists whose names stand in it."""
    text = files.get(body.file, b"") if body.file is not None else (body.text or "").encode()
    lists = {one.file for name, one in spec.codelists.items() if name.encode() in text}
    wanted = lists | ({body.file} if body.file is not None else set())
    return tuple(sorted(wanted & files.keys()))


def _named(action: Action, files: Mapping[str, bytes]) -> set[str]:
    if isinstance(action.body, SqlBody):
        return {action.body.file} & files.keys() if action.body.file is not None else set()
    words = {
        word.partition("=")[2] if word.startswith("--") and "=" in word else word for word in action.body.argv
    }
    return words & files.keys()


def _with_mentioned(included: set[str], others: set[str], files: Mapping[str, bytes]) -> set[str]:
    """Follow mentions: `import clean` or `source("clean.R")` brings analysis/clean.* in."""
    waiting = set(others)
    fresh = list(included)
    while fresh:
        content = files[fresh.pop()]
        found = {path for path in waiting if _mention(path) in content}
        waiting -= found
        included |= found
        fresh.extend(found)
    return included


def _mention(path: str) -> bytes:
    """How other code names a file: a script by its stem, as imports do, anything else by its whole name."""
    file = PurePosixPath(path)
    return (file.stem if file.suffix.lower() in _SCRIPTS else file.name).encode()
