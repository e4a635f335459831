"""Catalogue 64: leaves a mark wherever it can be written, or looks for the marks and processes of a neighbour."""

import os
import sys
import time
from pathlib import Path

from attempt import attempt, say

MARK = "mark-of-a-neighbour"
FOLDERS = ("/tmp", "/dev/shm", "/out", "/dev/mqueue", "/var/tmp")  # noqa: S108 - in the box


def seen(folder):
    if not (Path(folder) / MARK).exists():
        raise ValueError(folder)


if sys.argv[1] == "leave":
    for folder in FOLDERS:
        attempt("leave:" + folder, (Path(folder) / MARK).touch)
    time.sleep(float(sys.argv[2]))
else:
    for folder in FOLDERS:
        attempt("see:" + folder, lambda folder=folder: seen(folder))
    others = [
        one for one in Path("/proc").iterdir() if one.name.isdigit() and int(one.name) not in {1, os.getpid()}
    ]
    say("processes", "GOT" if others else "alone")
    say("uid", os.getuid())
