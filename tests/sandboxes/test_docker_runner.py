"""What is true of boxes in containers alone: uids, images, inspection, and a host where someone was killed half-way."""

import copy
import os
import signal
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from docker import APIClient

from sandboxes import mounts
from sandboxes.docker import DockerRunner
from sandboxes.docker_state import epoch
from sandboxes.images import installed
from sandboxes.model import Box, BoxRefused, Input, Phase, RunnerUnavailable, Status
from sandboxes.profile import Profile
from sandboxes.runner import run
from tests.contract.runner_contract import LIMITS, PATTERNS, TABLE, argv, until_stopped

pytestmark = pytest.mark.engine

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def image() -> str:
    images = installed()
    if "sql" not in images:
        pytest.skip("the sandbox images are not built: run `python -m sandboxes.images build` as root")
    return images["sql"].content_id


def test_a_stronger_runtime_that_the_engine_does_not_know_stops_every_job(tmp_path):
    with pytest.raises(RunnerUnavailable) as refused:
        DockerRunner(state_dir=tmp_path, site=Profile(runtime="no-such-runtime"))
    assert refused.value.code == "RUNTIME_UNKNOWN"
    assert DockerRunner(state_dir=tmp_path, site=Profile(runtime="runc")).images() is not None


@pytest.fixture(scope="module")
def api():
    with closing(APIClient(version="auto")) as client:
        yield client


@pytest.fixture
def state(tmp_path):
    yield tmp_path / "state"
    DockerRunner(state_dir=tmp_path / "state").sweep()
    assert " tre rw" not in "".join(
        line for line in Path("/proc/self/mountinfo").read_text().splitlines() if str(tmp_path) in line
    )


@pytest.fixture
def runner(state) -> DockerRunner:
    return DockerRunner(state_dir=state)


def box(image: str, program: str = "table", job: str = "job-1", **more) -> Box:
    return replace(Box(job, image, argv(program), limits=LIMITS), **more)


def containers(api: APIClient, runner: DockerRunner) -> list[dict]:
    return api.containers(all=True, filters={"label": f"tre.home={runner._home.label}"})


def test_two_boxes_never_share_a_uid(runner, image, api, tmp_path):
    other = DockerRunner(state_dir=tmp_path / "other")
    runner.prepare(box(image))
    other.prepare(box(image))
    runner.prepare(box(image, job="job-2"))
    uids = {
        api.inspect_container(found["Id"])["Config"]["User"]
        for found in (*containers(api, runner), *containers(api, other))
    }
    other.sweep()
    assert len(uids) == 3
    assert "0:0" not in uids


def test_one_runner_never_sees_or_sweeps_anothers_boxes(runner, image, tmp_path):
    other = DockerRunner(state_dir=tmp_path / "other")
    runner.prepare(box(image))
    assert other.observe("job-1").phase is Phase.ABSENT
    assert other.sweep() == ()
    assert runner.observe("job-1").phase is Phase.PREPARED


def test_an_image_by_name_is_never_asked_for(image):
    for name in ("sql", "tre-sandbox/sql:latest", image.removeprefix("sha256:"), image[:20]):
        with pytest.raises(BoxRefused) as refused:
            box(name)
        assert refused.value.code == "IMAGE_NOT_PINNED"


