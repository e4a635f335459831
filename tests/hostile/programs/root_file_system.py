"""Catalogue 13: writes to the image's own folders."""

from pathlib import Path

from attempt import attempt

for folder in ("/", "/var/tmp", "/root", "/usr/bin", "/etc", "/usr/local/lib/python3.11/dist-packages"):  # noqa: S108 - in the box
    attempt(folder, lambda folder=folder: (Path(folder) / "planted.py").write_text("x = 1\n") and None)
