"""Who may end an action: of many that want it one has it, and the word of one that lost it does not count [P13]."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest

from tests.torture.stand import begin, hands, tre_says, write_study
from tre.cli.house import House
from tre.custody.requests import JobState, Outcome
from tre.records.errors import ClaimHeld, ClaimLost
from tre.service import By, Held

IMAGE = "sha256:" + "5" * 64
CROWD = 100
NUMBERS = count()


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("claims")
    return folder / "site", begin(folder / "site", lease=30)


@pytest.fixture
def house(stand: tuple[Path, str]) -> Iterator[House]:
    house = hands(stand[0]).wiring().open_house(stand[0])
    yield house
    house.service.ledger.close()


@pytest.fixture
def request_id(stand: tuple[Path, str], tmp_path: Path) -> str:
    folder = write_study(tmp_path / "study", "boom", next(NUMBERS), 0)
    return str(
        tre_says(stand[0], "--as", "ada", "job", "submit", str(folder), "--study", stand[1])["request"]
    )


def claim(house: House, request: str, worker: str, *, later: float = 0) -> int:
    now = hands(house.folders.site).clock() + timedelta(seconds=later)
    return house.service.claim(now, request, action="boom", image=IMAGE, worker=worker)[1]


def fail(house: House, request: str, token: int) -> None:
    now = hands(house.folders.site).clock()
    house.service.fail(now, request, action="boom", outcome=Outcome.FAILED, log="", claim=Held(token))


def live(house: House, worker: str, seconds: float) -> None:
    house.service.claims.renew(worker, hands(house.folders.site).clock().timestamp() + seconds)


def test_a_second_worker_is_kept_off_while_the_first_one_lives(house: House, request_id: str) -> None:
    live(house, "one", 60)
    claim(house, request_id, "one")
    with pytest.raises(ClaimHeld, match="one"):
        claim(house, request_id, "two")


def test_a_lost_workers_late_outcome_is_refused_and_the_new_ones_counts(
    house: House, request_id: str
) -> None:
    live(house, "one", 5)
    lost = claim(house, request_id, "one")
    new = claim(house, request_id, "two", later=10)
    assert new > lost
    before = house.service.ledger.head()
    with pytest.raises(ClaimLost):
        fail(house, request_id, lost)
    assert house.service.ledger.head() == before, "what is refused is not written"
    fail(house, request_id, new)
    ends = [each for each in house.service.ledger.case_events(request_id) if each.kind == "request.failed"]
    assert len(ends) == 1


def test_what_fails_a_lost_worker_late_is_not_counted_against_the_new_one(
    house: House, request_id: str
) -> None:
    place, claims = (request_id, "boom"), house.service.claims
    live(house, "one", 5)
    lost = claim(house, request_id, "one")
    assert claims.fault(place, "image-not-here", 0, token=lost) == 1
    new = claim(house, request_id, "two", later=10)
    assert claims.fault(place, "image-not-here", 0, token=lost) == 1
    assert claims.faults()[place].number == 1
    assert claims.fault(place, "image-not-here", 0, token=new) == 2


def test_a_takeover_starts_nothing_anew_on_the_ledger(house: House, request_id: str) -> None:
    claim(house, request_id, "gone")
    claim(house, request_id, "two", later=10)
    starts = [each for each in house.service.ledger.case_events(request_id) if each.kind == "request.started"]
    assert len(starts) == 1


def test_of_a_crowd_of_workers_exactly_one_has_the_action(house: House, request_id: str) -> None:
    for number in range(12):
        live(house, f"w{number}", 60)
    tokens, refused = [], []

    def want(worker: str) -> None:
        try:
            tokens.append(claim(house, request_id, worker))
        except ClaimHeld as held:
            refused.append(held)

    together([lambda name=f"w{number}": want(name) for number in range(12)])
    assert len(tokens) == 1
    assert len(refused) == 11
    job = house.service.request(request_id).job("boom")
    assert job is not None
    assert job.state is JobState.STARTED


def test_a_hundred_submissions_of_one_job_at_once_make_one(
    stand: tuple[Path, str], house: House, request_id: str
) -> None:
    submission = house.service.request(request_id).submission
    known = len(house.service.request_ids())
    ada, made = house.site.person("ada"), set()

    def submit() -> None:
        made.add(house.service.submit_once(By(ada, hands(stand[0]).clock()), submission).id)

    together([submit] * CROWD)
    assert made == {request_id}
    assert len(house.service.request_ids()) == known


def test_the_same_job_may_be_asked_for_again_once_it_has_ended(
    stand: tuple[Path, str], house: House, request_id: str
) -> None:
    fail(house, request_id, claim(house, request_id, "one"))
    submission, ada = house.service.request(request_id).submission, house.site.person("ada")
    again = house.service.submit_once(By(ada, hands(stand[0]).clock()), submission)
    assert again.id == f"{request_id}-2"


def together(doings: list) -> None:
    threads = [threading.Thread(target=doing) for doing in doings]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_how_far_an_action_is_is_said_by_whoever_holds_its_claim(house: House, request_id: str) -> None:
    """In quarters; the word of a worker that lost it does not count, and a new run begins from nothing."""
    claims, place = house.service.claims, (request_id, "boom")
    first = claim(house, request_id, "one")
    assert claims.shares(request_id) == {}
    for quarters in (1, 3):
        claims.note_share(place, first, quarters)
        assert claims.shares(request_id) == {"boom": quarters}
    second = claim(house, request_id, "two", later=60)
    assert claims.shares(request_id) == {}
    claims.note_share(place, second, 2)
    claims.note_share(place, first, 3)
    assert claims.shares(request_id) == {"boom": 2}
