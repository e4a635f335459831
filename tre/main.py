"""The only wiring, and the only clock: every room is given what it needs here and nowhere else.

Refuses to open a site without its keys, its ledger or its files; makes them only when asked to begin a site.
"""

import secrets
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache, cached_property
from pathlib import Path
from typing import Any, TypeVar, cast

from litestar import Litestar

from output_checks.model import Report
from output_checks.policy import Policy, load_policy
from sandboxes.images.manifest import default_cache
from sandboxes.preflight import Versioned
from sandboxes.runner import Clock, Runner, SystemClock
from tre.cli.app import run_command_line
from tre.cli.beginning import SEED_BYTES, begin
from tre.cli.house import Folders, House, Wiring
from tre.cli.retention import book_of
from tre.custody.decide import decide
from tre.custody.requests import JobRequest
from tre.data.backends import Backends
from tre.data.catalogue import BACKENDS, catalogue_of
from tre.data.governance import Governance, nobody_exempt
from tre.data.keyring import KeyRing
from tre.data.progress import Progress
from tre.data.rehearsal_store import Dummy, synthetic_store
from tre.data.room import Room, Stores
from tre.data.store import Check, open_store
from tre.dispatch.actions import Dispatcher, Rooms
from tre.dispatch.checks import Checks
from tre.dispatch.code import fetch
from tre.dispatch.push import Push
from tre.dispatch.rehearsal import BESIDE, BOXES, Bench, Earlier, Rehearsal
from tre.dispatch.schedule import Gate
from tre.health.accepting import accept
from tre.health.checks import examine
from tre.health.chores import Chore, Chores, rota_of
from tre.health.corridor import Canaries, Corridor
from tre.health.eyes import Eyes, StoreTold
from tre.health.eyes import Rules as HealthRules
from tre.health.run import run as run_health
from tre.health.schedule import Task, schedule_of
from tre.health.told import canaries_built, stores_told
from tre.health.watch import Post, round_of
from tre.records.accounts import Accounts
from tre.records.accounts.sealing import Sealing
from tre.records.backup import Place, back_up_noted
from tre.records.certificates import certificates_of
from tre.records.checkpoint import CheckpointLog
from tre.records.daybook import Daybook
from tre.records.keys import load_key, secret_of
from tre.records.ledger import Ledger
from tre.records.locks import only_worker
from tre.records.outbox import Outbox
from tre.records.read_models import ReadModels
from tre.records.retention import lists_of_people, run_noted
from tre.records.review_desk import ReviewDesk
from tre.records.seals import Seals
from tre.records.site import NEW_SITE, Site, as_written, load_site
from tre.records.vault.documents import Documents
from tre.records.vault.quarantine import Quarantine
from tre.records.vault.shelves import Shelves
from tre.records.wake import Bell
from tre.service import By, Service
from tre.views import Sight, findings_view
from tre.web import account_pages
from tre.web.api import described
from tre.web.app import Face, build
from tre.web.counting import Counted
from tre.web.doors import Common, Settings
from tre.web.inside.doors import Inside
from tre.web.inside.face import face as inside_face
from tre.web.oidc.provider import Provider, provider_of
from tre.web.outside.doors import Outside
from tre.web.outside.face import face as outside_face
from tre.web.outside.rehearsing import Tries
from tre.web.reopening import Reopened
from tre.web.serve import serve
from tre.worker import Tools, Worker
from tre.worker.drill import drill
from tre.worker.estimating import clear, rehearsed
from tre.worker.foretelling import Foretelling
from tre.worker.gate import Window, gate, windows_of
from tre.worker.hosts import choose, report_on_host
from tre.worker.incidents import Scene, report
from tre.worker.meter import PageMeter
from tre.worker.settings import settings_of, site_says
from tre.worker.telling import Telling, channels_of

HOME = "tpp"
"""The backend that health jobs and rehearsals go to unless another is named."""
WORKER = "worker"
COARSE = Sight(outline=True, findings=True, inside=False)
"""What the outside face is told of findings: rule, file, column, and a band of cells [P1]."""

T = TypeVar("T")

Choose = Callable[[Site, Path], Runner]


def clock() -> datetime:
    """Now, in UTC: the only reading of the clock in the service."""
    return datetime.now(UTC)


def new_id(kind: str) -> str:
    """A new opaque name: it says what it names and nothing else."""
    return f"{kind}-{secrets.token_hex(5)}"


