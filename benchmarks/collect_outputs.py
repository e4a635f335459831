"""How fast outputs are collected, beside what an operator would do by hand: `cp` and then `sha256sum`.

500 files, 200 MB, in turns on the same disk. `cp` follows nothing and checks nothing; the collector checks every entry.
"""

import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from sandboxes.collect import collect
from sandboxes.model import Limits

FILES, BYTES, ROUNDS, BAR = 500, 400_000, 5, 1.5
LIMITS = Limits(output_bytes=FILES * BYTES, output_files=FILES)


def ours(out: Path, into: Path) -> None:
    """Our collector."""
    found = collect(out, patterns=("*.csv",), into=into, owner=os.geteuid(), limits=LIMITS)
    if len(found.collected) != FILES:
        raise RuntimeError("not every file was collected")


def by_hand(out: Path, into: Path) -> None:
    """The reference."""
    subprocess.run(["cp", "--recursive", out, into], check=True)
    subprocess.run(["sha256sum", *sorted(into.iterdir())], stdout=subprocess.DEVNULL, check=True)


def seconds(way: Callable[[Path, Path], None], out: Path, into: Path) -> float:
    """One round, and nothing of it left."""
    began = time.perf_counter()
    way(out, into)
    took = time.perf_counter() - began
    shutil.rmtree(into)
    return took


def main() -> None:
    """Print the one line."""
    with tempfile.TemporaryDirectory(prefix="tre-bench-") as work:
        out, into = Path(work, "out"), Path(work, "into")
        out.mkdir()
        for number in range(FILES):
            (out / f"table{number:03}.csv").write_bytes(os.urandom(BYTES))
        pairs = [(seconds(ours, out, into), seconds(by_hand, out, into)) for _ in range(ROUNDS)]
    mine, reference = (median(times) for times in zip(*pairs, strict=True))
    ratio = mine / reference
    line = {"name": "collect 500 files, 200 MB, beside cp and sha256sum", "bar": BAR, "ok": ratio <= BAR}
    print(
        json.dumps(
            {**line, "ours": round(mine, 3), "reference": round(reference, 3), "ratio": round(ratio, 2)}
        )
    )


if __name__ == "__main__":
    main()
