"""What the benchmarks of the SQL engine share: a line, turns, and a store of a million people. It measures nothing itself."""

import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from job_specs.sql.model import Scope  # noqa: E402 - the path comes first
from tre.data.catalogue import load_catalogue, scope  # noqa: E402
from tre.data.extract import EngineLimits  # noqa: E402
from tre.data.ingest import ingest  # noqa: E402
from tre.data.pseudonyms import Key, Role  # noqa: E402
from tre.data.room import scope_of  # noqa: E402
from tre.data.store import Store  # noqa: E402
from tre.data.store import open_store as opened  # noqa: E402
from tre.data.synth import synthesise  # noqa: E402

PATIENTS = int(os.environ.get("TRE_BENCH_PATIENTS", "1000000"))
"""Fewer are for looking at the benchmark itself; a figure is claimed of a million."""
EVENTS_EACH, THREADS = 10, 2
SITE = Key(Role.SITE, 1, "", bytes(range(32)))
LIMITS = EngineLimits(memory_bytes=3 << 30, threads=THREADS)


def line(name: str, ours: float, reference: float, bar: float, *, whole: bool, **more: Any) -> None:
    """Print one result; less is better."""
    ratio = ours / reference
    result = {
        "name": name,
        "ours": round(ours, 3),
        "reference": round(reference, 3),
        "ratio": round(ratio, 3),
    }
    print(json.dumps(result | {"bar": bar, "ok": ratio <= bar and whole} | more), flush=True)


def timed(work: Callable[[], object]) -> float:
    """Seconds that some work takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def in_turns(turns: int, *works: Callable[[], object]) -> tuple[float, ...]:
    """The median seconds of each work, all of them in turns; the first round only warms the files."""
    rounds = [tuple(timed(work) for work in works) for _ in range(turns + 1)][1:]
    return tuple(median(seconds) for seconds in zip(*rounds, strict=True))


def people(folder: Path) -> Store:
    """A store of a million people and ten million coded events."""
    supply = folder / "supply.duckdb"
    synthesise(supply, patients=PATIENTS, seed=7, events_per_patient=EVENTS_EACH)
    ingest(supply, folder / "store", key=SITE, backend="tpp", at=datetime(2026, 1, 5, tzinfo=UTC))
    supply.unlink()
    return opened(folder / "store")


def facts(tables: Mapping[str, list[str]]) -> Scope:
    """Those tables as the guard knows them."""
    return scope_of(scope(load_catalogue(), tables))
