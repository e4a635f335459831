"""What a healthy platform is, one check after another: each looks at the live installation and says what to do when it is ill.

    CHECKS     all of them, in the order in which they are shown
    QUICK      those of `tre doctor`: nothing is run in a box

Every check is a function of what it is shown, so that a fault can be planted before it, and it is shown to fail then.
Refuses to pass on silence: a check that could not look has failed.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

from sandboxes.preflight import Report
from tre.custody.commands import Submit
from tre.custody.context import Context, Moment
from tre.custody.errors import Malformed, Refusal
from tre.custody.people import Person
from tre.custody.requests import JobRequest, Submission
from tre.custody.studies import Application, ApplicationStage, Approval
from tre.dispatch.push import STATEMENT, TOMBSTONE
from tre.records.daybook import Daybook, Facts
from tre.records.errors import RecordsError
from tre.records.seals import Seals
from tre.service import By, Service

DAY = timedelta(days=1)
MOST_DRIFT = 0.2
"""The part of its rows that a table may gain or lose between two builds before somebody should look."""
LEAST_RUNS = 4
SLOW = 3.0
"""How many times the usual round trip is too long."""


@dataclass(frozen=True)
class StoreTold:
    """What a backend's store says of itself, every byte of it checked; ``fault`` where it could not be opened."""

    backend: str
    fault: str = ""
    opt_outs: date = date.min
    rows: Mapping[str, int] | None = None


@dataclass(frozen=True)
class Rules:
    """What the site calls well."""

    backups: timedelta = 2 * DAY
    checkpoints: timedelta = 7 * DAY
    opt_outs: timedelta = 31 * DAY
    least_free_gb: float = 5.0


@dataclass(frozen=True)
class Eyes:
    """Everything a check may look at; what costs something is looked at when it is asked."""

    now: datetime
    service: Service
    seals: Seals
    daybook: Daybook
    keys: Path
    outside: Path
    rules: Rules
    stores: Callable[[], Sequence[StoreTold]]
    host: Callable[[], Report]
    engine: Callable[[], Mapping[str, str]]
    free_gb: Callable[[], float]
    decide: Callable[[JobRequest, Submit, Context, Moment], object]
    someone: Person


@dataclass(frozen=True)
class Found:
    """What a check found."""

    check: str
    healthy: bool
    found: str
    fix: str = ""


Check = Callable[[Eyes], Found]


def ledger_is_whole(eyes: Eyes) -> Found:
    """The chain holds, and is the history that was signed [P13]."""
    try:
        verified = eyes.seals.verify()
    except RecordsError as broken:
        return Found("ledger", False, broken.sentence, broken.fix)
    return Found("ledger", True, f"{verified.position} events, {verified.witnessed} of them witnessed")


def daybook_is_whole(eyes: Eyes) -> Found:
    """Nothing that was done to the platform was written over."""
    try:
        entries = eyes.daybook.entries()
    except RecordsError as broken:
        return Found("daybook", False, broken.sentence, broken.fix)
    return Found("daybook", True, f"{len(entries)} entries")


def checkpoint_is_recent(eyes: Eyes) -> Found:
    """The ledger's head was signed and kept elsewhere not long ago."""
    try:
        newest = eyes.seals.newest()
    except RecordsError as broken:
        return Found("checkpoint", False, broken.sentence, broken.fix)
    if eyes.seals.ledger.head().position == 0:
        return Found("checkpoint", True, "there is nothing to sign yet")
    recent = newest is not None and timedelta() <= eyes.now - newest.at <= eyes.rules.checkpoints
    said = f"signed on {newest.at.date()}" if newest else "nothing was ever signed"
    return Found(
        "checkpoint", recent, said, "Run `tre ledger checkpoint`, and take the file to another machine."
    )


def releases_verify(eyes: Eyes) -> Found:
    """Every release that lies outside is what the site signed."""
    folders = [path.parent for path in sorted(eyes.outside.glob(f"*/{STATEMENT}"))]
    for folder in folders:
        try:
            eyes.seals.verify_release(folder)
        except RecordsError as broken:
            recalled = (folder / TOMBSTONE).exists()
            if not recalled:
                return Found("releases", False, f"{folder.name}: {broken.sentence}", broken.fix)
    return Found("releases", True, f"{len(folders)} verified")


