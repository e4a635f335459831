"""Tries each wall of a box from inside, and prints one line for each try: wall, tab, try, tab, `held` or `open`.

It is run in every image before a site lets jobs run, and once without each wall, to show that a missing wall is seen.
It uses the standard library alone and does no harm where a wall is missing. It never runs on a host.
"""

import ctypes
import errno
import mmap
import os
import platform
import resource
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

Try = Callable[[], bool]
"""True when the wall is open."""

TRIES: list[tuple[str, str, Try]] = []
LIBC = ctypes.CDLL(None, use_errno=True)
NAMED = {
    "HOME",
    "HOSTNAME",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "PATH",
    "PWD",
    "PYTHONDONTWRITEBYTECODE",
    "SOURCE_DATE_EPOCH",
    "TZ",
}
NEW_USER, NEW_MOUNTS = 0x10000000, 0x00020000

CALLS = {
    "x86_64": {
        "io_uring_setup": 425, "bpf": 321, "perf_event_open": 298, "keyctl": 250, "add_key": 248, "userfaultfd": 323,
        "ptrace": 101, "process_vm_readv": 310, "pidfd_open": 434, "memfd_create": 319, "mq_open": 240, "shmget": 29,
        "unshare": 272, "mount": 165, "fsopen": 430, "open_tree": 428, "setns": 308, "chroot": 161, "pivot_root": 155,
        "name_to_handle_at": 303, "inotify_init1": 294, "fanotify_init": 300, "personality": 135, "syslog": 103,
        "mlock": 149, "setpriority": 141, "splice": 275, "clone3": 435,
    },
    "aarch64": {
        "io_uring_setup": 425, "bpf": 280, "perf_event_open": 241, "keyctl": 219, "add_key": 217, "userfaultfd": 282,
        "ptrace": 117, "process_vm_readv": 270, "pidfd_open": 434, "memfd_create": 279, "mq_open": 180, "shmget": 194,
        "unshare": 97, "mount": 40, "fsopen": 430, "open_tree": 428, "setns": 268, "chroot": 51, "pivot_root": 41,
        "name_to_handle_at": 264, "inotify_init1": 26, "fanotify_init": 262, "personality": 92, "syslog": 116,
        "mlock": 228, "setpriority": 140, "splice": 76, "clone3": 435,
    },
}  # fmt: skip
FAMILIES = {"unix": 1, "inet": 2, "inet6": 10, "netlink": 16, "packet": 17, "alg": 38, "vsock": 40, "xdp": 44}


def tries(wall: str, name: str) -> Callable[[Try], Try]:
    """Register a try of a wall."""

    def keep(attempt: Try) -> Try:
        TRIES.append((wall, name, attempt))
        return attempt

    return keep


def read(path: str) -> str:
    """What a file says; empty when it may not be read."""
    try:
        with open(path, encoding="utf-8", errors="replace") as source:  # noqa: PTH123 - started once a job; kept light
            return source.read(1 << 16)
    except OSError:
        return ""


def status(field: str) -> str:
    """One field of what the kernel says of this process."""
    found = dict(line.split(":", 1) for line in read("/proc/self/status").splitlines() if ":" in line)
    return found.get(field, "").strip()


def mount_of(path: str) -> tuple[set[str], set[str]]:
    """The flags of the last mount at a path, and the options of its file system."""
    rows = [line.split(" ") for line in read("/proc/self/mountinfo").splitlines()]
    for row in reversed(rows):
        if row[4] == path:
            return set(row[5].split(",")), set(row[-1].split(","))
    return set(), set()


def refused(call: str) -> bool:
    """Whether the kernel's filter refuses a call, whatever its arguments are."""
    number = CALLS[platform.machine()][call]
    LIBC.syscall(ctypes.c_long(number), *(ctypes.c_long(-1),) * 6)
    return ctypes.get_errno() in {errno.EPERM, errno.ENOSYS}


def can_open_socket(family: int) -> bool:
    """Whether a socket of a family can be made."""
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW, socket.SOCK_SEQPACKET):
        with suppress(OSError):
            socket.socket(family, kind).close()
            return True
    return False


