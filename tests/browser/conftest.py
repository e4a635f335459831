"""The pages as people meet them: a real site, the real core, a real Chromium without a window, and a clock that tests may move."""

import base64
import io
import os
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyotp
import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from PIL import Image, ImageChops
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

import tre.cli
from scripts.draw_pages import PICTURES
from tre.cli.app import run_command_line
from tre.cli.house import Folders
from tre.custody.outputs import Decision, FileVote
from tre.main import Hands, Opening, clock, create_site
from tre.records.accounts import Credentials
from tre.records.accounts.passwords import HASHER
from tre.records.locks import only_worker
from tre.service import By
from tre.web.doors import Settings
from tre.web.serve import configured
from tre.web.sessions import begin, cookie_name

DEMO = Path(tre.cli.__file__).parent / "demo_site"
PASSWORD = "correct horse battery staple"  # noqa: S105 - nobody's
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"  # noqa: S105 - nobody's
SHOTS = os.environ.get("TRE_SCREENSHOTS", "")
CODE_SECONDS = 31
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
TALLEST = 2400
AXE = Axe()
VISIBLE, SAME_SHARE = 48, 0.004
REFUSALS = tuple(
    f"Failed to load resource: the server responded with a status of {code}"
    for code in (401, 403, 404, 409, 422)
)
PATIENTS = 20_000
STRANGER = '[hal]\nroles = ["researcher"]\ntrained_until = 2030-12-31\nteam = "Another university"\n'


@dataclass
class Town:
    """A site being served, and how to come to it."""

    site: Path
    address: str
    opening: Opening
    base: datetime | None = None
    ahead: timedelta = timedelta()
    browser: Browser | None = None
    contexts: list[BrowserContext] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def now(self) -> datetime:
        """The time here: it moves on with each sign-in, because a code counts once."""
        return (self.base or clock()) + self.ahead

    def visitor(self, **options: Any) -> Page:
        """A page of a browser that nobody has signed in with."""
        assert self.browser is not None
        context = self.browser.new_context(
            base_url=self.address, viewport={"width": 1280, "height": 860}, **options
        )
        self.contexts.append(context)
        return self.watched(context.new_page())

    def watched(self, page: Page) -> Page:
        """The page, with an ear on what goes wrong on it."""
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("request", self._at_home)
        return page

    def arrived(self, person: str) -> Page:
        """A page of somebody whose session began a moment ago; signing in itself is looked at elsewhere."""
        common, page = self.opening.common(Settings(self.address)), self.visitor()
        key = begin(common, person, self.now())
        page.context.add_cookies([{"name": cookie_name(common), "value": key, "url": self.address}])
        return page

    def signed_in(self, person: str, **options: Any) -> Page:
        """A page of somebody who has signed in, as they do: account, password, code."""
        page = self.visitor(**options)
        page.goto("/login")
        page.get_by_label("Account").fill(person)
        page.get_by_label("Password").fill(PASSWORD)
        self.ahead += timedelta(seconds=CODE_SECONDS)
        page.get_by_label("Code").fill(pyotp.TOTP(SECRET).at(self.now()))
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(self.address + "/")
        return page

    def look(self, page: Page, name: str, *, picture: bool = True) -> None:
        """Let axe look at a page: no violation at all [WCAG 2.2 AA]; and photograph it where pictures are asked for."""
        told = violations(page)
        assert not told, f"{name}:\n" + "\n".join(told)
        if SHOTS and picture:
            photograph(page, Path(SHOTS) / f"{PICTURES[name].name}.webp")

    def work(self) -> None:
        """Let the worker take every request as far as it may."""
        with only_worker(Folders(self.site).worker_lock("worker")):
            worker = self.opening.house().worker("worker")
            worker.settle()
            worker.run_until_idle()

    def reviewed(self, job: str) -> None:
        """Two checkers approve every file on offer, and one of them signs off."""
        service, people = self.opening.common(Settings()).service, self.opening.common(Settings()).site.people
        for person in ("cleo", "dan"):
            case = service.request(job)
            votes = tuple(FileVote(file.path, file.digest, Decision.APPROVE) for file in case.offered)
            service.vote(By(people[person], self.now()), job, votes)
        service.sign_off(By(people["dan"], self.now()), job)

    def _said(self, said: Any) -> None:
        """An error on a page's console is a fault; that a page was refused to somebody is what a test asked for."""
        if said.type == "error" and not said.text.startswith(REFUSALS):
            self.problems.append(said.text)

    def _at_home(self, request: Any) -> None:
        """Nothing on any page is ever asked of another place."""
        if not request.url.startswith((self.address, "data:", "about:", "blob:")):
            self.problems.append(f"called out to {request.url}")


