"""The process that stands beside one bubblewrap box: it starts it, keeps its log and its clock, and writes its end down.

It outlives the runner that started it, so that a killed runner finds the truth again: it holds a lock while it lives,
and the box dies with it. It takes its orders from one file in the job's own folder, runs the command there once, and
refuses to run it again. `python -m sandboxes.keeper FOLDER` returns when the program has been started.
"""

import base64
import contextlib
import ctypes
import fcntl
import json
import os
import resource
import select
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandboxes import cgroups, mounts
from sandboxes.home import write_json
from sandboxes.profile import Memory

PLAN, ALIVE, STARTED, ENDED, LOG, HALTED = "plan.json", "alive", "started.json", "ended.json", "log", "halted"
STAGE = Path("/tmp")  # noqa: S108 - covered by a file system of our own, in a mount namespace of our own
SECCOMP_FD = 200
ALREADY_STARTED = 3

_TICK_SECONDS = 0.05
_SECONDS_TO_BUILD = 20
_NEW_MOUNTS = 0x00020000
_BIND, _RECURSIVE, _PRIVATE = 0x1000, 0x4000, 0x40000
_LIBC = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class Plan:
    """Everything that the keeper must know."""

    command: list[str]
    owner: int
    become_owner: bool
    rlimits: dict[str, list[int]]
    group: str
    """The control group of the box, or empty for none."""
    ceiling: dict[str, Any]
    seccomp: str
    """The filter in base64, or empty for none."""
    stage: list[list[str]]
    """What is shown to bubblewrap under STAGE: source, and name there."""
    memories: list[list[Any]]
    """File systems in memory under STAGE: name there, size, entries, flags."""
    wall_seconds: float
    log_bytes: int


def main(folder: Path) -> int:
    """Start the box of this folder and stay with it in the background. 0: started; else nothing was started."""
    with _alive(folder) as first:
        if not first or (folder / STARTED).exists():
            return ALREADY_STARTED
        plan = Plan(**json.loads((folder / PLAN).read_text(encoding="utf-8")))
        hear, tell = os.pipe()
        if os.fork():
            os.close(tell)
            return 0 if os.read(hear, 1) else 1
        os.close(hear)
        try:
            _keep(folder, plan, lambda: _detach(tell))
        except Exception as fault:  # noqa: BLE001 - whatever it is, whoever waits for the start must hear of it
            traceback.print_exception(fault)
        finally:
            # Never back to the caller's code: that is the parent's.
            os._exit(0)


@contextmanager
def _alive(folder: Path) -> Iterator[bool]:
    """Hold the lock that says this box has a keeper; False when it has one already. It is held across the fork."""
    with (folder / ALIVE).open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def is_alive(folder: Path) -> bool:
    """Whether a keeper lives, asked of the kernel."""
    try:
        with (folder / ALIVE).open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def _detach(tell: int) -> None:
    """Say that the program was started, and let go of whoever waits for that."""
    os.write(tell, b"1")
    os.close(tell)
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nothing, standard)


def _keep(folder: Path, plan: Plan, started: Callable[[], None]) -> None:
    group = cgroups.group(plan.group) if plan.group else None
    if group:
        group.limit(cgroups.Ceiling(**plan.ceiling))
    box = _Box.start(plan, group)
    try:
        write_json(folder / STARTED, {"started": time.time()})
        started()
        log = _CappedLog(folder / LOG, plan.log_bytes)
        _watch(box, log, folder / HALTED, time.monotonic() + plan.wall_seconds)
    finally:
        box.kill()
    log.drain(box.output)
    write_json(
        folder / ENDED,
        {
            "finished": time.time(),
            "exit_code": box.exit_code(),
            "out_of_memory": group.out_of_memory() if group else False,
            "log_truncated": log.truncated,
        },
    )
    if group:
        group.remove()


def _watch(box: "_Box", log: "_CappedLog", halted: Path, deadline: float) -> None:
    """Read what the program says until it ends, its time is up, or its end is asked for."""
    poller = select.poll()
    poller.register(box.output, select.POLLIN)
    poller.register(box.first, select.POLLIN)
    while box.process.poll() is None and time.monotonic() < deadline and not halted.exists():
        ready = {descriptor for descriptor, _ in poller.poll(_TICK_SECONDS * 1000)}
        if box.output in ready and not log.take(box.output):
            # The program closed its output. It runs on, and is waited for by its process, never by its silence.
            poller.unregister(box.output)


class _CappedLog:
    """A log that keeps its first bytes and reads on, so that a program is never stopped by a full pipe."""

    def __init__(self, path: Path, most: int) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        self._left = most
        self.truncated = False

    def take(self, source: int) -> bool:
        """Take what is there now; False at the end."""
        try:
            piece = os.read(source, 1 << 16)
        except BlockingIOError:
            return True
        if kept := piece[: self._left]:
            os.write(self._file, kept)
        self._left -= len(kept)
        self.truncated |= len(piece) > len(kept)
        return bool(piece)

    def drain(self, source: int) -> None:
        """Take what a pipe still holds, whose writers are all gone."""
        os.set_blocking(source, True)
        while self.take(source):
            pass


