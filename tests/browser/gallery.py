"""A site where every page has something to show, and how each picture of the album comes to be: who opens what, and what they press.

Its clock stands still and its names are fixed, so that a page looks the same at every run.
"""

import io
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyotp
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from PIL import Image, ImageDraw
from playwright.sync_api import Page

from tests.browser.conftest import DEMO, PASSWORD, Town
from tests.browser.world import World
from tests.web.review_world import ROUNDED, offered
from tests.web.stages import STUDY, Told
from tre.custody.decide_law import bundle_bytes
from tre.custody.outputs import Decision, FileVote
from tre.custody.reasons import Reason, ReasonCode
from tre.custody.remarks import Remark
from tre.custody.requests import RequestStage
from tre.custody.studies import ApplicationStage, ColumnReason, Section
from tre.data.signed import signature_of
from tre.dispatch.code import Code, gather, keep
from tre.dispatch.intake import SPEC, read_study
from tre.main import create_site
from tre.records.accounts.passwords import digest_of

BASE = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
SEED = b"\x07" * 32
MORE_PEOPLE = """
[hal]
roles = ["researcher"]
trained_until = 2026-11-20
team = "University of Example"

[ida]
roles = ["data-protection-officer"]
trained_until = 2030-12-31
team = "Data protection"

[jon]
roles = ["output-checker"]
trained_until = 2026-09-30
team = "Output checking"
"""
CHECKS = ["disk_has_room", "ledger_is_whole", "walls_stand"]
INVITATION = "an-invitation-that-counts-once"
MARKED = b"region,sex,people\nNorth East,F,120\nNorth East,M,3\nLondon,F,55\nLondon,M,61\nSouth West,F,44\n"
ANSWERED = MARKED.replace(b",3\n", b",5\n").replace(b"61", b"60").replace(b"44", b"45")


def figure() -> bytes:
    """A bar chart as a study would draw it."""
    drawn, made = Image.new("RGB", (420, 220), "white"), io.BytesIO()
    pen = ImageDraw.Draw(drawn)
    for place, height in enumerate((120, 55, 45, 90, 75)):
        pen.rectangle((40 + 72 * place, 190 - height, 88 + 72 * place, 190), fill=(31, 95, 91))
    pen.line((30, 190, 400, 190), fill="black")
    drawn.save(made, "PNG")
    return made.getvalue()


FILES = {
    "output/rounded.csv": ROUNDED,
    "output/figure.png": figure(),
    "output/marked.csv": MARKED,
    "output/notes.txt": b"Counts are of people with a positive test,\nby region and sex, in 2021.\n",
}


def begin_gallery(site: Path) -> None:
    """A new site with the demonstration's people and three more, one of whom may sign the law."""
    create_site(site, BASE)
    public = Ed25519PrivateKey.from_private_bytes(SEED).public_key().public_bytes_raw().hex()
    people = (DEMO / "people.toml").read_text(encoding="utf-8") + MORE_PEOPLE
    signing = f'[fay]\nsigning_key = "{public}"\n'
    (site / "people.toml").write_text(people.replace("[fay]\n", signing), encoding="utf-8")


