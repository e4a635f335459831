"""Opens one name inside one open folder, and nothing else, whatever the name has become meanwhile.

It refuses links of every kind, names with a slash, other mounts, and to block: a FIFO or a terminal opened here would
wait for ever. `openat2` lets the kernel keep the promise; a kernel without it is asked one component at a time with
O_NOFOLLOW and the device is compared, which keeps the same one.
"""

import ctypes
import errno
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_SYS_OPENAT2 = 437  # the same number on every architecture since Linux 5.6
_NO_XDEV, _NO_MAGICLINKS, _NO_SYMLINKS, _BENEATH = 0x01, 0x02, 0x04, 0x08
_RESOLVE = _NO_XDEV | _NO_MAGICLINKS | _NO_SYMLINKS | _BENEATH
_BASE = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
FOLDER = _BASE | os.O_DIRECTORY
FILE = _BASE | os.O_NONBLOCK | os.O_NOCTTY

OpenAt = Callable[[int, str, int], int]


class _OpenHow(ctypes.Structure):
    """The kernel's `struct open_how`."""

    _fields_ = (("flags", ctypes.c_uint64), ("mode", ctypes.c_uint64), ("resolve", ctypes.c_uint64))


class NotOpened(OSError):
    """This name cannot be opened as what it was asked for."""


@dataclass(frozen=True)
class Opener:
    """Opens names beneath one root. `open_at` is openat2 where the kernel has it."""

    open_at: OpenAt
    device: int

    @contextmanager
    def opened(self, folder: int, name: str, flags: int) -> Iterator[int]:
        """A descriptor for `name` in the open folder, closed at the end. Raises NotOpened."""
        if not name or "/" in name or "\0" in name or name in {".", ".."}:
            raise NotOpened(errno.EINVAL, "not one name")
        try:
            descriptor = self.open_at(folder, name, flags)
        except OSError as wrong:
            raise NotOpened(wrong.errno, "not opened") from None
        try:
            if os.fstat(descriptor).st_dev != self.device:
                raise NotOpened(errno.EXDEV, "on another file system")
            yield descriptor
        finally:
            os.close(descriptor)


@contextmanager
def opened_root(root: Path) -> Iterator[tuple[int, Opener]]:
    """The root folder's descriptor and the opener for what is beneath it. Raises OSError if it is not a folder."""
    descriptor = os.open(root, FOLDER)
    try:
        yield descriptor, Opener(_choose(descriptor), os.fstat(descriptor).st_dev)
    finally:
        os.close(descriptor)


def open_at_openat2(folder: int, name: str, flags: int) -> int:
    """`openat2` with every restriction there is."""
    how = _OpenHow(flags, 0, _RESOLVE)
    encoded = os.fsencode(name)
    result = _libc().syscall(_SYS_OPENAT2, folder, encoded, ctypes.byref(how), ctypes.sizeof(how))
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return int(result)


def open_at_nofollow(folder: int, name: str, flags: int) -> int:
    """One component with O_NOFOLLOW: the last component is the only one, so no link can be followed."""
    return os.open(name, flags | os.O_NOFOLLOW, dir_fd=folder)


def special(mode: int) -> bool:
    """Neither a regular file nor a folder."""
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def _choose(root: int) -> OpenAt:
    """openat2 unless this kernel, or the sandbox that we ourselves are in, does not have it."""
    try:
        os.close(open_at_openat2(root, ".", FOLDER))
    except OSError as lacking:
        if lacking.errno in {errno.ENOSYS, errno.EPERM}:
            return open_at_nofollow
        raise
    return open_at_openat2


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
