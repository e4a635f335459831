"""Every wall stands for something: with it the attack fails, without it, and nothing else changed, the attack works."""

import os
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from docker import APIClient

from sandboxes.images import installed
from sandboxes.model import BoxRefused, Phase
from sandboxes.profile import PROCEDURES, WALLS, Profile
from tests.hostile.two_sides import SMALL, Walled, wait

pytestmark = [pytest.mark.engine, pytest.mark.hostile]
HERE = Path(__file__).parent
PROOFS = tomllib.loads((HERE / "walls.toml").read_text(encoding="utf-8"))
DONE = PROOFS.pop("procedures")
RUN = sorted(
    name for name, proof in PROOFS.items() if not {"measured", "unwatched", "health_check"} & set(proof)
)


@pytest.fixture
def identity_bait(walled: Walled) -> Iterator[None]:
    """A set-id program among the inputs, as an image or a careless host might bring one."""
    program = walled.bait.data / "set-id-id"
    shutil.copy(installed()["sql"].rootfs / "usr/bin/id", program)
    program.chmod(0o4755)
    yield
    program.unlink()


def test_every_wall_has_a_proof_and_every_proof_a_wall():
    assert set(PROOFS) == {wall.name for wall in WALLS}
    assert set(DONE) == {wall.name for wall in PROCEDURES}


@pytest.mark.parametrize("name", sorted(DONE))
def test_what_proves_a_procedure_is_a_test_that_exists(name):
    file, test = DONE[name].split("::")
    assert f"def {test}(" in (HERE / file).read_text(encoding="utf-8")


def attacked(walled: Walled, name: str, host_service: tuple[str, str], without: frozenset[str]) -> bool:
    """Whether the attack that proves a wall works when these walls are taken away."""
    proof = PROOFS[name]
    address, port = host_service
    arguments = [one.format(address=address, port=port) for one in proof.get("arguments", ())]
    limits = replace(SMALL, **proof.get("limits", {}))
    return proof["attack"] in walled(proof["program"], *arguments, without=without, limits=limits).got()


@pytest.mark.skipif(
    os.geteuid() != 0, reason="some walls are mounts, and a set-id program is bait: both need root"
)
@pytest.mark.usefixtures("identity_bait")
@pytest.mark.parametrize("name", RUN)
def test_a_wall_stops_its_attack_and_nothing_else_does(name, walled, host_service):
    proof = PROOFS[name]
    others = frozenset(proof.get("also_without", ()))
    assert not attacked(walled, name, host_service, others)
    data = walled.bait.data / "data.csv"
    before = data.read_bytes()
    assert attacked(walled, name, host_service, others | {name})
    if proof.get("spoils_data"):
        assert data.read_bytes() != before
        data.write_bytes(before)


@pytest.mark.parametrize("stands", [True, False])
def test_processor_time_is_a_wall(stands, walled):
    """With nobody watching the clock."""
    proof = PROOFS["processor-time"]
    runner = walled.runner(frozenset() if stands else frozenset({"processor-time"}))
    box = walled.box(proof["program"], *proof["arguments"], limits=replace(SMALL, **proof["limits"]))
    runner.prepare(box)
    runner.launch(box.job)
    assert wait(lambda: runner.observe(box.job).phase is Phase.STOPPED, seconds=40)
    log = runner.collect(box.job, (), walled.folder / "kept").log.read_text()
    runner.discard(box.job)
    assert ("spun=GOT" in log) is not stands


def throttled(job: str) -> int | None:
    """How often the engine says that a box was held back; None when it does not run."""
    with closing(APIClient()) as api:
        found = api.containers(filters={"label": f"tre.job={job}"})
        said = api.stats(found[0]["Id"], stream=False, one_shot=True) if found else {}
    return said.get("cpu_stats", {}).get("throttling_data", {}).get("throttled_periods")


@pytest.mark.parametrize("stands", [True, False])
def test_processors_are_a_wall(stands, walled):
    """Told by how often it was held back, not by how much it got: that depends on what else the machine does."""
    proof = PROOFS["cpus"]
    runner = walled.runner(frozenset() if stands else frozenset({"cpus"}))
    box = walled.box(proof["program"], *proof["arguments"], limits=replace(SMALL, **proof["limits"]))
    runner.prepare(box)
    runner.launch(box.job)
    most = 0
    while runner.observe(box.job).phase is Phase.RUNNING:
        most = max(most, throttled(box.job) or 0)
    runner.discard(box.job)
    assert (most > 0) is stands