@dataclass
class _Box:
    """A started bubblewrap, and the first process inside."""

    process: subprocess.Popen[bytes]
    output: int
    """Where the program's standard output and error can be read, without blocking."""
    first: int
    """A descriptor of the first process of the box, whose end is the end of every process in it."""
    report: int
    """Where bubblewrap tells of its progress. It is kept open: bubblewrap dies when it can not."""

    @classmethod
    def start(cls, plan: Plan, group: cgroups.Group | None) -> "_Box":
        report, reported = os.pipe()
        words = [plan.command[0], "--json-status-fd", str(reported), *plan.command[1:]]
        descriptors = [reported]
        if plan.seccomp:
            _put_filter(base64.b64decode(plan.seccomp))
            descriptors.append(SECCOMP_FD)
        process = subprocess.Popen(  # noqa: S603 - the command is our own form's
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=descriptors,
            env={},
            cwd="/",
            preexec_fn=lambda: _become(plan, group),  # noqa: PLW1509 - this process has one thread
        )
        os.close(reported)
        if process.stdout is None:
            raise AssertionError("a pipe was asked for")
        os.set_blocking(process.stdout.fileno(), False)
        return cls(process, process.stdout.fileno(), _first_process(report), report)

    def kill(self) -> None:
        """End every process of the box and wait until the kernel says that they are gone."""
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.first, signal.SIGKILL)
        select.select([self.first], [], [])
        self.process.wait()

    def exit_code(self) -> int:
        """As a shell would say it: 128 and the signal's number for a program that a signal ended."""
        code = self.process.wait()
        return 128 - code if code < 0 else code


def _first_process(report: int) -> int:
    """The first process of the box, as bubblewrap reports it. Raises RuntimeError when it could not be built."""
    said = b""
    deadline = time.monotonic() + _SECONDS_TO_BUILD
    while b"\n" not in said:
        ready, _, _ = select.select([report], [], [], max(0.0, deadline - time.monotonic()))
        piece = os.read(report, 4096) if ready else b""
        if not piece:
            raise RuntimeError("bubblewrap could not build the box")
        said += piece
    return os.pidfd_open(int(json.loads(said.splitlines()[0])["child-pid"]))


def _put_filter(program: bytes) -> None:
    descriptor = os.memfd_create("tre-seccomp")
    os.write(descriptor, program)
    os.lseek(descriptor, 0, os.SEEK_SET)
    os.dup2(descriptor, SECCOMP_FD)
    os.close(descriptor)


def _become(plan: Plan, group: cgroups.Group | None) -> None:
    """Between fork and exec: into the box's group, under its limits, before its stage, and no longer root."""
    if group:
        group.join()
    _stage(plan)
    for name, (soft, hard) in plan.rlimits.items():
        number = getattr(resource, f"RLIMIT_{name.upper()}")
        most = resource.getrlimit(number)[1]
        ceiling = hard if most == resource.RLIM_INFINITY else min(hard, most)
        resource.setrlimit(number, (min(soft, ceiling), ceiling))
    if plan.become_owner:
        os.setgroups([])
        os.setresgid(plan.owner, plan.owner, plan.owner)
        os.setresuid(plan.owner, plan.owner, plan.owner)


def _stage(plan: Plan) -> None:
    """Show bubblewrap what it must bind where an ordinary uid can reach it, in mounts that only the box's side has.

    Everything is opened before the stage covers a folder, and bound by descriptor: a path is looked up once.
    """
    if not plan.stage:
        return
    _checked(_LIBC.unshare(_NEW_MOUNTS), "a mount namespace")
    _mount(b"none", Path("/"), b"", _RECURSIVE | _PRIVATE)
    opened = [(os.open(source, os.O_PATH | os.O_NOFOLLOW), name) for source, name in plan.stage]
    mounts.mount_memory(STAGE, Memory(str(STAGE), 1 << 20, 1024, ("nosuid", "nodev")), owner=0, mode=0o755)
    for descriptor, name in opened:
        _bind(descriptor, STAGE / name)
    for name, size, inodes, flags in plan.memories:
        (STAGE / name).mkdir()
        mounts.mount_memory(
            STAGE / name, Memory(name, size, inodes, tuple(flags)), owner=plan.owner, mode=0o1777
        )


def _bind(descriptor: int, place: Path) -> None:
    source = Path(f"/proc/self/fd/{descriptor}")
    if source.is_dir():
        place.mkdir()
    else:
        place.touch()
    _mount(os.fsencode(source), place, b"", _BIND | _RECURSIVE)
    os.close(descriptor)


def _mount(source: bytes, place: Path, kind: bytes, flags: int) -> None:
    _checked(_LIBC.mount(source, os.fsencode(place), kind, ctypes.c_ulong(flags), None), "a mount")


def _checked(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
