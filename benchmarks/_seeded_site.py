"""A site with a thousand studies, a hundred thousand jobs and ten thousand releases, for what measures pages.

Everything is written as the events that would have been written, chained like any other, so that lists are folded from a
ledger that verifies. Refuses nothing; it is made once and kept where ``TRE_BENCH_SITE`` says.
"""

import os
import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from sqlalchemy import insert

import tre.cli
from job_specs.model import Purpose, Sensitivity, TableScope
from output_checks.model import Confidence, Verdict
from tre.custody import events as e
from tre.custody.outputs import Decision, FileVote, Offered, Output
from tre.custody.releases import ReleasedFile, Statement
from tre.custody.requests import ActionAsked, ActionKind, Outcome, Submission
from tre.custody.studies import Approval, Proposal
from tre.main import Hands, Opening, create_site
from tre.records import rows
from tre.records.database import writing
from tre.records.rows import Draft, Head
from tre.records.schema import EVENTS

BEGAN = datetime(2025, 1, 6, 9, tzinfo=UTC)
D = "a" * 64
DATASETS = (TableScope("patients", ("patient_id", "sex", "region")),)
ACTION = ActionAsked("tables", ActionKind.AGGREGATE, (), D)
PORTION = 5000

Told = tuple[str, str, str, e.Event]
"""Kind of case, its id, who acted, and what happened."""


def seeded(studies: int = 1000, jobs: int = 100_000, releases: int = 10_000) -> Path:
    """The site's folder, made now where it is not kept."""
    place = Path(os.environ.get("TRE_BENCH_SITE", f"/tmp/tre-bench-{studies}-{jobs}-{releases}"))  # noqa: S108 - synthetic, and nobody's
    if not (place / "done").exists():
        shutil.rmtree(place, ignore_errors=True)
        create_site(place)
        shutil.copy(Path(tre.cli.__file__).parent / "demo_site" / "people.toml", place / "people.toml")
        _tell(place, _history(studies, jobs, releases))
        (place / "done").touch()
    return place


def _history(studies: int, jobs: int, releases: int) -> Iterator[Told]:
    for number in range(studies):
        yield from _study(f"study-{number}", number)
    for number in range(jobs):
        yield from _job(f"job-{number}", f"study-{number % studies}", number, released=number < releases)


def _study(study: str, number: int) -> Iterator[Told]:
    proposal = Proposal(
        title=f"Study number {number} of vaccination and admissions",
        lay_summary="How many people were admitted to hospital, by region and week.",
        organisation=f"University {number % 40}",
        purpose=Purpose.COVID_19_RESEARCH,
        legal_basis="covid-19-directions-2020",
        members=("ada",) if number % 50 == 0 else (f"person-{number % 200}",),
        datasets=DATASETS,
        starts=date(2025, 1, 1),
        ends=date(2029, 12, 31),
    )
    yield "application", study, proposal.members[0], e.Applied(proposal)
    approval = Approval("ben", proposal.starts, proposal.ends, DATASETS, ())
    yield "application", study, "ben", e.Approved(approval)


def _job(job: str, study: str, number: int, *, released: bool) -> Iterator[Told]:
    submission = Submission(study, Purpose.COVID_19_RESEARCH, D, D, DATASETS, (ACTION,))
    yield "request", job, "ada", e.Submitted("ada", submission)
    yield "request", job, "platform", e.Started("tables", "sha256:" + D, D, D, date(2026, 1, 1))
    if not released and number % 10:
        yield "request", job, "platform", e.Failed("tables", Outcome.FAILED, "")
        return
    digest = f"{number:064x}"
    output = Output("tables", "output/table.csv", digest, 900, Sensitivity.MODERATE)
    offered = Offered("output/table.csv", digest, digest, digest, Confidence.PROVED, Verdict.CLEAN)
    yield "request", job, "platform", e.Landed("tables", (output,), D)
    yield "request", job, "platform", e.Finished()
    yield "request", job, "platform", e.Checked(D, (offered,))
    if released:
        vote = (FileVote("output/table.csv", digest, Decision.APPROVE),)
        yield "request", job, "cleo", e.Voted("cleo", vote)
        yield "request", job, "dan", e.Voted("dan", vote)
        yield "request", job, "dan", e.SignedOff("dan", (digest,))
        statement = Statement(digest, "5" * 128, (ReleasedFile("output/table.csv", digest),))
        yield "request", job, "platform", e.Released(statement)


def _tell(place: Path, history: Iterator[Told]) -> None:
    opening = Opening(place, Hands())
    ledger, policy = opening.house().service.ledger, opening.house().site.policy
    head, seqs, waiting = ledger.head(), dict[str, int](), list[dict[str, object]]()
    for number, (kind, case, actor, event) in enumerate(history):
        draft = Draft(kind, case, actor, BEGAN + timedelta(seconds=30 * number), policy)
        (row,) = rows.chain(head, seqs.get(case, 0), draft, (event,))
        head, seqs[case] = Head(row["position"], row["hash"]), row["seq"]
        waiting.append(row)
        if len(waiting) == PORTION:
            _write(ledger, waiting)
    _write(ledger, waiting)
    opening.house().read_models.prepare()


def _write(ledger: object, waiting: list[dict[str, object]]) -> None:
    with writing(ledger.engine) as connection:  # type: ignore[attr-defined]
        if waiting:
            connection.execute(insert(EVENTS), waiting)
    waiting.clear()
