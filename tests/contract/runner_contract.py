"""What every runner promises, whatever wall stands behind it. Inherited by one test class for each.

Each program is written twice: as text for a real box, and as a function for the rehearsal.
"""

import errno
import os
import stat
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from sandboxes.model import Box, BoxRefused, Input, Limits, Phase, Status
from sandboxes.rehearsal import Program, Room
from sandboxes.runner import Runner, run
from sandboxes.saying import SAID

FOR_EVER = float("inf")
LIMITS = Limits(
    memory_bytes=128 << 20,
    wall_seconds=20,
    pids=64,
    tmp_bytes=16 << 20,
    output_bytes=1 << 20,
    output_files=20,
    log_bytes=8 << 10,
)
TABLE = b"sex,count\nF,10\n"
PATTERNS = ("table.csv",)


def _table(room: Room) -> int:
    (room.output / "table.csv").write_bytes(TABLE)
    room.print("written")
    return 0


def _fails(room: Room) -> int:
    _table(room)
    return 3


def _for_ever(room: Room) -> int:
    _table(room)
    room.seconds = FOR_EVER
    return 0


def _says(room: Room) -> int:
    (room.output / SAID).write_bytes(b"42")
    return _for_ever(room)


def _too_much_memory(_room: Room) -> int:
    raise MemoryError


def _too_much_output(_room: Room) -> int:
    raise OSError(errno.ENOSPC, "no space")


def _chatty(room: Room) -> int:
    room.print("x" * (1 << 20))
    return _table(room)


def _extra(room: Room) -> int:
    (room.output / "surprise.csv").write_bytes(b"secret")
    return _table(room)


def _reads(room: Room) -> int:
    (room.output / "table.csv").write_bytes(room.input("/data/people.csv").read_bytes())
    return 0


def _counts_starts(room: Room) -> int:
    (room.output / f"start-{len(list(room.output.iterdir()))}.csv").touch()
    return _table(room)


WRITE = f"open('/out/table.csv', 'wb').write({TABLE!r}); print('written', flush=True)\n"
PROGRAMS: Mapping[str, tuple[str, Program]] = {
    "table": (WRITE, _table),
    "fails": (WRITE + "raise SystemExit(3)", _fails),
    "nothing": ("pass", lambda _room: 0),
    "for-ever": (
        WRITE + "import signal, time\n"
        "for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}: signal.signal(number, signal.SIG_IGN)\n"
        "while True: time.sleep(60)",
        _for_ever,
    ),
    "says": (f"open('/out/{SAID}', 'w').write('42')\n" + WRITE + "import time; time.sleep(60)", _says),
    "memory": ("b = bytearray(512 << 20)\nfor i in range(0, len(b), 4096): b[i] = 1", _too_much_memory),
    "output": ("open('/out/table.csv', 'wb').write(bytes(8 << 20))", _too_much_output),
    "chatty": ("print('x' * (1 << 20))\n" + WRITE, _chatty),
    "extra": ("open('/out/surprise.csv', 'w').write('secret')\n" + WRITE, _extra),
    "reads": ("open('/out/table.csv', 'w').write(open('/data/people.csv').read())", _reads),
    "starts": (
        "import os; open(f'/out/start-{len(os.listdir(\"/out\"))}.csv', 'w').close()\n" + WRITE,
        _counts_starts,
    ),
    "forges-137": ("raise SystemExit(137)", lambda _room: 137),
    "forges-125": ("raise SystemExit(125)", lambda _room: 125),
}


def argv(name: str) -> tuple[str, ...]:
    """The command of a program."""
    return ("python3", "-c", PROGRAMS[name][0])


REHEARSED: Mapping[tuple[str, ...] | str, Program] = {
    argv(name): play for name, (_, play) in PROGRAMS.items()
}


