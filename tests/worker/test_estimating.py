"""How long a query may take is told before it has, from people who do not exist, and nobody waits for it [P1]."""

import threading
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from itertools import count
from pathlib import Path

import pytest

from sandboxes.images import installed
from sandboxes.model import Box, Phase, RunnerUnavailable
from sandboxes.rehearsal import IMAGES
from tests.leftovers import mounts_beneath
from tests.torture.stand import Played, begin, hands, tre_says, write_study
from tre.cli.house import House
from tre.custody.requests import JobRequest, JobState
from tre.data.cost import BANDS, LONGEST, from_two, told_of
from tre.dispatch.code import gather
from tre.dispatch.rehearsal import BOXES
from tre.main import Hands
from tre.records.costs import Took
from tre.records.site import NEW_SITE, load_site
from tre.worker.estimating import PATIENCE, STUDY, Estimating, clear, rehearsed
from tre.worker.foretelling import Foretelling
from tre.worker.hosts import runner_of

NUMBERS = count()
WORDS = {name for _, name in BANDS} | {LONGEST}
TOOK: Mapping[str, Took] = {"cohort": {2_000: 0.05, 20_000: 500.0}}


def told(house: House, case: JobRequest) -> Mapping[str, str]:
    return Foretelling(house.service, house.data).told(case).estimates


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("estimating")
    return folder / "site", begin(folder / "site", lease=30)


@pytest.fixture
def house(stand: tuple[Path, str]) -> Iterator[House]:
    house = hands(stand[0]).wiring().open_house(stand[0])
    yield house
    house.service.ledger.close()


@pytest.fixture
def case(stand: tuple[Path, str], house: House, tmp_path: Path) -> JobRequest:
    return submitted(stand, house, tmp_path / "study", next(NUMBERS))


def submitted(stand: tuple[Path, str], house: House, place: Path, number: int) -> JobRequest:
    """A request for a study of that number."""
    folder = write_study(place, "table", number, 0)
    asked = tre_says(stand[0], "--as", "ada", "job", "submit", str(folder), "--study", stand[1])
    return house.service.request(asked["request"])


class Made:
    """An estimator whose clock stands still until it is moved, and what it was asked."""

    def __init__(self, house: House, answer: Mapping[str, Took] | Exception) -> None:
        self.asked: list[str] = []
        self.now, self._answer = 0.0, answer
        self.estimating = Estimating(house.service, self._estimate, lambda: self.now)

    def _estimate(self, case: JobRequest) -> Mapping[str, Took]:
        self.asked.append(case.id)
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer

    def look(self, *cases: JobRequest) -> None:
        self.estimating.look(cases)
        self.estimating.end()


def test_a_request_that_is_not_over_is_estimated_once_and_told(house, case):
    made = Made(house, TOOK)
    made.look(case)
    assert made.asked == [], "one that may be over in a moment is left alone"
    made.now = PATIENCE
    made.look(case)
    assert set(told(house, case)) == {"cohort"}
    assert set(told(house, case).values()) <= WORDS
    made.now = 10 * PATIENCE
    made.look(case)
    assert made.asked == [case.id]
    other = Made(house, TOOK)
    other.look(case)
    other.now = PATIENCE
    other.look(case)
    assert other.asked == [], "another worker has made it"


def test_a_request_that_is_over_is_not_estimated(house, case):
    over = replace(case, jobs=tuple(replace(job, state=JobState.LANDED) for job in case.jobs))
    made = Made(house, TOOK)
    for made.now in (0.0, PATIENCE, 2 * PATIENCE):
        made.look(over)
    assert made.asked == []


def test_a_request_is_not_worse_off_where_there_is_no_estimate(house, case):
    made = Made(house, RuntimeError("'9434765919' is not a date"))
    for made.now in (0.0, PATIENCE, 2 * PATIENCE):
        made.look(case)
    assert made.asked == [case.id]
    assert told(house, case) == {}


def test_nobody_waits_while_one_is_made(house, case):
    begun, go_on = threading.Event(), threading.Event()

    def slowly(_case: JobRequest) -> Mapping[str, Took]:
        begun.set()
        go_on.wait(30)
        return TOOK

    now = [0.0]
    estimating = Estimating(house.service, slowly, lambda: now[0])
    estimating.look([case])
    now[0] = PATIENCE
    estimating.look([case])
    assert begun.wait(30)
    estimating.look([case])
    assert told(house, case) == {}
    assert estimating.busy
    go_on.set()
    estimating.end()
    assert not estimating.busy, "a worker that ends leaves nothing of it going on behind"
    assert set(told(house, case)) == {"cohort"}


