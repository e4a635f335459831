"""Catalogue 27, 64, 66: becoming somebody else, and what this identity may do."""

import os
import resource
import shutil
import stat
import struct
import subprocess
from pathlib import Path

from attempt import attempt, say


def set_id_program():
    """A program that root made set-id, as an image might bring one; the test lays it among the inputs."""
    done = subprocess.run(["/data/set-id-id", "-u"], capture_output=True, text=True, check=True)
    if done.stdout.strip() != "0":
        raise ValueError


def run_from(folder):
    target = Path(folder) / "program"
    shutil.copy("/usr/bin/true", target)
    target.chmod(0o755)
    subprocess.run([target], check=True)
    target.unlink()


def file_capability():
    """All capabilities, as a version 2 attribute of a file of its own."""
    target = Path("/out/capable")
    target.touch()
    os.setxattr(target, "security.capability", struct.pack("<5I", 0x02000001, *[0xFFFFFFFF] * 4))


def raise_core():
    resource.setrlimit(resource.RLIMIT_CORE, (1 << 20, 1 << 20))


def raise_files():
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))


say("root", "GOT" if os.getuid() == 0 else "nobody")
say("uid", os.getuid())
say(
    "set_id_in_image",
    sum(1 for path in Path("/usr").rglob("*") if path.is_file() and path.lstat().st_mode & 0o6000),
)
status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
say("capabilities", "GOT" if int(status["CapEff"], 16) else "none")
say("bounding", "GOT" if int(status["CapBnd"], 16) else "none")
say("new_privileges", "GOT" if status["NoNewPrivs"].strip() == "0" else "none")
attempt("setuid_root", lambda: os.setuid(0))
attempt("setgroups", lambda: os.setgroups([0, 42]))
attempt("set_id_program", set_id_program)
attempt("chown", lambda: os.chown("/tmp", 1, 1))  # noqa: S108 - in the box
attempt("run_from_tmp", lambda: run_from("/tmp"))  # noqa: S108 - in the box
attempt("run_from_out", lambda: run_from("/out"))
attempt("run_from_shm", lambda: run_from("/dev/shm"))  # noqa: S108 - in the box
attempt("raise_core", raise_core)
attempt("raise_files", raise_files)
attempt("device", lambda: os.mknod("/tmp/null", stat.S_IFCHR | 0o666, os.makedev(1, 3)))  # noqa: S108 - in the box
attempt("negative_nice", lambda: os.nice(-5) and None)
attempt("file_capability", file_capability)
