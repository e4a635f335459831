"""How fast a very large spec is read, judged and planned, and how fast its next runnable action is found.

Beside a bare load of the same text by YAML's C parser, in turns in one process: load + validate + plan stays under three
times that. The spec is OpenSAFELY's `disparities-comparison` (2,191 actions) where the sample projects are beside this
checkout, otherwise one of the same size and shape made here; the line says which. Refuses to measure a refused spec.
"""

import json
import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from statistics import median

import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from job_specs.parse import parse
from job_specs.plan import Plan, plan

SAMPLE = (
    Path(__file__).resolve().parents[2] / "shared" / "samples" / "projects" / "disparities-comparison.yaml"
)
ACTIONS, TURNS = 2_191, 7
BAR = 3.0
RUNNABLE_SECONDS = 0.005


def text() -> tuple[str, str]:
    """A name for the spec, and the spec."""
    if SAMPLE.exists():
        return SAMPLE.stem, SAMPLE.read_text(encoding="utf-8")
    chains = "".join(
        f"  prepare_{n}:\n    run: |-\n      ehrql:v1 generate-dataset analysis/dataset_definition.py\n"
        f"      --output output/data/season_{n}.arrow\n      -- season_{n}\n    outputs:\n"
        f"      highly_sensitive:\n        dataset: output/data/season_{n}.arrow\n\n"
        f"  model_{n}:\n    run: r:v2 analysis/model.R season_{n} older_adults\n    needs:\n    - prepare_{n}\n"
        f"    outputs:\n      moderately_sensitive:\n        csv: output/results/model_{n}_*.csv\n\n"
        for n in range(ACTIONS // 2)
    )
    last = "  gather:\n    run: r:v2 analysis/gather.R\n    outputs:\n      highly_sensitive:\n        a: output/a.csv\n"
    return "made-up", f"version: '5.0'\n\nactions:\n\n{chains}{last}"


def seconds(work: Callable[[], object]) -> float:
    """How long one call takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def ours(spec: str) -> Plan:
    """Load, validate, plan."""
    planned = plan(parse(spec))
    if len(planned.order) != ACTIONS:
        raise ValueError(f"{len(planned.order)} actions were planned, not {ACTIONS}")
    return planned


def load_validate_plan(name: str, spec: str) -> dict[str, object]:
    """Seconds for each, in turns, medians."""
    turns = [
        (seconds(lambda: ours(spec)), seconds(lambda: yaml.load(spec, yaml.CSafeLoader)))
        for _ in range(TURNS)
    ]
    mine, theirs = median(turn[0] for turn in turns), median(turn[1] for turn in turns)
    ratio = mine / theirs
    return {
        "name": f"specs: load, validate and plan {name} ({ACTIONS} actions), beside a bare C YAML load; seconds",
        "ours": round(mine, 4),
        "reference": round(theirs, 4),
        "ratio": round(ratio, 2),
        "bar": BAR,
        "ok": ratio < BAR,
    }


def next_runnable(planned: Plan) -> dict[str, object]:
    """Seconds for the worst of three moments: nothing done, half done, all but the last done."""
    moments = [planned.order[:count] for count in (0, ACTIONS // 2, ACTIONS - 1)]
    worst = max(median(seconds(lambda d=done: planned.runnable(d)) for _ in range(25)) for done in moments)
    return {
        "name": f"specs: next runnable of {ACTIONS} pending actions; seconds, beside the 5 ms allowed",
        "ours": round(worst, 5),
        "reference": RUNNABLE_SECONDS,
        "ratio": round(worst / RUNNABLE_SECONDS, 3),
        "bar": 1.0,
        "ok": worst < RUNNABLE_SECONDS,
    }


def memory(spec: str) -> dict[str, object]:
    """Peak mebibytes that Python allocates for each; marks and nodes made in C are part of both."""
    peaks = [_peak(lambda: ours(spec)), _peak(lambda: yaml.load(spec, yaml.CSafeLoader))]
    ratio = peaks[0] / peaks[1]
    return {
        "name": "specs: peak memory of the same; MiB",
        "ours": round(peaks[0], 1),
        "reference": round(peaks[1], 1),
        "ratio": round(ratio, 2),
        "bar": BAR,
        "ok": ratio < BAR,
    }


def _peak(work: Callable[[], object]) -> float:
    tracemalloc.start()
    work()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak / 2**20


if __name__ == "__main__":
    spec_name, spec_text = text()
    for line in (
        load_validate_plan(spec_name, spec_text),
        next_runnable(ours(spec_text)),
        memory(spec_text),
    ):
        print(json.dumps(line))
