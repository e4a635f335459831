"""`tre sandbox report`, and that no job of the service runs on a host that it would not call fit."""

import json
from pathlib import Path

import pytest

from sandboxes.model import RunnerUnavailable
from sandboxes.profile import PROCEDURES, WALLS
from sandboxes.rehearsal import RehearsalRunner
from tre import main
from tre.cli.app import run_command_line
from tre.cli.exits import Exit
from tre.records.site import NEW_SITE, load_site
from tre.worker import hosts

HELD = "network\tinterfaces\theld\ntries\t1"
OPEN = HELD.replace("held", "open")


class Host(RehearsalRunner):
    """A host whose boxes say, of every try, what they were told to."""

    def __init__(self, said: str) -> None:
        def play(room):
            room.print(said)
            return 0

        super().__init__({"python3": play})

    def walls(self):
        return (*WALLS, *PROCEDURES)

    def missing_walls(self):
        return ()

    def versions(self):
        return {"engine": "docker 28.0.0", "kernel": "6.12.0", "runc": "1.1.5"}


@pytest.fixture
def host(monkeypatch, tmp_path):
    """Puts such a host in the place of this one."""
    monkeypatch.setattr(hosts, "default_cache", lambda: tmp_path / "cache" / "images")

    def put(said: str) -> None:
        monkeypatch.setattr(hosts, "available", lambda *_args, **_more: Host(said))

    return put


def test_the_service_takes_no_runner_on_a_host_where_a_try_gets_through(host, tmp_path: Path):
    host(OPEN)
    with pytest.raises(RunnerUnavailable) as refused:
        hosts.choose(load_site(NEW_SITE), tmp_path)
    assert refused.value.code == "HOST_UNFIT"
    host(HELD)
    assert hosts.choose(load_site(NEW_SITE), tmp_path).name == "rehearsal"


@pytest.mark.parametrize(("said", "ends"), [(HELD, Exit.OK), (OPEN, Exit.UNHEALTHY)])
def test_the_report_ends_with_a_number_that_a_script_can_use(host, tmp_path, capsys, said, ends):
    host(said)
    assert (
        run_command_line(
            main.Hands().wiring(), ["--json", "--site", str(tmp_path / "none"), "sandbox", "report"]
        )
        == ends
    )
    answer = json.loads(capsys.readouterr().out)
    assert answer["fit"] is (ends is Exit.OK)
    assert answer["versions"] == {"engine": "docker 28.0.0", "kernel": "6.12.0", "runc": "1.1.5"}
    assert any("CVE" in hole for hole in answer["known_holes"])


def test_the_report_for_a_person_says_what_is_open(host, tmp_path, capsys):
    host(OPEN)
    run_command_line(main.Hands().wiring(), ["--site", str(tmp_path / "none"), "sandbox", "report"])
    said = capsys.readouterr().out
    assert "No job may run here" in said
    assert "OPEN in image" in said


@pytest.mark.engine
def test_this_host_is_fit_in_every_image_that_was_built_here(tmp_path, capsys):
    ends = run_command_line(
        main.Hands().wiring(), ["--json", "--site", str(tmp_path / "none"), "sandbox", "report"]
    )
    answer = json.loads(capsys.readouterr().out)
    if not answer["images"]:
        pytest.skip("the sandbox images are not built: run `python -m sandboxes.images build` as root")
    assert (answer["breaches"], answer["silent_images"]) == ([], [])
    assert answer["tries"] > 50 * len(answer["images"])
    assert ends == Exit.OK