class RunnerContract:
    """Needs fixtures ``fresh``: a function that gives a new runner over one state folder each time; and ``image``."""

    @pytest.fixture
    def runner(self, fresh: Callable[[], Runner]) -> Runner:
        return fresh()

    @pytest.fixture
    def box(self, image: str) -> Callable[..., Box]:
        def make(program: str, **more: object) -> Box:
            return replace(Box("job-1", image, argv(program), limits=LIMITS), **more)

        return make

    @pytest.fixture
    def into(self, tmp_path: Path) -> Path:
        return tmp_path / "kept"

    def test_it_is_a_runner_with_a_name_and_images_by_content(self, runner, image):
        assert isinstance(runner, Runner)
        assert runner.name in {"docker", "bubblewrap", "rehearsal"}
        assert image in runner.images().values()
        assert all(one.startswith("sha256:") for one in runner.images().values())

    def test_no_wall_is_both_there_and_missing(self, runner):
        there, missing = ({wall.name for wall in walls} for walls in (runner.walls(), runner.missing_walls()))
        assert not there & missing
        assert len(there | missing) == len(runner.walls()) + len(runner.missing_walls()) > 20

    def test_what_a_program_says_of_how_far_it_is_is_heard_while_it_runs(self, runner, box):
        assert runner.progress("job-1") is None
        runner.prepare(box("says"))
        assert runner.progress("job-1") is None
        runner.launch("job-1")
        deadline = time.monotonic() + 30
        while (heard := runner.progress("job-1")) is None and time.monotonic() < deadline:
            time.sleep(0.02)
        assert heard == 42
        runner.discard("job-1")
        assert runner.progress("job-1") is None

    def test_a_job_nobody_prepared_is_absent(self, runner, into):
        assert runner.observe("job-1").phase is Phase.ABSENT
        runner.halt("job-1")
        runner.discard("job-1")
        for step in (lambda: runner.launch("job-1"), lambda: runner.collect("job-1", (), into)):
            with pytest.raises(BoxRefused) as refused:
                step()
            assert refused.value.code == "NOT_PREPARED"

    def test_the_whole_way_keeps_the_declared_output_and_leaves_nothing(self, runner, box, into):
        receipt = run(runner, box("table"), PATTERNS, into)
        (kept,) = receipt.collected
        assert (receipt.status, receipt.exit_code) == (Status.OK, 0)
        assert (kept.path, kept.stored.read_bytes()) == ("table.csv", TABLE)
        assert stat.S_IMODE(kept.stored.stat().st_mode) == 0o600
        assert stat.S_IMODE(receipt.log.stat().st_mode) == 0o600
        assert receipt.log.read_bytes() == b"written\n"
        assert not receipt.log_truncated
        assert (receipt.undeclared, receipt.refused) == ((), ())
        assert runner.observe("job-1").phase is Phase.ABSENT
        assert runner.sweep() == ()

    def test_an_input_can_be_read(self, runner, box, into, tmp_path):
        people = tmp_path / "people.csv"
        people.write_text("patient_id\np1\n")
        receipt = run(runner, box("reads", inputs=(Input(people, "/data/people.csv"),)), PATTERNS, into)
        assert receipt.collected[0].stored.read_text() == "patient_id\np1\n"

    def test_every_phase_is_seen_by_a_runner_that_was_not_there_before(self, fresh, box, into):
        fresh().prepare(box("table"))
        assert fresh().observe("job-1").phase is Phase.PREPARED
        fresh().launch("job-1")
        seen = until_stopped(fresh)
        assert (seen.status, seen.exit_code) == (Status.OK, 0)
        assert seen.started <= seen.finished
        assert fresh().collect("job-1", PATTERNS, into).collected[0].stored.read_bytes() == TABLE
        fresh().discard("job-1")
        assert fresh().observe("job-1").phase is Phase.ABSENT

    def test_each_step_may_be_repeated_and_the_program_runs_once(self, fresh, box, into):
        patterns = ("table.csv", "start-*.csv")
        for _ in range(2):
            fresh().prepare(box("starts"))
        for _ in range(2):
            fresh().launch("job-1")
        until_stopped(fresh)
        fresh().launch("job-1")
        fresh().prepare(box("starts"))
        first = fresh().collect("job-1", patterns, into)
        assert [item.path for item in first.collected] == ["start-0.csv", "table.csv"]
        assert fresh().collect("job-1", patterns, into) == first
        for _ in range(2):
            fresh().discard("job-1")

    def test_a_collection_that_was_cut_short_is_done_again(self, fresh, box, into):
        fresh().prepare(box("table"))
        fresh().launch("job-1")
        until_stopped(fresh)
        fresh().collect("job-1", PATTERNS, into).collected[0].stored.unlink()
        assert fresh().collect("job-1", PATTERNS, into).collected[0].stored.read_bytes() == TABLE

    @pytest.mark.parametrize("torn", [b"", TABLE[:-1], b"\0" * len(TABLE)])
    def test_a_copy_that_a_lost_host_left_torn_is_not_given_out(self, fresh, box, into, torn):
        fresh().prepare(box("table"))
        fresh().launch("job-1")
        until_stopped(fresh)
        fresh().collect("job-1", PATTERNS, into).collected[0].stored.write_bytes(torn)
        assert fresh().collect("job-1", PATTERNS, into).collected[0].stored.read_bytes() == TABLE

    def test_another_box_under_the_same_name_is_refused(self, runner, box):
        runner.prepare(box("table"))
        with pytest.raises(BoxRefused) as refused:
            runner.prepare(box("fails"))
        assert refused.value.code == "JOB_TAKEN"
        runner.discard("job-1")
        runner.prepare(box("fails"))

    def test_an_image_that_is_not_here_is_refused_and_leaves_nothing(self, runner, box):
        with pytest.raises(BoxRefused) as refused:
            runner.prepare(box("table", image="sha256:" + "0" * 64))
        assert refused.value.code == "IMAGE_ABSENT"
        assert runner.sweep() == ()

    @pytest.mark.parametrize("kind", ["missing", "link", "pipe"])
    def test_an_input_that_is_not_a_plain_file_is_refused_and_leaves_nothing(
        self, runner, box, tmp_path, kind
    ):
        odd = tmp_path / "odd"
        {"missing": lambda: None, "link": lambda: odd.symlink_to("/etc"), "pipe": lambda: os.mkfifo(odd)}[
            kind
        ]()
        with pytest.raises(BoxRefused) as refused:
            runner.prepare(box("table", inputs=(Input(odd, "/data/odd"),)))
        assert refused.value.code == "INPUT_ABSENT"
        assert runner.sweep() == ()

    def test_collecting_from_what_has_not_stopped_is_refused(self, runner, box, into):
        runner.prepare(box("for-ever"))
        for step in (lambda: None, lambda: runner.launch("job-1")):
            step()
            with pytest.raises(BoxRefused) as refused:
                runner.collect("job-1", PATTERNS, into)
            assert refused.value.code == "STILL_RUNNING"

    def test_a_failure_keeps_the_log_and_no_output(self, runner, box, into):
        receipt = run(runner, box("fails"), PATTERNS, into)
        assert (receipt.status, receipt.exit_code, receipt.collected) == (Status.FAILED, 3, ())
        assert receipt.log.read_bytes() == b"written\n"

    @pytest.mark.parametrize("code", [125, 137])
    def test_an_exit_code_that_looks_like_a_kill_is_only_a_failure(self, runner, box, into, code):
        receipt = run(runner, box(f"forges-{code}"), (), into)
        assert (receipt.status, receipt.exit_code) == (Status.FAILED, code)

    def test_a_declared_output_that_is_missing_refuses_all(self, runner, box, into):
        receipt = run(runner, box("table"), ("table.csv", "figure.png"), into)
        assert (receipt.status, receipt.collected) == (Status.OUTPUT_REFUSED, ())
        assert any(line.startswith("figure.png") for line in receipt.refused)
        assert not [path for path in into.rglob("*") if path.read_bytes() == TABLE]

    def test_an_undeclared_output_is_named_and_not_kept(self, runner, box, into):
        receipt = run(runner, box("extra"), PATTERNS, into)
        assert (receipt.status, receipt.undeclared) == (Status.OK, ("surprise.csv",))
        assert not [path for path in into.rglob("*") if path.is_file() and b"secret" in path.read_bytes()]

    def test_no_outputs_at_all_may_be_declared(self, runner, box, into):
        assert run(runner, box("nothing"), (), into).status is Status.OK

    def test_what_never_ends_is_ended_at_its_limit(self, runner, box, into):
        started = time.monotonic()
        receipt = run(runner, box("for-ever", limits=replace(LIMITS, wall_seconds=1)), PATTERNS, into)
        assert receipt.status is Status.TIMED_OUT
        assert receipt.collected == ()
        assert 1 <= receipt.wall_seconds < 4
        assert time.monotonic() - started < 10

    def test_a_cancelled_job_is_ended_whatever_it_ignores(self, runner, box, into):
        receipt = run(runner, box("for-ever"), PATTERNS, into, cancelled=lambda: True)
        assert (receipt.status, receipt.collected) == (Status.CANCELLED, ())

    def test_a_box_halted_before_its_start_never_starts(self, fresh, box, into):
        fresh().prepare(box("table"))
        fresh().halt("job-1")
        fresh().launch("job-1")
        seen = fresh().observe("job-1")
        assert (seen.phase, seen.status) == (Phase.STOPPED, Status.CANCELLED)
        assert fresh().collect("job-1", PATTERNS, into).status is Status.CANCELLED

    def test_halting_what_has_stopped_changes_nothing(self, fresh, box):
        fresh().prepare(box("table"))
        fresh().launch("job-1")
        before = until_stopped(fresh)
        fresh().halt("job-1")
        assert fresh().observe("job-1") == before

    def test_too_much_memory_is_told_from_a_failure(self, runner, box, into):
        assert run(runner, box("memory"), PATTERNS, into).status is Status.OUT_OF_MEMORY

    def test_too_much_output_is_told_from_a_failure(self, runner, box, into):
        assert run(runner, box("output"), PATTERNS, into).status is Status.OUTPUT_LIMIT

    def test_a_log_is_cut_off_and_says_so(self, runner, box, into):
        receipt = run(runner, box("chatty"), PATTERNS, into)
        assert receipt.status is Status.OK
        assert receipt.log_truncated
        assert receipt.log.stat().st_size <= LIMITS.log_bytes

    def test_a_sweep_ends_and_removes_what_is_not_kept(self, fresh, box):
        for job in ("job-1", "job-2"):
            fresh().prepare(box("for-ever", job=job))
            fresh().launch(job)
        assert fresh().sweep(frozenset({"job-1"})) == ("job-2",)
        assert fresh().observe("job-1").phase is Phase.RUNNING
        assert fresh().observe("job-2").phase is Phase.ABSENT
        assert fresh().sweep() == ("job-1",)

    def test_a_sweep_halts_what_is_past_its_time(self, fresh, box):
        fresh().prepare(box("for-ever", limits=replace(LIMITS, wall_seconds=1)))
        fresh().launch("job-1")
        time.sleep(1.1)
        assert fresh().sweep(frozenset({"job-1"})) == ()
        assert until_stopped(fresh).status is Status.TIMED_OUT

    @pytest.fixture(autouse=True)
    def _clean(self, fresh):
        yield
        fresh().sweep()


def until_stopped(fresh: Callable[[], Runner], job: str = "job-1"):
    """Wait for the end of a job that ends, asking a new runner each time."""
    for _ in range(400):
        if (seen := fresh().observe(job)).phase is Phase.STOPPED:
            return seen
        time.sleep(0.05)
    raise AssertionError(f"still {seen.phase} after 20 seconds")
