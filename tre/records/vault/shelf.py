"""How a shelf keeps bytes: each file is named by the SHA-256 of what is in it, read-only, durable before it is named.

Private to this folder: a shelf is reached through the door of its own module. Refuses a folder that other accounts can
look into, a link or a device in the place of a file, to give out bytes that are not the ones that were put, to replace any,
and to delete any that was put, or asked for again, lately.
"""

import hashlib
import io
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from tre.custody.outputs import is_digest
from tre.records.durable import DRAFT, sync
from tre.records.errors import NotInVault, VaultDamaged, VaultRefused

_BLOCK = 1 << 20
_NOBODY_ELSE = 0o077


class Shelf:
    """One shelf, in one folder of its own."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._name = name
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_mode & _NOBODY_ELSE:
            raise VaultRefused(
                "vault-exposed",
                f"The folder of the {name} shelf can be looked into by other accounts.",
                fix=f"Run: chmod 700 {folder}",
            )

    def has(self, digest: str) -> bool:
        """Whether something is kept under that digest; not whether it is still whole."""
        return self._place(digest).is_file()

    def hold(self, digest: str) -> bool:
        """As `has`; and what is there is not deleted for a while, so that it can be built upon.

        The file keeps its dates; the file system's own note of its last change says when it was held.
        """
        place = self._place(digest)
        try:
            found = place.lstat()
            os.utime(place, ns=(found.st_atime_ns, found.st_mtime_ns), follow_symlinks=False)
        except FileNotFoundError:
            return False
        return self.has(digest)

    def destroy(self, digest: str, *, before: float) -> bool:
        """Delete the bytes with that digest, durably, unless they were put or held since `before` (seconds since 1970).

        Returns:
            Whether nothing is kept under that digest now; doing it again is doing it once.
        """
        place = self._place(digest)
        try:
            if place.lstat().st_ctime >= before:
                return False
            place.unlink()
        except FileNotFoundError:
            pass
        if place.parent.is_dir():
            sync(place.parent)
        return True

    def get(self, digest: str) -> bytes:
        """The bytes with that digest, hashed again on the way out.

        Raises:
            NotInVault: there are none.
            VaultDamaged: what is there is something else.
        """
        with self.open(digest) as file:
            return file.read()

    def open(self, digest: str) -> BinaryIO:
        """The bytes with that digest as a stream at its start; all of it is hashed before any of it is given.

        Raises:
            NotInVault: there are none.
            VaultDamaged: what is there is something else.
        """
        file = self._open_unchecked(digest)
        if _digest_of(file) != digest:
            file.close()
            raise VaultDamaged(digest, shelf=self._name)
        file.seek(0)
        return file

    def put(self, content: bytes | Path) -> str:
        """Keep these bytes, or a copy of this file's, and give their digest; putting them again changes nothing.

        Raises:
            VaultRefused: the path is not a plain file.
            VaultDamaged: they were kept before, and what is kept is no longer them.
        """
        source = io.BytesIO(content) if isinstance(content, bytes) else _open_plain(content)
        with source:
            return self._receive(source, None)

    def receive(self, source: BinaryIO, digest: str) -> None:
        """Keep what the stream holds, if it has that digest.

        Raises:
            VaultDamaged: it has another; nothing is kept.
        """
        self._receive(source, digest)

    def _receive(self, source: BinaryIO, expected: str | None) -> str:
        with self._incoming() as (handle, temporary):
            digest = _copy(source, handle)
            if expected is not None and digest != expected:
                raise VaultDamaged(expected, shelf=self._name)
            place = self._place(digest)
            _make_folder(place.parent)
            if self.hold(digest):
                self.open(digest).close()
            else:
                os.fchmod(handle, 0o400)
                os.fsync(handle)
                temporary.rename(place)
            sync(place.parent)
        return digest

    @contextmanager
    def _incoming(self) -> Iterator[tuple[int, Path]]:
        """A private temporary file on the same file system; gone at the end unless it was renamed."""
        handle, name = tempfile.mkstemp(prefix=DRAFT, dir=self._folder)
        try:
            yield handle, Path(name)
        finally:
            os.close(handle)
            Path(name).unlink(missing_ok=True)

    def _open_unchecked(self, digest: str) -> BinaryIO:
        place = self._place(digest)
        try:
            return _open_plain(place)
        except FileNotFoundError as error:
            raise NotInVault(digest, shelf=self._name) from error
        except VaultRefused as error:
            raise VaultDamaged(digest, shelf=self._name) from error

    def _place(self, digest: str) -> Path:
        if not is_digest(digest):
            raise VaultRefused(
                "not-a-digest", "That is not a digest.", fix="Use the SHA-256 that the ledger names."
            )
        return self._folder / digest[:2] / digest


def _open_plain(path: Path) -> BinaryIO:
    """A plain file, opened without following a link or waiting on a pipe.

    Raises:
        FileNotFoundError: there is nothing of that name.
        VaultRefused: it is not a plain file, or may not be read.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise _not_plain() from error
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise _not_plain()
    return os.fdopen(handle, "rb")


def _copy(source: BinaryIO, handle: int) -> str:
    digest = hashlib.sha256()
    while block := source.read(_BLOCK):
        digest.update(block)
        view = memoryview(block)
        while view:
            view = view[os.write(handle, view) :]
    return digest.hexdigest()


def _digest_of(file: BinaryIO) -> str:
    digest = hashlib.sha256()
    while block := file.read(_BLOCK):
        digest.update(block)
    return digest.hexdigest()


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        return
    sync(folder.parent)


def _not_plain() -> VaultRefused:
    return VaultRefused(
        "not-a-plain-file",
        "What is to be kept, or read, is not a plain file that this account may read.",
        fix="Hand in the bytes, or a plain file; never a link, a folder or a device.",
    )