def lapsed_approval_is_refused(eyes: Eyes) -> Found:
    """A job of a study whose approval ended yesterday is refused, by the rules that decide for real [P4]."""
    fix = "Stop the worker (`tre worker pause`): an approval that has lapsed would let jobs run."
    studies = [eyes.service.study(study) for study in eyes.service.study_ids()]
    approved = [study for study in studies if study.stage is ApplicationStage.APPROVED]
    if not approved:
        return Found("lapsed-approval", True, "no study is approved")
    try:
        eyes.decide(*_lapsed(eyes, approved[-1]), Moment(eyes.now))
    except Refusal as refusal:
        expected = refusal.code == "approval-lapsed"
        return Found("lapsed-approval", expected, f"refused: {refusal.code}", "" if expected else fix)
    except Malformed:
        return Found("lapsed-approval", False, "the rules could not be asked", fix)
    return Found("lapsed-approval", False, "a job of a lapsed study would be let in", fix)


def _lapsed(eyes: Eyes, study: Application) -> tuple[JobRequest, Submit, Context]:
    """A submission to the study, as it would be the day after its approval ended."""
    yesterday = eyes.now.date() - DAY
    approval = study.approvals[-1]
    ended = Approval(approval.approver, min(approval.starts, yesterday), yesterday, approval.datasets, ())
    lapsed = replace(study, approvals=(*study.approvals[:-1], ended))
    proposal = study.proposal
    digest = "0" * 64
    asked = Submission(study.id, proposal.purpose, digest, digest, approval.datasets, ())
    member = replace(
        eyes.service.site.people.get(proposal.members[0], eyes.someone), trained_until=eyes.now.date() + DAY
    )
    context = Context(
        member, eyes.service.rules, eyes.service.law.now().bases, eyes.service.site.people, lapsed, None
    )
    return JobRequest("health"), Submit(asked), context


def walls_hold(eyes: Eyes) -> Found:
    """Every probe of every sandbox image was blocked, tried now."""
    report = eyes.host()
    open_walls = sorted({f"{one.image}: {one.wall}" for one in report.breaches})
    said = ", ".join(open_walls) or ", ".join(report.silent) or f"{len(report.tried)} tries were blocked"
    return Found(
        "walls",
        report.fit,
        said,
        "Stop the worker; read `tre sandbox report`; mend the host before anything runs.",
    )


def kernel_has_no_known_hole(eyes: Eyes) -> Found:
    """No part of the host has a published way out of a box."""
    holes = eyes.host().holes
    return Found(
        "kernel",
        not holes,
        "; ".join(holes) or "no known hole",
        "Bring kernel and engine up to date, and restart.",
    )


def engine_answers(eyes: Eyes) -> Found:
    """The sandbox engine is there."""
    versions = eyes.engine()
    said = ", ".join(f"{name} {version}" for name, version in sorted(versions.items()))
    return Found(
        "engine",
        bool(versions),
        said or "it does not answer",
        "Start the container engine; then `tre sandbox report`.",
    )


def stores_are_whole_and_fresh(eyes: Eyes) -> Found:
    """Every store is the one that was built, to the byte, with an opt-out list that may still be used [P6]."""
    fix = "Load the current lists and rebuild the store: `tre data ingest`."
    for store in eyes.stores():
        age = eyes.now.date() - store.opt_outs
        if store.fault:
            return Found("stores", False, f"{store.backend}: {store.fault}", fix)
        if age > eyes.rules.opt_outs or age < timedelta():
            return Found("stores", False, f"{store.backend}: the opt-out list is of {store.opt_outs}", fix)
    return Found(
        "stores", True, ", ".join(store.backend for store in eyes.stores()) or "no store is built yet"
    )


def tables_have_not_drifted(eyes: Eyes) -> Found:
    """No table gained or lost a great part of its rows since it was last looked at."""
    last = eyes.daybook.last("tables")
    before: Mapping[str, Any] = last.facts if last else {}
    drifted = [
        f"{store.backend}.{table}"
        for store in eyes.stores()
        for table, rows in (store.rows or {}).items()
        if has_drifted(before.get(f"{store.backend}.{table}"), rows)
    ]
    gone = [name for name in before if name not in _tables(eyes)]
    said = ", ".join(sorted([*drifted, *(f"{name} is gone" for name in gone)]))
    return Found(
        "tables",
        not said,
        said or "as at the last build",
        "Ask the data's supplier before anybody uses the new build.",
    )


def has_drifted(before: int | None, now: int) -> bool:
    """Whether a table's rows changed more than a build explains; a table that was empty may be filled."""
    return bool(before) and abs(now - int(before or 0)) > MOST_DRIFT * int(before or 0)


def _tables(eyes: Eyes) -> dict[str, int]:
    return {
        f"{store.backend}.{table}": rows
        for store in eyes.stores()
        for table, rows in (store.rows or {}).items()
    }


