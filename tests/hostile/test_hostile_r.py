"""[P1] What a stranger's R program tries: native code and programs of its own making, links, sockets, the image's files."""

import shutil
import subprocess
from pathlib import Path

import pytest

from sandboxes.images import installed
from sandboxes.model import Box, Input, Limits, Status
from sandboxes.runner import run
from tests.hostile.two_sides import PROGRAMS, read

pytestmark = [pytest.mark.engine, pytest.mark.hostile]
LIMITS = Limits(memory_bytes=256 << 20, wall_seconds=60, tmp_bytes=16 << 20, output_bytes=16 << 20)
ATTACKS = {
    "native:/out", "native:/tmp", "run:/out", "run:/tmp", "listen", "link", "code", "profile", "library", "kernel",
}  # fmt: skip


@pytest.fixture
def r_image() -> str:
    if "r" not in installed():
        pytest.skip("the sandbox images are not built: run `python -m sandboxes.images build` as root")
    return installed()["r"].content_id


@pytest.fixture
def code(tmp_path) -> Path:
    folder = tmp_path / "code"
    folder.mkdir()
    shutil.copy(PROGRAMS / "attacks.R", folder)
    return folder


def test_every_attempt_from_r_works_in_a_plain_container_and_none_in_a_box(r_image, code, tmp_path, walled):
    (tmp_path / "plain-out").mkdir()
    mounts = (f"--volume={code}:/code", f"--volume={tmp_path / 'plain-out'}:/out")
    argv = ["docker", "run", "--rm", "--user", "0:0", *mounts, r_image, "Rscript", "/code/attacks.R"]
    plain = read(subprocess.run(argv, capture_output=True, check=True, timeout=120).stdout)
    box = Box("hostile-r", r_image, ("Rscript", "/code/attacks.R"), (Input(code, "/code"),), limits=LIMITS)
    receipt = run(walled.runner(), box, (), walled.folder / "kept")
    ours = read(receipt.log.read_bytes())
    assert plain == dict.fromkeys(ATTACKS, "GOT")
    assert ours == dict.fromkeys(ATTACKS, "held")
    assert receipt.status is Status.OK


def test_a_profile_of_the_study_is_run_inside_the_box_if_at_all(r_image, code, walled):
    """A `.Rprofile` is code of the study's: it gets what the study's script gets, and a spec's `run` line leaves it out."""
    (code / ".Rprofile").write_text(
        'cat("profile=", if (file.create("/code/x")) "GOT" else "held", "\\n", sep = "")\n'
    )
    (code / "plain.R").write_text('cat("script=done\\n")\n')
    for number, (options, heard) in enumerate((((), True), (("--no-init-file",), False))):
        argv = ("Rscript", *options, "/code/plain.R")
        box = Box(f"profile-{number}", r_image, argv, (Input(code, "/code"),), limits=LIMITS)
        said = read(run(walled.runner(), box, (), walled.folder / f"kept-{number}").log.read_bytes())
        assert said["script"] == "done"
        assert said.get("profile", "") == ("held" if heard else "")
