"""A study's code as bytes: gathered from a folder, kept in the vault by digest, laid out again read-only.

Refuses links, special files, names that are not plain, and more than a study needs: what a folder holds is data from a
stranger. Outputs, caches and hidden folders are left behind, so that an undeclared input fails here as it would there.
"""

import hashlib
import json
import os
import re
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tre.custody.encoding import canonical
from tre.dispatch.errors import DispatchError

LEFT_BEHIND = frozenset({"output", "metadata", "releases", "__pycache__", "node_modules"})
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._ -]{0,99}")
MOST_FILES = 2_000
MOST_BYTES = 32 * 1024 * 1024
DEEPEST = 12
DRAFT = "draft"
"""Beside what is laid out, where no box sees it."""


@dataclass(frozen=True)
class Code:
    """Files of a study by their path in it; ``digests`` is what the bundle's own digest is made of."""

    files: Mapping[str, bytes]

    @property
    def digests(self) -> dict[str, str]:
        """SHA-256 of each file, by path."""
        return {path: hashlib.sha256(content).hexdigest() for path, content in sorted(self.files.items())}

    @property
    def manifest(self) -> bytes:
        """Canonical bytes that name every file by path and digest; their digest is the bundle's."""
        return canonical(self.digests)

    def bytes(self, path: str) -> bytes:
        """A file of the study.

        Raises:
            DispatchError: the study has no such file.
        """
        if path in self.files:
            return self.files[path]
        raise DispatchError(
            "file-missing",
            "The study lacks a file that it, or its spec, names.",
            where=ascii(path)[:200],
            fix="Add the file, or mend the path in the spec.",
        )

    def text(self, path: str) -> str:
        """A file of the study as text.

        Raises:
            DispatchError: the study has no such file, or it is not UTF-8.
        """
        try:
            return self.bytes(path).decode("utf-8")
        except UnicodeDecodeError as error:
            raise DispatchError(
                "file-not-text", "A file of the study is not UTF-8 text.", where=path, fix="Save it as UTF-8."
            ) from error


def gather(folder: Path) -> Code:
    """The study in a folder, as bytes.

    Raises:
        DispatchError: the folder is missing, or holds a link, a special file, an odd name, or too much.
    """
    if not folder.is_dir():
        raise DispatchError(
            "study-missing",
            "There is no folder with a study there.",
            where=str(folder),
            fix="Name the folder that holds project.yaml.",
        )
    files: dict[str, bytes] = {}
    room = MOST_BYTES
    for path in _walk(folder, depth=0):
        name = path.relative_to(folder).as_posix()
        files[name] = _read(path, name, room)
        room -= len(files[name])
        if len(files) > MOST_FILES:
            raise _too_much(name)
    return Code(files)


def keep(code: Code, put: Callable[[bytes], str]) -> str:
    """Put every file and the manifest into a shelf; the manifest's digest names the bundle."""
    for content in code.files.values():
        put(content)
    return put(code.manifest)


def fetch(digest: str, get: Callable[[str], bytes]) -> Code:
    """The bundle with that digest, from the shelf that keeps it."""
    manifest = json.loads(get(digest))
    return Code({path: get(content) for path, content in manifest.items()})


def lay_out(code: Code, into: Path) -> None:
    """Write the files beneath a new folder, readable by all and writable by nobody; safe to repeat."""
    for path, content in code.files.items():
        lay_file(into / path, content, draft=into.with_name(DRAFT))


def lay_file(target: Path, content: bytes, *, draft: Path) -> None:
    """Write one file whole or not at all; one that is there and is another, because a worker or its host died, is written anew.

    A box that runs already has what it was given: its files are what they should be, and are not touched.
    """
    if target.exists() and target.read_bytes() == content:
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    draft.unlink(missing_ok=True)
    draft.write_bytes(content)
    draft.chmod(0o444)
    draft.replace(target)


def _walk(folder: Path, *, depth: int) -> Iterator[Path]:
    if depth > DEEPEST:
        raise _too_much(folder.name)
    with os.scandir(folder) as entries:
        found = sorted(entries, key=lambda entry: entry.name)
    for entry in found:
        if (
            entry.name.startswith(".")
            or (depth == 0 and entry.name in LEFT_BEHIND)
            or entry.name == "__pycache__"
        ):
            continue
        _require_plain(entry)
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(Path(entry.path), depth=depth + 1)
        else:
            yield Path(entry.path)


def _require_plain(entry: "os.DirEntry[str]") -> None:
    mode = entry.stat(follow_symlinks=False).st_mode
    if NAME.fullmatch(entry.name) and (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        return
    raise DispatchError(
        "study-file-refused",
        "The study holds a link, a special file, or a name with unusual characters.",
        where=ascii(entry.name)[:80],
        fix="Keep plain files and folders only, with names of letters, digits, dot, dash and underscore.",
    )


def _read(path: Path, name: str, room: int) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        content = file.read(room + 1)
    if len(content) > room:
        raise _too_much(name)
    return content


def _too_much(name: str) -> DispatchError:
    return DispatchError(
        "study-too-big",
        f"A study holds at most {MOST_FILES} files, {MOST_BYTES >> 20} MiB, {DEEPEST} folders deep.",
        where=ascii(name)[:80],
        fix="Leave data and outputs out of the study's folder.",
    )
