"""A laptop without root: boxes still run behind what walls there are, and the missing ones are said."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sandboxes.images import default_cache, installed

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can become someone who is not root"),
    pytest.mark.skipif(
        not Path("/usr/bin/python3").exists(), reason="this system has no Python that anyone may run"
    ),
]

SOMEBODY = 54_321
REPOSITORY = Path(__file__).parents[2]
SOCKET = Path("/var/run/docker.sock")

PROGRAM = """
import json, os, sys
from pathlib import Path
sys.path.insert(0, %(repository)r)
import encodings.idna
from sandboxes.choose import open_runner
from sandboxes.bubblewrap import BubblewrapRunner
from sandboxes.model import Box, Limits
from sandboxes.preflight import try_walls
from sandboxes.runner import run
# Everything is imported: this interpreter may be in root's own folder. A box's keeper is given the system's.
os.setgroups([int(sys.argv[4])]); os.setresgid(*(%(uid)d,) * 3); os.setresuid(*(%(uid)d,) * 3)
sys.executable = "/usr/bin/python3"
name, folder, cache = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
state = folder / "state"
runner = BubblewrapRunner(cache, state_dir=state) if name == "bubblewrap" else open_runner(name, state)
tried = try_walls(runner, "sql", runner.images()["sql"], folder / "tries")
program = "import os; open('/out/table.csv', 'w').write('x'); print(os.getuid())"
box = Box("job-1", runner.images()["sql"], ("python3", "-c", program), limits=Limits(wall_seconds=30))
receipt = run(runner, box, ("table.csv",), folder / "kept")
print(json.dumps({
    "missing": [wall.name for wall in runner.missing_walls()],
    "open": sorted({one.wall for one in tried if one.is_open}),
    "tried": len(tried),
    "status": receipt.status,
    "kept": [item.stored.read_text() for item in receipt.collected],
    "uid": receipt.log.read_text().strip(),
    "left": list(runner.sweep()),
}))
"""


@pytest.fixture(scope="module")
def place():
    """A folder that somebody may reach and write in."""
    folder = Path("/var/tmp") / f"tre-not-root-{os.getpid()}"  # noqa: S108 - pytest's own folders are for root alone
    folder.mkdir(mode=0o700)
    os.chown(folder, SOMEBODY, SOMEBODY)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def cache(place):
    """The image, where somebody may read it."""
    images = installed()
    if "sql" not in images:
        pytest.skip("the sandbox images are not built: run `python -m sandboxes.images build` as root")
    mine = default_cache()
    shutil.copytree(
        mine, place / "images", symlinks=True, copy_function=os.link, ignore=shutil.ignore_patterns(".*")
    )
    return place / "images"


@pytest.fixture
def said(place, request):
    def run_as_somebody(name: str, cache: Path) -> dict:
        folder = place / request.node.name
        folder.mkdir(mode=0o700)
        os.chown(folder, SOMEBODY, SOMEBODY)
        group = SOCKET.stat().st_gid if name == "docker" else SOMEBODY
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM % {"uid": SOMEBODY, "repository": str(REPOSITORY)}, name, folder, cache, str(group)],
            cwd="/", capture_output=True, text=True, check=False, env={"PATH": os.environ["PATH"], "TRE_CACHE": str(place)},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run_as_somebody


NEED_A_MOUNT = {"uid-per-job", "output-limit", "output-flags", "disk-limit"}


def test_bubblewrap_says_what_it_can_not_build_and_holds_the_rest(said, cache):
    if shutil.which("bwrap") is None:
        pytest.skip("bubblewrap is not installed here")
    answer = said("bubblewrap", cache)
    assert set(answer["missing"]) == NEED_A_MOUNT | {
        "scratch-limit", "private-memory", "memory", "pids", "cpus", "held-together", "pinned-image", "plain-image", "inspected",
    }  # fmt: skip
    assert set(answer["open"]) <= set(answer["missing"])
    assert answer["tried"] > 50
    assert (answer["status"], answer["kept"], answer["uid"]) == ("ok", ["x"], str(SOMEBODY))
    assert answer["left"] == []


@pytest.mark.engine
def test_docker_says_what_it_can_not_build_and_holds_the_rest(said, cache):
    answer = said("docker", cache)
    assert set(answer["missing"]) == NEED_A_MOUNT | {"held-together"}
    assert set(answer["open"]) <= set(answer["missing"])
    assert answer["tried"] > 50
    assert (answer["status"], answer["kept"], answer["uid"]) == ("ok", ["x"], str(SOMEBODY))
    assert answer["left"] == []
