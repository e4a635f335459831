"""Four people's whole journeys on the real core: they apply, approve, submit, check, sign off, collect and read, in a real browser.

Each page they pass is looked at by axe, and photographed where TRE_SCREENSHOTS names a folder.
"""

import io
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page

import job_specs
from tests.browser.conftest import Town
from tre.custody.requests import RequestStage
from tre.records.seals import verify_release

pytestmark = [pytest.mark.browser, pytest.mark.engine, pytest.mark.slow]
STUDY = Path(job_specs.__file__).parent / "examples" / "covid-tests"
COLUMNS = {
    "patients": ("patient_id", "date_of_birth", "sex", "region", "imd_quintile"),
    "covid_tests": ("patient_id", "specimen_date", "result"),
    "admissions": ("patient_id", "admission_date", "primary_diagnosis"),
}


def zipped() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for path in sorted(STUDY.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(STUDY).as_posix())
    return out.getvalue()


def test_a_study_goes_from_an_idea_to_a_released_table_and_everybody_sees_what_they_should(
    working_town,
) -> None:
    """Four people and a watcher, each in a browser of their own, on the real core; nothing is done for them elsewhere.

    Ada applies, Ben asks, she amends, he approves; Eve pauses and resumes; her code runs in real sandboxes; Cleo sends it back, she
    answers; Cleo and Dan vote apart; Dan signs off; it is collected, verified and read by everybody. On the way the author, a
    stranger, a maintainer and a lapsed approval are refused. Gus recalls it, and Eve reads all of that.
    """
    walk = Walk(working_town)
    applied(walk)
    amended(walk)
    approved(walk)
    held_up(walk)
    ran(walk)
    described(walk)
    sent_back(walk)
    answered(walk)
    voted(walk)
    not_by_the_author(walk)
    not_by_a_stranger(walk)
    signed_off(walk)
    collected(walk)
    read_by_everybody(walk)
    kept_running(walk)
    suspended(walk)
    recalled(walk)
    watched(walk)
    lapsed(walk)


