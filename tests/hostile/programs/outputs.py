"""Catalogue 44, 49-54, 57: outputs that are files, but not what they seem."""

import os
import sys
import unicodedata
import zipfile
from pathlib import Path

from attempt import attempt

OUT = Path("/out")
NAMES = (
    "new\nline.csv", "esc\x1b[31m.csv", "right\u202eto-left.csv", "-rf.csv", ".hidden.csv", "sp ace.csv",
    os.fsdecode(b"\xff\xfe.csv"), "caf\u00e9.csv", unicodedata.normalize("NFD", "caf\u00e9") + ".csv",
    "x" * 251 + ".csv", "<script>.csv", "=cmd.csv", "a;b.csv", "tab\t.csv",
)  # fmt: skip


def hard_link():
    (OUT / "a.csv").write_text("a\n")
    os.link(OUT / "a.csv", OUT / "b.csv")


def sparse():
    with (OUT / "a.csv").open("wb") as file:
        file.truncate(1 << 40)


def small_sparse():
    with (OUT / "a.csv").open("wb") as file:
        file.truncate(1 << 20)


def zip_bomb():
    with zipfile.ZipFile(OUT / "a.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("../../../escape.csv", b"0" * (64 << 20))


def names():
    for name in NAMES:
        (OUT / name).write_text("a\n")
    return len(list(OUT.iterdir()))


def capitals():
    (OUT / "A.csv").write_text("a\n")
    (OUT / "a.csv").write_text("b\n")


def closed():
    (OUT / "sub").mkdir()
    (OUT / "sub" / "a.csv").write_text("a\n")
    (OUT / "sub" / "a.csv").chmod(0)
    (OUT / "sub").chmod(0)
    OUT.chmod(0)


def set_id():
    (OUT / "a.csv").write_text("a\n")
    (OUT / "a.csv").chmod(0o6755)


def too_many():
    for number in range(30):
        (OUT / f"a{number}.csv").write_text("a\n")


def inert():
    (OUT / "a.csv").write_text("=cmd|'/C calc'!A0\n<script>alert(1)</script>\n")
    (OUT / "notes.html").write_text("<script>alert(1)</script>")


attempt(sys.argv[1], globals()[sys.argv[1]])
