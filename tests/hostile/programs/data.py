"""Catalogue 63: changes data and code, which every job of a study reads."""

import sys
from pathlib import Path

from attempt import attempt

DATA = Path("/data/data.csv")


def write():
    DATA.write_text("mine\n")


def append():
    with DATA.open("a") as file:
        file.write("mine\n")


def code():
    Path("/code/planted.py").write_text("mine\n")


def below():
    """A file system that is mounted below what we were given read-only."""
    (Path("/data/folder/below") / "planted").write_text("mine\n")


ATTACKS = {
    "append": append,
    "chmod": lambda: DATA.chmod(0o666),
    "rename": lambda: DATA.rename("/data/gone.csv") and None,
    "beside": lambda: Path("/data/folder/planted").write_text("mine\n") and None,
    "code": code,
    "below": below,
    "write": write,
    "unlink": DATA.unlink,
}
for name in sys.argv[1:] or ATTACKS:
    attempt(name, ATTACKS[name])