class Walk:
    """The walk so far: who is here, each in a browser of their own, and what it is about."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.study = self.job = ""
        self._pages: dict[str, Page] = {"": town.visitor()}

    def page(self, person: str) -> Page:
        """Their browser; they sign in when they come first."""
        if person not in self._pages:
            self._pages[person] = self.town.signed_in(person)
        return self._pages[person]

    def at(self, person: str, path: str, status: int = 200) -> Page:
        """Their browser at an address, which answers so."""
        answer = self.page(person).goto(path.format(study=self.study, job=self.job))
        assert answer is not None
        assert answer.status == status, (person, path, answer.status)
        return self.page(person)

    def back_tomorrow(self, later: timedelta) -> None:
        """Time passes, and everybody signs in anew."""
        self.town.ahead += later
        self._pages = {"": self._pages[""]}


def applied(walk: Walk) -> None:
    anybody = walk.at("", "/")
    walk.town.look(anybody, "home", picture=False)
    assert walk.at("", "/studies").url.endswith("/login?next=/studies")
    ada = walk.at("ada", "/studies")
    ada.get_by_role("button", name="Apply for a study").click()
    fill_application(ada)
    walk.town.look(ada, "application")
    ada.get_by_role("button", name="Hand it in").click()
    ada.get_by_role("heading", name="Positive tests by region").wait_for()
    walk.study = ada.url.rpartition("/")[2]
    assert ada.get_by_role("button", name="Approve this study").count() == 0


def amended(walk: Walk) -> None:
    """Ben asks, and sends it back; Ada finds it in her inbox, changes it, and both see what changed."""
    ben = walk.at("ben", "/studies?stage=applied")
    ben.get_by_role("link", name="Positive tests by region").click()
    ben.locator("#section-data summary").click()
    ben.get_by_label("What must change").nth(3).fill("Why is the date of birth needed?")
    ben.get_by_role("button", name="Ask for changes to data").click()
    ben.get_by_text("Why is the date of birth needed?").wait_for()
    ben.get_by_text("Return for changes", exact=True).first.click()
    ben.get_by_role("button", name="Return for changes").click()
    ben.locator("main .status").get_by_text("returned").wait_for()
    ada = walk.at("ada", "/inbox")
    walk.town.look(ada, "inbox")
    ada.get_by_role("link", name="Positive tests by region").click()
    assert ada.get_by_text("Why is the date of birth needed?").is_visible()
    ada.get_by_role("button", name="Revise the application").click()
    ada.locator("details > summary").evaluate_all(
        "all => all.forEach(each => each.parentElement.open = true)"
    )
    ada.locator('[name="why:patients.date_of_birth"]').fill("Only to make age bands of ten years.")
    ada.get_by_label("Lay summary").fill(
        "How many people had a positive COVID-19 test in each region, by age band."
    )
    ada.get_by_role("button", name="Hand it in").click()
    ada.get_by_role("link", name="what changed").click()
    assert ada.locator("ins").filter(has_text="by age band.").is_visible()


def approved(walk: Walk) -> None:
    ben = walk.at("ben", "/studies/{study}")
    assert ben.get_by_text("Only to make age bands of ten years.").is_visible()
    ben.locator("#section-data summary").click()
    ben.get_by_role("button", name="Agree to data").click()
    walk.town.look(ben, "application-read-by-an-approver")
    ben.get_by_label("Conditions").fill("Release aggregates by region only.")
    ben.get_by_role("button", name="Approve this study").click()
    assert ben.get_by_text("Release aggregates by region only.").is_visible()


def held_up(walk: Walk) -> None:
    """Eve has paused the platform: what is handed in is kept, says why it waits, and starts when she resumes."""
    eve = walk.at("eve", "/platform")
    eve.get_by_label("Why").fill("The host is restarted at ten.")
    eve.get_by_role("button", name="Pause").click()
    eve.get_by_role("button", name="Resume").wait_for()
    assert walk.at("", "/status").get_by_text("paused").is_visible()
    ada = walk.at("ada", "/jobs/new?study={study}")
    ada.get_by_label("The study's folder").set_input_files(
        {"name": "study.zip", "mimeType": "application/zip", "buffer": zipped()}
    )
    ada.get_by_role("button", name="Submit", exact=True).click()
    ada.get_by_role("heading", name="Plan").wait_for()
    walk.job = ada.url.rpartition("/")[2]
    walk.town.work()
    walk.at("ada", "/jobs/{job}").get_by_text("The host is restarted at ten").first.wait_for()
    eve.get_by_role("button", name="Resume").click()
    eve.get_by_text("Nothing runs now.").wait_for()


def ran(walk: Walk) -> None:
    ada = walk.at("ada", "/jobs/{job}")
    ada.get_by_text("It is its turn as soon as the worker is free.").first.wait_for()
    walk.town.look(ada, "job-waiting")
    walk.town.work()
    ada.locator("[data-stage]").get_by_text("checked").wait_for(timeout=60_000)
    walk.town.look(ada, "job-checked")
    ada.get_by_role("link", name="Code", exact=True).click()
    walk.town.look(ada, "job-code")


def described(walk: Walk) -> None:
    ada = walk.at("ada", "/jobs/{job}/preflight")
    walk.town.look(ada, "pre-flight")
    ada.get_by_label("Who is counted").first.fill("Everybody registered in England with a positive test.")
    ada.get_by_role("button", name="Keep what these files are").click()
    assert ada.get_by_label("Who is counted").first.input_value().startswith("Everybody registered")


def sent_back(walk: Walk) -> None:
    """Cleo presses on a cell, says what is wrong with it, and sends the request back."""
    cleo = walk.at("cleo", "/review")
    cleo.get_by_role("link", name=walk.job).click()
    cleo.locator(".window tbody td").first.click()
    cleo.get_by_label("Remark", exact=True).fill("Say that the region is that of the practice.")
    cleo.get_by_role("button", name="Remark", exact=True).click()
    assert cleo.get_by_text("row 0 column 0").is_visible()
    cleo.get_by_text("Send it back for changes").click()
    cleo.get_by_label("What must change").fill("One question, on the first cell.")
    cleo.get_by_role("button", name="Send it back").click()
    cleo.wait_for_url("**/review")
    assert cleo.get_by_role("link", name=walk.job).count() == 0


def answered(walk: Walk) -> None:
    ada = walk.at("ada", "/jobs/{job}/preflight")
    assert ada.get_by_text("Say that the region is that of the practice.").first.is_visible()
    ada.get_by_label("Anything else a checker should know").first.fill("The region is that of the practice.")
    ada.get_by_role("button", name="Keep what these files are").click()
    ada.get_by_label("Your answer").fill("It says so now.")
    ada.get_by_role("button", name="Offer it again").click()
    ada.get_by_role("heading", name="Plan").wait_for()
    walk.town.work()
    ada.locator("[data-stage]").get_by_text("checked").wait_for(timeout=60_000)


def voted(walk: Walk) -> None:
    """Two browsers, apart: while one vote is in, the other checker sees that it is, and nothing of what it says."""
    for person in ("cleo", "dan"):
        page = walk.at(person, "/review")
        page.get_by_role("link", name=walk.job).click()
        page.wait_for_url("**/review/*")
        assert page.get_by_text("All words on this file").count() == 0
        walk.town.look(page, "review", picture=person == "dan")
        for _ in range(page.locator(".files li").count()):
            with page.expect_navigation():
                page.keyboard.press("a")
        page.get_by_role("button", name="Hand in my review").click()
        page.get_by_text("nobody sees either yet").or_(page.get_by_text("All words on this file")).wait_for()
    dan = walk.at("dan", "/review/{job}")
    walk.town.look(dan, "review-both-in")


def not_by_the_author(walk: Walk) -> None:
    """Ada checks others' outputs: her own she neither sees in the queue, nor opens, nor signs off by hand-made form [P16]."""
    assert walk.at("ada", "/review").get_by_role("link", name=walk.job).count() == 0
    ada = walk.at("ada", "/review/{job}", 403)
    assert ada.get_by_text("independent of the study").is_visible()
    for step in ("sign-off", "vote", "refuse"):
        assert sent(ada, f"/review/{walk.job}/{step}", words="Mine.") == 403
    assert walk.town.opening.house().service.request(walk.job).stage is RequestStage.REVIEWED


