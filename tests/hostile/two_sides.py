"""Two sides for every attack: a plain container, in which it must work, and ours, in which it must not.

A case that works nowhere proves nothing, so `plain` is the engine's own command line with nothing of ours around it.
After each test the host must be as it was: no container or mount of ours, and the files that were bait unchanged.
"""

import fcntl
import hashlib
import os
import shutil
import socket
import struct
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from sandboxes.docker import DockerRunner
from sandboxes.model import Box, Input, Limits, Receipt, Status
from sandboxes.profile import Profile
from sandboxes.runner import run

PROGRAMS = Path(__file__).parent / "programs"
PLAIN_SECONDS = 60
GREETING = b"host service here"
BRIDGE = "docker0"
SIOCGIFADDR = 0x8915
SMALL = Limits(
    memory_bytes=128 << 20, cpus=1.0, wall_seconds=20, pids=64, tmp_bytes=8 << 20, output_bytes=8 << 20,
    output_files=20, log_bytes=64 << 10,
)  # fmt: skip
NUMBERS = count(1)


@dataclass(frozen=True)
class Ended:
    """What one hostile program could say for itself, and what became of it."""

    said: Mapping[str, str]
    log: bytes
    status: Status | None = None
    receipt: Receipt | None = None
    exit_code: int | None = None
    seconds: float = 0.0

    def got(self) -> set[str]:
        """The attacks that worked."""
        return {name for name, outcome in self.said.items() if outcome.startswith("GOT")}


def read(log: bytes) -> dict[str, str]:
    """The lines of the form `attack=outcome` of a program's log."""
    lines = log.decode("utf-8", "replace").splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith(" "))


@dataclass(frozen=True)
class Bait:
    """Files that a program may want: `secret` is the host's, `data` is given to the job to read."""

    folder: Path
    secret: Path
    data: Path

    def digest(self) -> str:
        """What every byte, name and mode of the bait comes to."""
        whole = hashlib.sha256()
        for path in sorted(self.folder.rglob("*")):
            whole.update(f"{path}{path.lstat().st_mode}".encode())
            whole.update(path.read_bytes() if path.is_file() else b"")
        return whole.hexdigest()


def lay(folder: Path) -> Bait:
    data = folder / "data"
    (data / "folder" / "below").mkdir(parents=True)
    (data / "data.csv").write_text("patient\n1\n")
    for path in (data, data / "folder", data / "folder" / "below", data / "data.csv"):
        path.chmod(0o777)  # so that nothing but a read-only mount is in a program's way
    secret = folder / "host" / "canary-of-the-host"
    secret.parent.mkdir()
    secret.write_text("CANARY-BYTES-OF-THE-HOST\n")
    secret.chmod(0o644)
    return Bait(folder, secret, data)


@dataclass(frozen=True)
class Plain:
    """An engine's container as `docker run` makes it."""

    image: str
    folder: Path
    bait: Bait

    def __call__(self, program: str, *arguments: str, options: tuple[str, ...] = ()) -> Ended:
        out, name = self.folder / f"plain-out-{next(NUMBERS)}", f"tre-hostile-{os.getpid()}-{next(NUMBERS)}"
        out.mkdir()
        code = shutil.copytree(PROGRAMS, self.folder / "code", dirs_exist_ok=True)  # it will be spoilt
        mounts = (f"{code}:/code", f"{self.bait.data}:/data", f"{out}:/out")
        argv = ["docker", "run", "--rm", "--name", name, "--user", "0:0", "--workdir", "/out", "--env"]
        argv += ["PYTHONDONTWRITEBYTECODE=1", *(f"--volume={one}" for one in mounts), *options, self.image]
        argv += ["python3", f"/code/{program}.py", *arguments]
        started = time.monotonic()
        try:
            done = subprocess.run(
                argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=PLAIN_SECONDS
            )
        finally:
            subprocess.run(["docker", "rm", "--force", name], capture_output=True, check=False)
        return Ended(
            read(done.stdout), done.stdout, exit_code=done.returncode, seconds=time.monotonic() - started
        )


@dataclass(frozen=True)
class Walled:
    """A box of ours, with every wall or without the named ones."""

    image: str
    folder: Path
    bait: Bait

    def runner(self, without: frozenset[str] = frozenset()) -> DockerRunner:
        """The runner, all of its state under the test's own folder."""
        return DockerRunner(state_dir=self.folder / "state", site=Profile(without=without))

    def box(self, program: str, *arguments: str, limits: Limits = SMALL, **more: object) -> Box:
        """A box around one program, with the bait's data to read."""
        inputs = (Input(PROGRAMS, "/code"), Input(self.bait.data, "/data"))
        argv = ("python3", f"/code/{program}.py", *arguments)
        return Box(
            job=f"hostile-{next(NUMBERS)}", image=self.image, argv=argv, inputs=inputs, limits=limits, **more
        )  # type: ignore[arg-type]

    def __call__(
        self,
        program: str,
        *arguments: str,
        patterns: tuple[str, ...] = (),
        without: frozenset[str] = frozenset(),
        limits: Limits = SMALL,
        **more: object,
    ) -> Ended:
        box = self.box(program, *arguments, limits=limits, **more)
        into = self.folder / "kept" / box.job
        started = time.monotonic()
        receipt = run(self.runner(without), box, patterns, into)
        log = receipt.log.read_bytes()
        return Ended(read(log), log, receipt.status, receipt, receipt.exit_code, time.monotonic() - started)


def wait(condition: Callable[[], bool], *, seconds: float) -> bool:
    """Whether something came true in time."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        if condition():
            return True
        time.sleep(0.05)
    return condition()


def address_of(interface: str) -> str | None:
    """The IPv4 address of an interface of this host, or None."""
    request = struct.pack("256s", interface.encode())
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            return socket.inet_ntoa(fcntl.ioctl(asking, SIOCGIFADDR, request)[20:24])
    except OSError:
        return None


def greet(listening: socket.socket) -> None:
    while True:
        try:
            caller, _ = listening.accept()
        except OSError:
            return
        with caller:
            caller.sendall(GREETING)
