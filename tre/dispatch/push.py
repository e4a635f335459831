"""What has left, laid out where its owners collect it. Bytes are pushed out; nothing outside ever reaches in.

A request's first release lies in a folder of the request's name, a later part of it beside that with a number.

What lies last says that the rest lies there, and everything before it is on the disk first: a statement where the files are, a
tombstone where they are gone. A host that loses its power can not keep the one without the other.

Refuses to deliver bytes that are not the ones signed for. A recalled release leaves a tombstone in its place; the bytes
stay in the vault as evidence [P15].
"""

import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from tre.custody.releases import Statement
from tre.custody.requests import JobRequest, RequestStage
from tre.dispatch.ports import Shelf

Release = Callable[[str], bytes]
"""Copies the bytes with that digest from the quarantine to the released shelf, and gives them."""

STATEMENT = "statement.dsse.json"
Seal = Callable[[bytes, str], Sequence[tuple[str, bytes]]]
"""What lies beside a release, from its statement and the signature over it: name and bytes, the signed envelope last."""

DRAFT = ".incoming-"
TOMBSTONE = "RECALLED.txt"
EPITAPH = "This release was recalled. Do not use, copy or pass on what you took from it; delete it and tell your lead.\n"


class Push:
    """Delivers releases into the outside folder: one folder a request, its files and its signed statement."""

    def __init__(self, documents: Shelf, release: Release, seal: Seal, folder: Path) -> None:
        """``folder`` is the outside; ``release`` is the only door between the two shelves."""
        self._documents = documents
        self._release = release
        self._seal = seal
        self.folder = folder

    def is_delivered(self, case: JobRequest) -> bool:
        """Whether everything that has left lies there whole."""
        return all((place / STATEMENT).exists() for place, _ in self._placed(case))

    def is_entombed(self, case: JobRequest) -> bool:
        """Whether nothing of what had left lies there but a tombstone; what another worker laid out late counts too."""
        return not any(_left(place, statement) for place, statement in self._placed(case))

    def is_settled(self, case: JobRequest) -> bool:
        """Whether nothing of a request has to be laid out, or taken away, any more."""
        return self.is_entombed(case) if case.stage is RequestStage.RECALLED else self.is_delivered(case)

    def deliver(self, case: JobRequest) -> bool:
        """Lay out what has left; whether anything had to be done. Safe to repeat after a crash."""
        missing = [each for each in self._placed(case) if not (each[0] / STATEMENT).exists()]
        for place, statement in missing:
            for file in statement.files:
                _write(place / file.path, self._release(file.digest))
            self._sign(place, statement)
        return bool(missing)

    def entomb(self, case: JobRequest) -> bool:
        """Take recalled releases away and leave a tombstone for each; whether anything had to be done."""
        due = [each for each in self._placed(case) if _left(*each)]
        for place, statement in due:
            _drop_drafts(place)
            for path in (place / file.path for file in statement.files):
                path.unlink(missing_ok=True)
                _sync(path.parent)
            _write(place / TOMBSTONE, EPITAPH.encode())
        return bool(due)

    def place(self, case: JobRequest, number: int) -> Path:
        """Where the release with that number, counted from 0, lies."""
        return self.folder / (f"{case.id}.{number + 1}" if number else case.id)

    def _placed(self, case: JobRequest) -> list[tuple[Path, Statement]]:
        return [(self.place(case, number), statement) for number, statement in enumerate(case.statements)]

    def _sign(self, place: Path, statement: Statement) -> None:
        """The statement goes last: where it lies, the release is whole."""
        for name, content in self._seal(self._documents.get(statement.digest), statement.signature):
            _write(place / name, content)


def _left(place: Path, statement: Statement) -> bool:
    """Whether a release, or something of it, lies there, or no tombstone says that it does not."""
    if not place.exists():
        return False
    return not (place / TOMBSTONE).exists() or any((place / file.path).exists() for file in statement.files)


def _drop_drafts(place: Path) -> None:
    """Take away what a worker that died had half written."""
    for draft in [*place.rglob(f"{DRAFT}*")]:
        draft.unlink(missing_ok=True)


def _write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, durably; two that do so at once are not in each other's way."""
    _make_folder(path.parent)
    handle, draft = tempfile.mkstemp(prefix=DRAFT, dir=path.parent)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        os.fchmod(handle, 0o644)
        file.flush()
        os.fsync(handle)
    Path(draft).replace(path)
    _sync(path.parent)


def _make_folder(folder: Path) -> None:
    """Make a folder, and those that it is in, each durable before anything is put into it."""
    if not folder.is_dir():
        _make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        _sync(folder.parent)


def _sync(folder: Path) -> None:
    """Make the names in a folder durable; one that is not there has none."""
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
