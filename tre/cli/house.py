"""What a command has at hand: the house, opened on one site by ``main``. Refuses to open anything itself."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from output_checks.policy import Policy
from sandboxes.preflight import Report as HostReport
from sandboxes.runner import Runner
from tre.data.backends import Backends
from tre.data.governance import Governance
from tre.data.keyring import KeyRing
from tre.data.progress import Progress as Tell
from tre.data.rehearsal_store import Dummy
from tre.dispatch.push import Push
from tre.dispatch.rehearsal import Rehearsal
from tre.records.accounts import Accounts
from tre.records.daybook import Daybook
from tre.records.read_models import ReadModels
from tre.records.retention import ListPeople
from tre.records.seals import Seals
from tre.records.site import Site
from tre.records.vault.documents import Documents
from tre.records.vault.quarantine import Quarantine
from tre.records.wake import Bell
from tre.service import By, Service
from tre.worker import Worker
from tre.worker.incidents import Scene
from tre.worker.meter import PageMeter
from tre.worker.telling import Telling


@dataclass(frozen=True)
class Folders:
    """Where a site keeps what; see the table in DESIGN."""

    site: Path

    @property
    def ledger_place(self) -> Path:
        """Names the ledger's address where a server keeps it; private, because an address may hold a password."""
        return self.site / "ledger.url"

    @property
    def ledger_url(self) -> str:
        """The ledger's address: a server's, where one is named, else a file of the site."""
        if self.ledger_place.exists():
            return self.ledger_place.read_text(encoding="utf-8").strip()
        return f"sqlite:///{self.site / 'ledger.db'}"

    @property
    def accounts_url(self) -> str:
        """Where the accounts are kept: beside the ledger, and never in it."""
        return f"sqlite:///{self.site / 'accounts.db'}"

    @property
    def is_shared(self) -> bool:
        """Whether workers of several hosts may share the ledger."""
        return self.ledger_place.exists()

    @property
    def keys(self) -> Path:
        """Pseudonym and signing keys, apart from the data and from every box [P2]."""
        return self.site / "keys"

    @property
    def backends(self) -> Path:
        """Everything that holds rows, a folder for each backend [P7]."""
        return self.site / "backends"

    def store(self, backend: str) -> Path:
        """A backend's pseudonymised store."""
        return self.backends / backend / "store"

    def canary(self, backend: str) -> Path:
        """A backend's canary store, for the health jobs."""
        return self.backends / backend / "canary"

    @property
    def intake(self) -> Path:
        """Where supplier extracts are made for the demonstration; never on a real site."""
        return self.site / "intake"

    @property
    def vault(self) -> Path:
        """Quarantine, released and documents."""
        return self.site / "vault"

    @property
    def checkpoints(self) -> Path:
        """Signed checkpoints of the ledger; a real site keeps them on another machine."""
        return self.site / "checkpoints"

    @property
    def signing_key(self) -> Path:
        """What checkpoints and release statements are signed with."""
        return self.keys / "signing.key"

    @property
    def accounts_key(self) -> Path:
        """What second factors are sealed under."""
        return self.keys / "accounts.key"

    def backend_keys(self, backend: str) -> Path:
        """A backend's own keys: what its ingest opens, and what its worker opens."""
        return self.keys / backend

    def wanted_keys(self, backends: Iterable[str]) -> tuple[str, ...]:
        """The keys that a host which runs jobs cannot do without, by their path among the keys."""
        rings = {
            backend: max(KeyRing(self.backend_keys(backend)).versions, default=1) for backend in backends
        }
        theirs = [
            f"{name}/{key}" for name, v in rings.items() for key in (f"studies.v{v}.key", f"store.v{v}.pub")
        ]
        return (self.signing_key.name, *theirs)

    @property
    def law(self) -> Path:
        """The instruments as written down, from which a change is proposed; what counts is on the ledger [P5]."""
        return self.site / "policy"

    @property
    def governance(self) -> Path:
        """What information governance has signed and put in force: exempt studies [P6]."""
        return self.site / "governance"

    def worker_lock(self, name: str) -> Path:
        """Held by the worker of that name; by the one worker of this machine, where a file keeps the ledger."""
        return self.site / (f"worker-{name}.lock" if self.is_shared else "worker.lock")

    def work(self, name: str = "worker") -> Path:
        """Scratch of the jobs of the worker of that name."""
        return self.site / "work" / name

    @property
    def outside(self) -> Path:
        """Where releases are pushed."""
        return self.site / "releases"


class Round(Protocol):
    """What one round of the watch did, as `tre.health.watch` says it."""

    @property
    def ran(self) -> tuple[str, ...]:
        """What was done."""
        ...

    @property
    def chores(self) -> tuple[str, ...]:
        """What was done of what keeps the house."""
        ...

    @property
    def waiting(self) -> Mapping[str, str]:
        """What is due and waits, and why."""
        ...

    @property
    def told(self) -> tuple[str, ...]:
        """The checks that somebody was told of now."""
        ...

    @property
    def messages(self) -> Mapping[str, int]:
        """How many messages there are of each state."""
        ...

    @property
    def ill(self) -> tuple[str, ...]:
        """The checks that are ill."""
        ...

    @property
    def state(self) -> str:
        """The one word."""
        ...

    @property
    def next_at(self) -> datetime:
        """When to look at the clock again."""
        ...


@dataclass(frozen=True)
class House:
    """The house on one site."""

    folders: Folders
    site: Site
    service: Service
    policy: Callable[[], Policy]
    seals: Seals
    read_models: ReadModels
    documents: Documents
    quarantine: Quarantine
    data: Backends
    governance: Governance
    push: Push
    runner: Callable[[], Runner]
    daybook: Daybook
    bell: Callable[[], Bell]
    worker: Callable[[str], Worker]
    telling: Callable[[], Telling]
    scene: Callable[[], Scene]
    drill: Callable[[By], dict[str, Any]]
    list_people: ListPeople
    health: Callable[[By], dict[str, Any]]
    examine: Callable[[By, bool], dict[str, Any]]
    accept: Callable[[By, str, str], dict[str, str]]
    watch: Callable[[By], "Round"]
    accounts: Accounts
    serve: Callable[[str, int, str, PageMeter], None]


@dataclass(frozen=True)
class Wiring:
    """What ``main`` hands to the command line: doors, the clock, and new names."""

    open_house: Callable[[Path], House]
    create_site: Callable[[Path], None]
    clock: Callable[[], datetime]
    new_id: Callable[[str], str]
    rehearse: Callable[[Path, Dummy, Tell], Rehearsal]
    chance: Callable[[int], bytes]
    report_on_host: Callable[[Path], HostReport]
    synthetic: Callable[[Dummy, Tell], tuple[Path, KeyRing]]
