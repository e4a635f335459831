"""How fast a very large spec is read, judged and planned, beside OpenSAFELY's own parser.

Started by hand: `python benchmarks/_specs_peer.py PYTHON`, where PYTHON is the interpreter of an environment of its own
that has the `opensafely` package. The peer only loads and validates; we plan as well. Both in turns, each in a process of
its own, timed inside it, so that neither pays for the other's start. Refuses to compare when the peer refuses the spec.
"""

import json
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.specs_plan import ours, text

BAR = 0.1
TURNS = 3
PEER = """
import sys, time
from opensafely._vendor.pipeline import load_pipeline
text = sys.stdin.read()
started = time.perf_counter()
load_pipeline(text, filename="project.yaml")
print(time.perf_counter() - started)
"""


def peer_seconds(interpreter: str, spec: str) -> float:
    """How long the peer takes to load and validate."""
    done = subprocess.run(
        [interpreter, "-I", "-c", PEER], input=spec, capture_output=True, text=True, check=True
    )
    return float(done.stdout.strip().splitlines()[-1])


def our_seconds(spec: str) -> float:
    """How long we take to load, validate and plan."""
    started = time.perf_counter()
    ours(spec)
    return time.perf_counter() - started


def main(interpreter: str) -> None:
    """Print one line."""
    name, spec = text()
    turns = [(our_seconds(spec), peer_seconds(interpreter, spec)) for _ in range(TURNS)]
    mine, theirs = median(turn[0] for turn in turns), median(turn[1] for turn in turns)
    result = {
        "name": f"specs: load, validate and plan {name}, beside the peer's load and validate; seconds",
        "ours": round(mine, 4),
        "reference": round(theirs, 4),
        "ratio": round(mine / theirs, 4),
        "bar": BAR,
        "ok": mine / theirs < BAR,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main(sys.argv[1])