def note_tables(eyes: Eyes, actor: str) -> None:
    """Keep how many rows each table has, for the next time."""
    if tables := _tables(eyes):
        eyes.daybook.note("tables", actor=actor, at=eyes.now, facts=tables)


def backup_is_recent(eyes: Eyes) -> Found:
    """The records were copied not long ago."""
    last = eyes.daybook.last("backed-up")
    recent = last is not None and eyes.now - datetime.fromisoformat(last.at) <= eyes.rules.backups
    said = f"the last one is of {last.at[:10]}" if last else "there has been none"
    return Found(
        "backup", recent, said, "Run `tre backup make FOLDER`, on another disk or host, every night."
    )


def keys_are_private(eyes: Eyes) -> Found:
    """No key can be read by another account of the host [P2]."""
    exposed = sorted(
        path.name
        for path in eyes.keys.rglob("*")
        if path.is_file() and path.suffix != ".pub" and path.stat().st_mode & 0o077
    )
    fix = "Run `chmod -R go= keys`; if another account could read them, treat it as a breach: `tre incident report`."
    return Found("keys", not exposed, ", ".join(exposed) or "private", fix)


def disk_has_room(eyes: Eyes) -> Found:
    """There is room for what jobs leave."""
    free = eyes.free_gb()
    fix = "Make room, or `tre worker pause` before the disk is full; nothing is lost either way."
    return Found("disk", free >= eyes.rules.least_free_gb, f"{free:.1f} GB are free", fix)


def clock_goes_forward(eyes: Eyes) -> Found:
    """The clock is not behind what has already been written."""
    last = max(
        (envelope.at for envelope in eyes.seals.ledger.events(max(0, eyes.seals.ledger.head().position - 1))),
        default=eyes.now,
    )
    ahead = last - eyes.now
    said = (
        "ahead of every event"
        if ahead <= timedelta()
        else f"{ahead.total_seconds():.0f} s behind the last event"
    )
    return Found(
        "clock",
        ahead <= timedelta(seconds=5),
        said,
        "Set the host's clock by NTP, then start the worker again.",
    )


def round_trip_is_as_usual(eyes: Eyes) -> Found:
    """The last health job took about as long as the 30 before it."""
    taken = [float(entry.facts["seconds"]) for entry in eyes.daybook.entries("health-job")][-31:]
    if len(taken) < LEAST_RUNS:
        return Found("round-trip", True, "too few runs to compare with")
    usual = median(taken[:-1])
    said = f"{taken[-1]:.1f} s, usually {usual:.1f} s"
    return Found(
        "round-trip",
        taken[-1] <= SLOW * usual,
        said,
        "See what else runs on the host, and its disk; then run it again.",
    )


QUICK: tuple[Check, ...] = (
    engine_answers,
    disk_has_room,
    clock_goes_forward,
    keys_are_private,
    stores_are_whole_and_fresh,
    ledger_is_whole,
    daybook_is_whole,
    checkpoint_is_recent,
    backup_is_recent,
)
CHECKS: tuple[Check, ...] = (
    *QUICK,
    walls_hold,
    kernel_has_no_known_hole,
    releases_verify,
    lapsed_approval_is_refused,
    tables_have_not_drifted,
    round_trip_is_as_usual,
)


def look(eyes: Eyes, checks: Sequence[Check] = CHECKS) -> tuple[Found, ...]:
    """What each check finds; one that could not look has failed."""
    return tuple(_safely(check, eyes) for check in checks)


def _safely(check: Check, eyes: Eyes) -> Found:
    try:
        return check(eyes)
    except Exception as error:  # noqa: BLE001 - a face: whatever keeps a check from looking is an illness too
        said = str(getattr(error, "sentence", "")) or f"it could not look: {type(error).__name__}"
        return Found(check.__name__.replace("_", "-"), False, said, str(getattr(error, "fix", "")))


def examine(eyes: Eyes, by: By, *, quick: bool) -> dict[str, Any]:
    """Look, keep in the daybook what was found, and say it as plain data; ``quick`` leaves out what runs in boxes."""
    found = look(eyes, QUICK if quick else CHECKS)
    ill = [each.check for each in found if not each.healthy]
    facts: Facts = {"healthy": not ill, "looked": [each.check for each in found], "ill": ill}
    eyes.daybook.note("health", actor=by.person.id, at=by.now, facts=facts)
    if not quick:
        note_tables(eyes, by.person.id)
    return {"healthy": not ill, "checks": [asdict(each) for each in found]}
