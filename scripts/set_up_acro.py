"""An environment of its own with ACRO, for comparing with: `python scripts/set_up_acro.py` makes build/acro.

Kept apart from ours: ACRO caps pandas below what we use. Refuses to touch an environment that is there already.
"""

import subprocess
import sys
from pathlib import Path

PLACE = Path(__file__).resolve().parents[1] / "build" / "acro"
VERSION = "acro==1.0.2"  # AI-SDC, MIT


def main() -> int:
    """Make the environment; returns pip's exit code."""
    if (PLACE / "bin" / "python").exists():
        return 0
    subprocess.run([sys.executable, "-m", "venv", str(PLACE)], check=True)
    return subprocess.run([str(PLACE / "bin" / "pip"), "install", "-q", VERSION], check=False).returncode


if __name__ == "__main__":
    raise SystemExit(main())
