"""Looks through an image, as an engine saves it, for files that would run as somebody else.

The stream is read once, front to back, by its headers; nothing is unpacked and no name leads anywhere. It refuses an
image that cannot be read as one. A file that a later layer removes still counts: it is in the image.
"""

import io
import tarfile
from collections.abc import Iterable, Iterator
from typing import IO, cast

from sandboxes.model import BoxRefused

_SET_ID = 0o6000
_PIECE = 1 << 20


def has_set_id(saved: Iterable[bytes]) -> bool:
    """Whether any layer of a saved image holds a plain file with a set-user or set-group bit. Raises BoxRefused."""
    try:
        with _opened(cast("IO[bytes]", _Pieces(iter(saved)))) as image:
            return any(_layer_has(image, member) for member in image)
    except tarfile.TarError:
        raise BoxRefused(
            "IMAGE_UNREADABLE",
            "The engine did not give this image in a form that can be looked through.",
            fix="Load the image again, and compare its content id.",
        ) from None


def _layer_has(image: tarfile.TarFile, member: tarfile.TarInfo) -> bool:
    content = image.extractfile(member) if member.isreg() else None
    if content is None:
        return False
    if member.size <= _PIECE:
        # Beside its layers an image is some small texts, whose names differ from engine to engine.
        said = content.read()
        if not said or said.lstrip()[:1] in (b"{", b"[") or member.name.endswith("VERSION"):
            return False
        content = io.BytesIO(said)
    with _opened(content) as layer:
        return any(entry.isreg() and bool(entry.mode & _SET_ID) for entry in layer)


def _opened(file: IO[bytes]) -> tarfile.TarFile:
    return tarfile.open(fileobj=file, mode="r|*", bufsize=_PIECE)


class _Pieces(io.RawIOBase):
    """A stream of pieces as a file that is read front to back."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._left = b""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        while size < 0 or len(self._left) < size:
            piece = next(self._pieces, None)
            if piece is None:
                break
            self._left += piece
        size = len(self._left) if size < 0 else size
        taken, self._left = self._left[:size], self._left[size:]
        return taken