def can_write(path: str) -> bool:
    """Whether a new file can be made, or an old one opened for writing."""
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
    except OSError:
        return False
    return True


def runs(folder: str) -> bool:
    """Whether a program that was written to a folder can be run there."""
    path = f"{folder}/program"
    with suppress(OSError):
        with open(path, "w", encoding="ascii") as program:  # noqa: PTH123 - as above
            program.write("#!/bin/true\n")
        os.chmod(path, 0o700)  # noqa: PTH101 - as above
        try:
            return subprocess.run([path], check=False).returncode == 0  # noqa: S603 - the point of the try
        finally:
            os.unlink(path)  # noqa: PTH108 - as above
    return False


def larger_than(folder: str, most: int) -> bool:
    """Whether a file system is larger than it should be, or may hold more names."""
    try:
        usage = os.statvfs(folder)
    except OSError:
        return False
    return usage.f_blocks * usage.f_frsize > most


# What the site asked for is told on the command line, in the order of `main`.
LIMITS: dict[str, float] = {}

for _family, _number in FAMILIES.items():
    tries("system-calls", f"socket-{_family}")(lambda number=_number: can_open_socket(number))  # type: ignore[misc]
for _call in CALLS["x86_64"]:
    tries("system-calls", f"call-{_call}")(lambda call=_call: not refused(call))  # type: ignore[misc]


@tries("system-calls", "symlink")
def _symlink() -> bool:
    with suppress(OSError):
        os.symlink("/etc/passwd", "/tmp/link")  # noqa: PTH211, S108 - in the box
        return True
    return False


@tries("network", "interfaces")
def _interfaces() -> bool:
    names = {line.split(":")[0].strip() for line in read("/proc/net/dev").splitlines() if ":" in line}
    return not names <= {"lo"}


@tries("no-new-privileges", "status")
def _privileges() -> bool:
    return status("NoNewPrivs") != "1"


@tries("no-capabilities", "bounding-set")
def _capabilities() -> bool:
    return any(int(status(field) or "1", 16) for field in ("CapBnd", "CapEff", "CapPrm", "CapInh", "CapAmb"))


@tries("not-root", "uid")
def _uid() -> bool:
    return 0 in {*os.getresuid(), *os.getresgid(), *os.getgroups()}


@tries("plain-image", "setuid-files")
def _setuid_files() -> bool:
    device = os.stat("/").st_dev  # noqa: PTH116 - as above
    for folder, folders, files in os.walk("/"):
        folders[:] = [name for name in folders if folder != "/" or name not in {"proc", "sys", "dev"}]
        for name in files:
            with suppress(OSError):
                found = os.lstat(f"{folder}/{name}")
                if found.st_mode & 0o6000 and found.st_dev == device:
                    return True
    return False


@tries("read-only-root", "write")
def _root() -> bool:
    return "ro" not in mount_of("/")[0] or any(
        can_write(f"{folder}/try") for folder in ("/", "/usr", "/etc", "/var")
    )


@tries("read-only-inputs", "write")
def _inputs() -> bool:
    return can_write("/data/try.txt") or can_write("/data/new.txt")


@tries("pids", "threads")
def _pids() -> bool:
    done = threading.Event()
    started: list[threading.Thread] = []
    try:
        for _ in range(int(LIMITS["pids"]) + 1):
            thread = threading.Thread(target=done.wait)
            thread.start()
            started.append(thread)
    except RuntimeError:
        return False
    finally:
        done.set()
        for thread in started:
            thread.join()
    return True


@tries("memory", "touch")
def _memory() -> bool:
    child = os.fork()
    if child == 0:
        with mmap.mmap(-1, int(LIMITS["memory_bytes"] * 2)) as memory:
            for place in range(0, len(memory), mmap.PAGESIZE):
                memory[place] = 1
        os._exit(0)
    return os.waitpid(child, 0)[1] == 0


@tries("cpus", "spin")
def _cpus() -> bool:
    # Several at once: on a busy host one alone could get no more than its limit although nothing holds it back.
    began = time.monotonic()
    for _ in range(6):
        if os.fork() == 0:
            while time.monotonic() - began < 0.6:  # noqa: PLR2004 - several of the kernel's accounting periods
                pass
            os._exit(0)
    used = 0.0
    for _ in range(6):
        used += sum(os.wait3(0)[2][:2])
    return used / (time.monotonic() - began) > 1.5 * LIMITS["cpus"]


