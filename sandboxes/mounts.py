"""The host's side of one job's outputs: a small file system of its own, made before the job and gone after it.

As root this is a tmpfs with a size, a number of entries and flags, so that what a program writes is bounded and can
lead nowhere. Without the right to mount, `make` is only given a plain folder to make; the runner then says which walls
are missing. It refuses to reuse a place where something is mounted already, to seal a place where nothing is, and
never follows a link on its way to a folder that a program has written to.
"""

import ctypes
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from sandboxes.profile import Memory

_FLAGS = {"nosuid": 0x2, "nodev": 0x4, "noexec": 0x8, "nosymfollow": 0x100}
_READ_ONLY, _REMOUNT = 0x1, 0x20
_DETACH, _NOFOLLOW = 0x2, 0x8

_LIBC = ctypes.CDLL(None, use_errno=True)


def make(path: Path, wanted: Memory, owner: int) -> None:
    """Make `path` an empty folder of `owner`, mode 0700; a file system of its own if a size or flags are wanted.

    Raises OSError where the host will not: above all PermissionError when this process may not mount.
    """
    path.mkdir(mode=0o700, exist_ok=True)
    if is_mounted(path) or any(path.iterdir()):
        raise FileExistsError(f"{path} is in use")
    if wanted.size or wanted.inodes or wanted.flags:
        mount_memory(path, wanted, owner=owner, mode=0o700)
    elif owner != os.geteuid():
        os.chown(path, owner, owner, follow_symlinks=False)


def mount_memory(path: Path, wanted: Memory, *, owner: int, mode: int) -> None:
    """Mount a new, empty file system in memory over a folder. Raises OSError."""
    limits = [f"size={wanted.size}"] * bool(wanted.size) + [f"nr_inodes={wanted.inodes}"] * bool(
        wanted.inodes
    )
    options = ",".join([*limits, f"uid={owner}", f"gid={owner}", f"mode={mode:o}"])
    _mount(path, _flags(wanted), options)


def _flags(wanted: Memory) -> int:
    return sum(_FLAGS[flag] for flag in wanted.flags)


def _mount(path: Path, flags: int, options: str) -> None:
    if _LIBC.mount(b"tre", os.fsencode(path), b"tmpfs", ctypes.c_ulong(flags), options.encode()) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"mounting a file system for outputs: {os.strerror(number)}", str(path))


def seal(path: Path) -> None:
    """Make the file system at `path` read-only. Raises OSError; nothing happens to a plain folder."""
    if found := mounted(path):
        _mount(path, _flags(found) | _REMOUNT | _READ_ONLY, _remount_options(found))


def _remount_options(found: Memory) -> str:
    return ",".join([f"size={found.size}", f"nr_inodes={found.inodes}"])


def is_mounted(path: Path) -> bool:
    """Whether a file system begins at `path`, by this host's own table."""
    return mounted(path) is not None


def mounted(path: Path) -> Memory | None:
    """The file system that begins at `path` as the kernel tells it, or None. Its target is the path on the host."""
    wanted = str(path.resolve())
    here = [row for path, row in _table() if path == wanted]
    return _described(here[-1]) if here else None


def _table() -> Iterator[tuple[str, list[str]]]:
    """What is mounted on this host, oldest first: the path, and all that the kernel says of it."""
    with Path("/proc/self/mountinfo").open(encoding="utf-8", errors="surrogateescape") as table:
        for line in table:
            row = line.split(" ")
            yield _unescape(row[4]), row


def differences(path: Path, wanted: Memory) -> tuple[str, ...]:
    """The names of the properties in which what is mounted at `path` is not what `make` was asked for."""
    found = mounted(path)
    if not (wanted.size or wanted.inodes or wanted.flags):
        return () if found is None else ("Output.mounted",)
    if found is None:
        return ("Output.mounted",)
    page = os.sysconf("SC_PAGE_SIZE")
    wrong = [f"Output.{flag}" for flag in {*wanted.flags} ^ {*found.flags}]
    wrong += ["Output.size"] * (bool(wanted.size) and found.size != -(-wanted.size // page) * page)
    wrong += ["Output.inodes"] * (bool(wanted.inodes) and found.inodes != wanted.inodes)
    return tuple(sorted(wrong))


def _described(row: list[str]) -> Memory:
    flags = tuple(flag for flag in row[5].split(",") if flag in _FLAGS)
    usage = os.statvfs(_unescape(row[4]))
    return Memory(_unescape(row[4]), usage.f_blocks * usage.f_frsize, usage.f_files, flags)


def _unescape(field: str) -> str:
    return field.encode("utf-8", "surrogateescape").decode("unicode_escape") if "\\" in field else field


def is_full(path: Path) -> bool:
    """Whether the file system at `path` has no space or no entries left; a plain folder is never full."""
    if not is_mounted(path):
        return False
    usage = os.statvfs(path)
    return usage.f_bavail == 0 or usage.f_favail == 0


def remove(path: Path) -> None:
    """Remove the folder of a job that has ended, with its file system if it has one. Absent is fine. Raises OSError."""
    while is_mounted(path):
        _unmount(path)
    if path.is_dir() and not path.is_symlink():
        empty(path)
        path.rmdir()


def clear_beneath(folder: Path) -> None:
    """Unmount everything beneath a folder, and leave the folders. Raises OSError."""
    top = f"{folder.resolve()}/"
    for path in sorted((each for each, _ in _table() if each.startswith(top)), key=len, reverse=True):
        _unmount(Path(path))


def _unmount(path: Path) -> None:
    if _LIBC.umount2(os.fsencode(path), _NOFOLLOW | _DETACH) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"unmounting the outputs: {os.strerror(number)}", str(path))


def empty(path: Path) -> None:
    """Remove all that a folder holds, however deep, without recursion and without following a link.

    Each folder's entries are moved up to the top before it is removed: a tree of any depth takes one open folder.
    """
    top = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        serial = 0
        while names := _names(top):
            for name in names:
                serial = _remove_entry(top, name, serial)
    finally:
        os.close(top)


def _remove_entry(top: int, name: str, serial: int) -> int:
    if not stat.S_ISDIR(os.stat(name, dir_fd=top, follow_symlinks=False).st_mode):
        os.unlink(name, dir_fd=top)
        return serial
    os.chmod(name, 0o700, dir_fd=top)
    child = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=top)
    try:
        for entry in _names(child):
            serial = _move_up(child, entry, top, serial)
    finally:
        os.close(child)
    os.rmdir(name, dir_fd=top)
    return serial


def _move_up(child: int, entry: str, top: int, serial: int) -> int:
    if not stat.S_ISDIR(os.stat(entry, dir_fd=child, follow_symlinks=False).st_mode):
        os.unlink(entry, dir_fd=child)
        return serial
    # A folder can be moved only by someone who may write in it: its `..` changes.
    os.chmod(entry, 0o700, dir_fd=child)
    while _exists(top, name := f".moved-{serial}"):  # the program may have made such a name itself
        serial += 1
    os.rename(entry, name, src_dir_fd=child, dst_dir_fd=top)
    return serial + 1


def _names(folder: int) -> list[str]:
    with os.scandir(folder) as entries:
        return [entry.name for entry in entries]


def _exists(folder: int, name: str) -> bool:
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True
