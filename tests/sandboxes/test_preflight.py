"""The report lets no job run where a wall is open, where an image did not answer, or where there is none."""

import json
from pathlib import Path

import pytest

from sandboxes import __main__ as command
from sandboxes import choose
from sandboxes.model import RunnerUnavailable
from sandboxes.preflight import inspect_host, known_holes, read_tries
from sandboxes.profile import PROCEDURES, WALLS, Profile
from sandboxes.rehearsal import IMAGES, RehearsalRunner

HELD = "network\tinterfaces\theld\nmemory\ttouch\theld\ntries\t2\n"
OPEN = HELD.replace("touch\theld", "touch\topen")


class Walled(RehearsalRunner):
    """Plays a runner whose probes print what it was told."""

    def __init__(
        self, said: str, *, missing: frozenset[str] = frozenset(), code: int = 0, images=IMAGES, **more
    ) -> None:
        def play(room):
            room.print(said.rstrip("\n"))
            return code

        super().__init__({"python3": play}, images=images, **more)
        self._missing = missing

    def walls(self):
        return tuple(wall for wall in (*WALLS, *PROCEDURES) if wall.name not in self._missing)

    def missing_walls(self):
        return tuple(wall for wall in (*WALLS, *PROCEDURES) if wall.name in self._missing)

    def versions(self):
        return {"engine": "docker 20.10.24", "runc": "1.1.5+ds1"}


def test_where_every_try_is_held_jobs_may_run(tmp_path):
    report = inspect_host(Walled(HELD), tmp_path)
    assert report.fit
    assert (len(report.tried), report.breaches, report.silent) == (4, (), ())


def test_an_open_wall_that_should_stand_stops_every_job(tmp_path):
    report = inspect_host(Walled(OPEN), tmp_path)
    assert not report.fit
    assert {(one.image, one.wall, one.name) for one in report.breaches} == {
        ("sql", "memory", "touch"), ("python", "memory", "touch"),
    }  # fmt: skip
    assert any("OPEN in image sql: memory" in line for line in command.lines(report))


def test_an_open_wall_that_is_said_to_be_missing_is_the_sites_choice(tmp_path):
    assert inspect_host(Walled(OPEN, missing=frozenset({"memory"})), tmp_path).fit


@pytest.mark.parametrize(
    "said",
    ["", "tries\t0", HELD.replace("tries\t2", "tries\t3"), HELD.replace("tries\t2\n", ""), HELD + "more"],
)
def test_half_an_answer_is_none(tmp_path, said):
    assert read_tries("sql", said) == ()
    report = inspect_host(Walled(said), tmp_path)
    assert report.silent == ("python", "sql")
    assert not report.fit


def test_a_program_of_tries_that_failed_is_no_answer(tmp_path):
    assert not inspect_host(Walled(HELD, code=1), tmp_path).fit


def test_a_host_without_images_runs_nothing(tmp_path):
    assert not inspect_host(Walled(HELD, images={}), tmp_path).fit


def test_holes_are_told_by_version():
    assert len(known_holes({"runc": "1.1.5+ds1-1+deb12u1"})) == 2
    assert len(known_holes({"runc": "1.1.12"})) == 1
    assert known_holes({"runc": "1.3.3", "containerd": "1.7.2", "engine": "docker 28.0.0"}) == ()
    assert len(known_holes({"engine": "bubblewrap 0.4.0"})) == 1
    assert known_holes({"engine": "bubblewrap 0.8.0", "kernel": "6.12.1"}) == ()
    assert len(known_holes({"kernel": "5.10.0-28-amd64"})) == 2
    assert len(known_holes({"kernel": "6.1.0-28-cloud-amd64"})) == 1


@pytest.mark.parametrize(
    ("runner", "status"),
    [(Walled(HELD), 0), (Walled(OPEN), 1), (Walled(""), 1), (Walled(HELD, images={}), 2)],
)
def test_the_exit_status_says_whether_jobs_may_run(monkeypatch, capsys, runner, status):
    monkeypatch.setattr(choose, "available", lambda *_args, **_more: runner)
    assert command.main(["report", "--json"]) == status
    said = json.loads(capsys.readouterr().out)
    assert said["fit"] is (status == 0)
    assert command.main(["report"]) == status
    assert capsys.readouterr().out


def nobody(*_args: object) -> None:
    raise RunnerUnavailable("ENGINE_SILENT", "The container engine does not answer.", fix="Start it.")


def test_with_no_runner_nothing_runs_and_a_person_is_told_what_to_do(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(choose, "RUNNERS", {"docker": nobody, "bubblewrap": nobody})
    with pytest.raises(RunnerUnavailable) as refused:
        choose.available(tmp_path, allowed=("docker", "bubblewrap"))
    assert refused.value.code == "RUNNER_NONE"
    assert refused.value.fix == "Start it. Or: Start it."
    assert "Nothing is ever run bare." in refused.value.sentence
    assert command.main(["report", "--runner", "docker"]) == 2
    assert "RUNNER_NONE" in capsys.readouterr().err


def test_the_second_runner_is_taken_when_the_first_is_silent(monkeypatch, tmp_path):
    second = Walled(HELD)
    monkeypatch.setattr(choose, "RUNNERS", {"docker": nobody, "bubblewrap": lambda *_args: second})
    assert choose.available(tmp_path, allowed=("docker", "bubblewrap")) is second


def test_a_runner_without_a_required_wall_is_not_taken(monkeypatch, tmp_path):
    monkeypatch.setattr(
        choose, "RUNNERS", {"docker": lambda *_args: Walled(HELD, missing=frozenset({"memory"}))}
    )
    with pytest.raises(RunnerUnavailable, match="memory"):
        choose.available(tmp_path, allowed=("docker",), required_walls=frozenset({"memory", "network"}))


@pytest.mark.parametrize("allowed", [(), ("rehearsal",), ("podman",)])
def test_nothing_else_may_stand_in_for_a_runner(tmp_path, allowed):
    with pytest.raises(RunnerUnavailable):
        choose.available(tmp_path, allowed=allowed)


def test_a_profile_can_not_leave_out_a_wall_that_does_not_exist():
    with pytest.raises(ValueError, match="no such wall: moat"):
        Profile(without=frozenset({"moat"}))


def test_the_tries_name_only_walls_that_exist():
    program = (Path(command.__file__).parent / "probes" / "try_walls.py").read_text()
    named = {line.split('"')[1] for line in program.splitlines() if 'tries("' in line}
    assert named <= {wall.name for wall in (*WALLS, *PROCEDURES)}