@dataclass
class Gallery:
    """The site, furnished, and whoever is in it."""

    town: Town
    kept: dict[str, str] = field(default_factory=dict)
    pages: dict[str, Page] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.world = World(self.town)
        self.service = self.world.common.service
        self._studies()
        self._jobs()
        self._reviews()
        self._house()

    def open(self, person: str, path: str, status: int = 200) -> Page:
        """A page as that person sees it; nobody's for no name. Each has a browser of their own."""
        if person not in self.pages:
            self.pages[person] = self.town.arrived(person) if person else self.town.visitor()
        answer = self.pages[person].goto(path)
        assert answer is not None
        assert answer.status == status, (person, path, answer.status)
        return self.pages[person]

    def by(self, person: str) -> Any:
        return self.world.by(person)

    def words(self, text: str) -> str:
        """The digest under which the vault keeps these words."""
        return self.world.common.documents.put(text.encode())

    # -- what there is to see ----------------------------------------------------------------------------------

    def _studies(self) -> None:
        asked = self.world.proposal(
            public_benefit="The next winter is planned with what the last one taught.",
            outputs=("One table by region and sex", "One figure"),
            why=(ColumnReason("patients", "region", "Results are by region."),),
            funding="A research council",
        )
        told = Told(self.world.common, asked, BASE)
        for name, title, stage in (
            ("study-1", "Positive tests by region", ApplicationStage.APPROVED),
            ("study-2", "Vaccination and admission in care homes", ApplicationStage.APPLIED),
            ("study-3", "Repeat infection by age band", ApplicationStage.RETURNED),
            ("study-4", "Tests in pregnancy", ApplicationStage.SUSPENDED),
            ("study-5", "Long waits after a positive test", ApplicationStage.REJECTED),
            ("study-6", "A study of the first wave", ApplicationStage.EXPIRED),
        ):
            told.proposal = replace(asked, title=title)
            told.study(name, stage)
        self.told = Told(self.world.common, asked, BASE)
        revised = replace(
            asked,
            title="Repeat infection by age band",
            lay_summary="How often people are infected again, by age.",
        )
        self.service.revise(self.by("ada"), "study-3", revised)
        self.service.assess(
            self.by("ben"),
            "study-3",
            Section.DATA,
            agreed=False,
            note=self.words("Why is the region needed?"),
        )
        self.service.discuss(
            self.by("ada"), "study-3", Section.DATA, self.words("Rates differ by region; we say so now.")
        )
        self.service.return_(
            self.by("ben"), "study-3", Reason(ReasonCode.NEEDS_CHANGES, self.words("One question."))
        )

    def _jobs(self) -> None:
        self.kept["first"] = self._handed_in({})
        changed = (
            gather(STUDY).files["analysis/describe.py"]
            + b"\n# Region is the finest geography that may leave.\n"
        )
        self.kept["second"] = self._handed_in({"analysis/describe.py": changed})
        for stage in (
            RequestStage.FAILED,
            RequestStage.CANCELLED,
            RequestStage.RELEASED,
            RequestStage.RECALLED,
        ):
            self.told.request(f"job-{stage.value}", "study-1", stage)
        self.told.code = "c" * 64
        self.told.request("job-lost", "study-1", RequestStage.CANCELLED)

    def _handed_in(self, changed: Mapping[str, bytes]) -> str:
        """A job of the example study, read and submitted as the page does it."""
        code, put = Code({**gather(STUDY).files, **changed}), self.world.common.documents.put
        images = self.world.common.site.images
        intake = read_study(code, self.town.opening.house().data.of("tpp"), images)
        submission = intake.submission(
            "study-1", spec=put(code.files[SPEC]), code=keep(code, put), images=images, backend="tpp"
        )
        return self.service.submit_once(self.by("ada"), submission).id

    def _reviews(self) -> None:
        """One that waits, one that was changed and came again, one where both votes are in."""
        offered(self.world, FILES, request="run-1", verdict=None)
        said = Remark(
            "output/marked.csv",
            self._digest("run-1", "output/marked.csv"),
            self.words("Who is in the second row?"),
            row=1,
            column=2,
        )
        self.service.comment(self.by("cleo"), "run-1", said)
        offered(self.world, {"output/table.csv": MARKED}, request="run-2", verdict=None)
        because = Reason(ReasonCode.SMALL_NUMBERS, self.words("The second row is of 3 people."))
        self.service.request_changes(self.by("cleo"), "run-2", because)
        offered(
            self.world,
            {"output/table.csv": ANSWERED},
            request="run-3",
            continues="run-2",
            verdict=None,
        )
        offered(self.world, {"output/table.csv": ROUNDED}, request="run-4")
        for checker, decision in (("cleo", Decision.APPROVE), ("dan", Decision.CHANGES)):
            vote = FileVote("output/table.csv", self._digest("run-4", "output/table.csv"), decision)
            self.service.vote(self.by(checker), "run-4", (vote,))

    def _digest(self, request: str, path: str) -> str:
        return next(each.digest for each in self.service.request(request).offered if each.path == path)

    def _house(self) -> None:
        """What was done to the platform, an invitation, and a change of the law that waits."""
        note, day = self.world.common.daybook.note, timedelta(days=1)
        note(
            "health",
            actor="eve",
            at=BASE - 3 * day,
            facts={"healthy": True, "seconds": 4.1, "ill": [], "looked": CHECKS},
        )
        note(
            "health",
            actor="eve",
            at=BASE - 2 * day,
            facts={
                "healthy": False,
                "seconds": 4.2,
                "ill": ["disk_has_room"],
                "looked": CHECKS,
                "said": ["disk_has_room: 3 GB are free, and 5 are wanted."],
                "fix": ["disk_has_room: Make room, or `tre worker pause` before the disk is full."],
            },
        )
        note("paused", actor="eve", at=BASE - 2 * day, facts={"why": "The disk is being made larger."})
        note("resumed", actor="eve", at=BASE - 2 * day, facts={"why": ""})
        note(
            "health-job",
            actor="eve",
            at=BASE - day,
            facts={"healthy": True, "seconds": 31.0, "ill": [], "looked": CHECKS},
        )
        drill = {"incident": "drill-1", "drill": True, "told": ["gus", "ida"]}
        note("incident-drill", actor="ida", at=BASE - 5 * day, facts=drill)
        real = {
            "incident": "incident-1",
            "drill": False,
            "request": "job-recalled",
            "request_is": "recalled",
            "study": "study-1",
            "study_is": "approved",
            "told": ["gus", "ida"],
        }
        note("incident", actor="gus", at=BASE - day, facts=real)
        expires = int((BASE + 3 * day).timestamp())
        self.world.common.accounts.invite(digest_of(INVITATION), "hal", expires=expires)
        self._propose_law()

    def _propose_law(self) -> None:
        law = self.service.law
        stands = law.now().stood[-1]
        longer = tuple(
            replace(each, ends=each.ends.replace(year=each.ends.year + 1))
            if each.name == "das-pilot-2025"
            else each
            for each in stands.instruments
        )
        bundle = replace(stands, instruments=longer)
        law.propose(self.by("fay").person, BASE, bundle, signature_of(bundle_bytes(bundle), SEED).hex())


