"""What is true of boxes in bubblewrap alone: keepers, claims of uids, and what is left when someone is killed."""

import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from sandboxes import keeper
from sandboxes.bubblewrap import BubblewrapRunner, _claimed
from sandboxes.bubblewrap_form import NEVER, Tree, command
from sandboxes.images import installed
from sandboxes.model import Box, BoxRefused, Input, Phase, RunnerUnavailable, Status
from sandboxes.preflight import try_walls
from sandboxes.profile import Place, settings
from sandboxes.runner import run
from tests.contract.runner_contract import LIMITS, PATTERNS, TABLE, argv, until_stopped

pytestmark = [
    pytest.mark.skipif(shutil.which("bwrap") is None, reason="bubblewrap is not installed here"),
    pytest.mark.skipif(os.geteuid() != 0, reason="what anyone else gets is in test_runners_not_as_root"),
]
REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def image() -> str:
    images = installed()
    if "sql" not in images:
        pytest.skip("the sandbox images are not built: run `python -m sandboxes.images build` as root")
    return images["sql"].content_id


@pytest.fixture
def runner(tmp_path):
    made = BubblewrapRunner(state_dir=tmp_path / "state")
    yield made
    made.sweep()
    assert str(tmp_path) not in Path("/proc/self/mountinfo").read_text()


def box(image: str, program: str = "table", **more) -> Box:
    return replace(Box("job-1", image, argv(program), limits=LIMITS), **more)


def keepers(folder: Path) -> list[int]:
    """The processes that keep a box of this folder."""
    wanted = ["-m", "sandboxes.keeper", str(folder)]
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = entry.read_text().split("\0")
        except OSError:
            continue
        if words[1:4] == wanted:
            found.append(int(entry.parent.name))
    return found


def processes_of(uid: int) -> list[int]:
    """The processes of this host that belong to a uid and live; the dead may wait for the host to bury them."""
    return [int(path.name) for path in Path("/proc").glob("[0-9]*") if _lives_as(path, uid)]


def _lives_as(path: Path, uid: int) -> bool:
    try:
        said = dict(
            line.split(":\t", 1) for line in (path / "status").read_text().splitlines() if ":\t" in line
        )
    except OSError:
        return False
    return said["Uid"].split("\t")[0] == str(uid) and said["State"][0] not in "ZX"


def test_with_root_all_walls_stand_but_those_that_need_an_engine(runner, image, tmp_path):
    assert {wall.name for wall in runner.missing_walls()} == NEVER
    tried = try_walls(runner, "sql", image, tmp_path / "tries")
    assert tried
    assert [one for one in tried if one.is_open] == []


def test_a_box_dies_with_its_keeper_and_nothing_it_did_counts(runner, image, tmp_path):
    runner.prepare(box(image, "for-ever"))
    runner.launch("job-1")
    owner = runner._home.load("job-1").owner
    assert processes_of(owner)
    (kept,) = keepers(runner._home.folder("job-1"))
    os.kill(kept, signal.SIGKILL)
    for _ in range(100):
        if not processes_of(owner):
            break
        time.sleep(0.05)
    assert processes_of(owner) == []
    assert runner.observe("job-1").phase is Phase.ABSENT
    with pytest.raises(BoxRefused) as refused:
        runner.collect("job-1", (), tmp_path / "kept")
    assert refused.value.code == "BOX_LOST"
    assert run(runner, box(image), PATTERNS, tmp_path / "kept").status is Status.OK


def test_nothing_of_a_box_lives_on_after_it_was_halted(runner, image):
    program = "import os, time\nfor _ in range(3):\n if os.fork() == 0:\n  os.setsid(); os.close(1); os.close(2)\ntime.sleep(60)"
    runner.prepare(box(image, argv=("python3", "-c", program)))
    runner.launch("job-1")
    owner = runner._home.load("job-1").owner
    runner.halt("job-1")
    assert processes_of(owner) == []
    assert keepers(runner._home.folder("job-1")) == []


def test_a_program_that_leaves_children_behind_takes_them_along(runner, image, tmp_path):
    program = (
        "import os, time\nif os.fork() == 0:\n os.setsid()\n"
        " while True: open('/out/beat', 'a').write('x'); time.sleep(0.01)\ntime.sleep(0.3)"
    )
    runner.prepare(box(image, argv=("python3", "-c", program)))
    runner.launch("job-1")
    owner = runner._home.load("job-1").owner
    assert until_stopped(lambda: runner).status is Status.OK
    assert processes_of(owner) == []
    assert run(runner, box(image, argv=("python3", "-c", program)), ("beat",), tmp_path / "kept").collected


