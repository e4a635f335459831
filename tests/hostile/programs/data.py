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


attempt("append", append)
attempt("chmod", lambda: DATA.chmod(0o666))
attempt("rename", lambda: DATA.rename("/data/gone.csv") and None)
attempt("beside", lambda: Path("/data/folder/planted").write_text("mine\n") and None)
attempt("code", code)
attempt("below", below)
attempt("write", write)
attempt("unlink", DATA.unlink)
sys.stdout.flush()
