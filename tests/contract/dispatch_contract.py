"""What everything promises that runs actions for a worker. Inherited by one test class for each.

Needs a fixture ``fresh``: makes a dispatcher as after a restart, over the same state; and what `a_started_action` gives.
"""

import contextlib
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest

from job_specs.model import Resources
from sandboxes.model import RunnerUnavailable
from sandboxes.rehearsal import Room
from tests.torture.blows import engine_gone
from tests.torture.stand import Played, begin, hands, play, play_extract, tre_says, write_study
from tre.custody.requests import JobRequest, Outcome
from tre.dispatch.actions import box_name
from tre.dispatch.contract import Dispatch
from tre.dispatch.errors import DispatchError
from tre.main import Opening

NUMBERS = count(1)


@dataclass
class Stand:
    """A site of which actions are started, and how many programs have been played on it."""

    site: Path
    study: str
    opening: Opening

    def started(self, kind: str = "boom", seconds: float = 0.0) -> tuple[JobRequest, str, int]:
        """A request, its first action, started, and the token of the claim under which it was."""
        folder = write_study(self.site.parent / f"study-{next(NUMBERS)}", kind, next(NUMBERS), seconds)
        asked = tre_says(self.site, "--as", "ada", "job", "submit", str(folder), "--study", self.study)
        case = self.opening._service.request(asked["request"])
        return self.claimed(case, case.jobs[0].action.name, "worker")

    def claimed(self, case: JobRequest, action: str, worker: str) -> tuple[JobRequest, str, int]:
        """A claim on an action, or a takeover of it."""
        image = self.opening._worker("worker").tools.dispatcher.image_for(case, action)
        now = self.opening._hands.clock()
        taken, token = self.opening._service.claim(now, case.id, action=action, image=image, worker=worker)
        return taken, action, token


