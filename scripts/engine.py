"""Makes sure that a container engine answers. Refuses to start a second one, and to end one that it did not start."""

import os
import socket
import subprocess
import time
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from scripts.daemons import end, launch
from scripts.machine import cgroups_mounted, engine_needs, found, install
from scripts.steps import Stop, run, say, step, tail

SYSTEMD = Path("/run/systemd/system")
DEFAULT_ADDRESS = "unix:///var/run/docker.sock"
PING = b"GET /_ping HTTP/1.1\r\nHost: engine\r\nConnection: close\r\n\r\n"
PING_SECONDS = 3.0
START_SECONDS = 60.0
BY_HAND = "dockerd >dockerd.log 2>&1 &"


class Answer(Enum):
    """What came back from an engine's address."""

    YES = "it answers"
    FORBIDDEN = "it is there, but this account may not speak to it"
    SILENT = "nothing answers"


@dataclass(frozen=True)
class Engine:
    """Where an engine is looked for, and where this clone records one that it starts.

    Attributes:
        address: as in DOCKER_HOST.
        program: the daemon to start.
        engine_pid: where the daemon itself writes its process id.
        record: the folder for our own pid record and the daemon's log.
    """

    address: str
    record: Path
    program: str = "dockerd"
    engine_pid: Path = Path("/var/run/docker.pid")
    start_seconds: float = START_SECONDS

    @property
    def log(self) -> Path:
        """Where a daemon that we start writes."""
        return self.record / "dockerd.log"

    @property
    def started(self) -> Path:
        """Our note of the daemon that we started: its process id, and when that process began."""
        return self.record / "dockerd.started"


def ping(address: str) -> Answer:
    """Ask an engine whether it is there, through its own socket and within seconds; no client program is needed."""
    try:
        with connected(address) as line:
            line.settimeout(PING_SECONDS)
            line.sendall(PING)
            return Answer.YES if b" 200 " in line.recv(64) else Answer.SILENT
    except PermissionError:
        return Answer.FORBIDDEN
    except OSError:
        return Answer.SILENT


def connected(address: str) -> socket.socket:
    """A connection to ``unix://path`` or ``tcp://host:port``.

    Raises:
        OSError: when nothing listens there.
        Stop: when the address is of another kind.
    """
    scheme, _, place = address.partition("://")
    if scheme == "tcp":
        host, _, port = place.rpartition(":")
        return socket.create_connection((host, int(port)), timeout=PING_SECONDS)
    if scheme != "unix":
        raise Stop(f"Set-up cannot speak to DOCKER_HOST={address}.", f"export DOCKER_HOST={DEFAULT_ADDRESS}")
    line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    line.settimeout(PING_SECONDS)
    try:
        line.connect(place)
    except OSError:
        line.close()
        raise
    return line


def ensure(engine: Engine, logs: Path) -> None:
    """Leave with an engine that answers: the one already running, or one started here.

    Raises:
        Stop: when none answers and this account may not install or start one.
    """
    answer = ping(engine.address)
    if answer is Answer.FORBIDDEN:
        raise Stop(f"A container engine is at {engine.address}: {answer.value}.", "sudo make test")
    if answer is Answer.YES:
        say(f"a container engine answers at {engine.address}: using it.")
        require_client()
        return
    if os.geteuid() != 0:
        raise Stop("No container engine answers, and only root starts one.", "sudo scripts/set-up engine")
    install(engine_needs(), logs)
    with step("starting a container engine"):
        start(engine, logs)


def require_client() -> None:
    """The images are loaded with the engine's own client.

    Raises:
        Stop: when it is not here; its package brings an engine too, so a person decides.
    """
    if not found("docker"):
        raise Stop("The engine's client `docker` is not on this machine.", "sudo apt-get install docker.io")


def start(engine: Engine, logs: Path) -> None:
    """Start the engine with the machine's own service manager where there is one, by hand where there is none.

    Raises:
        Stop: when it does not answer in time.
    """
    if SYSTEMD.exists() and engine.program == "dockerd":
        run(("systemctl", "start", "docker"), log=logs / "systemctl.log", seconds=120)
        await_answer(engine, None)
        return
    if not cgroups_mounted():
        run(("cgroupfs-mount",), log=logs / "cgroups.log", seconds=30)
    running = already_starting(engine)
    await_answer(engine, None if running else start_by_hand(engine))


def already_starting(engine: Engine) -> bool:
    """Whether a daemon is alive but does not answer yet; a stale pid file, which would stop a start, is removed."""
    try:
        pid = int(engine.engine_pid.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return False
    if program_of(pid) == Path(engine.program).name:
        say(f"an engine (process {pid}) is starting already: waiting for it.")
        return True
    engine.engine_pid.unlink(missing_ok=True)
    return False


def start_by_hand(engine: Engine) -> subprocess.Popen[bytes]:
    """Start the daemon in the background, in a session of its own, and note that it is ours."""
    daemon = launch((engine.program,), note=engine.started, log=engine.log)
    say(f"started {engine.program}: process {daemon.pid}, log {engine.log}.")
    return daemon


def await_answer(engine: Engine, daemon: subprocess.Popen[bytes] | None) -> None:
    """Wait until the engine answers.

    Raises:
        Stop: when it ends instead, or stays silent; one that we started is ended again.
    """
    until = time.monotonic() + engine.start_seconds
    while time.monotonic() < until:
        if ping(engine.address) is Answer.YES:
            return
        if daemon is not None and daemon.poll() is not None:
            break
        time.sleep(0.2)
    print(tail(engine.log), flush=True)
    stop(engine)
    raise Stop(f"The container engine did not answer within {engine.start_seconds:.0f} s.", BY_HAND)


def stop(engine: Engine) -> bool:
    """End the daemon that this clone started, and no other.

    Returns:
        Whether there was one to end.
    """
    pid = end(engine.started)
    if pid is None:
        return False
    say(f"ended the container engine that was started here (process {pid}).")
    return True


def program_of(pid: int) -> str:
    """The name of a process that lives, or nothing; one that has ended and was not waited for does not live."""
    try:
        about = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return ""
    name, _, rest = about.partition("(")[2].rpartition(")")
    return "" if rest.split()[0] == "Z" else name
