"""Pages are read on paper, without a script and without a mouse: nothing is lost that matters."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import visited
from tests.browser.gallery import BASE, Gallery, begin_gallery

pytestmark = pytest.mark.browser
PRINTED = {
    "/review/run-1?file=2&side=raw": (
        "cleo",
        ("output/marked.csv", "North East", "What the checks found", "What it is for", "Bytes"),
    ),
    "/releases/job-recalled": ("ada", ("This release was recalled.", "output/table.csv", "SHA-256")),
    "/studies/study-3": (
        "ben",
        ("Repeat infection by age band", "Why is the region needed?", "patients.region"),
    ),
    "/register/studies/study-1": (
        "",
        ("Positive tests by region", "covid-19-directions-2020", "job-released"),
    ),
}


@pytest.fixture(scope="module")
def gallery(tmp_path_factory, browser) -> Iterator[Gallery]:
    site = tmp_path_factory.mktemp("reading") / "site"
    begin_gallery(site)
    for town in visited(site, browser, BASE):
        yield Gallery(town)


@pytest.mark.parametrize("path", PRINTED)
def test_a_report_prints_whole_in_black_on_white_and_without_what_is_pressed(gallery, path: str) -> None:
    person, words = PRINTED[path]
    page = gallery.open(person, path)
    page.emulate_media(media="print", color_scheme="dark")
    for text in words:
        assert page.get_by_text(text).first.is_visible(), text
    assert (
        page.locator("button:visible, nav:visible, textarea:visible").count()
        <= page.locator(".files:visible").count()
    )
    paper = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    assert paper == "rgb(255, 255, 255)"
    cut = page.evaluate(
        "[...document.querySelectorAll('.scroll, pre, ol')].filter(e => e.scrollHeight > e.clientHeight + 1).length"
    )
    assert cut == 0
    printed = page.pdf(format="A4")
    assert printed.startswith(b"%PDF-")
    assert 1 <= len(re.findall(rb"/Type\s*/Page\b", printed)) <= 6
    page.emulate_media(media="screen", color_scheme="light")


@pytest.mark.parametrize(
    ("person", "path", "words"),
    [
        ("", "/register", "Public register"),
        ("ada", "/jobs", "Jobs of your studies"),
        ("ada", "/jobs/run-1/preflight", "What the checks found"),
        ("ben", "/studies/study-2", "Approve this study"),
        ("cleo", "/review/run-1?file=2", "Hand in my review"),
        ("eve", "/platform", "How the platform is"),
    ],
)
def test_a_page_is_read_and_its_form_is_there_without_a_script(
    gallery, person: str, path: str, words: str
) -> None:
    """A checker's long table ends with a word on how to have the rest."""
    arrived = gallery.town.arrived(person).context if person else gallery.town.visitor().context
    state = arrived.storage_state()
    page = gallery.town.visitor(java_script_enabled=False, storage_state=state)
    answer = page.goto(path)
    assert answer is not None
    assert answer.status == 200
    assert page.get_by_text(words).first.is_visible()


def test_a_review_is_given_and_handed_in_by_keyboard_alone(gallery) -> None:
    """From the queue to a review that is in: Tab and Enter to the request, then the page's own keys, then Tab and Enter again."""
    page = gallery.open("dan", "/review")
    pressed_at(page, "a", "run-3")
    page.get_by_role("heading", name="output/table.csv").wait_for()
    page.wait_for_load_state()  # the page's keys are there with its script, a moment after its words
    page.keyboard.press("n")
    expect(page.locator("#f-note")).to_be_focused()
    page.keyboard.type("Looked at, cell by cell.")
    pressed_at(page, "button", "Approve (a)")
    page.get_by_text("So far: approve").wait_for()
    pressed_at(page, "button", "Hand in my review")
    page.get_by_text("nobody sees either yet").wait_for()
    assert len(gallery.service.request("run-3").votes) == 1


def pressed_at(page, tag: str, words: str) -> None:
    """Tab to it, as far as it takes, and press Enter."""
    for _ in range(120):
        page.keyboard.press("Tab")
        if page.evaluate("[document.activeElement.localName, document.activeElement.innerText]") == [
            tag,
            words,
        ]:
            page.keyboard.press("Enter")
            return
    raise AssertionError(f"no way by keyboard to {words}")
