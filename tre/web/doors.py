"""What both faces are given, and nothing that only one of them may have. Refuses to open anything itself: `main` does."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tre.data.catalogue import Catalogue
from tre.dispatch.schedule import Gate
from tre.records.accounts import Accounts
from tre.records.daybook import Daybook
from tre.records.read_models import ReadModels
from tre.records.site import Site
from tre.records.vault.documents import Documents
from tre.service import By, Service
from tre.web.oidc.provider import Provider
from tre.worker.gate import gate, windows_of
from tre.worker.incidents import Reported

Chance = Callable[[int], bytes]
Report = Callable[[By, str, str], Reported]
"""Reports a suspected breach of a study or job: who reports, which, and the digest of what was seen, in words [P15]."""


@dataclass(frozen=True)
class Settings:
    """How the pages are served.

    Attributes:
        address: where people reach the pages, e.g. ``https://tre.example``; cookies are secure where it is https.
        idle: a session ends when it is not used for so long.
        longest: a session ends after so long, used or not.
        fresh_for: for so long after proving that it is them, a person may vote, approve or sign off.
        requests_a_minute: how many requests one address may make; 0 sets no limit.
        form_secret: what forms are marked with; drawn anew where it is empty.
    """

    address: str = "http://127.0.0.1:8000"
    idle: timedelta = timedelta(minutes=30)
    longest: timedelta = timedelta(hours=8)
    fresh_for: timedelta = timedelta(minutes=10)
    requests_a_minute: int = 1200
    form_secret: str = field(default="", repr=False)

    @property
    def secure(self) -> bool:
        """Whether people come by https."""
        return self.address.startswith("https://")


@dataclass(frozen=True)
class Common:
    """What both faces are given."""

    site: Site
    service: Service
    read_models: ReadModels
    documents: Documents
    catalogue: Catalogue
    accounts: Accounts
    clock: Callable[[], datetime]
    new_id: Callable[[str], str]
    chance: Chance
    settings: Settings
    report: Report
    provider: Provider | None = None
    """Where people sign in who are known elsewhere; none where passwords are all there is."""

    @property
    def daybook(self) -> Daybook:
        """What was done to the platform itself."""
        return Daybook(self.service.ledger)

    def gate(self) -> Gate:
        """What maintainers have closed now."""
        windows = windows_of(self.site.maintenance.get("windows", ()))
        return gate(self.clock(), self.daybook, windows)