@tries("open-files", "limit")
def _open_files() -> bool:
    return resource.getrlimit(resource.RLIMIT_NOFILE)[1] > 1024  # noqa: PLR2004 - profile.OPEN_FILES


@tries("no-core-files", "limit")
def _core_files() -> bool:
    return resource.getrlimit(resource.RLIMIT_CORE)[1] != 0


@tries("processor-time", "limit")
def _processor_time() -> bool:
    return resource.getrlimit(resource.RLIMIT_CPU)[1] == resource.RLIM_INFINITY


@tries("file-size", "limit")
def _file_size() -> bool:
    return resource.getrlimit(resource.RLIMIT_FSIZE)[1] == resource.RLIM_INFINITY


@tries("private-memory", "shm")
def _shared_memory() -> bool:
    safe = {"noexec", "nosuid", "nodev"} <= mount_of("/dev/shm")[0]  # noqa: S108 - in the box
    return not safe or larger_than("/dev/shm", 64 << 20) or os.statvfs("/dev/shm").f_files > 20_000  # noqa: PLR2004, S108


@tries("scratch-limit", "size")
def _scratch() -> bool:
    return larger_than("/tmp", int(LIMITS["tmp_bytes"])) or os.statvfs("/tmp").f_files > 20_000  # noqa: PLR2004, S108


@tries("scratch-limit", "run")
def _scratch_runs() -> bool:
    return runs("/tmp")  # noqa: S108 - in the box


@tries("output-limit", "size")
def _output() -> bool:
    return larger_than("/out", int(LIMITS["output_bytes"])) or os.statvfs("/out").f_files > 10_000  # noqa: PLR2004


@tries("output-flags", "run")
def _output_runs() -> bool:
    return runs("/out") or not {"nosuid", "nodev"} <= mount_of("/out")[0]


@tries("disk-limit", "size")
def _disk() -> bool:
    if "disk_bytes" not in LIMITS:
        return False
    return larger_than("/scratch", int(LIMITS["disk_bytes"])) or os.statvfs("/scratch").f_files > 10_000  # noqa: PLR2004


@tries("disk-limit", "run")
def _disk_runs() -> bool:
    if "disk_bytes" not in LIMITS:
        return False
    return runs("/scratch") or not {"nosuid", "nodev"} <= mount_of("/scratch")[0]


@tries("masked-paths", "read")
def _masked() -> bool:
    told = (
        "/proc/cmdline",
        "/proc/version",
        "/proc/partitions",
        "/proc/kallsyms",
        "/proc/loadavg",
        "/proc/stat",
    )
    return any(map(read, told)) or any(os.access(f"/sys/{name}", os.F_OK) for name in ("block", "class"))


@tries("no-names", "names")
def _names() -> bool:
    return platform.node() != "job" or bool(read("/etc/resolv.conf").strip())


@tries("init", "first-process")
def _init() -> bool:
    return os.getpid() == 1


@tries("own-control-groups", "path")
def _control_groups() -> bool:
    paths = {line.split(":", 2)[2] for line in read("/proc/self/cgroup").splitlines()}
    return any(path not in {"/", ""} for path in paths)


@tries("pinned-image", "environment")
def _environment() -> bool:
    return not set(os.environ) <= NAMED


def outcomes() -> Iterator[str]:
    """One line for each try."""
    for wall, name, attempt in TRIES:
        try:
            is_open = attempt()
        except OSError:
            is_open = False
        yield f"{wall}\t{name}\t{'open' if is_open else 'held'}"


def main(words: list[str]) -> None:
    """Take the limits as `name=number` words, and try everything."""
    LIMITS.update({name: float(number) for name, number in (word.split("=") for word in words)})
    said = list(outcomes())
    print("\n".join([*said, f"tries\t{len(said)}"]))  # noqa: T201 - the log is how it is heard


if __name__ == "__main__":
    main(sys.argv[1:])
