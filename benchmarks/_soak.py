"""An hour of work at a steady, modest rate, and the worker's memory at the end of it beside its memory near the beginning.

Started by hand: `python benchmarks/_soak.py [--minutes 60] [--every 2]`. Jobs are submitted, run, checked, voted on, signed
off and released for the whole time by a worker process whose programs are played. It refuses to call memory flat where a
job was left behind or the ledger does not verify.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.torture.stand import KINDS, PLAYED, begin, hands, review, tre_says, write_study
from tre.custody.requests import RequestStage

BAR = 1.1
MINUTE = 60
FINAL = {RequestStage.RELEASED, RequestStage.FAILED}


def resident_mb(pid: int) -> float:
    """What the process holds in memory."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS:"))


def soak(site: Path, study: str, worker: int, *, minutes: float, every: float) -> Iterator[float]:
    """Keep the site at work; the worker's memory, minute by minute."""
    house = hands(site).wiring().open_house(site)
    began, number = time.monotonic(), 0
    told = began
    while time.monotonic() - began < minutes * MINUTE:
        folder = write_study(
            site / "studies" / str(number), KINDS[PLAYED][number % len(KINDS[PLAYED])], number, 0.1
        )
        tre_says(site, "--as", "ada", "job", "submit", str(folder), "--study", study)
        number += 1
        if number % 10 == 0:
            review(house)
        if time.monotonic() - told >= MINUTE:
            told += MINUTE
            yield resident_mb(worker)
        time.sleep(max(0.0, began + number * every - time.monotonic()))


def left_behind(site: Path) -> int:
    """How many jobs are not in a final state, once everything has had time to end."""
    house = hands(site).wiring().open_house(site)
    for _ in range(120):
        review(house)
        stages = [house.service.request(request).stage for request in house.service.request_ids()]
        if (left := sum(stage not in FINAL for stage in stages)) == 0:
            break
        time.sleep(1)
    house.seals.verify()
    return left


def main() -> int:
    """Soak; print the line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--every", type=float, default=2)
    asked = parser.parse_args()
    with TemporaryDirectory(prefix="tre-soak-") as folder:
        site = Path(folder) / "site"
        study = begin(site, lease=30)
        worker = subprocess.Popen([sys.executable, "-m", "tests.torture.stand", str(site), "worker"])
        seen = []
        for held in soak(site, study, worker.pid, minutes=asked.minutes, every=asked.every):
            seen.append(held)
            print(f"[soak] minute {len(seen)}: {held:.1f} MB", file=sys.stderr, flush=True)
        left = left_behind(site)
        alive = worker.poll() is None
        worker.kill()
        worker.wait()
    settled, last = median(seen[len(seen) // 6 : len(seen) // 3] or seen), median(seen[-len(seen) // 6 :])
    ratio = last / settled
    line = {"name": "worker.soak", "ours": round(last, 1), "reference": round(settled, 1), "unit": "MB"}
    ok = ratio <= BAR and left == 0 and alive
    print(json.dumps({**line, "ratio": round(ratio, 3), "bar": BAR, "ok": ok, "left": left}))
    return int(not ok)


if __name__ == "__main__":
    sys.exit(main())
