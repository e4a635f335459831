"""A small site, made once; each test gets a copy of its own and speaks to it as people do: by the command line."""

import contextlib
import io
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import job_specs
import tre.cli
from tre.cli.app import run_command_line
from tre.cli.exits import Exit
from tre.main import Hands, clock, new_id

STUDY = Path(job_specs.__file__).parent / "examples" / "covid-tests"
DEMO = Path(tre.cli.__file__).parent / "demo_site"
PATIENTS = 20_000


@dataclass
class Desk:
    """One site and the people at it."""

    site: Path
    ahead: timedelta = timedelta()
    made: dict[str, str] = field(default_factory=dict)
    said: str = ""

    def tre(self, *words: str, ends: Exit = Exit.OK) -> Any:
        """Run one command; its answer, and insist on how it ends. What it said of an error is kept in ``said``."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            ended = run_command_line(self._wiring(), ["--site", str(self.site), "--json", *words])
        self.said = err.getvalue()
        assert Exit(ended) is ends, f"{words}: {Exit(ended).name}\n{out.getvalue()}\n{self.said}"
        return json.loads(out.getvalue()) if out.getvalue().strip() else None

    def started(self, *words: str) -> subprocess.Popen[bytes]:
        """The same command as a process of its own."""
        command = [sys.executable, "-m", "tre.main", "--site", str(self.site), *words]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def approved(self, *words: str, form: Path = DEMO / "application.toml") -> str:
        """A study that Ada applied for and Ben approved."""
        study = self.tre("--as", "ada", "study", "apply", str(form))["study"]
        self.tre("--as", "ben", "study", "approve", study, *words)
        return str(study)

    def submitted(self, folder: Path = STUDY, *, study: str = "") -> str:
        """A job request of an approved study."""
        answer = self.tre("--as", "ada", "job", "submit", str(folder), "--study", study or self.approved())
        return str(answer["request"])

    def stage(self, request: str) -> str:
        """Where a job request stands."""
        return str(self.tre("--as", "gus", "job", "show", request)["stage"])

    def work(self) -> Any:
        """Let the worker work until nothing moves; what waits, and why."""
        return self.tre("worker", "run", "--until-idle")

    def checked(self) -> str:
        """A job request that ran and was checked."""
        request = self.submitted()
        assert self.work() == []
        assert self.stage(request) == "checked"
        return request

    def _wiring(self) -> Any:
        return Hands(clock=lambda: clock() + self.ahead, new_id=new_id).wiring()


def _new_site(folder: Path) -> Desk:
    desk = Desk(folder)
    desk.tre("init")
    shutil.copy(DEMO / "people.toml", folder / "people.toml")
    return desk


@pytest.fixture(scope="session")
def ready_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site with people and a store; copied, never used."""
    folder = tmp_path_factory.mktemp("site")
    desk = _new_site(folder / "site")
    desk.tre("synth", str(folder / "supply.duckdb"), "--patients", str(PATIENTS))
    desk.tre("--as", "eve", "data", "ingest", str(folder / "supply.duckdb"))
    return folder / "site"


@pytest.fixture
def desk(ready_site: Path, tmp_path: Path) -> Desk:
    """A site of the test's own."""
    shutil.copytree(ready_site, tmp_path / "site", symlinks=True)
    return Desk(tmp_path / "site")


@pytest.fixture(scope="session")
def checked_site(ready_site: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A site with one job request that really ran and was checked; copied, never used."""
    folder = tmp_path_factory.mktemp("checked") / "site"
    shutil.copytree(ready_site, folder, symlinks=True)
    return folder, Desk(folder).checked()


@pytest.fixture
def checked(checked_site: tuple[Path, str], tmp_path: Path) -> tuple[Desk, str]:
    """A checked job request on a site of the test's own."""
    site, request = checked_site
    shutil.copytree(site, tmp_path / "site", symlinks=True)
    return Desk(tmp_path / "site"), request


@pytest.fixture
def empty_site(tmp_path: Path) -> Desk:
    """A site with people, and no data."""
    return _new_site(tmp_path / "site")


@pytest.fixture
def changed_study(tmp_path: Path) -> Callable[[str, str], Path]:
    """A copy of the example study with one text of its spec replaced."""

    def change(old: str, new: str) -> Path:
        folder = tmp_path / f"study-{len(list(tmp_path.iterdir()))}"
        shutil.copytree(STUDY, folder)
        spec = (folder / "project.yaml").read_text(encoding="utf-8")
        assert old in spec
        (folder / "project.yaml").write_text(spec.replace(old, new), encoding="utf-8")
        return folder

    return change


@pytest.fixture
def today() -> str:
    """The day on which the test runs."""
    return datetime.now(UTC).date().isoformat()


@pytest.fixture(scope="session")
def desk_at() -> type[Desk]:
    """Sit down at any site, or at none."""
    return Desk
