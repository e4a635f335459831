"""A run line names an image and a script: the site's map says which image that is, the script's ending which language."""

import time
from pathlib import Path
from types import SimpleNamespace

import pytest

import job_specs
from job_specs.model import RunBody
from job_specs.parse import parse
from sandboxes.rehearsal import IMAGES, RehearsalRunner
from sandboxes.runner import SystemClock
from tre.dispatch.actions import Dispatcher, Rooms, command
from tre.dispatch.errors import DispatchError

SPEC = Path(job_specs.__file__).parent / "examples" / "covid-tests" / "project.yaml"
OWN = "sha256:" + "4" * 64


def image_for(run: str, images: dict[str, str], tmp_path: Path) -> str:
    """The content id that the dispatcher gives to an action whose run line is `run`."""
    spec = parse(
        SPEC.read_text(encoding="utf-8").replace("python:v1 analysis/describe.py", run), file="project.yaml"
    )
    rooms = Rooms(None, None, None, RehearsalRunner({}), SystemClock(), time.monotonic)
    dispatcher = Dispatcher(rooms, images, tmp_path)
    dispatcher._intake = lambda _case: SimpleNamespace(spec=spec)
    return dispatcher.image_for(None, "describe")


def test_a_name_of_the_sites_is_an_image_that_was_built_here(tmp_path):
    assert image_for("python:v2 analysis/describe.py", {"python:v2": "python"}, tmp_path) == IMAGES["python"]


@pytest.mark.parametrize("run", ["stata-mp:v1 analysis/describe.do", "r:v2 analysis/describe.R"])
def test_a_name_of_the_sites_is_an_image_of_its_own_by_content(tmp_path, run):
    assert image_for(run, {run.split()[0]: OWN}, tmp_path) == OWN


def test_an_image_that_is_not_here_is_refused_with_what_to_do(tmp_path):
    with pytest.raises(DispatchError) as refused:
        image_for("r:v2 analysis/describe.R", {"r:v2": "no-such-image"}, tmp_path)
    assert refused.value.code == "image-not-here"


def test_a_name_that_the_site_does_not_map_is_refused_with_those_it_does(tmp_path):
    with pytest.raises(DispatchError) as refused:
        image_for("python:v9 analysis/describe.py", {"python:v2": "python"}, tmp_path)
    assert refused.value.code == "image-unknown"
    assert "python:v2" in refused.value.fix


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (("analysis/x.py", "--month", "2021-03"), ("python3", "analysis/x.py", "--month", "2021-03")),
        (("python", "-m", "analysis.x"), ("python", "-m", "analysis.x")),
        (("Rscript", "analysis/x.R"), ("Rscript", "analysis/x.R")),
        (("analysis/x.do",), ("analysis/x.do",)),
    ],
)
def test_a_script_is_given_to_its_language_and_a_program_is_itself(argv, words):
    assert command(RunBody("python:v2", argv, {})) == words


def test_an_r_script_is_run_without_a_study_s_own_profile_and_without_a_saved_session():
    first, *options, script = command(RunBody("r:v2", ("analysis/x.R",), {}))
    assert (first, script) == ("Rscript", "analysis/x.R")
    assert {"--no-init-file", "--no-environ", "--no-restore", "--no-save"} <= set(options)