CHANGES = {
    "a capability": ("HostConfig", "CapAdd", ["SYS_ADMIN"]),
    "a privilege": ("HostConfig", "Privileged", True),
    "a network": ("HostConfig", "NetworkMode", "bridge"),
    "a disk": ("HostConfig", "Binds", ["/:/host"]),
    "a device": ("HostConfig", "Devices", [{"PathOnHost": "/dev/kmsg"}]),
    "another user": ("Config", "User", "0:0"),
    "another command": ("Config", "Cmd", ["sh"]),
    "a variable": ("Config", "Env", ["https_proxy=http://user:password@proxy"]),
    "no filter": ("HostConfig", "SecurityOpt", ["no-new-privileges:true", "seccomp=unconfined"]),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_box_that_is_not_as_asked_is_destroyed_unstarted(runner, image, api, monkeypatch, change):
    part, field, value = CHANGES[change]
    said = type(runner._api).inspect_container

    def lies(client, container):
        answer = copy.deepcopy(said(client, container))
        answer[part][field] = value
        return answer

    runner.prepare(box(image))
    monkeypatch.setattr(type(runner._api), "inspect_container", lies)
    with pytest.raises(BoxRefused) as refused:
        runner.launch("job-1")
    assert refused.value.code == "NOT_AS_ASKED"
    assert f"{part}.{field}" in refused.value.sentence
    assert containers(api, runner) == []


def test_a_box_whose_outputs_are_on_another_disk_is_destroyed_unstarted(runner, image, api):
    runner.prepare(box(image))
    output = runner._home.output("job-1")
    mounts._unmount(output)
    with pytest.raises(BoxRefused) as refused:
        runner.launch("job-1")
    assert "Output.mounted" in refused.value.sentence
    assert containers(api, runner) == []


def test_a_real_container_that_someone_else_made_under_our_labels_is_destroyed(runner, image, api):
    runner.prepare(box(image))
    (found,) = containers(api, runner)
    labels, name = api.inspect_container(found["Id"])["Config"]["Labels"], found["Names"][0]
    api.remove_container(found["Id"])
    api.create_container(image, "true", name=name, labels=labels, use_config_proxy=False)
    with pytest.raises(BoxRefused) as refused:
        runner.launch("job-1")
    assert refused.value.code == "NOT_AS_ASKED"
    assert containers(api, runner) == []


def test_a_proxy_of_the_accounts_settings_never_reaches_a_box(image, state, tmp_path, monkeypatch):
    settings = tmp_path / "config.json"
    settings.write_text('{"proxies": {"default": {"httpProxy": "http://user:password@proxy:3128"}}}')
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.setenv("HTTPS_PROXY", "http://user:password@proxy:3128")
    program = ("python3", "-c", "import os; print(sorted(os.environ))")
    receipt = run(DockerRunner(state_dir=state), box(image, argv=program), (), tmp_path / "kept")
    assert receipt.log.read_text() == f"{['HOME', 'HOSTNAME', 'LANG', 'PATH', 'PYTHONDONTWRITEBYTECODE']}\n"


def test_outputs_that_a_restart_of_the_host_took_are_said_to_be_lost(runner, image, tmp_path):
    runner.prepare(box(image))
    runner.launch("job-1")
    until_stopped(lambda: runner)
    mounts._unmount(runner._home.output("job-1"))
    with pytest.raises(BoxRefused) as refused:
        runner.collect("job-1", PATTERNS, tmp_path / "kept")
    assert refused.value.code == "BOX_LOST"
    runner.discard("job-1")
    assert run(runner, box(image), PATTERNS, tmp_path / "kept").status is Status.OK


def test_a_container_that_someone_removed_is_absent_and_can_be_made_again(runner, image, api, tmp_path):
    runner.prepare(box(image))
    api.remove_container(containers(api, runner)[0]["Id"])
    assert runner.observe("job-1").phase is Phase.ABSENT
    assert run(runner, box(image), PATTERNS, tmp_path / "kept").status is Status.OK


def test_an_engine_that_does_not_answer_is_one_refusal(tmp_path):
    with pytest.raises(RunnerUnavailable) as refused:
        DockerRunner("unix:///nowhere/docker.sock", state_dir=tmp_path)
    assert refused.value.code == "ENGINE_SILENT"


def test_a_script_in_a_workspace_reads_and_writes_output_at_the_same_place(runner, image, tmp_path):
    """[OpenSAFELY's convention] `output/…` of earlier actions is read, and of this action written."""
    (tmp_path / "analysis").mkdir()
    (tmp_path / "analysis" / "x.py").write_text(
        "print(open('output/extract/people.csv').read())\n"
        "for name in ('output/extract/people.csv', 'analysis/x.py'):\n"
        "    try: open(name, 'w')\n"
        "    except OSError as refused: print(refused.errno)\n"
        "open('output/table.csv', 'w').write('x')\n"
    )
    (tmp_path / "people.csv").write_text("patient_id\n")
    inputs = (
        Input(tmp_path / "analysis", "/workspace/analysis"),
        Input(tmp_path / "people.csv", "/workspace/output/extract/people.csv"),
    )
    asked = box(image, argv=("python3", "analysis/x.py"), inputs=inputs, output_target="/workspace/output")
    receipt = run(runner, asked, ("table.csv",), tmp_path / "kept")
    assert receipt.status is Status.OK
    assert receipt.log.read_text().split() == ["patient_id", "30", "30"]
    assert [item.path for item in receipt.collected] == ["table.csv"]
    assert receipt.undeclared == ()
    assert (tmp_path / "people.csv").read_text() == "patient_id\n"


def test_a_program_that_is_not_in_the_image_fails_and_nothing_stays(runner, image, api, tmp_path):
    receipt = run(runner, box(image, argv=("no-such-program",)), (), tmp_path / "kept")
    assert receipt.status is Status.FAILED
    assert containers(api, runner) == []


def test_a_log_of_many_short_lines_is_whole_and_not_said_to_be_cut(runner, image, tmp_path):
    program = ("python3", "-c", "for number in range(5000): print(f'{number:039}')")
    limits = replace(LIMITS, log_bytes=256 << 10)
    receipt = run(runner, box(image, argv=program, limits=limits), (), tmp_path / "kept")
    assert len(receipt.log.read_bytes().splitlines()) == 5000
    assert not receipt.log_truncated


def test_a_child_that_ran_out_of_memory_is_told_though_its_parent_ended_well(runner, image, tmp_path):
    program = "import os\nif os.fork() == 0:\n b = bytearray(512 << 20)\n for i in range(0, len(b), 4096): b[i] = 1\nos.wait()"
    receipt = run(runner, box(image, argv=("python3", "-c", program)), (), tmp_path / "kept")
    assert (receipt.status, receipt.exit_code) == (Status.OUT_OF_MEMORY, 0)


def test_a_box_of_another_digest_left_by_a_crash_before_its_record_is_replaced(runner, image, tmp_path):
    runner.prepare(box(image))
    (runner._home.folder("job-1") / "box.json").unlink()
    assert runner.observe("job-1").phase is Phase.ABSENT
    assert run(runner, box(image, "fails"), PATTERNS, tmp_path / "kept").status is Status.FAILED


@pytest.mark.parametrize(
    "text",
    ["2026-11-23T19:06:59.400165994Z", "2026-11-23T19:06:59.4001659Z", "2026-11-23T20:06:59.400165+01:00"],
)
def test_the_engines_times_are_read_to_the_microsecond(text):
    assert epoch(text) == pytest.approx(1_795_460_819.400165, abs=1e-6)


WORKER = """
import sys
from pathlib import Path
from sandboxes.docker import DockerRunner
from sandboxes.runner import run
sys.path.insert(0, {repository!r})
from tests.sandboxes.test_docker_runner import slow
print("begun", flush=True)
run(DockerRunner(state_dir=Path({state!r})), slow({image!r}), ("table.csv",), Path({into!r}))
"""


def slow(image: str) -> Box:
    """A box that takes about a second."""
    program = f"import time; time.sleep(0.7); open('/out/table.csv', 'wb').write({TABLE!r})"
    return Box("job-1", image, ("python3", "-c", program), limits=LIMITS)


@pytest.mark.parametrize("moment", [0.0, 0.05, 0.15, 0.3, 0.5, 0.8, 1.2, 1.6])
def test_a_killed_worker_is_taken_up_where_it_was(state, image, api, tmp_path, moment):
    """Whenever the worker dies, the next one ends in the same receipt, and nothing is left."""
    into = tmp_path / "kept"
    text = WORKER.format(repository=str(REPOSITORY), state=str(state), image=image, into=str(into))
    worker = subprocess.Popen(
        [sys.executable, "-c", text], cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    worker.stdout.readline()
    time.sleep(moment)
    os.kill(worker.pid, signal.SIGKILL)
    worker.communicate()
    runner = DockerRunner(state_dir=state)
    receipt = run(runner, slow(image), PATTERNS, into)
    assert receipt.status is Status.OK
    assert [item.stored.read_bytes() for item in receipt.collected] == [TABLE]
    assert containers(api, runner) == []
    assert runner.sweep() == ()


def test_a_box_nobody_watches_is_found_overdue_and_ended(state, image):
    first = DockerRunner(state_dir=state)
    first.prepare(box(image, "for-ever", limits=replace(LIMITS, wall_seconds=1)))
    first.launch("job-1")
    del first
    time.sleep(1.2)
    later = DockerRunner(state_dir=state)
    assert later.sweep(frozenset({"job-1"})) == ()
    assert later.observe("job-1").status is Status.TIMED_OUT