@pytest.fixture(scope="session")
def begun(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A site and its study; copied, never used."""
    site = tmp_path_factory.mktemp("begun") / "site"
    return site, begin(site, lease=30)


@pytest.fixture
def stand(begun: tuple[Path, str], tmp_path: Path) -> Iterator[Stand]:
    site, study = tmp_path / "site", begun[1]
    shutil.copytree(begun[0], site, symlinks=True)
    opening = Opening(site, hands(site))
    yield Stand(site, study, opening)
    opening._seals.ledger.close()


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The name of every box whose program was played."""
    boxes: list[str] = []
    made = Played.__init__

    def init(self: Played, site: Path, state: Path) -> None:
        made(self, site, state)
        self._programs = {"python3": lambda room: boxes.append(room.box.job) or play(room)}  # type: ignore[func-returns-value]

    monkeypatch.setattr(Played, "__init__", init)
    return boxes


class Died(BaseException):
    """A worker that is gone from one moment to the next."""


def never() -> bool:
    return False


class DispatchContract:
    """The contract."""

    def test_what_it_made_is_kept_before_its_end_is_told(
        self, stand: Stand, fresh: Callable[[], Dispatch]
    ) -> None:
        dispatch = fresh()
        case, action, token = stand.started("table")
        ending = dispatch.run(case, action, cancelled=never, token=token)
        assert ending.outcome is Outcome.SUCCEEDED
        assert [output.path for output in ending.outputs if output.path.startswith("output/")] == [
            "output/cohort.csv"
        ]
        assert all(dispatch.has(output.digest) for output in ending.outputs)
        assert dispatch.has(ending.log)

    @pytest.mark.parametrize(
        ("kind", "outcome"),
        [("boom", Outcome.FAILED), ("greedy", Outcome.OUT_OF_MEMORY), ("nothing", Outcome.OUTPUTS_REFUSED)],
    )
    def test_how_it_ended_is_told_in_one_of_a_handful_of_words(
        self, stand: Stand, fresh: Callable[[], Dispatch], kind: str, outcome: Outcome
    ) -> None:
        case, action, token = stand.started(kind)
        assert fresh().run(case, action, cancelled=never, token=token).outcome is outcome

    @pytest.mark.parametrize("writes", range(4))
    def test_a_worker_that_dies_while_it_lays_out_leaves_nothing_half_to_the_next(
        self,
        stand: Stand,
        fresh: Callable[[], Dispatch],
        monkeypatch: pytest.MonkeyPatch,
        writes: int,
    ) -> None:
        """Half a query, or half a program, is another one."""
        case, action, token = stand.started("table")
        written: list[Path] = []
        write_bytes = Path.write_bytes

        def dies(path: Path, content: bytes) -> int:
            written.append(path)
            if len(written) > writes:
                write_bytes(path, content[: len(content) // 2])
                raise Died
            return write_bytes(path, content)

        with monkeypatch.context() as dying, contextlib.suppress(Died):
            dying.setattr(Path, "write_bytes", dies)
            fresh().run(case, action, cancelled=never, token=token)
        ending = fresh().run(case, action, cancelled=never, token=token)
        assert written
        assert ending.outcome is Outcome.SUCCEEDED

    def test_with_the_same_token_it_never_runs_twice(
        self, stand: Stand, played: list[str], fresh: Callable[[], Dispatch]
    ) -> None:
        case, action, token = stand.started("table")
        endings = [fresh().run(case, action, cancelled=never, token=token) for _ in range(3)]
        assert len(played) == 1
        assert {ending.outputs for ending in endings} == {endings[0].outputs}

    def test_with_a_higher_token_it_runs_anew(
        self, stand: Stand, played: list[str], fresh: Callable[[], Dispatch]
    ) -> None:
        case, action, token = stand.started("table")
        fresh().run(case, action, cancelled=never, token=token)
        taken, action, higher = stand.claimed(case, action, "worker")
        assert higher > token
        fresh().run(taken, action, cancelled=never, token=higher)
        assert played == [box_name(case, action, token), box_name(case, action, higher)]

    @pytest.mark.parametrize(
        ("kind", "heard"), [("table", {42}), ("boom", set())], ids=["a query", "study code"]
    )
    def test_how_far_a_query_is_is_heard_and_of_study_code_nothing(
        self,
        stand: Stand,
        fresh: Callable[[], Dispatch],
        monkeypatch: pytest.MonkeyPatch,
        kind: str,
        heard: set[int],
    ) -> None:
        def slowly(room: Room) -> int:
            code = play_extract(room)
            room.seconds = 1.0
            return code

        monkeypatch.setattr("tests.torture.stand.play_extract", slowly)
        monkeypatch.setattr(Played, "progress", lambda _runner, _job: 42)
        case, action, token = stand.started(kind, seconds=0.3)
        told: list[int] = []
        fresh().run(case, action, cancelled=never, token=token, told=told.append)
        assert set(told) == heard

    def test_a_bad_end_that_nobody_saw_is_not_told(self, stand: Stand, fresh: Callable[[], Dispatch]) -> None:
        case, action, token = stand.started("boom")
        with engine_gone(stand.site), pytest.raises(RunnerUnavailable):
            fresh().run(case, action, cancelled=never, token=token)
        with pytest.raises(DispatchError, match="not its own doing"):
            fresh().run(case, action, cancelled=never, token=token)
        assert fresh().run(case, action, cancelled=never, token=token).outcome is Outcome.FAILED

    def test_it_ends_soon_after_it_was_cancelled(self, stand: Stand, fresh: Callable[[], Dispatch]) -> None:
        case, action, token = stand.started("boom", seconds=3600)
        asked = threading.Event()
        threading.Timer(0.3, asked.set).start()
        assert fresh().run(case, action, cancelled=asked.is_set, token=token).outcome is Outcome.CANCELLED

    def test_what_is_forgotten_is_gone_and_may_be_forgotten_again(
        self, stand: Stand, fresh: Callable[[], Dispatch]
    ) -> None:
        case, action, token = stand.started("table")
        dispatch = fresh()
        ending = dispatch.run(case, action, cancelled=never, token=token)
        for _ in range(2):
            dispatch.forget(case, action, token)
        assert dispatch.sweep(frozenset()) == ()
        assert all(dispatch.has(output.digest) for output in ending.outputs), "what it made is not"

    def test_a_sweep_leaves_what_is_to_be_kept_and_nothing_else(
        self, stand: Stand, fresh: Callable[[], Dispatch]
    ) -> None:
        names = []
        for _ in range(2):
            case, action, token = stand.started("table")
            fresh().run(case, action, cancelled=never, token=token)
            names.append(box_name(case, action, token))
        assert fresh().sweep(frozenset(names[:1])) == (names[1],)
        assert fresh().sweep(frozenset()) == (names[0],)

    def test_a_place_that_is_away_says_so_and_has_lost_nothing(
        self, stand: Stand, played: list[str], fresh: Callable[[], Dispatch]
    ) -> None:
        case, action, token = stand.started("table")
        dispatch = fresh()
        first = dispatch.run(case, action, cancelled=never, token=token)
        with engine_gone(stand.site), pytest.raises(RunnerUnavailable):
            dispatch.run(case, action, cancelled=never, token=token)
        assert dispatch.run(case, action, cancelled=never, token=token).outputs == first.outputs
        assert len(played) == 1

    def test_what_an_action_asks_for_is_known_before_it_is_claimed(
        self, stand: Stand, fresh: Callable[[], Dispatch]
    ) -> None:
        case, action, _ = stand.started("boom")
        assert fresh().resources(case) == {action: Resources(memory_mb=100, cpus=1, seconds=600)}

    def test_words_of_ours_are_kept(self, fresh: Callable[[], Dispatch]) -> None:
        dispatch = fresh()
        assert dispatch.has(dispatch.note("The platform failed at it.\n"))
        assert not dispatch.has("0" * 64)
