"""Takes out of a tree what study code has no use for, and every way to be somebody else.

It refuses a tree in which, afterwards, a set-id bit, a device node or a world-writable file is left: the image would
lean on the sandbox's other walls for what it should not contain at all.
"""

import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from sandboxes.images import recipe
from sandboxes.images.errors import ImageError

_SET_ID = stat.S_ISUID | stat.S_ISGID


def scrub(tree: Path) -> None:
    """Removes, empties and re-modes in place; ends with `verify`. Raises ImageError."""
    for pattern in (*recipe.REMOVED, *recipe.REMOVED_PATTERNS):
        for path in sorted(tree.glob(pattern)):
            _remove(path)
    for name in recipe.EMPTIED:
        _remove(tree / name)
        (tree / name).mkdir(mode=0o755)
    for name in recipe.MOUNT_POINTS:
        (tree / name).mkdir(mode=0o755, exist_ok=True)
    (tree / "tmp").chmod(0o1777)
    (tree / "var/tmp").mkdir(mode=0o1777)
    _python(tree)
    for path in _everything(tree):
        _plain_mode(path)
    verify(tree)


def verify(tree: Path) -> None:
    """Raises ImageError naming the first entry that an image must not hold."""
    for path in _everything(tree):
        mode = path.lstat().st_mode
        if mode & _SET_ID or stat.S_ISBLK(mode) or stat.S_ISCHR(mode) or _writable(mode):
            name = path.relative_to(tree)
            raise ImageError(
                "unsafe-tree", f"`{name}` would be unsafe in an image.", "Remove it in scrub.py."
            )


def _python(tree: Path) -> None:
    """One stale-proof byte-code per module is written later; the name `python` is what studies call."""
    for cache in sorted(tree.rglob("__pycache__")):
        shutil.rmtree(cache)
    link = tree / "usr/local/bin/python"
    link.unlink(missing_ok=True)
    link.symlink_to("/usr/bin/python3")


def _plain_mode(path: Path) -> None:
    mode = path.lstat().st_mode
    if mode & _SET_ID and not stat.S_ISLNK(mode):
        path.chmod(stat.S_IMODE(mode) & ~_SET_ID)


def _writable(mode: int) -> bool:
    sticky_folder = stat.S_ISDIR(mode) and bool(mode & stat.S_ISVTX)
    return bool(mode & stat.S_IWOTH) and not stat.S_ISLNK(mode) and not sticky_folder


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _everything(tree: Path) -> Iterator[Path]:
    for folder, folders, files in os.walk(tree):
        yield from (Path(folder, name) for name in (*folders, *files))
