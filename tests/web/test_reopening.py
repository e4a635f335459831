"""[P14] [P16] What people.toml says counts as soon as it is written; while it cannot be read, nobody acts."""

import threading

import pytest
from litestar.testing import TestClient

from tre.main import Hands, Opening
from tre.records.site import as_written
from tre.web.doors import Settings
from tre.web.reopening import Reopened
from tre.web.sessions import begin, cookie_name

SETTINGS = Settings(requests_a_minute=0, form_secret="f" * 64)


@pytest.fixture
def served(desk):
    """The site as `tre serve` serves it, in Ada's browser."""
    app = Reopened(lambda: Opening(desk.site, Hands()).pages(SETTINGS), lambda: as_written(desk.site))
    with TestClient(app, base_url=SETTINGS.address) as client:  # type: ignore[arg-type]
        client.follow_redirects = False
        client.cookies.set(cookie_name(desk.common), begin(desk.common, "ada", desk.now()))
        yield client


def rewritten(desk, change) -> None:
    place = desk.site / "people.toml"
    text = change(place.read_text())
    place.with_suffix(".new").write_text(text)
    place.with_suffix(".new").replace(place)


def test_somebody_who_is_taken_out_is_out_with_the_next_request(desk, served) -> None:
    assert served.get("/account").status_code == 200
    rewritten(desk, lambda text: text.replace("[ada]", "[another]"))
    assert served.get("/account").status_code == 303


def test_a_role_that_is_taken_away_and_training_that_has_ended_count_at_once(desk, served) -> None:
    assert served.get("/review").status_code == 200
    rewritten(desk, lambda text: text.replace('["researcher", "output-checker"]', '["researcher"]'))
    assert served.get("/review").status_code == 403
    assert served.get("/studies").status_code == 200
    rewritten(desk, lambda text: text.replace("2030-12-31", "2020-12-31"))
    assert "training" in served.get("/studies").text


def test_an_unclear_file_stops_everybody_and_a_mended_one_nobody(desk, served) -> None:
    whole = (desk.site / "people.toml").read_text()
    rewritten(desk, lambda _: "[ada\n")
    stopped = served.get("/account")
    assert (stopped.status_code, stopped.headers["retry-after"]) == (503, "60")
    assert "Nothing is lost" in stopped.text
    rewritten(desk, lambda _: whole)
    assert served.get("/account").status_code == 200


def test_many_requests_at_the_moment_of_a_change_open_it_once() -> None:
    opened, stamp = [], [0]

    async def app(_scope, _receive, send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    made = Reopened(lambda: opened.append(1) or app, lambda: stamp[0])
    stamp[0] = 1
    threads = [threading.Thread(target=lambda: TestClient(made).get("/")) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(opened) == 2
