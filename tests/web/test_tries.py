"""[P1] Tried on synthetic data: everything is shown, to whoever tried it, and to nobody else; nothing of it is on the ledger."""

from datetime import timedelta

import pytest

from job_specs.errors import SpecError
from tests.web.test_job_pages import STUDY, handed_in, token, zipped
from tre.data.room import Room
from tre.dispatch.errors import DispatchError

BROKEN = b"import csv\n\nrows = {}\nprint(rows['F'])\n"


def refusing(*_):
    raise DispatchError("file-missing", "The study lacks a file.", where="a.sql", fix="Add it.")


def breaking(*_):
    raise RuntimeError("a secret of the house")


def begun(desk, rehearse, content: bytes | None = None, person: str = "ada") -> str:
    """The path of a try that has ended."""
    door = tries_of(desk)
    door.rehearse = rehearse or door.rehearse
    started, real = [], door.start
    door.start = lambda *words, **named: started.append(real(*words, **named))
    answer = desk.post(person, "/tries", {}, files={"code": ("s.zip", content or zipped())})
    assert answer.status_code == 303, answer.text
    started[0].join()
    door.start = real
    return answer.headers["location"]


def tries_of(desk):
    return desk.opening._tries


def test_what_is_refused_says_why_and_a_fault_of_ours_says_nothing(desk) -> None:
    assert "The study lacks a file." in desk.get("ada", begun(desk, refusing)).text
    page = desk.get("ada", begun(desk, breaking)).text
    assert "Something here is broken" in page
    assert "secret" not in page


def test_a_try_is_read_by_whoever_tried_it_and_by_nobody_else(desk) -> None:
    path = begun(desk, refusing)
    assert path in desk.get("ada", "/tries").text
    assert desk.get("eve", path).status_code == 404
    assert path not in desk.get("eve", "/tries").text
    for other in ("ben", "cleo"):
        assert desk.get(other, path).status_code == 403
    for name in ("%2e%2e", "try-..%2f..", "try-nowhere", "try-" + "0" * 60):
        assert desk.get("ada", f"/tries/{name}").status_code == 404


def test_it_is_on_no_ledger_and_asks_for_no_approval(desk) -> None:
    head = desk.common.service.ledger.head()
    begun(desk, refusing)
    assert desk.common.service.ledger.head() == head


def test_two_at_once_are_enough_and_old_ones_go(desk) -> None:
    door = tries_of(desk)
    door.rehearse = refusing
    with door._turn:
        for _ in range(2):
            assert desk.post("ada", "/tries", {}, files={"code": ("s.zip", zipped())}).status_code == 303
        third = desk.post("ada", "/tries", {}, files={"code": ("s.zip", zipped())})
        assert "two tries on their way" in third.text
        desk.ahead += timedelta(hours=3)
        desk.sign_in("ada")
        assert "interrupted" in desk.get("ada", "/tries").text
    for _ in range(12):
        begun(desk, refusing)
    assert desk.get("ada", "/tries").text.count('href="/tries/try-') <= 10


def test_the_api_tries_too(desk) -> None:
    path, ada = begun(desk, refusing), token(desk, "ada")
    said = desk.client().get(f"/api{path}", headers=ada).json()
    assert (said["state"], said["said"]["problems"][0][:23]) == ("refused", "The study lacks a file.")
    assert desk.client().get("/api/tries", headers=ada).json()["total"] == 1


@pytest.mark.engine
@pytest.mark.slow
def test_on_synthetic_data_every_cell_is_shown_with_why_and_how_many(desk) -> None:
    page = desk.get("ada", begun(desk, None)).text
    assert "output/" in page
    assert "How sure we are" in page
    assert 'class="mark' in page
    assert "people:" in page
    assert "On the real store" not in page, "this site has none"


@pytest.mark.engine
@pytest.mark.slow
def test_how_long_its_queries_may_take_is_told_of_a_try_and_of_the_same_when_it_is_submitted(
    desk, monkeypatch
) -> None:
    for name in ("size", "population"):
        monkeypatch.setattr(Room, name, lambda *_: 20_000_000)
    desk.approved()
    page = desk.get("ada", begun(desk, None)).text
    assert page.count("On the real store it may take") == 2, "its two queries, and not its own code"
    assert desk.get("ada", handed_in(desk, zipped()).headers["location"]).text.count("may take") == 2
    other = zipped({"analysis/cohort.sql": changed_query()})
    assert desk.get("ada", handed_in(desk, other).headers["location"]).text.count("may take") == 1


def changed_query() -> bytes:
    return (STUDY / "analysis" / "cohort.sql").read_bytes().replace(b"SELECT", b"SELECT /* otherwise */", 1)


@pytest.mark.engine
@pytest.mark.slow
def test_on_synthetic_data_an_error_is_shown_with_ones_own_line_and_what_it_likely_is(desk) -> None:
    page = desk.get("ada", begun(desk, None, zipped({"analysis/describe.py": BROKEN}))).text
    assert "KeyError" in page
    assert "analysis/describe.py:4" in page
    assert "print(rows" in page


def test_a_spec_that_is_refused_shows_every_problem(desk) -> None:
    def spec_refused(*_):
        raise SpecError([])

    assert desk.get("ada", begun(desk, spec_refused)).status_code == 200