Visit = Callable[[Gallery], Page]


def sees(person: str, path: str, status: int = 200) -> Visit:
    """Somebody opens an address; ``{name}`` in it is what the gallery keeps under that name."""
    return lambda gallery: gallery.open(person, path.format(**gallery.kept), status)


def register_in_the_dark(gallery: Gallery) -> Page:
    page = gallery.town.visitor(color_scheme="dark")
    page.goto("/register")
    return page


def welcomed(gallery: Gallery) -> Page:
    page = gallery.open("", f"/welcome/{INVITATION}")
    page.get_by_label("A new password").fill("three words of mine")
    secret = page.locator("input[name=secret]").get_attribute("value")
    page.get_by_label("The code that it shows now").fill(pyotp.TOTP(secret).at(gallery.town.now()))
    page.get_by_role("button", name="Set both").click()
    page.get_by_role("heading", name="Keep these codes").wait_for()
    return page


def sign_in_failed(gallery: Gallery) -> Page:
    page = gallery.open("", "/login")
    for label, words in (("Account", "ada"), ("Password", "not this one"), ("Code", "000000")):
        page.get_by_label(label).fill(words)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("alert").wait_for()
    return page


def token(gallery: Gallery) -> Page:
    page = gallery.open("ada", "/account")
    page.get_by_label("Name").fill("my laptop")
    page.get_by_role("button", name="Make a token").click()
    page.get_by_text("Copy this now").wait_for()
    return page


def draft(gallery: Gallery) -> Page:
    page = gallery.open("ada", "/studies")
    page.get_by_role("button", name="Apply for a study").click()
    page.get_by_label("Title").fill("Positive tests by region")
    page.locator("[data-saved]").get_by_text("Saved").wait_for()
    return page


def draft_unclear(gallery: Gallery) -> Page:
    page = draft(gallery)
    page.locator("form[data-autosave]").evaluate("form => { form.noValidate = true; }")
    page.get_by_role("button", name="Hand it in").click()
    page.get_by_role("alert").wait_for()
    return page


def confirm(gallery: Gallery) -> Page:
    """Ben's session is not fresh any more when he decides."""
    page = gallery.open("ben", "/studies/study-2")
    gallery.town.ahead += timedelta(minutes=11)
    page.get_by_role("button", name="Approve this study").click()
    page.get_by_role("heading", name="Is it still you?").wait_for()
    return page


def paused(gallery: Gallery) -> Page:
    page = gallery.open("eve", "/platform")
    page.get_by_label("Why").fill("The host is restarted at ten.")
    page.get_by_role("button", name="Pause").click()
    page.get_by_role("button", name="Resume").wait_for()
    return page


def invited(gallery: Gallery) -> Page:
    page = gallery.open("eve", "/platform/people")
    page.get_by_role("button", name="Invite again jon").click()
    if page.get_by_label("Password of eve").count():
        page.get_by_label("Password of eve").fill(PASSWORD)
        page.get_by_role("button", name="Confirm and go on").click()
    page.get_by_text("Send this to jon").wait_for()
    return page


