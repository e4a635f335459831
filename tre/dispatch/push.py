"""What has left, laid out where its owners collect it. Bytes are pushed out; nothing outside ever reaches in.

Refuses to deliver bytes that are not the ones signed for. A recalled release leaves a tombstone in its place; the bytes
stay in the vault as evidence [P15].
"""

import os
from collections.abc import Callable
from pathlib import Path

from tre.custody.releases import Statement
from tre.custody.requests import JobRequest
from tre.dispatch.ports import Shelf

Release = Callable[[str], bytes]
"""Copies the bytes with that digest from the quarantine to the released shelf, and gives them."""

STATEMENT = "statement.json"
TOMBSTONE = "RECALLED.txt"
EPITAPH = "This release was recalled. Do not use, copy or pass on what you took from it; delete it and tell your lead.\n"


class Push:
    """Delivers releases into the outside folder: one folder a request, its files and its signed statement."""

    def __init__(self, documents: Shelf, release: Release, folder: Path) -> None:
        """``folder`` is the outside; ``release`` is the only door between the two shelves."""
        self._documents = documents
        self._release = release
        self.folder = folder

    def is_delivered(self, case: JobRequest) -> bool:
        """Whether the release lies there whole."""
        return (self.folder / case.id / STATEMENT).exists()

    def is_entombed(self, case: JobRequest) -> bool:
        """Whether nothing of the release lies there but a tombstone."""
        place = self.folder / case.id
        return not place.exists() or (place / TOMBSTONE).exists()

    def deliver(self, case: JobRequest) -> bool:
        """Lay out a release; whether anything had to be done. Safe to repeat after a crash."""
        statement = case.statements[-1]
        if self.is_delivered(case):
            return False
        for file in statement.files:
            _write(self.folder / case.id / file.path, self._release(file.digest))
        self._sign(case, statement)
        return True

    def entomb(self, case: JobRequest) -> bool:
        """Take a recalled release away and leave a tombstone; whether anything had to be done."""
        if self.is_entombed(case):
            return False
        place = self.folder / case.id
        for file in case.statements[-1].files:
            (place / file.path).unlink(missing_ok=True)
        _write(place / TOMBSTONE, EPITAPH.encode())
        return True

    def _sign(self, case: JobRequest, statement: Statement) -> None:
        """The statement goes last: where it lies, the release is whole."""
        _write(self.folder / case.id / "statement.sig", statement.signature.encode())
        _write(self.folder / case.id / STATEMENT, self._documents.get(statement.digest))


def _write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".part")
    with draft.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.chmod(0o644)
    draft.replace(path)