@dataclass(frozen=True)
class Hands:
    """What the house takes from the machine: time, new names, and a runner; tests hand in their own."""

    clock: Callable[[], datetime] = clock
    new_id: Callable[[str], str] = new_id
    choose: Choose = choose
    chance: Callable[[int], bytes] = secrets.token_bytes
    host: Clock = field(default_factory=SystemClock)

    def wiring(self) -> Wiring:
        """What the command line is given."""
        return Wiring(
            lambda folder: Opening(folder, self).house(),
            lambda folder: create_site(folder, self.clock()),
            self.clock,
            self.new_id,
            self.rehearse,
            self.chance,
            report_on_host,
            self.synthetic,
        )

    def clocks(self) -> tuple[Clock, Callable[[], float]]:
        """The host's clock, which may be set, and one that only goes on."""
        return self.host, time.monotonic

    def synthetic(self, dummy: Dummy, tell: Progress) -> tuple[Path, KeyRing]:
        """The store of made-up people that a researcher asks for, and its keys."""
        return synthetic_store(dummy, default_cache().parent, self.clock(), chance=self.chance, tell=tell)

    def rehearse(self, study: Path, dummy: Dummy, tell: Progress) -> Rehearsal:
        """A study to be played on a backend's synthetic data; the data is made once and kept in the cache."""
        site, backend = load_site(NEW_SITE), dummy.backend
        store, keys = self.synthetic(dummy, tell)
        beside = study / BESIDE
        documents, quarantine = Documents(beside / "documents"), Quarantine(beside / "outputs")
        data = Backends({backend: Room(catalogue_of(backend), Stores(store, store, keys), nobody_exempt())})
        policy = load_policy(pack=site.disclosure_pack)
        rooms = Rooms(documents, quarantine, data, self.choose(site, study / BOXES), *self.clocks())
        bench = Bench(
            dispatcher=Dispatcher(rooms, site.images, beside / "jobs"),
            checks=Checks(documents, quarantine, data, policy=policy, images=site.images),
            data=data.of(backend),
            documents=documents,
            quarantine=quarantine,
            images=site.images,
            backend=backend,
            data_version=open_store(store, check=Check.SIZES).version,
            policy_version=policy.digest,
        )
        return Rehearsal(bench, study, Earlier(beside / "earlier.json", quarantine))


def create_site(folder: Path, now: datetime | None = None) -> None:
    """Begin a site: its files, its keys, a ledger with the law that ships."""
    begin(folder, now or clock(), secrets.token_bytes)


