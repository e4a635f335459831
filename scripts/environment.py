"""The virtual environment, from requirement files whose every line carries a digest. Refuses a package without one."""

import hashlib
import subprocess
import sys
from pathlib import Path

from scripts.machine import Need, install
from scripts.steps import run, step

LOCK = "requirements/dev.txt"
STAMP = "set-up.stamp"


def ensure(repository: Path, logs: Path) -> None:
    """Make `.venv` agree with the lock file and the project file; nothing is done when its stamp says it does.

    Raises:
        Stop: when Python cannot make environments here and this account may not install what is missing.
    """
    venv = repository / ".venv"
    stamp = venv / STAMP
    wanted = fingerprint(repository)
    if works(venv) and stamp.exists() and stamp.read_text(encoding="ascii") == wanted:
        return
    install((Need("python3-venv", "makes virtual environments", can_make_environments()),), logs)
    if not works(venv):
        with step(f"making .venv with {sys.executable}"):
            run((sys.executable, "-m", "venv", "--clear", str(venv)), log=logs / "venv.log", seconds=120)
    fill(repository, venv, logs)
    stamp.write_text(wanted, encoding="ascii")


def fill(repository: Path, venv: Path, logs: Path) -> None:
    """Install exactly what is locked, then this repository itself so that edits are seen at once."""
    pip = (str(venv / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "install")
    with step(f"installing the packages of {LOCK} (digests checked)"):
        locked = ("--require-hashes", "--requirement", str(repository / LOCK))
        run((*pip, *locked), log=logs / "pip.log", seconds=1200)
    with step("installing the `tre` command"):
        itself = ("--no-deps", "--no-build-isolation", "--editable", str(repository))
        run((*pip, *itself), log=logs / "pip-tre.log", seconds=300)


def fingerprint(repository: Path) -> str:
    """A digest of everything that decides what is in `.venv`, its place included: scripts in it name their path."""
    seen = hashlib.sha256(f"{repository}\n".encode())
    for name in (LOCK, "pyproject.toml"):
        seen.update((repository / name).read_bytes())
    return seen.hexdigest()


def works(venv: Path) -> bool:
    """Whether there is an environment with a Python that starts and a pip."""
    python = venv / "bin" / "python"
    if not python.exists():
        return False
    return subprocess.run((python, "-c", "import pip"), capture_output=True, check=False).returncode == 0


def can_make_environments() -> bool:
    """Debian ships Python without `ensurepip` until python3-venv is installed."""
    asked = subprocess.run((sys.executable, "-c", "import ensurepip, venv"), capture_output=True, check=False)
    return asked.returncode == 0
