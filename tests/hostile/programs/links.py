"""Catalogue 40-48: leaves in its outputs what is not a file, or is another's."""

import contextlib
import os
import socket
import stat
import sys
from pathlib import Path

from attempt import attempt

OUT = Path("/out")
SECRET = sys.argv[1]


def a_socket():
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as listening:
        listening.bind("/out/socket.csv")


def node(name, kind, device):
    return lambda: os.mknod(OUT / name, kind | 0o666, device)


attempt("symlink_file", lambda: (OUT / "secret.csv").symlink_to(SECRET))
attempt("symlink_folder", lambda: (OUT / "folder").symlink_to(Path(SECRET).parent))
attempt("symlink_proc", lambda: (OUT / "environ.csv").symlink_to("/proc/self/environ"))
attempt("symlink_neighbour", lambda: (OUT / "neighbour.csv").symlink_to("../../other/out/a.csv"))
attempt("hardlink_passwd", lambda: os.link("/etc/passwd", OUT / "passwd.csv"))
attempt("hardlink_data", lambda: os.link("/data/data.csv", OUT / "data.csv"))
attempt("fifo", lambda: os.mkfifo(OUT / "fifo.csv"))
attempt("socket", a_socket)
attempt("character_device", node("null.csv", stat.S_IFCHR, os.makedev(1, 3)))
attempt("block_device", node("disk.csv", stat.S_IFBLK, os.makedev(254, 0)))
