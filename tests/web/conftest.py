"""The pages without a browser: the real app on the real core, asked as a browser would ask."""

import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from httpx import Response
from litestar.testing import TestClient

import tre.cli
from job_specs.model import Purpose, TableScope
from tre.custody.requests import JobRequest
from tre.custody.studies import Proposal
from tre.main import Hands, Opening, clock, create_site
from tre.records.accounts import Credentials
from tre.records.accounts.passwords import HASHER
from tre.service import By
from tre.web.doors import Common, Settings
from tre.web.sessions import begin, cookie_name

DEMO = Path(tre.cli.__file__).parent / "demo_site"
PASSWORD = "correct horse battery staple"  # noqa: S105 - nobody's
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"  # noqa: S105 - nobody's
TOKEN = re.compile(r'name="_csrf_token" value="([^"]+)"')
DATASETS = (
    TableScope("patients", ("patient_id", "date_of_birth", "sex", "region", "imd_quintile")),
    TableScope("covid_tests", ("patient_id", "specimen_date", "result")),
    TableScope("admissions", ("patient_id", "admission_date", "primary_diagnosis")),
)


@dataclass
class Desk:
    """The app on a site, and whoever asks it for something."""

    site: Path
    settings: Settings = field(default_factory=lambda: Settings(requests_a_minute=0))
    ahead: timedelta = timedelta()

    def __post_init__(self) -> None:
        self.opening = Opening(self.site, Hands(clock=self.now))
        self.common: Common = self.opening.common(self.settings)
        self.app = self.opening.pages(self.settings)
        self.clients: dict[str, TestClient[Any]] = {}
        self.tokens: dict[str, str] = {}

    def now(self) -> datetime:
        """The time here."""
        return clock() + self.ahead

    def by(self, person: str) -> By:
        """Who acts, now."""
        return By(self.common.site.people[person], self.now())

    def let_out(self, release: Callable[..., JobRequest], request: str) -> JobRequest:
        """Let what was signed off leave, as the worker does that has seen all of the ledger."""
        return release(self.now(), request, compared=self.common.service.ledger.head().position)

    def client(self, person: str = "") -> TestClient[Any]:
        """A browser, signed in as somebody or as nobody; it does not follow redirects."""
        if person not in self.clients:
            self.clients[person] = TestClient(
                self.app, base_url=self.settings.address, raise_server_exceptions=True
            )
            self.clients[person].follow_redirects = False
            if person:
                self.sign_in(person)
        return self.clients[person]

    def sign_in(self, person: str) -> None:
        """Begin a new session for them in their browser."""
        self.clients[person].cookies.set(cookie_name(self.common), begin(self.common, person, self.now()))

    def get(self, person: str, path: str, **options: Any) -> Response:
        """Ask for a page."""
        return self.client(person).get(path, **options)

    def post(self, person: str, path: str, data: dict[str, Any] | None = None, **options: Any) -> Response:
        """Send a form, with the token that a page of ours gave."""
        if person not in self.tokens:
            found = TOKEN.search(self.get(person, "/account" if person else "/login").text)
            assert found
            self.tokens[person] = found[1]
        return self.client(person).post(
            path, data={"_csrf_token": self.tokens[person], **(data or {})}, **options
        )

    def proposal(self, **changed: Any) -> Proposal:
        """A proposal that is fine as it is."""
        day = self.now().date()
        values: dict[str, Any] = {
            "title": "Positive tests by region",
            "lay_summary": "How many people had a positive test in each region.",
            "organisation": "University of Example",
            "purpose": Purpose("covid-19-research"),
            "legal_basis": "covid-19-directions-2020",
            "members": ("ada",),
            "datasets": DATASETS,
            "starts": day - timedelta(days=30),
            "ends": day + timedelta(days=300),
        }
        return Proposal(**(values | changed))

    def applied(self, study: str = "study-1", **changed: Any) -> str:
        """A study that Ada applied for."""
        self.common.service.apply(self.by("ada"), study, self.proposal(**changed))
        return study

    def approved(self, study: str = "study-1", **changed: Any) -> str:
        """A study that Ada applied for and Ben approved."""
        asked = self.proposal(**changed)
        self.common.service.apply(self.by("ada"), study, asked)
        self.common.service.approve(
            self.by("ben"),
            study,
            starts=asked.starts,
            ends=asked.ends,
            datasets=asked.datasets,
            conditions=(),
        )
        return study

    def enrol(self, person: str) -> None:
        """Give them the test's password and second factor."""
        kept = Credentials(person, HASHER.hash(PASSWORD), SECRET)
        self.common.accounts.enrol(kept, (), int(self.now().timestamp()))


@pytest.fixture(scope="session")
def begun_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site with the demonstration's people; copied, never used."""
    site = tmp_path_factory.mktemp("begun") / "site"
    create_site(site)
    shutil.copy(DEMO / "people.toml", site / "people.toml")
    return site


@pytest.fixture
def desk(begun_site: Path, tmp_path: Path) -> Iterator[Desk]:
    """The app on a site of the test's own."""
    shutil.copytree(begun_site, tmp_path / "site")
    made = Desk(tmp_path / "site")
    yield made
    made.common.accounts.close()


@pytest.fixture(scope="session")
def desk_at() -> type[Desk]:
    """The app on any site."""
    return Desk