@pytest.mark.parametrize("moment", [0.0, 0.05, 0.2, 0.4, 0.8, 1.2])
def test_a_killed_worker_is_taken_up_where_it_was(runner, image, tmp_path, moment):
    into = tmp_path / "kept"
    text = (
        "from pathlib import Path\nfrom sandboxes.bubblewrap import BubblewrapRunner\nfrom sandboxes.runner import run\n"
        "from tests.sandboxes.test_bubblewrap_runner import slow\nprint('begun', flush=True)\n"
        f"run(BubblewrapRunner(state_dir=Path({str(tmp_path / 'state')!r})), slow({image!r}), ('table.csv',), Path({str(into)!r}))"
    )
    worker = subprocess.Popen(
        [sys.executable, "-c", text], cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    worker.stdout.readline()
    time.sleep(moment)
    os.kill(worker.pid, signal.SIGKILL)
    worker.communicate()
    receipt = run(runner, slow(image), PATTERNS, into)
    assert receipt.status is Status.OK
    assert [item.stored.read_bytes() for item in receipt.collected] == [TABLE]
    assert runner.sweep() == ()


def slow(image: str) -> Box:
    """A box that takes most of a second."""
    program = f"import time; time.sleep(0.6); open('/out/table.csv', 'wb').write({TABLE!r})"
    return Box("job-1", image, ("python3", "-c", program), limits=LIMITS)


def test_a_keeper_never_runs_a_box_twice(runner, image):
    runner.prepare(box(image, "starts"))
    runner.launch("job-1")
    until_stopped(lambda: runner)
    assert keeper.main(runner._home.folder("job-1")) == keeper.ALREADY_STARTED


def test_two_boxes_never_share_a_uid_and_a_claim_ends_with_its_box(runner, image, tmp_path):
    other = BubblewrapRunner(state_dir=tmp_path / "other")
    for one, job in ((runner, "job-1"), (runner, "job-2"), (other, "job-1")):
        one.prepare(box(image, job=job))
    owners = {
        one._home.load(job).owner for one, job in ((runner, "job-1"), (runner, "job-2"), (other, "job-1"))
    }
    assert len(owners) == 3
    assert other.sweep() == ("job-1",)


def test_a_claim_of_a_folder_that_is_gone_is_free_again(tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        folder.mkdir()
    assert _claimed(tmp_path / "claim", first)
    assert not _claimed(tmp_path / "claim", second)
    first.rmdir()
    assert _claimed(tmp_path / "claim", second)


def test_a_script_in_a_workspace_reads_and_writes_output_at_the_same_place(runner, image, tmp_path):
    (tmp_path / "analysis").mkdir()
    (tmp_path / "analysis" / "x.py").write_text(
        "print(open('output/extract/people.csv').read())\nopen('output/table.csv', 'w').write('x')\n"
    )
    (tmp_path / "people.csv").write_text("patient_id\n")
    inputs = (
        Input(tmp_path / "analysis", "/workspace/analysis"),
        Input(tmp_path / "people.csv", "/workspace/output/extract/people.csv"),
    )
    asked = box(image, argv=("python3", "analysis/x.py"), inputs=inputs, output_target="/workspace/output")
    receipt = run(runner, asked, ("table.csv",), tmp_path / "kept")
    assert receipt.log.read_text().split() == ["patient_id"]
    assert [item.path for item in receipt.collected] == ["table.csv"]
    assert receipt.undeclared == ()


def test_without_bubblewrap_there_is_one_thing_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RunnerUnavailable) as refused:
        BubblewrapRunner(state_dir=tmp_path / "state")
    assert refused.value.code == "NO_BUBBLEWRAP"
    assert "apt-get install bubblewrap" in refused.value.fix


def test_the_command_begins_with_every_namespace_and_ends_with_the_program(tmp_path):
    asked = Box("job-1", "sha256:" + "a" * 64, ("python3", "--version"))
    made = settings(asked, Place(300_000, tmp_path / "out", tmp_path / "empty", "x86_64"))
    words = command(
        made, Tree(tmp_path, ("usr",), (("bin", "usr/bin"),)), masked=(), seccomp_fd=200, mounted=False
    )
    wanted = {"--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-net", "--unshare-cgroup",
              "--disable-userns", "--new-session", "--die-with-parent", "--clearenv"}  # fmt: skip
    assert wanted <= set(words[: words.index("--")])
    assert words[words.index("--") :] == ["--", "python3", "--version"]
    assert words[words.index("--seccomp") + 1] == "200"
    assert words[words.index("--cap-drop") + 1] == "ALL"
