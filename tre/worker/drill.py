"""A drill: a suspected breach of a canary release, rehearsed from the report to the letters, beside the records and never in them [P15].

A study, a job and a release of made-up numbers are told to a ledger of the drill's own, as they could have happened; then the very
function that reports a real breach is asked. Letters leave by the site's own ways, each beginning with what it is. Refuses to
touch a study, a release or the ledger of the site, and to call a drill well in which one step did not happen.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from job_specs.model import Purpose, Sensitivity, TableScope
from output_checks.model import Confidence, Verdict
from tre.custody import events as e
from tre.custody.encoding import canonical
from tre.custody.outputs import Decision, FileVote, Offered, Output
from tre.custody.releases import ReleasedFile, Statement
from tre.custody.requests import ActionAsked, ActionKind, JobRequest, RequestStage, Submission
from tre.custody.statements import statement_body
from tre.custody.studies import ApplicationStage, Approval, Proposal
from tre.dispatch.push import TOMBSTONE, Push
from tre.records.backup import Place, verify_backup
from tre.records.checkpoint import CheckpointLog
from tre.records.daybook import Daybook, Facts
from tre.records.errors import RecordsError
from tre.records.incidents import DRILLED, evidence
from tre.records.law import LAW_FILES, read_bundle
from tre.records.ledger import Ledger
from tre.records.outbox import SENT, Outbox
from tre.records.read_models import ReadModels
from tre.records.seals import Seals
from tre.records.vault.shelves import Shelves
from tre.service import APPLICATION, REQUEST, By, Service
from tre.worker.incidents import Reported, Scene, report
from tre.worker.telling import Channels, Telling

MARK = "DRILL, NOT A BREACH:"
STUDY, JOB, PATH = "study-drill", "job-drill", "output/canaries.csv"
CANARIES = b"region,people\nNowhere,1000\nElsewhere,1000\n"
SCOPE = (TableScope("patients", ("patient_id", "region")),)
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Step:
    """One step of a drill: whether it happened, and what was found."""

    step: str
    held: bool
    found: str


@dataclass(frozen=True)
class Stage:
    """The drill's own house: nothing of the site's is in it but its people, its signing key and its ways of telling."""

    scene: Scene
    shelves: Shelves
    push: Push
    telling: Telling

    @property
    def service(self) -> Service:
        """The drill's own verbs."""
        return self.scene.service


def drill(real: Scene, channels: Channels, by: By) -> dict[str, Any]:
    """Rehearse a breach; what of it happened, step by step, and who was told."""
    name = real.new_id("drill")
    stage = stage_in(real, channels, real.folder / name, by.now)
    try:
        _tell_a_release(stage, by)
        done = report(stage.scene, by, JOB)
        stage.push.entomb(stage.service.request(JOB))
        steps = _steps(stage, done)
        sent = stage.scene.outbox.counts()
    finally:
        stage.service.ledger.close()
    held = all(step.held for step in steps)
    told: Facts = {
        "incident": name,
        "drill": True,
        "held": held,
        "told": list(done.told),
        "evidence": done.evidence,
    }
    real.daybook.note(DRILLED, actor=by.person.id, at=by.now, facts=told)
    return {**told, "steps": [asdict(step) for step in steps], "messages": sent}


def stage_in(real: Scene, channels: Channels, folder: Path, now: datetime) -> Stage:
    """A new house in a folder, for the drill alone."""
    folder.mkdir(mode=0o700, parents=True)
    ledger, site, key = Ledger.create(f"sqlite:///{folder / 'ledger.db'}"), real.service.site, real.seals.key
    shelves = Shelves(folder / "vault")
    seals = Seals(ledger, CheckpointLog(folder / "checkpoints"), key, real.seals.trusted)
    service = Service(
        ledger,
        site,
        check_policy=real.service.rules.check_policy,
        store_facts=lambda _case: None,
        keep=shelves.documents.put,
        sign=seals.sign_statement,
    )
    service.law.begin(now, read_bundle(LAW_FILES))
    outbox = Outbox(ledger)
    telling = Telling(service, ReadModels(ledger), outbox, replace(channels, mark=MARK))
    scene = Scene(
        service=service,
        seals=seals,
        daybook=Daybook(ledger),
        outbox=outbox,
        place=Place(site=real.place.site, vault=folder / "vault", checkpoints=folder / "checkpoints"),
        folder=folder / "evidence",
        send=telling.round,
        new_id=real.new_id,
        words=f"{MARK} {real.words}",
        kind="drill",
    )
    push = Push(shelves.documents, shelves.release, seals.beside, folder / "releases")
    return Stage(scene, shelves, push, telling)


