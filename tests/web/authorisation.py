"""What the core answers each person, for each step at each stage, with nothing but who they are and where the case stands able to be wrong.

Pure: the cases are folded from `tests.web.stages`. The table in `docs/authorisation.md` is drawn from here; the oracle is elsewhere.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import cast

from job_specs.model import Purpose, TableScope
from output_checks.model import Confidence
from tests.web.stages import PATH, WHY, Way, Ways
from tre.custody import commands as c
from tre.custody.bases import LegalBasis
from tre.custody.cases import Case
from tre.custody.context import Context, Moment, OptOuts, Rules, StoreFacts
from tre.custody.decide import decide
from tre.custody.errors import Refusal
from tre.custody.evolve import fold, new_case
from tre.custody.outputs import Decision, FileContext, FileVote
from tre.custody.people import Person, Role
from tre.custody.reasons import Reason, ReasonCode
from tre.custody.remarks import Remark
from tre.custody.requests import JobRequest, RequestStage
from tre.custody.studies import Application, ApplicationStage, Proposal, Section

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
BREACH = Reason(ReasonCode.SUSPECTED_BREACH)
PATHS = (PATH, "output/other.csv")
HUMAN = tuple(role for role in Role if role is not Role.PLATFORM)
APPLICATIONS, JOBS = "application", "job request"


@dataclass(frozen=True)
class Asker:
    """Somebody with one role, on the study or not."""

    role: Role
    member: bool

    @property
    def name(self) -> str:
        """Their account."""
        return f"{'in' if self.member else 'out'}-{self.role}"

    @property
    def person(self) -> Person:
        """They themselves, trained for ever."""
        return Person(self.name, frozenset({self.role}), date.max)


ASKERS = tuple(Asker(role, member) for role in HUMAN for member in (True, False))
MEMBERS = ("ada", *(asker.name for asker in ASKERS if asker.member))


def digest(content: bytes) -> str:
    """The digest under which a vault would keep it."""
    return hashlib.sha256(content).hexdigest()


RULES = Rules(digest(b"policy"), {Confidence.PROVED: 2}, timedelta(days=28))
PROPOSAL = Proposal(
    "Tests", "How many.", "University of Example", Purpose.COVID_19_RESEARCH, "law", MEMBERS,
    (TableScope("patients", ("sex",)),), NOW.date() - timedelta(days=30), NOW.date() + timedelta(days=300),
)  # fmt: skip
LAW = LegalBasis(
    "law",
    frozenset(Purpose),
    date(2020, 1, 1),
    date.max,
    enabled=True,
    honours_national=False,
    datasets=frozenset({"patients"}),
)


def application_steps() -> dict[str, c.Command]:
    """Every step that a person takes on an application, by name."""
    asked = PROPOSAL
    return {
        "revise": c.Revise(asked),
        "assess": c.Assess(Section.ABOUT, agreed=True),
        "discuss": c.Discuss(Section.ABOUT, digest(b"words")),
        "approve": c.Approve(asked.starts, asked.ends, asked.datasets),
        "return": c.Return(WHY),
        "reject": c.Reject(WHY),
        "suspend": c.Suspend(WHY),
        "suspend as a suspected breach": c.Suspend(BREACH),
        "reinstate": c.Reinstate(WHY),
        "withdraw": c.Withdraw(WHY),
    }


def job_steps(ways: Ways) -> dict[str, c.Command]:
    """Every step that a person takes on a job request, by name."""
    note = digest(b"words")
    yes = tuple(FileVote(path, ways.raw, Decision.APPROVE, note) for path in ways.paths)
    return {
        "submit": c.Submit(ways.submission("study")),
        "cancel": c.Cancel(WHY),
        "describe": c.Describe((FileContext(PATH, note),)),
        "resubmit": c.Resubmit((), note),
        "view": c.View(ways.raw),
        "comment": c.Comment(Remark(PATH, ways.raw, note)),
        "vote": c.CastVote(yes),
        "request-changes": c.RequestChanges(Reason(ReasonCode.NEEDS_CHANGES, note)),
        "sign-off": c.SignOff(),
        "sign-off-part": c.SignOffPart((PATH,)),
        "refuse": c.Refuse(WHY),
        "recall": c.Recall(BREACH),
    }


@dataclass(frozen=True)
class Cell:
    """One question: this step, at this stage, by this person."""

    kind: str
    step: str
    stage: str
    asker: Asker


def cells() -> Iterator[Cell]:
    """Every question that there is."""
    ways = ways_of(ASKERS[0])
    for kind, steps, stages in (
        (APPLICATIONS, application_steps(), ApplicationStage),
        (JOBS, job_steps(ways), RequestStage),
    ):
        for step in steps:
            for stage in stages:
                yield from (Cell(kind, step, stage.value, asker) for asker in ASKERS)


def ways_of(asker: Asker) -> Ways:
    """How cases came to their stages where the second vote was this person's."""
    ways = Ways(PROPOSAL, NOW, digest, RULES.check_policy)
    ways.paths, ways.second = PATHS, asker.name
    return ways


def allowed(cell: Cell) -> bool:
    """What the core answers."""
    ways = ways_of(cell.asker)
    study = cast("Application", folded("application", "study", ways.of_study(ApplicationStage.APPROVED)))
    if cell.kind == APPLICATIONS:
        case: Case = cast(
            "Application", folded("application", "study", ways.of_study(ApplicationStage(cell.stage)))
        )
        command = application_steps()[cell.step]
    else:
        way = ways.of_request("study", RequestStage(cell.stage))
        case = cast("JobRequest", folded("request", "job", way))
        command = job_steps(ways)[cell.step]
    try:
        decide(case, command, _context(cell.asker, study), Moment(NOW))
    except Refusal:
        return False
    return True


def folded(kind: str, case_id: str, way: Way) -> object:
    """The case after these events."""
    return fold(new_case(kind, case_id), [event for _, event in way])


def _context(asker: Asker, study: Application) -> Context:
    ada = replace(asker.person, id="ada", roles=frozenset({Role.RESEARCHER}))
    checkers = (
        replace(asker.person, id=name, roles=frozenset({Role.OUTPUT_CHECKER})) for name in ("cleo", "dan")
    )
    people = {each.id: each for each in (ada, *checkers, *(other.person for other in ASKERS))}
    store = StoreFacts("v1", OptOuts(digest(b"opt-outs"), NOW.date()))
    return Context(asker.person, RULES, {"law": LAW}, people, study, store)
