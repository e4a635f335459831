"""Catalogue 12: folders in folders, 1,500 deep at most, in the output folder."""

import os
from pathlib import Path

from attempt import attempt


def dig():
    os.chdir("/out")
    for _ in range(1_500):
        Path("d").mkdir()
        os.chdir("d")


attempt("deep", dig)
