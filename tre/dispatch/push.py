"""What has left, laid out where its owners collect it. Bytes are pushed out; nothing outside ever reaches in.

A request's first release lies in a folder of the request's name, a later part of it beside that with a number.

Refuses to deliver bytes that are not the ones signed for. A recalled release leaves a tombstone in its place; the bytes
stay in the vault as evidence [P15].
"""

import os
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
        """Whether nothing of what had left lies there but a tombstone."""
        return not any(_is_there(place) for place, _ in self._placed(case))

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
        due = [each for each in self._placed(case) if _is_there(each[0])]
        for place, statement in due:
            for file in statement.files:
                (place / file.path).unlink(missing_ok=True)
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


def _is_there(place: Path) -> bool:
    return place.exists() and not (place / TOMBSTONE).exists()


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
