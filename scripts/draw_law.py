"""Writes what every legal basis lets happen, on which days, for which purpose, at which step: `docs/legal-bases.md`.

Asked of the policies themselves, for the instruments that ship. Refuses to leave a combination out.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache

from job_specs.model import Purpose, TableScope
from output_checks.model import Confidence
from tre.custody import commands as c
from tre.custody.commands import Command, Step
from tre.custody.context import Context, Moment, OptOuts, Rules, StoreFacts
from tre.custody.law import Bundle, Switch
from tre.custody.people import PLATFORM
from tre.custody.policies import POLICIES, UNDER_THE_LAW, law, study
from tre.custody.policies.question import Question
from tre.custody.requests import JobRequest, Submission
from tre.custody.studies import Application, Approval, Proposal
from tre.records.law import LAW_FILES, read_bundle

LAWFUL = (
    study.purpose_may_leave,
    study.basis_is_known,
    study.basis_permits_the_purpose,
    study.basis_is_live,
    law.basis_covers_the_tables,
    law.national_opt_outs_are_fresh,
)
"""The rules that the law itself makes; the approval, the people and the votes are others' tables."""

PILOT = "das-pilot-2025"
STEPS = tuple(step for step in Step if step in UNDER_THE_LAW)
FOR_EVER = date(9999, 12, 31)
TABLES = (TableScope("patients", ("sex",)),)


def bundles() -> Mapping[str, Bundle]:
    """The law as it ships, and as it is once two people have switched the pilot on."""
    ships = read_bundle(LAW_FILES)
    on = tuple(replace(each, switch=Switch.ON) if each.name == PILOT else each for each in ships.instruments)
    return {"as it ships": ships, "with the pilot switched on": Bundle(on)}


def days(bundle: Bundle) -> tuple[date, ...]:
    """Every day on which an answer could change: the first and last of each instrument, and their neighbours."""
    edges = {day for each in bundle.instruments for day in (each.starts, each.ends)} - {FOR_EVER}
    near = {day + timedelta(days=step) for day in edges for step in (-1, 0, 1)}
    return tuple(sorted(near))


def answer(bundle: Bundle, basis: str, day: date, purpose: Purpose, step: Step) -> str:
    """What the law says to one step: `yes`, or the code of the first refusal."""
    asked = question(bundle, basis, day, purpose, step)
    for policy in POLICIES:
        if policy.rule in LAWFUL and step in policy.steps:
            refusal = policy.rule(asked)
            if refusal is not None:
                return refusal.code
    return "yes"


def question(bundle: Bundle, basis: str, day: date, purpose: Purpose, step: Step) -> Question:
    """The question, everything but the law being in order."""
    proposal = Proposal("T", "L", "O", purpose, basis, ("ada",), TABLES, date(2020, 1, 1), FOR_EVER)
    approval = Approval("ben", date(2020, 1, 1), FOR_EVER, TABLES, ())
    application = Application("s", proposals=(proposal,), approvals=(approval,))
    submission = Submission("s", purpose, "d", "d", TABLES, ())
    command = command_of(step, proposal, submission)
    case = JobRequest("r", submissions=(submission,))
    about_a_study = step in {Step.APPLY, Step.REVISE, Step.APPROVE, Step.REINSTATE}
    store = StoreFacts("v", OptOuts("d", day), national=day)
    rules = Rules("d", {Confidence.PROVED: 2}, timedelta(days=28))
    context = Context(PLATFORM, rules, bundle.bases, application=application, store=store)
    moment = Moment(datetime(day.year, day.month, day.day, 12, tzinfo=UTC))
    return Question(application if about_a_study else case, command, context, moment)


class Bare(Command):
    """A step of which the law looks at no more than its name."""

    step: Step  # type: ignore[misc]  # one class for every such step

    def __init__(self, step: Step) -> None:
        """A command of that step."""
        self.step = step


def command_of(step: Step, proposal: Proposal, submission: Submission) -> Command:
    """A command of that step."""
    known: dict[Step, Command] = {
        Step.APPLY: c.Apply(proposal),
        Step.REVISE: c.Revise(proposal),
        Step.APPROVE: c.Approve(proposal.starts, proposal.ends, TABLES),
        Step.SUBMIT: c.Submit(submission),
    }
    return known.get(step) or Bare(step)


@cache
def combinations() -> tuple[tuple[str, str, date, Purpose, Step, str], ...]:
    """Every combination of law, basis, day, purpose and step, with its answer."""
    return tuple(
        (state, each.name, day, purpose, step, answer(bundle, each.name, day, purpose, step))
        for state, bundle in bundles().items()
        for each in bundle.instruments
        for day in days(bundle)
        for purpose in Purpose
        for step in STEPS
    )


def page() -> str:
    """The page: one table for each state of the law, a row for each basis, span of days and purpose."""
    return "\n".join((*PREFACE, *lines()))


PREFACE = (
    "# What the law lets happen",
    "",
    "<!-- Generated by `make docs` from the policies and the instruments that ship; `make check` compares. Do not edit by hand. -->",
    "",
    "The instruments are data (`tre/records/new_site/policy/`, then on the ledger), each with its days, purposes, tables and opt-outs [P5].",
    "Every step beneath is asked with the date of its own moment. A cell says `yes`, or the refusal; days between two rows are as the",
    "row above them. The approval, the people, the votes and the files have rules of their own.",
    "",
)


def lines() -> Iterator[str]:
    """The tables."""
    for state in bundles():
        yield from (f"## The law {state}", "")
        yield "| basis | from this day | purpose | " + " | ".join(STEPS) + " |"
        yield "|---|---|---|" + "---|" * len(STEPS)
        yield from rows(state)
        yield ""


def rows(state: str) -> Iterator[str]:
    """A row wherever the answers change from one day to the next."""
    answers: dict[tuple[str, Purpose], dict[date, list[str]]] = {}
    for found, basis, day, purpose, _, said in combinations():
        if found == state:
            answers.setdefault((basis, purpose), {}).setdefault(day, []).append(said)
    for (basis, purpose), by_day in answers.items():
        before: list[str] = []
        for day, cells in by_day.items():
            if cells != before:
                yield f"| {basis} | {day} | {purpose} | " + " | ".join(cells) + " |"
            before = cells