def not_by_a_stranger(walk: Walk) -> None:
    """Hal is a researcher of another study: he learns nothing, not even that there is such a job [P1]."""
    for path in ("/jobs/{job}", "/jobs/{job}/code", "/jobs/{job}/preflight", "/releases/{job}"):
        page = walk.at("hal", path, 404)
        assert page.get_by_text("that you may see").is_visible()
    walk.at("hal", "/review/{job}", 403)
    assert sent(walk.page("hal"), f"/jobs/{walk.job}/cancel") == 404
    assert walk.at("", "/releases/{job}").url.endswith(f"/login?next=/releases/{walk.job}")


def signed_off(walk: Walk) -> None:
    dan = walk.at("dan", "/review/{job}")
    dan.get_by_role("button", name="Sign all of it off").click()
    dan.wait_for_url("**/review")
    walk.town.work()
    ada = walk.at("ada", "/jobs/{job}")
    assert ada.locator("[data-stage]").inner_text().endswith("released")
    walk.town.look(ada, "job-released")


def collected(walk: Walk) -> None:
    ada = walk.at("ada", "/jobs/{job}")
    ada.get_by_role("link", name="Release", exact=True).click()
    walk.town.look(ada, "release")
    with ada.expect_download() as taken:
        ada.get_by_role("link", name="Take it along as one bundle").click()
    bundle = taken.value.path()
    assert verify_release(Path(bundle), (walk.town.opening.house().seals.key.public,))
    walk.town.look(walk.at("ada", "/releases"), "releases")


def read_by_everybody(walk: Walk) -> None:
    anybody = walk.at("", "/register")
    walk.town.look(anybody, "register")
    anybody.get_by_role("link", name="Positive tests by region").click()
    assert anybody.get_by_text("output/tests_by_region.csv").is_visible()
    walk.town.look(anybody, "register-study")
    for page in ("jobs", "releases"):
        walk.town.look(walk.at("", f"/register/{page}"), f"register-{page}")


def kept_running(walk: Walk) -> None:
    """Eve sees that things run, who is here and which law stands; not one finding, file or review [P16]."""
    eve = walk.at("eve", "/jobs/{job}")
    assert eve.locator("[data-stage]").is_visible()
    walk.at("eve", "/jobs/{job}/preflight", 404)
    walk.at("eve", "/jobs/{job}/code", 404)
    walk.at("eve", "/review/{job}", 403)
    assert walk.at("eve", "/platform").get_by_text("The host is restarted at ten.").is_visible()
    assert walk.at("eve", "/platform/law").get_by_text("✓ in force").is_visible()
    people = walk.at("eve", "/platform/people")
    people.get_by_role("button", name="Invite again hal").click()
    people.get_by_text("Send this to hal").wait_for()