@pytest.mark.parametrize("stands", [True, False])
def test_the_log_limit_is_a_wall(stands, walled):
    """Measured where the engine keeps its logs."""
    query = ["docker", "info", "--format", "{{.DockerRootDir}}"]
    engine = Path(
        subprocess.run(query, capture_output=True, text=True, check=True).stdout.strip(), "containers"
    )
    if not os.access(engine, os.R_OK):
        pytest.skip("the engine's own folder cannot be read from here, so its logs cannot be measured")
    proof = PROOFS["log-limit"]
    runner = walled.runner(frozenset() if stands else frozenset({"log-limit"}))
    box = walled.box(proof["program"], *proof["arguments"])
    runner.prepare(box)
    runner.launch(box.job)
    assert wait(lambda: runner.observe(box.job).phase is Phase.STOPPED, seconds=15)
    query = ["docker", "ps", "--all", "--quiet", "--no-trunc", "--filter", f"label=tre.job={box.job}"]
    container = subprocess.run(query, capture_output=True, text=True, check=True).stdout.split()[0]
    held = sum(path.stat().st_size for path in (engine / container).rglob("*") if path.is_file())
    runner.discard(box.job)
    assert (
        held < 6 * SMALL.log_bytes
    ) is stands  # two files of twice the limit, and what the engine keeps beside


@pytest.mark.skipif(os.geteuid() != 0, reason="the file system for outputs is a mount, which needs root")
@pytest.mark.parametrize("stands", [True, False])
def test_the_flags_of_the_outputs_are_a_wall(stands, walled):
    """Against a reader on the host that follows links, as peers' collectors do."""
    proof = PROOFS["output-flags"]
    runner = walled.runner(frozenset(proof["also_without"]) | (frozenset() if stands else {"output-flags"}))
    box = walled.box(proof["program"], str(walled.bait.secret))
    runner.prepare(box)
    runner.launch(box.job)
    assert wait(lambda: runner.observe(box.job).phase is Phase.STOPPED, seconds=10)
    try:
        seen = next(walled.folder.glob("state/boxes/*/out")).joinpath("secret.csv").read_bytes()
    except OSError:
        seen = b""
    runner.discard(box.job)
    assert (seen == b"") is stands


@pytest.fixture
def image_with_a_health_check(image: str) -> Iterator[str]:
    """The same image, bringing along a program that the engine would run beside ours every second."""
    tag = f"tre-hostile-health:{os.getpid()}"
    text = f"FROM {image}\nLABEL tre.image=hostile\nHEALTHCHECK --interval=1s CMD touch /dev/shm/second\n"
    build = ["docker", "build", "--quiet", "--tag", tag, "-"]
    environment = {**os.environ, "DOCKER_BUILDKIT": "0"}
    made = subprocess.run(build, input=text, capture_output=True, text=True, check=True, env=environment)
    yield made.stdout.split()[-1]
    subprocess.run(["docker", "rmi", tag], capture_output=True, check=True)


@pytest.mark.parametrize("stands", [True, False])
def test_one_program_is_a_wall(stands, walled, image_with_a_health_check):
    other = replace(walled, image=image_with_a_health_check)
    proof = PROOFS["one-program"]
    without = frozenset(proof["also_without"]) | (frozenset() if stands else {"one-program"})
    ended = other(proof["program"], *proof["arguments"], without=without)
    assert (proof["attack"] in ended.got()) is not stands


def test_an_image_is_asked_for_by_content_or_not_at_all(walled):
    with pytest.raises(BoxRefused) as by_name:
        replace(walled.box("end", "0"), image="tre-sandbox/sql:latest")
    assert by_name.value.code == "IMAGE_NOT_PINNED"
    with pytest.raises(BoxRefused) as absent:
        walled.runner().prepare(replace(walled.box("end", "0"), image="sha256:" + "0" * 64))
    assert absent.value.code == "IMAGE_ABSENT"


def test_a_box_that_the_engine_made_otherwise_is_destroyed_unstarted(walled):
    """Made by a runner with one wall less, then launched by one that expects them all."""
    box = walled.box("end", "0")
    walled.runner(frozenset({"pids"})).prepare(box)
    whole = walled.runner()
    with pytest.raises(BoxRefused) as refused:
        whole.launch(box.job)
    assert refused.value.code == "NOT_AS_ASKED"
    assert whole.observe(box.job).phase is Phase.ABSENT


def test_a_wall_that_does_not_exist_cannot_be_left_out():
    with pytest.raises(ValueError, match="no such wall"):
        Profile(without=frozenset({"pidz"}))
