"""[P9] What a study made or wrote runs nothing and calls nobody, in a real browser; and what listens for it is known to hear.

The kinds, and the files of each, are in `tests/web/test_hostile_outputs.py`.
"""

import pytest
from playwright.sync_api import Page

from tests.browser.world import World
from tests.web.review_world import ROUNDED, offered
from tests.web.test_hostile_outputs import HOSTILE, WORDS, zipped
from tre.custody.reasons import Reason, ReasonCode
from tre.custody.studies import Section

pytestmark = pytest.mark.browser


def listening(town) -> Page:
    """A page of Cleo's on which a dialog, too, is a fault."""
    page = town.arrived("cleo")
    page.on("dialog", heard(town))
    return page


def heard(town):
    def hear(dialog) -> None:
        town.problems.append(f"a dialog: {dialog.message}")
        dialog.dismiss()

    return hear


@pytest.mark.parametrize(
    "name",
    ["output/page.html", "output/pixel.html", "output/style.html", "output/drawing.svg", "output/linked.svg"],
)
def test_the_detector_hears_what_runs_and_what_calls_out_where_nothing_keeps_it_from_doing_so(
    town, name: str
) -> None:
    """The control: the very same bytes on a page without our rules are noticed. So silence elsewhere means something."""
    page = town.visitor()
    page.on("dialog", heard(town))
    page.set_content(HOSTILE[name].decode(), wait_until="commit")
    page.wait_for_function("document.readyState === 'complete'")
    page.context.close()  # a name that nobody knows is told late, and by then it has been: nothing is heard of it afterwards
    assert any("evil.example" in each or "a dialog" in each for each in town.problems), town.problems
    town.problems.clear()


@pytest.mark.slow
def test_hostile_outputs_run_nothing_and_call_nobody(town) -> None:
    request = offered(World(town), HOSTILE)
    page = listening(town)
    for number in range(len(HOSTILE)):
        for side in ("raw", "offered"):
            page.goto(f"/review/{request}?file={number}&side={side}")
            page.wait_for_function("document.readyState === 'complete'")
    assert town.problems == []


def test_hostile_words_run_nothing_and_call_nobody_wherever_they_are_read(town) -> None:
    """In a title, a summary, an organisation, a condition, a comment, a remark, a description, and a file's name."""
    world, words = World(town), WORDS["script in a comment"]
    said = {
        "title": words,
        "lay_summary": words,
        "organisation": words,
        "outputs": (words,),
        "funding": words,
    }
    study = world.approved("study-1", **said)
    world.common.service.suspend(
        world.by("ben"), study, Reason(ReasonCode.ERROR, world.common.documents.put(words.encode()))
    )
    world.common.service.reinstate(world.by("ben"), study, Reason(ReasonCode.RESOLVED))
    applied = world.applied("study-2", **said)
    world.common.service.discuss(
        world.by("ada"), applied, Section.ABOUT, world.common.documents.put(words.encode())
    )
    path = f"output/{words[:100]}.csv"
    request = offered(world, {path: ROUNDED})
    page = listening(town)
    page.goto(f"/review/{request}")
    page.get_by_text("Write a remark").click()
    page.get_by_label("Remark", exact=True).fill(words)
    page.get_by_role("button", name="Remark", exact=True).click()
    page.get_by_text(words[:40]).first.wait_for()
    reading = {
        "ada": ("/studies", "/studies/study-1", "/studies/study-2", "/inbox", f"/jobs/{request}", "/"),
        "": ("/register", "/register/studies/study-1"),
        "ben": ("/studies", "/studies/study-2"),
        "cleo": ("/review", f"/review/{request}", "/review/metrics"),
    }
    for person, paths in reading.items():
        page = town.arrived(person) if person else town.visitor()
        page.on("dialog", heard(town))
        for path in paths:
            assert page.goto(path).status == 200, path
    assert town.problems == []


def test_a_zip_bomb_is_refused_at_the_door(town) -> None:
    World(town).approved("study-1")
    page = town.arrived("ada")
    page.goto("/jobs/new?study=study-1")
    page.get_by_label("The study's folder").set_input_files(
        {"name": "study.zip", "mimeType": "application/zip", "buffer": zipped()}
    )
    page.get_by_role("button", name="Submit", exact=True).click()
    page.get_by_role("heading", name="That was not done").wait_for()
    assert town.opening.house().service.request_ids() == ()