def not_run(gallery: Gallery) -> Page:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("project.yaml", "version: 9\nactions: {}\n")
    page = gallery.open("ada", "/jobs/new")
    page.get_by_label("The study's folder").set_input_files(
        {"name": "study.zip", "mimeType": "application/zip", "buffer": packed.getvalue()}
    )
    page.get_by_role("button", name="Submit", exact=True).click()
    page.get_by_role("heading", name="That was not done").wait_for()
    return page


WALKED = frozenset(
    {
        "job-waiting", "job-checked", "job-released", "job-code", "pre-flight", "review", "review-both-in",
        "release", "releases", "tries", "register", "register-study", "register-jobs", "register-releases", "application",
        "application-read-by-an-approver", "inbox",
    }
)  # fmt: skip
"""Photographed in the walk, where they show what really ran; opened here all the same."""

ELSEWHERE = frozenset({"sign-in-elsewhere", "prove-it-elsewhere", "proved-elsewhere", "tried"})
"""Opened, looked at and photographed in `tests/browser/test_elsewhere.py`: they need a provider, or an engine."""

VISITS: Mapping[str, Visit] = {
    "home": sees("", "/"),
    "register": sees("", "/register"),
    "register-dark": register_in_the_dark,
    "register-study": sees("", "/register/studies/study-1"),
    "register-jobs": sees("", "/register/jobs"),
    "register-releases": sees("", "/register/releases"),
    "status": sees("", "/status"),
    "report-a-breach": sees("ada", "/incidents/new?about=job-released"),
    "welcome": sees("", f"/welcome/{INVITATION}"),
    "welcomed": welcomed,
    "sign-in": sees("", "/login"),
    "sign-in-failed": sign_in_failed,
    "account": sees("ada", "/account"),
    "token": token,
    "home-signed-in": sees("ada", "/"),
    "studies": sees("ada", "/studies"),
    "application": draft,
    "application-unclear": draft_unclear,
    "study-returned": sees("ada", "/studies/study-3"),
    "study-changes": sees("ada", "/studies/study-3/changes"),
    "submit-a-job": sees("ada", "/jobs/new"),
    "jobs": sees("ada", "/jobs"),
    "job-waiting": sees("ada", "/jobs/{first}"),
    "job-checked": sees("ada", "/jobs/run-1"),
    "job-released": sees("ada", "/jobs/job-released"),
    "job-code": sees("ada", "/jobs/{first}/code"),
    "job-changes": sees("ada", "/jobs/{second}/changes"),
    "pre-flight": sees("ada", "/jobs/run-1/preflight"),
    "pre-flight-returned": sees("ada", "/jobs/run-2/preflight"),
    "inbox": sees("ada", "/inbox"),
    "releases": sees("ada", "/releases"),
    "release": sees("ada", "/releases/job-released"),
    "release-recalled": sees("ada", "/releases/job-recalled"),
    "studies-to-decide": sees("ben", "/studies?stage=applied"),
    "application-read-by-an-approver": sees("ben", "/studies/study-2"),
    "study-approved": sees("ben", "/studies/study-1"),
    "review-queue": sees("cleo", "/review"),
    "review": sees("cleo", "/review/run-1"),
    "review-raw": sees("cleo", "/review/run-1?file=2&side=raw"),
    "review-picture": sees("cleo", "/review/run-1?file=1"),
    "review-text": sees("cleo", "/review/run-1?file=3"),
    "review-again": sees("cleo", "/review/run-3"),
    "review-both-in": sees("dan", "/review/run-4"),
    "review-refused-author": sees("ada", "/review/run-1", 403),
    "figures": sees("cleo", "/review/metrics"),
    "platform": sees("eve", "/platform"),
    "health": sees("gus", "/health"),
    "tries": sees("ada", "/tries"),
    "incidents": sees("ida", "/platform/incidents"),
    "reported": sees("ada", "/incidents/done?about=job-released"),
    "people": sees("fay", "/platform/people"),
    "law": sees("fay", "/platform/law"),
    "not-yours": sees("ben", "/review", 403),
    "not-there": sees("ada", "/jobs/job-that-is-not-there", 404),
    "not-run": not_run,
    "fault": sees("ada", "/jobs/job-lost/code", 500),
    "confirm": confirm,
    "invited": invited,
    "platform-paused": paused,
    "job-paused": sees("ada", "/jobs/{first}"),
}
"""In this order: what comes late changes what would be seen earlier."""