def suspended(walk: Walk) -> None:
    """Ben stops the study: nothing more is handed in for it, until he puts it back."""
    ben = walk.at("ben", "/studies/{study}")
    ben.get_by_text("Suspend", exact=True).first.click()
    ben.get_by_role("button", name="Suspend").click()
    ben.locator("main .status").get_by_text("suspended").wait_for()
    assert walk.at("ada", "/jobs/new").get_by_text("None of your studies is approved now.").is_visible()
    assert sent(walk.page("ada"), f"/jobs/{walk.job}/again") == 403
    ben.get_by_text("Put it back", exact=True).first.click()
    ben.get_by_role("button", name="Put it back").click()
    ben.locator("main .status").get_by_text("approved").wait_for()


def recalled(walk: Walk) -> None:
    """Gus thinks that a practice may show: one form, and it is stopped; Ada, Eve and everybody read that it was [P15]."""
    gus = walk.at("gus", "/incidents/new?about={job}")
    gus.get_by_label("What you saw").fill("A practice may show in the second table.")
    gus.get_by_role("button", name="Report it").click()
    gus.get_by_text("it is stopped").wait_for()
    assert walk.at("ada", "/releases/{job}").get_by_text("This release was recalled.").is_visible()
    assert walk.at("", "/register/releases").get_by_text("recalled").first.is_visible()
    assert walk.at("eve", "/platform/incidents").get_by_role("link", name=walk.job).is_visible()
    assert walk.at("ben", "/studies/{study}").locator("main .status").get_by_text("suspended").is_visible()
    ben = walk.page("ben")
    ben.get_by_text("Put it back", exact=True).first.click()
    ben.get_by_role("button", name="Put it back").click()
    ben.locator("main .status").get_by_text("approved").wait_for()


def watched(walk: Walk) -> None:
    """What the watch has noted is on the board, with the incident that is open; the public reads one word."""
    daybook = walk.town.opening.house().daybook
    well = {"quick": False, "healthy": True, "looked": ["disk", "tables", "walls"], "ill": []}
    said = {"said": ["disk: 3.1 GB are free"], "fix": ["disk: Make room, or `tre worker pause`."]}
    daybook.note("health", actor="eve", at=walk.town.now(), facts=well)
    ill = {"healthy": False, "ill": ["disk"]}
    daybook.note("health", actor="eve", at=walk.town.now(), facts=well | ill | said)
    eve = walk.at("eve", "/health")
    assert eve.get_by_text("disk fell ill").is_visible()
    walk.town.look(eve, "health", picture=False)
    walk.town.ahead += timedelta(minutes=1)
    assert walk.at("", "/status").get_by_text("degraded").is_visible()


def lapsed(walk: Walk) -> None:
    """The last day passes: the same code is refused, in a sentence that says what to do [P4]."""
    walk.back_tomorrow(timedelta(days=900))
    ada = walk.at("ada", "/jobs/{job}")
    ada.get_by_role("button", name="Run the same code again").click()
    ada.get_by_role("heading", name="That was not done").wait_for()
    assert ada.get_by_text("2028-12-31").is_visible()


def sent(page: Page, path: str, **fields: str) -> int:
    """The status of a form that no page offered: made by hand, with the token of a page of theirs."""
    page.goto("/account")
    token = page.locator("input[name=_csrf_token]").first.get_attribute("value") or ""
    answer = page.request.post(path, form={"_csrf_token": token, **fields}, max_redirects=0)
    return answer.status


def fill_application(page) -> None:
    page.get_by_label("Title").fill("Positive tests by region")
    page.get_by_label("Lay summary").fill(
        "How many people had a positive COVID-19 test in each region of England."
    )
    page.get_by_label("Public benefit").fill("The next winter is planned with what the last one taught.")
    page.get_by_label("Lead organisation").fill("University of Example")
    page.locator("details > summary").evaluate_all(
        "all => all.forEach(each => each.parentElement.open = true)"
    )
    for table, columns in COLUMNS.items():
        for column in columns:
            page.locator(f'input[type=checkbox][value="{table}.{column}"]').check()
    page.locator('[name="why:patients.region"]').fill("Results are by region.")
    page.get_by_label("Intended outputs").fill("One table by region, sex and age band.")
    page.get_by_label("Starts").fill("2026-01-01")
    page.get_by_label("Ends").fill("2028-12-31")
    page.locator("[data-saved]").get_by_text("Saved").wait_for()


def test_everything_on_a_page_is_reached_without_a_mouse(town) -> None:
    page = town.signed_in("ada")
    page.goto("/studies")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    reached = set()
    for _ in range(40):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.name || document.activeElement.innerText || ''"))
    assert {
        "Register",
        "Studies",
        "Jobs",
        "Account",
        "Sign out",
        "Apply for a study",
        "words",
        "stage",
        "Search",
    } <= reached
