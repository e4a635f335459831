"""What keeps the house by the clock: deleting what was kept long enough, then the backup, which loses the same files [P13] [P15].

Each is done once in its time, by the watch, and noted in the daybook with what came of it; one that failed is tried again
after an hour, and is a finding until it is done. Refuses to delete while the platform is paused, and to end the watch
because a chore failed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from tre.dispatch.schedule import Gate
from tre.records import backup, retention
from tre.records.daybook import Daybook, Entry
from tre.records.errors import LedgerUnavailable
from tre.service import By

AGAIN = timedelta(hours=1)
DAILY = timedelta(hours=24)


class Chore(StrEnum):
    """What is done by the clock, in this order: a backup follows what was deleted."""

    RETENTION = "retention"
    BACKUP = "backup"


DONE: Mapping[Chore, str] = {Chore.RETENTION: retention.RAN, Chore.BACKUP: backup.MADE}
FAILED: Mapping[Chore, str] = {Chore.RETENTION: retention.FAILED, Chore.BACKUP: backup.FAILED}


@dataclass(frozen=True)
class Rota:
    """How often each is done, and the folder that backups go to; without one, none is made by the clock."""

    retention: timedelta = DAILY
    backup: timedelta = DAILY
    backup_into: str = ""

    def __post_init__(self) -> None:
        if min(self.retention, self.backup) < AGAIN:
            raise ValueError("a chore is done once an hour at most")

    def every(self, chore: Chore) -> timedelta:
        """How often a chore is done."""
        return {Chore.RETENTION: self.retention, Chore.BACKUP: self.backup}[chore]


def rota_of(untrusted: Mapping[str, Any]) -> Rota:
    """The rota in a site's file. Raises TypeError or ValueError for what is not one."""
    unknown = set(untrusted) - {"retention_hours", "backup_hours", "backup_into"}
    if unknown:
        raise ValueError(f"unknown: {', '.join(sorted(unknown))}")
    return Rota(
        timedelta(hours=float(untrusted.get("retention_hours", 24))),
        timedelta(hours=float(untrusted.get("backup_hours", 24))),
        str(untrusted.get("backup_into", "")),
    )


@dataclass(frozen=True)
class Chores:
    """The rota, and how each chore is done here; whoever does one notes it."""

    rota: Rota
    doing: Mapping[Chore, Callable[[By], object]]


NONE = Chores(Rota(), {})
"""Nothing is done by the clock."""


def keep_house(chores: Chores, daybook: Daybook, by: By, gate: Gate) -> tuple[Chore, ...]:
    """Do what is due, in order; what was tried.

    Raises:
        LedgerUnavailable: the database is away.
    """
    due = tuple(
        each for each in Chore if each in chores.doing and _is_due(each, chores.rota, daybook, by.now)
    )
    tried = tuple(each for each in due if each is not Chore.RETENTION or gate.everything is None)
    for chore in tried:
        _try(chore, chores.doing[chore], daybook, by)
    return tried


def failed_since(daybook: Daybook, chore: Chore) -> str:
    """Why the last try of a chore failed, as a code; nothing where it was done since, or never failed."""
    last = daybook.last(DONE[chore], FAILED[chore])
    return str(last.facts["code"]) if last is not None and last.kind == FAILED[chore] else ""


def _is_due(chore: Chore, rota: Rota, daybook: Daybook, now: datetime) -> bool:
    done, failed = daybook.last(DONE[chore]), daybook.last(FAILED[chore])
    return _has_passed(done, rota.every(chore), now) and _has_passed(failed, AGAIN, now)


def _has_passed(last: Entry | None, time: timedelta, now: datetime) -> bool:
    """Whether so much time has passed; a clock that was set back puts nothing off."""
    return last is None or not timedelta() <= now - datetime.fromisoformat(last.at) < time


def _try(chore: Chore, do: Callable[[By], object], daybook: Daybook, by: By) -> None:
    try:
        do(by)
    except LedgerUnavailable:
        raise
    except Exception as error:  # noqa: BLE001 - a face: whatever keeps a chore from being done is a finding, and ends no watch
        code = str(getattr(error, "code", "")) or type(error).__name__
        daybook.note(FAILED[chore], actor=by.person.id, at=by.now, facts={"code": code})
