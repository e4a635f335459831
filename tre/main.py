"""The only wiring, and the only clock: every room is given what it needs here and nowhere else.

Refuses to open a site without its keys, its ledger or its files; makes them only when asked to begin a site.
"""

import secrets
import sys
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from output_checks.model import Report
from output_checks.policy import load_policy
from sandboxes.runner import SystemClock
from tre.cli.app import run_command_line
from tre.cli.house import Folders, House, Wiring
from tre.data.canary import build_canary
from tre.data.catalogue import load_catalogue
from tre.data.ingest import make_keys, open_site_key
from tre.data.room import Room, Stores
from tre.dispatch.actions import Dispatcher, Rooms
from tre.dispatch.checks import Checks
from tre.dispatch.push import Push
from tre.dispatch.runners import choose
from tre.health.run import Corridor
from tre.health.run import run as run_health
from tre.records.checkpoint import CheckpointLog
from tre.records.keys import create_key, load_key
from tre.records.ledger import Ledger
from tre.records.locks import only_worker
from tre.records.read_models import ReadModels
from tre.records.seals import Seals
from tre.records.site import begin_site, load_site
from tre.records.vault.documents import Documents
from tre.records.vault.quarantine import Quarantine
from tre.records.vault.release import ReleaseDoor
from tre.records.vault.released import Released
from tre.service import By, Service
from tre.worker import Tools, Worker

BACKEND = "tpp"
SEED_BYTES = 32


def clock() -> datetime:
    """Now, in UTC: the only reading of the clock in the service."""
    return datetime.now(UTC)


def new_id(kind: str) -> str:
    """A new opaque name: it says what it names and nothing else."""
    return f"{kind}-{secrets.token_hex(5)}"


def create_site(folder: Path) -> None:
    """Begin a site: its files, its keys, an empty ledger."""
    begin_site(folder)
    folders = Folders(folder)
    folders.keys.mkdir(mode=0o700)
    create_key(folders.signing_key, secrets.token_bytes(SEED_BYTES))
    make_keys(
        folders.site_key,
        {BACKEND: folders.studies_key(BACKEND)},
        secrets.token_bytes(SEED_BYTES),
        outside=(folders.store, folders.canary),
    )
    Ledger.create(folders.ledger_url).close()


def open_house(folder: Path) -> House:
    """The house on a site, every room given what it needs."""
    folders = Folders(folder.resolve())
    site = load_site(folders.site)
    policy = load_policy(pack=site.disclosure_pack)
    ledger = Ledger.open(folders.ledger_url)
    shelves = Shelves(folders)
    key = load_key(folders.signing_key)
    seals = Seals(ledger, CheckpointLog(folders.checkpoints), key, (key.public,))
    catalogue = load_catalogue()
    data = Room(catalogue, Stores(folders.store, folders.canary, folders.studies_key(BACKEND)))
    service = Service(
        ledger,
        site,
        check_policy=policy.digest,
        store_facts=data.facts,
        keep=shelves.documents.put,
        sign=seals.sign_statement,
    )
    runner = cache(lambda: choose(site.runners, folders.work / "boxes", SystemClock()))
    push = Push(shelves.documents, shelves.release, folders.outside)
    checks = Checks(shelves.documents, shelves.quarantine, data, policy=policy, images=site.images)

    def worker() -> Worker:
        rooms = Rooms(shelves.documents, shelves.quarantine, data, runner(), SystemClock())
        dispatcher = Dispatcher(rooms, site.images, folders.work / "jobs")
        return Worker(service, Tools(dispatcher, checks, push, clock))

    def health(by: By) -> dict[str, Any]:
        with only_worker(folders.worker_lock):
            return run_health(
                Corridor(
                    service=service,
                    worker=worker,
                    data=data,
                    documents=shelves.documents,
                    read_report=lambda digest: Report.from_json(shelves.quarantine.get(digest).decode()),
                    build_canaries=lambda now: canaries(folders, now),
                    new_id=new_id,
                ),
                by,
            )

    return House(
        folders=folders,
        site=site,
        service=service,
        seals=seals,
        read_models=ReadModels(ledger),
        documents=shelves.documents,
        quarantine=shelves.quarantine,
        catalogue=catalogue,
        data=data,
        push=push,
        runner=runner,
        worker=worker,
        health=health,
    )


def canaries(folders: Folders, now: datetime) -> None:
    """Make the canary store where there is none, or none of this month."""
    key = open_site_key(folders.site_key, outside=(folders.store, folders.canary))
    build_canary(folders.canary, key=key, at=now)


class Shelves:
    """The three shelves of a site's vault, and the one door between two of them."""

    def __init__(self, folders: Folders) -> None:
        """Shelves beneath the site's vault."""
        self.documents = Documents(folders.vault / "documents")
        self.quarantine = Quarantine(folders.vault / "quarantine")
        self._released = Released(folders.vault / "released")
        self._door = ReleaseDoor(self.quarantine, folders.vault / "released")

    def release(self, digest: str) -> bytes:
        """Let signed-off bytes through the door, and give them."""
        self._door.release(digest)
        return self._released.get(digest)


def run() -> None:
    """The command `tre`."""
    wiring = Wiring(open_house, create_site, clock, new_id)
    sys.exit(run_command_line(wiring, sys.argv[1:]))


if __name__ == "__main__":
    run()
