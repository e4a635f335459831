"""A suspected breach, whoever reports it and by whatever way: recalled, suspended, noted, evidence frozen, watchers told [P15].

The report is noted first, and then carried out; whoever is ended in between, the next worker that starts does the rest.
Reporting is never blocked: not by a permission, not by a lapsed training, and not by a step that cannot be taken, which is
said instead. What counts as evidence is frozen by the note itself; the copy that follows is so that it can be taken away.
Refuses a study or request that is not there, and to close an incident for anybody but those who watch.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from tre.custody.errors import Refusal
from tre.custody.notices import WATCHERS, Notice
from tre.custody.reasons import Reason, ReasonCode
from tre.custody.requests import JobRequest, RequestStage
from tre.custody.studies import ApplicationStage
from tre.records.backup import Backup, Place, back_up
from tre.records.daybook import Daybook, Facts
from tre.records.errors import RecordsError
from tre.records.incidents import CLOSED, OPENED, STOPPED, evidence, unfinished
from tre.records.outbox import Outbox
from tre.records.seals import Seals
from tre.service import APPLICATION, REQUEST, By, Service

COPIED = "incident-evidence"
ALREADY_STOPPED = frozenset(
    {ApplicationStage.SUSPENDED, ApplicationStage.WITHDRAWN, ApplicationStage.EXPIRED}
)
FREEZABLE = frozenset({"quarantine", "released"})
"""The shelves of which the evidence is copied, and not everything."""

_NAMED = ("incident", "request", "study", "told")


@dataclass(frozen=True)
class Scene:
    """Where an incident happens: the service it stops, the records it freezes, and how people are told."""

    service: Service
    seals: Seals
    daybook: Daybook
    outbox: Outbox
    place: Place
    folder: Path
    """Where evidence is copied to, a folder for each incident."""
    send: Callable[[datetime], object]
    new_id: Callable[[str], str]
    words: str = "A suspected breach was reported: the evidence is frozen."
    kind: str = "incident"


@dataclass(frozen=True)
class Reported:
    """What a report did: who was told, where release and study stand, and what could not be done."""

    incident: str
    request: str
    study: str
    request_is: str
    study_is: str
    told: tuple[str, ...]
    evidence: str
    files: int
    undone: tuple[str, ...]


def report(scene: Scene, by: By, about: str, note: str = "") -> Reported:
    """Report a suspected breach of a study or a request; ``note`` is the digest of what was seen, in words.

    Raises:
        Refusal: neither a study nor a request has that name.
    """
    case, study = _case(scene.service, about)
    told: Facts = {
        "incident": scene.new_id(scene.kind),
        "drill": False,
        "request": case.id if case else "",
        "study": study,
        "note": note,
        "told": list(_watchers(scene)),
    }
    # First of all: from here on nothing is deleted, and whoever is ended before the rest is done leaves it to `finish`.
    scene.daybook.note(OPENED, actor=by.person.id, at=by.now, facts=told)
    return _carried_out(scene, by, told)


def finish(scene: Scene, now: datetime) -> tuple[Reported, ...]:
    """Do the rest of every report that was cut short: recall, suspend, tell. All of it may be done twice.

    Nobody acts in the name of somebody who is no longer here: those who watch are told then, and stop the study themselves.
    """
    people = scene.service.site.people
    done = list[Reported]()
    for entry in unfinished(scene.daybook):
        if entry.actor in people:
            done.append(_carried_out(scene, By(people[entry.actor], now), entry.facts))
        else:
            _write(scene, entry.facts, at=now)
    return tuple(done)


def _carried_out(scene: Scene, by: By, told: Mapping[str, Any]) -> Reported:
    """Tell, recall, suspend, note that it is stopped, and copy the evidence of an incident that is open."""
    incident, request, study, watchers = (told[name] for name in _NAMED)
    _write(scene, told, at=by.now)
    case = scene.service.request(request) if request else None
    undone = _stop(scene.service, by, (case, study), Reason(ReasonCode.SUSPECTED_BREACH, told["note"]))
    request_is = scene.service.request(request).stage.value if request else ""
    study_is = scene.service.study(study).stage.value
    facts: Facts = {"incident": incident, "request_is": request_is, "study_is": study_is}
    scene.daybook.note(STOPPED, actor=by.person.id, at=by.now, facts=facts)
    undone += _send(scene, by)
    copy = _copy(scene, by, incident, undone)
    folder, files = (str(scene.folder / incident), copy.files) if copy else ("", 0)
    return Reported(
        incident, request, study, request_is, study_is, tuple(watchers), folder, files, tuple(undone)
    )


def _case(service: Service, about: str) -> tuple[JobRequest | None, str]:
    """The request, if it is one, and the study that it is about."""
    history = service.ledger.case_events(about)
    if not history or history[0].case_kind not in {APPLICATION, REQUEST}:
        raise Refusal(
            "nothing-of-that-name",
            "There is no study and no job of that name.",
            "See the public register: `tre register`; or tell the data protection officer in your own words.",
            "P15",
        )
    if history[0].case_kind != REQUEST:
        return None, about
    case = service.request(about)
    return case, case.submission.application


def _stop(service: Service, by: By, where: tuple[JobRequest | None, str], reason: Reason) -> list[str]:
    """Recall what has left, and suspend the study; what of it could not be done, in words."""
    (case, study), undone = where, list[str]()
    if case is not None and case.statements and case.stage is not RequestStage.RECALLED:
        try:
            service.recall(by, case.id, reason.note)
        except Refusal as refusal:
            undone.append(refusal.sentence)
    if service.study(study).stage in ALREADY_STOPPED:
        return undone
    try:
        service.suspend(by, study, reason)
    except Refusal as refusal:
        undone.append(refusal.sentence)
    return undone


def _watchers(scene: Scene) -> tuple[str, ...]:
    people = scene.service.site.people
    return tuple(sorted(name for name, person in people.items() if person.roles & set(WATCHERS)))


def _write(scene: Scene, told: Mapping[str, Any], *, at: datetime) -> None:
    """Write a message to each of those who watch: it is sent until it has left, and written once."""
    for name in told["told"]:
        notice = Notice(name, scene.words, ReasonCode.SUSPECTED_BREACH.value, f"/studies/{told['study']}")
        scene.outbox.add(f"{told['incident']}.{name}", notice, at=at.isoformat())


def _send(scene: Scene, by: By) -> list[str]:
    """Send what waits, at once where that can be; what could not be done, in words."""
    try:
        scene.send(by.now)
    except Exception as error:  # noqa: BLE001 - whatever keeps a letter from leaving keeps nobody from reporting
        return [f"The messages wait, and could not be sent now: {type(error).__name__}"]
    return []


def _copy(scene: Scene, by: By, incident: str, undone: list[str]) -> Backup | None:
    """Sign the ledger's head, and copy the records with the files that are evidence into a folder of the incident's own."""
    seals = scene.seals
    kept = evidence(seals.ledger, scene.daybook)
    try:
        seals.checkpoint(by.now)
        copy = back_up(
            seals.ledger, scene.place, scene.folder / incident, at=by.now, key=seals.key, wanted=_wanted(kept)
        )
    except (OSError, RecordsError) as failed:
        sentence = str(getattr(failed, "sentence", "")) or type(failed).__name__
        undone.append(f"The evidence is frozen where it lies, and was not copied: {sentence}")
        return None
    facts: Facts = {"incident": incident, "files": copy.files, "head": copy.head, "position": copy.position}
    scene.daybook.note(COPIED, actor=by.person.id, at=by.now, facts=facts)
    return copy


def _wanted(kept: frozenset[str]) -> Callable[[Path], bool]:
    """Whether a file of the vault is copied: documents all, of outputs what is evidence."""
    return lambda path: path.parts[0] not in FREEZABLE or path.name in kept


def close(scene: Scene, by: By, incident: str, note: str) -> dict[str, Any]:
    """One of those who watch says that it is over: what it froze is kept no longer than anything else.

    Raises:
        Refusal: the person does not watch, or no such incident is open.
    """
    if not by.person.roles & set(WATCHERS):
        raise Refusal(
            "not-your-role",
            "Only a Caldicott Guardian or data protection officer closes an incident.",
            "Ask one of them.",
            "P15",
        )
    opened = {str(entry.facts["incident"]) for entry in scene.daybook.entries(OPENED)}
    closed = {str(entry.facts["incident"]) for entry in scene.daybook.entries(CLOSED)}
    if incident not in opened - closed:
        raise Refusal(
            "no-such-incident", "No incident of that name is open.", "See the board: `tre health`.", "P15"
        )
    facts: Facts = {"incident": incident, "note": note}
    scene.daybook.note(CLOSED, actor=by.person.id, at=by.now, facts=facts)
    return {"incident": incident, "closed": True}
