"""On synthetic data a failure is explained: the error, the author's own lines, and what most often causes it."""

import tomllib
from pathlib import Path

import pytest

from sandboxes.causes import CAUSES
from sandboxes.docker import DockerRunner
from sandboxes.explain import explain
from sandboxes.model import Box, Input, Limits, Status
from sandboxes.runner import run

CASES = tomllib.loads(Path(__file__).with_name("failing.toml").read_text(encoding="utf-8"))
SOURCES = {f"analysis/{name}": case["script"] for name, case in CASES.items()}
RUN_ALL = """
for script in analysis/*.py; do python3 "$script" >"output/$(basename "$script").log" 2>&1; done
"""
RUN_ALL_R = RUN_ALL.replace("python3", "Rscript --no-environ --no-init-file").replace(".py;", ".R;")


def logs(image: str, script: str, folder: Path) -> dict[str, str]:
    """What each failing script said, run one after the other in one box with every wall."""
    runner = DockerRunner(state_dir=folder / "state")
    analysis = folder / "analysis"
    analysis.mkdir()
    for name, case in CASES.items():
        (analysis / name).write_text(case["script"], encoding="utf-8")
    images = runner.images()
    if image not in images:
        pytest.skip("the sandbox images are not built: run `python -m sandboxes.images build` as root")
    box = Box(
        f"explain-{image}", images[image], ("sh", "-c", script + "true"), (Input(analysis, "/workspace/analysis"),),
        limits=Limits(wall_seconds=120), output_target="/workspace/output",
    )  # fmt: skip
    receipt = run(runner, box, ("*.log",), folder / "kept")
    assert receipt.status is Status.OK, receipt.log.read_text()
    return {one.path.removesuffix(".log"): one.stored.read_text() for one in receipt.collected}


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    folder = tmp_path_factory.mktemp("explain")
    return logs("python", RUN_ALL, folder / "python") | logs("r", RUN_ALL_R, folder / "r")


@pytest.mark.engine
@pytest.mark.parametrize("name", CASES)
def test_a_failure_is_explained_by_its_error_its_own_lines_and_a_likely_cause(said, name):
    case = CASES[name]
    told = explain(Status.FAILED, said[name], SOURCES.get, script=f"analysis/{name}")
    assert told is not None
    assert case["error"] in told.error, said[name]
    assert [line.number for line in told.lines] == case["lines"], said[name]
    assert all(
        line.text == SOURCES[f"analysis/{name}"].splitlines()[line.number - 1].strip() for line in told.lines
    )
    assert case["cause"] in told.cause + told.fix, said[name]
    assert bool(case["cause"]) == bool(told.fix)


def test_a_program_that_ended_well_needs_no_explanation():
    assert explain(Status.OK, "Traceback (most recent call last):\nKeyError: 'x'\n", SOURCES.get) is None


@pytest.mark.parametrize("status", [one for one in Status if one not in {Status.OK, Status.FAILED}])
def test_what_the_kernel_or_the_collector_ended_is_explained_by_that_alone(status):
    told = explain(status, "Traceback (most recent call last):\nKeyError: 'x'\n", SOURCES.get)
    assert told.cause
    assert told.fix
    assert told.error == ""


@pytest.mark.parametrize(
    "log",
    [
        "",
        "\n" * 50,
        'Traceback (most recent call last):\n  File "/etc/passwd", line 1, in x\n' * 1000,
        'Traceback (most recent call last):\n  File "/workspace/../../etc/passwd", line 1, in x\nE: y',
        'Traceback (most recent call last):\n  File "analysis/column.py", line 99999999999, in x\nE: y',
        "Error in (((((" * 5000,
        "Error in f() (from ../../etc/passwd#1) : x\n",
    ],
)
def test_a_log_that_lies_shows_nothing_but_the_authors_own_files(log):
    told = explain(Status.FAILED, log, SOURCES.get, script="analysis/column.R")
    assert told is not None
    assert all(line.path in SOURCES for line in told.lines)
    assert len(told.error) <= 400


def test_every_likely_cause_says_what_to_do():
    assert all(cause.pattern and cause.sentence and cause.fix for cause in CAUSES)
