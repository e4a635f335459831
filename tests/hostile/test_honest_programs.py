"""The walls are for those who try them: ordinary study code runs unchanged, with every wall standing."""

import random
from dataclasses import replace
from pathlib import Path

import pytest

from sandboxes.images import installed
from sandboxes.model import Box, Input, Limits, Status
from sandboxes.runner import run

pytestmark = [pytest.mark.engine, pytest.mark.hostile]
HONEST = Path(__file__).parent / "honest"
LIMITS = Limits(memory_bytes=512 << 20, wall_seconds=60)


@pytest.fixture
def people(tmp_path) -> Path:
    """Made-up people."""
    made = random.Random(7)  # noqa: S311 - made-up people, the same ones each time
    rows = [(made.choice("MF"), made.randint(18, 95), round(made.gauss(75, 12), 1)) for _ in range(500)]
    path = tmp_path / "people.csv"
    path.write_text("sex,age,weight\n" + "".join(f"{sex},{age},{weight}\n" for sex, age, weight in rows))
    return path


def test_an_unmodified_study_script_runs_in_the_python_image(walled, people):
    inputs = (
        Input(HONEST / "numbers_study.py", "/workspace/analysis/numbers_study.py"),
        Input(people, "/workspace/analysis/people.csv"),
    )
    box = Box(
        job="honest-study",
        image=installed()["python"].content_id,
        argv=("python", "analysis/numbers_study.py"),
        inputs=inputs,
        limits=LIMITS,
        output_target="/workspace/output",
    )
    receipt = run(walled.runner(), box, ("*.csv", "counted.parquet"), walled.folder / "kept")
    assert receipt.status is Status.OK, receipt.log.read_text()
    assert [one.path for one in receipt.collected] == ["counted.parquet", "model.csv", "table.csv"]
    table = receipt.collected[2].stored.read_text().splitlines()
    assert table[0] == "sex,band,count"
    assert sum(int(row.rsplit(",", 1)[1]) for row in table[1:]) == 500


STUDIES = {
    "python": (
        ("python3", "analysis/winter_study.py"),
        ("ages.svg", "survival.png", "bands.csv", "by_sex.csv"),
    ),
    "r": (("Rscript", "analysis/winter_study.R"), ("ages.png", "survival.pdf", "wide.csv")),
}


@pytest.mark.parametrize("image", STUDIES)
def test_an_unmodified_study_of_each_language_runs_as_its_spec_would_run_it(walled, people, image):
    """Extract beneath output/, tables, models and figures beside it, libraries of the whole stack, two processors."""
    argv, more = STUDIES[image]
    if image not in installed():
        pytest.skip("the sandbox images are not built: run `python -m sandboxes.images build` as root")
    inputs = (Input(HONEST, "/workspace/analysis"), Input(people, "/workspace/output/people.csv"))
    box = Box(
        f"honest-{image}", installed()[image].content_id, argv, inputs, limits=replace(LIMITS, cpus=2),
        output_target="/workspace/output",
    )  # fmt: skip
    receipt = run(walled.runner(), box, ("table.csv", "models.csv", *more), walled.folder / "kept")
    assert receipt.status is Status.OK, receipt.log.read_text()
    collected = {one.path: one.stored for one in receipt.collected}
    assert set(collected) == {"table.csv", "models.csv", *more}
    table = [row.split(",") for row in collected["table.csv"].read_text().splitlines()]
    assert table[0] == ["sex", "band", "people", "admitted"]
    assert abs(sum(int(row[2]) for row in table[1:]) - 500) <= 15  # rounded to 5 in each of six groups


@pytest.mark.parametrize("allowed", [True, False])
def test_a_program_that_talks_to_itself_needs_the_opt_in(walled, allowed):
    inputs = (Input(HONEST, "/code"),)
    argv = ("python3", "/code/talks_to_itself.py")
    box = Box("honest-talk", walled.image, argv, inputs, limits=LIMITS, unix_sockets=allowed)
    receipt = run(walled.runner(), box, ("sum.csv",), walled.folder / "kept")
    assert receipt.status is (Status.OK if allowed else Status.FAILED)
    assert [one.stored.read_text() for one in receipt.collected] == (["sum\n45\n"] if allowed else [])
