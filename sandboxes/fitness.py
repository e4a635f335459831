"""No job runs on a host whose walls were not tried: the tries are made once, and again whenever anything they rest on changes.

What is remembered is one digest over everything a verdict depends on: the runner and its parts' versions, the images,
the walls, the program of tries, and this start of the host. Only a good verdict is remembered. It refuses a host on
which a try got through or an image did not answer, with what to read.
"""

import fcntl
import hashlib
import json
import tempfile
from pathlib import Path

from sandboxes.model import RunnerUnavailable
from sandboxes.preflight import Report, Versioned, inspect_host
from sandboxes.probes import FOLDER
from sandboxes.runner import Clock

_BOOT = Path("/proc/sys/kernel/random/boot_id")
_FIX = "Read `tre sandbox report` (or `python -m sandboxes report`), mend what it names, and start again."


def require_fit(runner: Versioned, kept: Path, *, clock: Clock | None = None) -> None:
    """Try every wall in every image of the runner, unless that was done since anything changed.

    `kept` is a folder for what is remembered, one file for each kind of runner. Raises RunnerUnavailable when jobs may
    not run here; an engine that fails meanwhile raises it too.
    """
    kept.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (kept / f"{runner.name}.lock").open("a") as lock:
        # Whoever starts beside us waits, and finds it done: two at once would take each other's boxes.
        fcntl.flock(lock, fcntl.LOCK_EX)
        _try_unless_known(runner, kept / f"{runner.name}.fit", clock)


def _try_unless_known(runner: Versioned, known: Path, clock: Clock | None) -> None:
    now = _digest(runner)
    if known.is_file() and known.read_text(encoding="ascii") == now:
        return
    with tempfile.TemporaryDirectory(prefix="tre-tries-") as work:
        report = inspect_host(runner, Path(work), clock=clock)
    if not report.fit:
        raise _unfit(report)
    fresh = known.with_suffix(".new")
    fresh.write_text(now, encoding="ascii")
    fresh.replace(known)


def _digest(runner: Versioned) -> str:
    """Everything that a verdict rests on, as one digest."""
    rests_on = {
        "runner": runner.name,
        "versions": dict(runner.versions()),
        "images": dict(runner.images()),
        "walls": [wall.name for wall in runner.walls()],
        "missing": [wall.name for wall in runner.missing_walls()],
        "tries": hashlib.sha256((FOLDER / "try_walls.py").read_bytes()).hexdigest(),
        "boot": _BOOT.read_text(encoding="ascii").strip() if _BOOT.is_file() else "",
    }
    return hashlib.sha256(json.dumps(rests_on, sort_keys=True).encode()).hexdigest()


def _unfit(report: Report) -> RunnerUnavailable:
    if not report.images:
        return RunnerUnavailable(
            "NO_IMAGES",
            "There is no sandbox image on this host.",
            fix="A maintainer builds them: `python -m sandboxes.images build`.",
        )
    through = [f"{one.wall} in the image {one.image}" for one in report.breaches]
    silent = [f"no answer from the image {name}" for name in report.silent]
    said = "; ".join((*through, *silent))
    return RunnerUnavailable(
        "HOST_UNFIT",
        f"A wall that should stand around every job does not hold on this host, so no job is run: {said}.",
        fix=_FIX,
    )
