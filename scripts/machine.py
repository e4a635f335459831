"""What the machine must have, and how a Debian machine gets it. Refuses to install anything unless it is root on Debian."""

import os
import shlex
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from scripts.steps import Stop, environment, run, say, step

CGROUPS = Path("/sys/fs/cgroup")
POSTGRES = Path("/usr/lib/postgresql")
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
FONT = Path("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf")
INSTALL = ("apt-get", "-o", "DPkg::Lock::Timeout=300", "install", "--yes", "--no-install-recommends")


@dataclass(frozen=True)
class Need:
    """One Debian package, why it is needed, and whether the machine can do without it being installed."""

    package: str
    why: str
    met: bool


def found(program: str) -> bool:
    """Whether a program is on the path, the system folders included."""
    return shutil.which(program, path=environment()["PATH"]) is not None


def cgroups_mounted() -> bool:
    """Whether control groups are mounted: without them no engine can bound memory."""
    return (CGROUPS / "cgroup.controllers").exists() or (CGROUPS / "memory").exists()


def sandbox_needs() -> tuple[Need, ...]:
    """What building and unpacking the sandbox images takes, and the second runner."""
    return (
        Need("mmdebstrap", "builds the sandbox images from Debian packages", found("mmdebstrap")),
        Need("debian-archive-keyring", "checks the signatures on those packages", KEYRING.exists()),
        Need("bubblewrap", "the sandbox for a machine without a container engine", found("bwrap")),
    )


def engine_needs() -> tuple[Need, ...]:
    """What running a container engine takes; asked only when none answers."""
    return (
        Need("docker.io", "the container engine", found("dockerd")),
        Need("iptables", "the engine does not start without it", found("iptables")),
        Need("cgroupfs-mount", "mounts control groups where no init system has", cgroups_mounted()),
    )


def browser_needs() -> tuple[Need, ...]:
    """What walking the pages as people do takes: a browser without a window, and a font to read by."""
    return (
        Need("chromium", "the pages' tests are walked in it", found("chromium")),
        Need("fonts-dejavu-core", "the pages' screenshots are written in it", FONT.exists()),
    )


def postgres_needs() -> tuple[Need, ...]:
    """What trying the ledger on PostgreSQL takes."""
    return (Need("postgresql", "the ledger's tests run on it as well", postgres_programs() is not None),)


def postgres_programs() -> Path | None:
    """The folder of the newest PostgreSQL server's programs; Debian keeps them off the path."""
    folders = sorted(POSTGRES.glob("*/bin/initdb"), key=lambda found: float(found.parents[1].name))
    on_path = shutil.which("initdb", path=environment()["PATH"])
    if folders:
        return folders[-1].parent
    return Path(on_path).resolve().parent if on_path else None


def may_install() -> bool:
    """Only root on a machine with apt-get installs packages; anybody else is told the command."""
    return os.geteuid() == 0 and found("apt-get")


def install(needs: Iterable[Need], logs: Path) -> None:
    """Install the packages whose need is not met.

    Raises:
        Stop: when this is not root on Debian, with the command for a person who is.
    """
    missing = [need for need in needs if not need.met]
    if not missing:
        return
    for need in missing:
        say(f"{need.package} is not on this machine: {need.why}.")
    command = (*INSTALL, *(need.package for need in missing))
    if not may_install():
        raise Stop("Set-up installs packages only as root on Debian.", f"sudo {shlex.join(command)}")
    with step("installing " + ", ".join(need.package for need in missing)):
        quietly = {"DEBIAN_FRONTEND": "noninteractive"}
        run(("apt-get", "update"), log=logs / "apt-update.log", seconds=300, extra=quietly)
        run(command, log=logs / "apt-install.log", seconds=900, extra=quietly)