class Opening:
    """A house being opened on a site: each room is made once, when another needs it."""

    def __init__(self, folder: Path, hands: Hands) -> None:
        """Nothing is opened yet."""
        self._folders = Folders(folder.resolve())
        self._hands = hands
        self._runners: dict[str, Runner] = {}

    def house(self) -> House:
        """The house, every room given what it needs."""
        return House(
            folders=self._folders,
            site=self._site,
            service=self._service,
            policy=lambda: self._policy,
            seals=self._seals,
            read_models=ReadModels(self._seals.ledger),
            documents=self._shelves.documents,
            quarantine=self._shelves.quarantine,
            data=self._data,
            governance=self._governance,
            push=self._push,
            daybook=self._daybook,
            bell=self._bell,
            runner=lambda: self._runner(WORKER),
            worker=self._worker,
            telling=self._telling,
            scene=self._scene,
            drill=lambda by: drill(self._scene(), channels_of(self._site, self._folders.keys), by),
            list_people=lambda case, table: self._checks.list_people(case, table),  # noqa: PLW0108 - checks are made when they are needed
            health=lambda by: run_health(self.corridor(), by),
            examine=lambda by, quick: examine(self.eyes(by), by, quick=quick),
            accept=lambda by, check, why: accept(self._daybook, by, check, why),
            watch=lambda by: round_of(self.post(), by),
            accounts=self._accounts,
            serve=self._serve,
        )

    def pages(self, settings: Settings) -> Litestar:
        """The pages and the API, both faces in one house."""
        self._seals.ledger.remembering()
        return build(self.common(settings), self.faces(settings), described(self._site.name))

    def faces(self, settings: Settings) -> tuple[Face, ...]:
        """The two faces, each with its own doors, and the pages that come before either."""
        common, shelves = self.common(settings), self._shelves
        outside = Outside(
            common, shelves.released, self._coarse_findings, self._data, self._push.place, self._tries
        )
        return (
            outside_face(outside),
            inside_face(Inside(common, shelves.quarantine, ReviewDesk(self._seals.ledger))),
            account_pages.FACE,
        )

    @cached_property
    def _tries(self) -> Tries:
        foretelling = Foretelling(self._service, self._data)
        return Tries(self._folders.site / "tries", self._hands.rehearse, foretelling)

    def common(self, settings: Settings) -> Common:
        """What both faces are given."""
        return Common(
            site=self._site,
            service=self._service,
            read_models=ReadModels(self._seals.ledger),
            documents=self._shelves.documents,
            catalogue=catalogue_of(HOME),
            accounts=self._accounts,
            clock=self._hands.clock,
            new_id=self._hands.new_id,
            chance=self._hands.chance,
            settings=settings,
            report=lambda by, about, note: report(self._scene(), by, about, note),
            provider=self._provider,
        )

    @cached_property
    def _provider(self) -> Provider | None:
        return site_says("sign_in", lambda: provider_of(self._site.sign_in, self._folders.keys))

    def _serve(self, host: str, port: int, address: str, meter: PageMeter) -> None:
        folder, hands = self._folders.site, self._hands
        settings = Settings(address=address, form_secret=hands.chance(SEED_BYTES).hex())
        app = Reopened(lambda: Opening(folder, hands).pages(settings), lambda: as_written(folder))
        serve(Counted(app, meter), host=host, port=port)

    def _coarse_findings(self, case: JobRequest) -> list[dict[str, Any]]:
        """What the outside is told of each offered file; the quarantine is read here, and only this comes out."""
        return findings_view(case, self._report, COARSE)

    def _report(self, digest: str) -> Report:
        return Report.from_json(self._shelves.quarantine.get(digest).decode())

    @cached_property
    def _accounts(self) -> Accounts:
        key = secret_of(self._folders.accounts_key, self._hands.chance(SEED_BYTES))
        return Accounts.open(self._folders.accounts_url, Sealing(key))

    @cached_property
    def _site(self) -> Site:
        return load_site(self._folders.site)

    @cached_property
    def _policy(self) -> Policy:
        return load_policy(pack=self._site.disclosure_pack)

    @cached_property
    def _shelves(self) -> Shelves:
        return Shelves(self._folders.vault)

    @cached_property
    def _seals(self) -> Seals:
        key = load_key(self._folders.signing_key)
        ledger = Ledger.open(self._folders.ledger_url)
        return Seals(ledger, CheckpointLog(self._folders.checkpoints), key, (key.public,))

    @cached_property
    def _data(self) -> Backends:
        return Backends({backend: self._room(backend) for backend in BACKENDS})

    def _room(self, backend: str) -> Room:
        folders = self._folders
        keys = KeyRing(folders.backend_keys(backend))
        stores = Stores(folders.store(backend), folders.canary(backend), keys)
        return Room(catalogue_of(backend), stores, self._governance)

    @cached_property
    def _governance(self) -> Governance:
        return Governance(
            folder=self._folders.governance,
            trusted=tuple(self._site.signers.values()),
            today=lambda: self._hands.clock().date(),
            honours_national=lambda study: self._service.honours_national(study),  # noqa: PLW0108 - the service is made later
            lists=lambda: self._service.lists.now(),  # noqa: PLW0108 - as above
        )

    @cached_property
    def _service(self) -> Service:
        return Service(
            self._seals.ledger,
            self._site,
            check_policy=self._policy.digest,
            store_facts=self._data.facts,
            keep=self._shelves.documents.put,
            sign=self._seals.sign_statement,
        )

    def _runner(self, worker: str) -> Runner:
        if worker not in self._runners:
            self._runners[worker] = self._hands.choose(self._site, self._folders.work(worker) / "boxes")
        return self._runners[worker]

    @cached_property
    def _daybook(self) -> Daybook:
        return Daybook(self._seals.ledger)

    @cached_property
    def _push(self) -> Push:
        return Push(self._shelves.documents, self._shelves.release, self._seals.beside, self._folders.outside)

    def _worker(self, name: str) -> Worker:
        shelves, images, runner = self._shelves, self._site.images, self._runner(name)
        rooms = Rooms(shelves.documents, shelves.quarantine, self._data, runner, *self._hands.clocks())
        dispatcher = Dispatcher(rooms, images, self._folders.work(name) / "jobs")
        self._seals.ledger.remembering()
        estimates = self._folders.work(name) / "estimates"
        tools = Tools(
            dispatcher=dispatcher,
            checks=self._checks,
            push=self._push,
            clock=self._hands.clock,
            gate=self._gate,
            bell=self._bell,
            settings=settings_of(self._site, name),
            estimate=lambda case: rehearsed(
                fetch(case.submission.code, shelves.documents.get),
                case.submission.backend,
                estimates,
                rehearse=self._hands.rehearse,
            ),
            clear=lambda: clear(estimates, lambda boxes: self._hands.choose(load_site(NEW_SITE), boxes)),
        )
        return Worker(self._service, tools)

    @cached_property
    def _checks(self) -> Checks:
        shelves, images = self._shelves, self._site.images
        return Checks(
            shelves.documents,
            shelves.quarantine,
            self._data,
            policy=self._policy,
            images=images,
            kept=lambda: lists_of_people(self._seals.ledger),
        )

    def _telling(self) -> Telling:
        ledger, channels = self._seals.ledger, channels_of(self._site, self._folders.keys)
        return Telling(self._service, ReadModels(ledger), Outbox(ledger), channels)

    def _scene(self) -> Scene:
        folders, ledger = self._folders, self._seals.ledger
        return Scene(
            service=self._service,
            seals=self._seals,
            daybook=self._daybook,
            outbox=Outbox(ledger),
            place=Place(folders.site, folders.vault, folders.checkpoints),
            folder=folders.site / "evidence",
            send=lambda now: self._telling().round(now),
            new_id=self._hands.new_id,
        )

    def _bell(self) -> Bell:
        return Bell(self._seals.ledger.engine)

    @cached_property
    def _windows(self) -> tuple[Window, ...]:
        return site_says("maintenance", lambda: windows_of(self._site.maintenance.get("windows", ())))

    def post(self) -> Post:
        """What the maintainers' watch stands at."""
        return Post(
            schedule=site_says("maintenance", lambda: schedule_of(self._site.maintenance.get("health", {}))),
            doing={
                Task.DOCTOR: lambda by: examine(self.eyes(by), by, quick=True),
                Task.CHECK: lambda by: examine(self.eyes(by), by, quick=False),
                Task.JOBS: lambda by: run_health(self.corridor(), by),
            },
            chores=self._chores(),
            gate=self._gate,
            daybook=self._daybook,
            outbox=Outbox(self._seals.ledger),
            people=self._site.people,
            send=lambda now: self._telling().round(now),
        )

    def _chores(self) -> Chores:
        said, book = self._site.maintenance.get("chores", {}), book_of(self.house())
        rota = site_says("maintenance", lambda: rota_of(said))
        into, place = Path(rota.backup_into), self._scene().place
        doing: dict[Chore, Callable[[By], object]] = {
            Chore.RETENTION: lambda by: book.freezes() or run_noted(book, self._daybook, by.person, by.now),
            Chore.BACKUP: lambda by: back_up_noted(
                self._seals, self._daybook, place, into, who=by.person.id, at=by.now
            ),
        }
        return Chores(rota, doing if rota.backup_into else {Chore.RETENTION: doing[Chore.RETENTION]})

    def _gate(self, now: datetime) -> Gate:
        return gate(now, self._daybook, self._windows)

    def corridor(self) -> Corridor:
        """What the health jobs go through."""
        oldest = self._site.maintenance.get("oldest_extract_days")
        return Corridor(
            service=self._service,
            worker=lambda: self._worker(WORKER),
            alone=lambda: only_worker(self._folders.worker_lock(WORKER)),
            bell=self._bell,
            clock=self._hands.clock,
            data=self._data,
            backend=HOME,
            documents=self._shelves.documents,
            read=self._shelves.quarantine.get,
            checks=self._checks,
            daybook=self._daybook,
            stores=cache(self._stores_told),
            build_canaries=self._build_canaries,
            new_id=self._hands.new_id,
            oldest_extract=timedelta(days=float(oldest)) if oldest else None,
        )

    def eyes(self, by: By) -> Eyes:
        """What the health checks look at."""
        said, folders = self._site.maintenance, self._folders
        return Eyes(
            now=by.now,
            service=self._service,
            seals=self._seals,
            daybook=self._daybook,
            outbox=Outbox(self._seals.ledger),
            keys=folders.keys,
            outside=folders.outside,
            rules=HealthRules(
                opt_outs=self._site.opt_outs_fresh_for, least_free_gb=float(said.get("least_free_gb", 5))
            ),
            wanted_keys=folders.wanted_keys(BACKENDS),
            shut_out=lambda: self._accounts.shut_out(),  # noqa: PLW0108 - accounts are opened when they are looked at
            stores=cache(self._stores_told),
            host=cache(lambda: report_on_host(folders.site)),
            engine=lambda: self._runner(WORKER).images(),
            versions=lambda: cast("Versioned", self._runner(WORKER)).versions(),
            free_gb=lambda: shutil.disk_usage(folders.site).free / 1e9,
            decide=decide,
            reachable=self._telling().reaches,
            certificates=lambda: certificates_of(self._site, folders.ledger_url),
            deletions=lambda: book_of(self.house()).verify_all(self._shelves.documents.get),
        )

    def _stores_told(self) -> tuple[StoreTold, ...]:
        places = {each: (self._folders.store(each), self._folders.backend_keys(each)) for each in BACKENDS}
        return stores_told(places, self._governance.require_in_force)

    def _build_canaries(self, now: datetime) -> Canaries:
        folders = self._folders
        return canaries_built(folders.canary(HOME), folders.keys, now, outside=folders.backends)


def run() -> None:
    """The command `tre`."""
    sys.exit(run_command_line(Hands().wiring(), sys.argv[1:]))


if __name__ == "__main__":
    run()
