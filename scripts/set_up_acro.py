"""Environments of their own with ACRO and SACRO-Viewer, to compare with: `python scripts/set_up_acro.py` makes both under build/.

Kept apart from ours: ACRO caps pandas below what we use, and the viewer is a Django application. Refuses to touch an environment
that is there already.
"""

import subprocess
import sys
from pathlib import Path

BUILD = Path(__file__).resolve().parents[1] / "build"
ENVIRONMENTS = {
    "acro": "acro==1.0.2",  # AI-SDC, MIT
    "sacro_viewer": "sacroviewer==0.2.1",  # AI-SDC, MIT
}


def made(place: Path, package: str) -> int:
    """Make one environment, where it is not there yet; gives pip's exit code."""
    if (place / "bin" / "python").exists():
        return 0
    subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
    return subprocess.run([str(place / "bin" / "pip"), "install", "-q", package], check=False).returncode


def main() -> int:
    """Make the environments; the first failure is the exit code."""
    codes = [made(BUILD / name, package) for name, package in ENVIRONMENTS.items()]
    return next((code for code in codes if code), 0)


if __name__ == "__main__":
    raise SystemExit(main())
