"""Catalogue 5, 7-11: fills a place that can be written to; 96 MiB, or 20,100 empty files, at most each."""

import os
import sys
from pathlib import Path

from attempt import attempt

MANY = 96
BLOCK = b"x" * (1 << 20)


def fill(folder):
    with (Path(folder) / "fill.bin").open("wb") as file:
        for _ in range(MANY):
            file.write(BLOCK)


def allocate(folder):
    with (Path(folder) / "allocated.bin").open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, MANY << 20)


def unlinked(folder):
    path = Path(folder) / "unlinked.bin"
    with path.open("wb") as file:
        path.unlink()
        for _ in range(MANY):
            file.write(BLOCK)


def small_files(folder):
    for number in range(MANY):
        (Path(folder) / f"small{number}.bin").write_bytes(BLOCK)


def flood(folder):
    (Path(folder) / "flood").mkdir()
    for number in range(3_000):
        (Path(folder) / "flood" / str(number)).touch()


def many_files(folder):
    """More than a file system in memory of ours has room for, and each costs the kernel something."""
    for number in range(20_100):
        (Path(folder) / str(number)).touch()


def clean(folder):
    for path in sorted(Path(folder).rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()


what, where = sys.argv[1:]
for attack in (fill, allocate, unlinked, small_files, flood) if what == "all" else (globals()[what],):
    attempt(attack.__name__, lambda attack=attack: attack(where))
    if what == "all":
        clean(where)
