"""Four people's whole journeys on the real core: they apply, approve, submit, check, sign off, collect and read, in a real browser.

Each page they pass is looked at by axe, and photographed where TRE_SCREENSHOTS names a folder.
"""

import io
import zipfile
from pathlib import Path

import pytest

import job_specs
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
    """Ada applies, Ben approves, her code runs in real sandboxes, Cleo and Dan sign it off, everybody reads that it left."""
    town = working_town
    anybody, ada = arrivals(town)
    study = applied(town, ada)
    approved(town, town.signed_in("ben"))
    job = submitted(town, ada, study)
    described(town, ada, job)
    checked(town, ada, job)
    released(town, ada, anybody, job)
    kept_running(town, job)


def arrivals(town):
    anybody = town.visitor()
    for path, name in (("/", "home"), ("/login", "sign-in")):
        anybody.goto(path)
        town.look(anybody, name)
    return anybody, town.signed_in("ada")


def applied(town, ada) -> str:
    ada.goto("/studies")
    ada.get_by_role("button", name="Apply for a study").click()
    fill_application(ada)
    town.look(ada, "application")
    ada.get_by_role("button", name="Hand it in").click()
    ada.get_by_role("heading", name="Positive tests by region").wait_for()
    return ada.url.rpartition("/")[2]


def approved(town, ben) -> None:
    ben.goto("/studies?stage=applied")
    town.look(ben, "studies-to-decide")
    ben.get_by_role("link", name="Positive tests by region").click()
    ben.locator("#section-data summary").click()
    ben.get_by_role("button", name="Agree to data").click()
    town.look(ben, "application-read-by-an-approver")
    ben.get_by_label("Conditions").fill("Release aggregates by region only.")
    ben.get_by_role("button", name="Approve this study").click()
    assert ben.get_by_text("Release aggregates by region only.").is_visible()


def submitted(town, ada, study: str) -> str:
    ada.goto(f"/jobs/new?study={study}")
    ada.get_by_label("The study's folder").set_input_files(
        {"name": "study.zip", "mimeType": "application/zip", "buffer": zipped()}
    )
    town.look(ada, "submit-a-job")
    ada.get_by_role("button", name="Submit", exact=True).click()
    ada.get_by_role("heading", name="Plan").wait_for()
    job = ada.url.rpartition("/")[2]
    town.look(ada, "job-waiting")
    town.work()
    ada.locator("[data-stage]").get_by_text("checked").wait_for(timeout=60_000)
    town.look(ada, "job-checked")
    ada.get_by_role("link", name="Code", exact=True).click()
    town.look(ada, "job-code")

    return job


def described(town, ada, job: str) -> None:
    ada.goto(f"/jobs/{job}/preflight")
    town.look(ada, "pre-flight")
    ada.get_by_label("Who is counted").first.fill("Everybody registered in England with a positive test.")
    ada.get_by_role("button", name="Keep what these files are").click()
    assert ada.get_by_label("Who is counted").first.input_value().startswith("Everybody registered")


def checked(town, ada, job: str) -> None:
    cleo, dan = town.signed_in("cleo"), town.signed_in("dan")
    cleo.goto("/review")
    town.look(cleo, "review-queue")
    ada.goto("/review")
    assert ada.get_by_role("link", name=job).count() == 0
    for page in (cleo, dan):
        page.goto("/review")
        page.get_by_role("link", name=job).click()
        voted(town, page)
    dan.goto(f"/review/{job}")
    town.look(dan, "review-both-in")
    dan.get_by_role("button", name="Sign all of it off").click()
    dan.wait_for_url("**/review")
    town.work()


def voted(town, page) -> None:
    """A word on each file, by keyboard, then all of them handed in."""
    page.wait_for_url("**/review/*")
    town.look(page, "review")
    for _ in range(page.locator(".files li").count()):
        with page.expect_navigation():
            page.keyboard.press("a")
    page.get_by_role("button", name="Hand in my review").click()
    page.get_by_text("nobody sees either yet").or_(page.get_by_text("All words on this file")).wait_for()


def released(town, ada, anybody, job: str) -> None:
    ada.goto(f"/jobs/{job}")
    assert ada.locator("[data-stage]").inner_text().endswith("released")
    town.look(ada, "job-released")
    ada.get_by_role("link", name="Release", exact=True).click()
    town.look(ada, "release")
    with ada.expect_download() as taken:
        ada.get_by_role("link", name="Take it along as one bundle").click()
    bundle = taken.value.path()
    assert verify_release(Path(bundle), (town.opening.house().seals.key.public,))
    assert anybody.goto(f"/releases/{job}").url.endswith("/login?next=/releases/" + job)
    for path in ("inbox", "releases"):
        ada.goto(f"/{path}")
        town.look(ada, path)
    anybody.goto("/incidents/new")
    town.look(anybody, "report-a-breach")
    anybody.goto("/register")
    town.look(anybody, "register")
    anybody.get_by_role("link", name="Positive tests by region").click()
    assert anybody.get_by_text("output/tests_by_region.csv").is_visible()
    town.look(anybody, "register-study")
    for page in ("jobs", "releases"):
        anybody.goto(f"/register/{page}")
        town.look(anybody, f"register-{page}")


def kept_running(town, job: str) -> None:
    eve = town.signed_in("eve")
    eve.goto(f"/jobs/{job}")
    assert eve.goto(f"/jobs/{job}/preflight").status == 404
    assert eve.goto("/review").status == 403
    eve.goto("/account")
    town.look(eve, "account")
    watched(town, eve)


def watched(town, eve) -> None:
    """What the watch has noted is on the board; the public reads one word."""
    daybook = town.opening.house().daybook
    well = {"quick": False, "healthy": True, "looked": ["disk", "tables", "walls"], "ill": []}
    said = {"said": ["disk: 3.1 GB are free"], "fix": ["disk: Make room, or `tre worker pause`."]}
    daybook.note("health", actor="eve", at=town.now(), facts=well)
    daybook.note(
        "health", actor="eve", at=town.now(), facts=well | {"healthy": False, "ill": ["disk"]} | said
    )
    eve.goto("/health")
    assert eve.get_by_text("disk fell ill").is_visible()
    town.look(eve, "health")
    anybody = town.visitor()
    anybody.goto("/status")
    assert anybody.get_by_text("degraded").is_visible()
    town.look(anybody, "status")


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


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_are_read_in_the_dark_and_on_a_small_screen(town, scheme: str) -> None:
    page = town.visitor(color_scheme=scheme)
    page.set_viewport_size({"width": 390, "height": 800})
    for path in ("/", "/register", "/login"):
        page.goto(path)
        town.look(page, f"small-{scheme}-{path.strip('/') or 'home'}")
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= 390, (path, wide)


def test_pages_are_read_without_a_script(town) -> None:
    page = town.visitor(java_script_enabled=False)
    page.goto("/register")
    assert page.get_by_role("heading", name="Public register").is_visible()
    page.goto("/login")
    assert page.get_by_role("button", name="Sign in").is_visible()


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