def test_what_was_asked_before_is_told_before_it_runs_and_is_not_asked_again(stand, house, tmp_path):
    """The same query in another request, of another day: known as soon as it is submitted. Another query is not."""
    number = next(NUMBERS)
    first, again, other = (
        submitted(stand, house, tmp_path / name, which)
        for name, which in (("first", number), ("again", number), ("other", next(NUMBERS)))
    )
    made = Made(house, TOOK)
    for made.now in (0.0, PATIENCE):
        made.look(first)
    assert (set(told(house, again)), set(told(house, other))) == ({"cohort"}, set())
    later = Made(house, TOOK)
    for later.now in (0.0, PATIENCE):
        later.look(again)
    assert later.asked == []


def test_a_try_is_kept_as_made_up_people_and_told_for_the_real_store(house, case):
    """By one number of people; the store's own size is what it is brought to."""
    foretelling = Foretelling(house.service, house.data)
    (key,) = (job.action.content_key for job in case.jobs if job.action.name == "cohort")
    assert told(house, case) == {}
    foretelling.note("emis", {key: {20_000: 0.2}})
    assert told(house, case) == {}, "what was asked of another backend's people says nothing of this one's"
    foretelling.note("tpp", {key: {20_000: 0.2}})
    assert (
        told(house, case) == {"cohort": foretelling.may_take("tpp", {20_000: 0.2})} == {"cohort": "seconds"}
    )


def test_a_worker_that_starts_clears_what_an_estimate_that_was_cut_short_has_left(house):
    left = house.folders.work("starts") / "estimates" / STUDY
    boxes = Played(house.folders.site, left / BOXES)
    (left / "analysis").mkdir()
    boxes.prepare(Box("rehearsal-0", IMAGES["python"], ("python3", "analysis/boom.py")))
    worker = house.worker("starts")
    worker.settle()
    worker.close()
    assert not left.parent.exists()


def test_a_worker_starts_though_what_an_estimate_has_left_cannot_be_cleared_now(house):
    left = house.folders.work("starts") / "estimates" / STUDY
    (left / BOXES).mkdir(parents=True)

    def away() -> None:
        raise RunnerUnavailable("ENGINE_AWAY", "The engine does not answer.", fix="Start it again.")

    worker = house.worker("starts")
    worker.tools = replace(worker.tools, clear=away)
    worker.settle()
    worker.close()
    assert left.exists()


@pytest.mark.engine
def test_what_is_mounted_for_a_box_of_an_estimate_goes_with_it(tmp_path):
    if "python" not in installed():
        pytest.skip("the sandbox images are not built: run `python -m sandboxes.images build` as root")
    folder, of_new_site = tmp_path / "estimates", partial(runner_of, load_site(NEW_SITE))
    runner = of_new_site(folder / STUDY / BOXES)
    box = Box("rehearsal-0", runner.images()["python"], ("python3", "-c", "import time; time.sleep(600)"))
    runner.prepare(box)
    runner.launch(box.job)
    assert runner.observe(box.job).phase is Phase.RUNNING
    clear(folder, of_new_site)
    assert not folder.exists()
    assert (mounts_beneath(folder), runner.observe(box.job).phase) == ([], Phase.ABSENT)


@pytest.mark.engine
def test_an_estimate_is_a_band_of_words_from_a_rehearsal_in_real_boxes(tmp_path):
    """Of the queries alone: the study's own code is not run for it. What an interrupted one has left is no hindrance."""
    if "sql" not in installed():
        pytest.skip("the sandbox images are not built: run `python -m sandboxes.images build` as root")
    study = write_study(tmp_path / "study", "table", 1, 0)
    for _ in range(2):
        (tmp_path / "made" / "study" / "analysis").mkdir(parents=True, exist_ok=True)
        found = rehearsed(
            gather(study), "tpp", tmp_path / "made", rehearse=Hands().rehearse, people=(300, 600)
        )
        assert {name: set(took) for name, took in found.items()} == {"cohort": {300, 600}}
        assert {told_of(took, there=25_000_000) for took in found.values()} <= WORDS


@pytest.mark.parametrize(
    ("few", "more", "there", "told"),
    [
        ((2_000, 0.05), (20_000, 0.05), 25_000_000, "seconds"),
        ((2_000, 0.05), (20_000, 0.10), 25_000_000, "a minute or two"),
        ((2_000, 0.05), (20_000, 0.50), 25_000_000, "minutes"),
        ((2_000, 0.05), (20_000, 5.00), 25_000_000, "an hour or two"),
        ((2_000, 0.05), (20_000, 500.0), 25_000_000, LONGEST),
        ((2_000, 0.06), (20_000, 0.05), 25_000_000, "seconds"),
        ((2_000, 0.05), (20_000, 5.00), 20_000, "seconds"),
    ],
)
def test_what_each_person_adds_is_the_difference_between_few_and_more(few, more, there, told):
    assert from_two(few, more, there=there) == told


def test_more_people_are_more():
    with pytest.raises(ValueError, match="more of them"):
        from_two((2_000, 1.0), (2_000, 2.0), there=1)


def test_what_is_told_of_the_real_store_is_its_size_to_one_digit(house, case):
    people = house.data.of("tpp").population(case)
    assert people > 0
    assert str(people).strip("0") in set("123456789")