def _tell_a_release(stage: Stage, by: By) -> None:
    """A study and a job of canaries, up to a release that lies outside."""
    study = [("approver", event) for event in _study_events(by)]
    _append(stage, (APPLICATION, STUDY), study, by.now)
    raw, report_kept = stage.shelves.quarantine.put(CANARIES), stage.shelves.quarantine.put(b"{}")
    offered = Offered(PATH, raw, raw, report_kept, Confidence.PROVED, Verdict.CLEAN)
    _append(stage, (REQUEST, JOB), _job_events(stage, by, offered), by.now)
    case = stage.service.request(JOB)
    statement = _statement(stage, case, by.now)
    _append(stage, (REQUEST, JOB), [("platform", e.Released(statement))], by.now)
    # What was told so far is no news: from here on people are told.
    stage.telling.round(by.now)
    stage.push.deliver(stage.service.request(JOB))


def _study_events(by: By) -> tuple[e.Event, e.Event]:
    today = by.now.date()
    proposal = Proposal(
        title="A drill",
        lay_summary="Canaries; nobody is real.",
        organisation="This site",
        purpose=Purpose.COVID_19_RESEARCH,
        legal_basis="covid-19-directions-2020",
        members=(by.person.id,),
        datasets=SCOPE,
        starts=today - DAY,
        ends=today + DAY,
    )
    return e.Applied(proposal), e.Approved(Approval("approver", proposal.starts, proposal.ends, SCOPE, ()))


def _job_events(stage: Stage, by: By, offered: Offered) -> list[tuple[str, e.Event]]:
    document = stage.shelves.documents.put(b"a drill")
    asked = ActionAsked("canaries", ActionKind.AGGREGATE, (), document)
    submission = Submission(STUDY, Purpose.COVID_19_RESEARCH, document, document, SCOPE, (asked,))
    output = Output("canaries", PATH, offered.raw, len(CANARIES), Sensitivity.MODERATE)
    votes = (FileVote(PATH, offered.raw, Decision.APPROVE),)
    return [
        (by.person.id, e.Submitted(by.person.id, submission)),
        ("platform", e.Started("canaries", f"sha256:{document}", document, document, by.now.date())),
        ("platform", e.Landed("canaries", (output,), stage.shelves.quarantine.put(b"a log"))),
        ("platform", e.Finished()),
        ("platform", e.Checked(stage.service.rules.check_policy, (offered,))),
        ("one", e.Voted("one", votes)),
        ("other", e.Voted("other", votes)),
        ("one", e.SignedOff("one", (offered.raw,))),
    ]


def _statement(stage: Stage, case: JobRequest, now: datetime) -> Statement:
    study = stage.service.study(STUDY)
    said = statement_body(case, study, site=MARK, now=now, leaving=case.offered)
    body = canonical(said)
    files = tuple(ReleasedFile(each.path, each.digest) for each in case.offered)
    return Statement(stage.shelves.documents.put(body), stage.scene.seals.sign_statement(body), files)


def _append(stage: Stage, case: tuple[str, str], told: Sequence[tuple[str, e.Event]], now: datetime) -> None:
    ledger, policy = stage.service.ledger, stage.service.site.policy
    (kind, name) = case
    seq = len(ledger.case_events(name))
    for number, (actor, event) in enumerate(told, start=seq):
        ledger.append(kind, name, (event,), expected_seq=number, actor=actor, at=now, policy=policy)


def _steps(stage: Stage, done: Reported) -> list[Step]:
    """Everything that a breach must set in motion, looked at afterwards."""
    case, study = stage.service.request(JOB), stage.service.study(STUDY)
    place, digest = stage.push.folder / JOB, case.outputs[0].digest
    gone = (place / TOMBSTONE).exists() and not (place / PATH).exists()
    kept = digest in evidence(stage.service.ledger, stage.scene.daybook)
    return [
        Step("the release is recalled", case.stage is RequestStage.RECALLED, case.stage.value),
        Step("a tombstone stands in its place", gone, TOMBSTONE if gone else "the file is still there"),
        Step("the study is suspended", study.stage is ApplicationStage.SUSPENDED, study.stage.value),
        Step("the recalled bytes may not be deleted", kept, "frozen" if kept else "not frozen"),
        _evidence_step(stage, done, digest),
        _told_step(stage, done),
        Step("nothing was left undone", not done.undone, "; ".join(done.undone) or "all was done"),
    ]


def _evidence_step(stage: Stage, done: Reported, digest: str) -> Step:
    what = "the evidence was copied, and proves whole"
    try:
        copy = verify_backup(Path(done.evidence), stage.scene.seals.trusted)
    except (OSError, RecordsError) as broken:
        return Step(what, held=False, found=str(getattr(broken, "sentence", type(broken).__name__)))
    held = any((Path(done.evidence) / "vault").rglob(digest))
    return Step(what, held, f"{copy.files} files" if held else "the recalled bytes are not among it")


def _told_step(stage: Stage, done: Reported) -> Step:
    reached = [name for name in done.told if stage.telling.reaches(stage.service.site.people[name])]
    counts = stage.scene.outbox.counts()
    waiting = sum(number for word, number in counts.items() if word != SENT)
    said = f"{len(reached)} of {len(done.told)} can be reached; {counts.get(SENT, 0)} messages left, {waiting} did not"
    return Step("the watchers were told", bool(reached) and not waiting, said)
