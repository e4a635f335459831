"""Which of a study's files an action may see: what decides its result, and nothing else.

A query sees its own text and the codelists. A program sees the study without the spec, and without the scripts of other
actions, unless something that it sees mentions one by name. What an action cannot see cannot change its result, so a
content key made of what it sees is sound, and a change to one script makes only its own cone run again.
Refuses nothing, and guesses towards seeing more.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath

from job_specs.model import Action, JobSpec, SqlBody

_WORD = re.compile(rb"[A-Za-z0-9_]+")


def files_of(spec: JobSpec, action: Action, files: Mapping[str, bytes], *, spec_file: str) -> frozenset[str]:
    """The paths, among the study's files, that the action may see; `files` maps paths to their bytes."""
    if isinstance(action.body, SqlBody):
        codelists = frozenset(codelist.file for codelist in spec.codelists.values())
        return own_files(action, files) | (codelists & frozenset(files))
    others = {path for other in spec.actions for path in own_files(other, files)} - own_files(action, files)
    return _mentioned(frozenset(files) - others - {spec_file}, frozenset(others), files)


def own_files(action: Action, files: Mapping[str, bytes]) -> frozenset[str]:
    """The study's files that the action names: its query, or the words of its command that are paths of the study."""
    if isinstance(action.body, SqlBody):
        return frozenset(path for path in files if path == action.body.file)
    return frozenset(action.body.argv) & frozenset(files)


def _mentioned(seen: frozenset[str], hidden: frozenset[str], files: Mapping[str, bytes]) -> frozenset[str]:
    """`seen`, and every hidden file that one of them mentions, and so on."""
    words = {word for path in seen for word in _WORD.findall(files[path])}
    found = frozenset(path for path in hidden if PurePosixPath(path).stem.encode() in words)
    return _mentioned(seen | found, hidden - found, files) if found else seen