def violations(page: Page, only: Sequence[str] = ()) -> list[str]:
    """What axe has against a page as it is shown now: by every rule, or by those that are named."""
    chosen = {"type": "rule", "values": [*only]} if only else {"type": "tag", "values": WCAG}
    if page.evaluate("typeof axe") == "undefined":
        page.evaluate(AXE.axe_script)
    options = {"runOnly": chosen, "resultTypes": ["violations"]}
    found = page.evaluate("options => axe.run(document, options)", options)["violations"]
    return [f"{each['id']}: {each['help']}: {each['nodes'][0]['html'][:160]}" for each in found]


def photograph(page: Page, path: Path) -> None:
    """A small picture of the whole page, as WebP; one that shows the same but for a name or a date stays as it was."""
    path.parent.mkdir(parents=True, exist_ok=True)
    size = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]")
    clip = {"x": 0, "y": 0, "width": size[0], "height": min(size[1], TALLEST), "scale": 0.75}
    asked = {"format": "webp", "quality": 60, "captureBeyondViewport": True, "clip": clip}
    taken = page.context.new_cdp_session(page).send("Page.captureScreenshot", asked)
    content = base64.b64decode(taken["data"])
    if not path.exists() or differ(path.read_bytes(), content):
        path.write_bytes(content)


def differ(before: bytes, now: bytes) -> bool:
    """Whether two pictures differ in more than a few words: in size, or in many of their points."""
    old, new = (Image.open(io.BytesIO(each)).convert("L") for each in (before, now))
    if old.size != new.size:
        return True
    changed = ImageChops.difference(old, new).point(lambda value: 255 if value > VISIBLE else 0)
    return sum(changed.histogram()[255:]) > SAME_SHARE * old.width * old.height


def enrol(opening: Opening, people: tuple[str, ...], at: datetime) -> None:
    """Everybody's password and second factor, as if each had followed an invitation."""
    password = HASHER.hash(PASSWORD)
    accounts = opening.common(Settings()).accounts
    for person in people:
        accounts.enrol(Credentials(person, password, SECRET), (), int(at.timestamp()))


def served(
    site: Path,
    address_of: Callable[[int], str] = lambda port: f"http://127.0.0.1:{port}",
    base: datetime | None = None,
) -> Iterator[Town]:
    """Serve a site on a port of its own until the test is over; with a base, its clock stands still there."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    town = Town(site, address_of(port), None, base)  # type: ignore[arg-type] # set on the next line, which needs its clock
    town.opening = Opening(site, Hands(clock=town.now))
    settings = Settings(address=town.address, requests_a_minute=0)
    enrol(town.opening, tuple(town.opening.common(settings).site.people), town.now())
    server = uvicorn.Server(configured(town.opening.pages(settings), host="127.0.0.1", port=port))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield town
    server.should_exit = True
    thread.join(timeout=10)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, without a window; with a module's end, its event loop ends too: other tests run loops of their own."""
    path = shutil.which("chromium")
    assert path, (
        "Chromium is not on this machine: `scripts/set-up test` installs it; TRE_NO_BROWSER=1 skips these tests"
    )
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield started
        started.close()


def visited(site: Path, browser: Browser, base: datetime | None = None) -> Iterator[Town]:
    """A site being served to a browser; at the end nothing may have gone wrong on any page."""
    for place in served(site, base=base):
        place.browser = browser
        yield place
        for context in place.contexts:
            context.close()
        assert not place.problems, place.problems


@pytest.fixture
def town(tmp_path: Path, browser: Browser) -> Iterator[Town]:
    """An empty site with the demonstration's people, served."""
    create_site(tmp_path / "site")
    shutil.copy(DEMO / "people.toml", tmp_path / "site" / "people.toml")
    yield from visited(tmp_path / "site", browser)


@pytest.fixture
def working_town(tmp_path: Path, browser: Browser) -> Iterator[Town]:
    """A site with synthetic people behind pseudonyms, so that jobs really run."""
    site, wiring = tmp_path / "site", Hands().wiring()
    create_site(site)
    people = (DEMO / "people.toml").read_text(encoding="utf-8")
    (site / "people.toml").write_text(people + STRANGER, encoding="utf-8")
    supply = str(tmp_path / "supply.duckdb")
    for words in (["synth", supply, "--patients", str(PATIENTS)], ["--as", "eve", "data", "ingest", supply]):
        assert run_command_line(wiring, ["--site", str(site), "--json", *words]) == 0
    yield from visited(site, browser)
