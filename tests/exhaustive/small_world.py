"""A world small enough to be walked whole: a dozen people, two studies, two actions, two files, and a handful of days.

Everything that a rule looks at is here both ways. What is left out is left out because no rule can tell it apart: a third
file, a second table, another independent checker.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from itertools import product

from job_specs.model import Purpose, Sensitivity, TableScope
from output_checks.model import Confidence, Verdict
from tre.custody import commands as c
from tre.custody.bases import LegalBasis
from tre.custody.context import Context, Moment, OptOuts, Rules, StoreFacts
from tre.custody.law import OptOutRule
from tre.custody.lists import ListInForce, Lists
from tre.custody.outputs import Decision, FileContext, FileVote, Offered, Output, Vote
from tre.custody.people import PLATFORM, Person, Role
from tre.custody.reasons import Reason, ReasonCode
from tre.custody.releases import ReleasedFile, Statement
from tre.custody.remarks import Audience, Remark
from tre.custody.requests import ActionAsked, ActionKind, JobRequest, Outcome, RequestStage, Submission
from tre.custody.studies import Application, ApplicationStage, Approval, Proposal, Section


def digest(name: str) -> str:
    """A digest of our own for a name: hexadecimal, and the same each time."""
    return name.encode().hex().ljust(64, "0")[:64]


# Days. The approval is live on TODAY; every other day ends something.
EARLY, TODAY, LAST, LATE, LAWLESS = (
    date(2024, 1, 1), date(2024, 6, 1), date(2024, 12, 31), date(2025, 1, 1), date(2025, 7, 1),
)  # fmt: skip
STARTS, LAW_ENDS, FOREVER = date(2024, 2, 1), date(2025, 6, 30), date(2030, 1, 1)
LAPSED = date(2024, 5, 31)

R = Role
PEOPLE = {
    person.id: person
    for person in (
        Person("ada", frozenset({R.RESEARCHER}), FOREVER, "ward"),
        Person(
            "bob", frozenset({R.RESEARCHER, R.OUTPUT_CHECKER, R.APPROVER, R.MAINTAINER}), FOREVER
        ),  # a member
        Person("cat", frozenset({R.RESEARCHER}), FOREVER),  # on nobody's study
        Person("dan", frozenset({R.APPROVER, R.RESEARCHER}), FOREVER),
        Person("eve", frozenset({R.OUTPUT_CHECKER}), FOREVER),
        Person("fay", frozenset({R.OUTPUT_CHECKER}), FOREVER),
        Person("kim", frozenset({R.OUTPUT_CHECKER}), FOREVER),
        Person("gus", frozenset({R.OUTPUT_CHECKER, R.APPROVER, R.MAINTAINER}), LAPSED),  # training has lapsed
        Person("zoe", frozenset({R.OUTPUT_CHECKER, R.APPROVER}), FOREVER),  # was on the study once
        Person("lou", frozenset({R.OUTPUT_CHECKER, R.APPROVER}), FOREVER, "ward"),  # a member's colleague
        Person("max", frozenset({R.OUTPUT_CHECKER}), FOREVER),  # wrote the code
        Person("hal", frozenset({R.MAINTAINER}), FOREVER),
        Person("ivy", frozenset({R.CALDICOTT_GUARDIAN}), LAPSED),
        PLATFORM,
    )
}

NARROW = (TableScope("patients", ("sex",)),)
WIDE = (TableScope("patients", ("sex", "region")),)
WIDEST = (*WIDE, TableScope("deaths", ("date",)))

RESEARCH, AUDIT, MAINTENANCE = (
    Purpose.COVID_19_RESEARCH, Purpose.COVID_19_CLINICAL_AUDIT, Purpose.PLATFORM_MAINTENANCE,
)  # fmt: skip
LAW = LegalBasis(
    "law",
    frozenset({RESEARCH, MAINTENANCE}),
    date(2023, 7, 1),
    LAW_ENDS,
    enabled=True,
    honours_national=False,
    datasets=frozenset({"patients", "deaths"}),
)
LAWS = {
    "law": LAW,
    "off": replace(LAW, id="off", enabled=False),
    "old": replace(LAW, id="old", starts=date(2020, 3, 1), ends=date(2023, 6, 30)),
}

PROPOSAL = Proposal("T", "L", "O", RESEARCH, "law", ("ada", "bob"), WIDE, STARTS, FOREVER)
UPKEEP = replace(PROPOSAL, purpose=MAINTENANCE, members=("hal", "ada"))
PROPOSALS = (
    PROPOSAL,
    UPKEEP,
    replace(PROPOSAL, members=("ada",)),
    replace(PROPOSAL, members=("ada", "bob", "zoe")),
    replace(PROPOSAL, members=("cat",)),
    replace(PROPOSAL, purpose=AUDIT),
    replace(PROPOSAL, legal_basis="off"),
    replace(PROPOSAL, legal_basis="old"),
    replace(PROPOSAL, legal_basis="none"),
)

WHY, WHY_NOTED, BREACH = (
    Reason(ReasonCode.NEEDS_CHANGES), Reason(ReasonCode.NEEDS_CHANGES, digest("why")), Reason(ReasonCode.SUSPECTED_BREACH),
)  # fmt: skip

RULES = Rules(
    digest("rules"),
    {Confidence.PROVED: 2, Confidence.RECOMPUTED: 2, Confidence.DECLARED: 3, Confidence.OPAQUE: 2},
    timedelta(days=28),
)
STRICT = replace(RULES, votes={Confidence.PROVED: 3, Confidence.DECLARED: 3})
CHANGED = replace(RULES, check_policy=digest("new rules"))
TEAMS = replace(RULES, team_is_conflict=True)
DESCRIBED = replace(RULES, context_needed=True)


def store_of(
    days: int, *, name: str = "opt-outs", national: int | None = None, real: bool = True
) -> StoreFacts:
    """A store whose opt-out list is that many days old, and its national one, if it has one, so many."""
    dated = TODAY - timedelta(days=days)
    shown = [ListInForce(OptOutRule.TYPE_1, dated, digest(name), "")]
    since = TODAY - timedelta(days=national) if national is not None else None
    shown += [ListInForce(OptOutRule.NATIONAL, since, digest("national"), "")] if since else []
    return StoreFacts(
        "v1", OptOuts(digest(name), dated), national=since, shown=tuple(shown), of_real_people=real
    )


STORE = store_of(28)


def in_force(store: StoreFacts | None) -> Lists:
    """The lists of a ledger on which just those that the store shows are in force."""
    return Lists().with_in_force("tpp", store.shown) if store else Lists()


@dataclass(frozen=True, eq=False)
class Surroundings:
    """Everything outside a case but the person who asks; each is itself and no other."""

    name: str
    day: date = TODAY
    bases: tuple[tuple[str, LegalBasis], ...] = tuple(LAWS.items())
    rules: Rules = RULES
    people: frozenset[str] = frozenset(PEOPLE)
    submitter_trained_until: date = FOREVER
    study: str = "approved"
    store: StoreFacts | None = STORE
    lists: Lists | None = None
    adopted: bool = True

    @cached_property
    def moment(self) -> Moment:
        """Midday of the day."""
        return Moment(datetime(self.day.year, self.day.month, self.day.day, 12, tzinfo=UTC))

    def known(self) -> Mapping[str, Person]:
        """Everyone who is known, the submitters trained until the day that is said."""
        known = {name: PEOPLE[name] for name in self.people}
        lapsing = {
            name: replace(known[name], trained_until=self.submitter_trained_until)
            for name in {"ada", "hal"} & set(known)
        }
        return known | lapsing

    def contexts(self, study: str) -> tuple[Context, ...]:
        """What is handed to the core, for each person who may ask; ``study`` is ``""`` where none would be loaded."""
        application = self.application(study) if study else None
        return tuple(
            Context(
                actor,
                self.rules,
                dict(self.bases),
                self.known(),
                application,
                self.store,
                EARLIER,
                self.ledger(),
                self.adopted,
            )
            for actor in PEOPLE.values()
        )

    def ledger(self) -> Lists:
        """The lists that are in force: those that the store shows, where nothing else is said."""
        return in_force(self.store) if self.lists is None else self.lists

    def application(self, study: str) -> Application | None:
        """The application that would be loaded. After the law has ended, the approval has not: so they can be told apart."""
        return (LONGER if self.day == LAWLESS else STUDIES)[study][self.study]


def laws(**changes: object) -> tuple[tuple[str, LegalBasis], ...]:
    """The legal bases, with the one that counts changed."""
    return tuple((LAWS | {"law": replace(LAW, **changes)}).items())  # type: ignore[arg-type]


AROUND_A_STUDY = (
    Surroundings("today"),
    Surroundings("before it starts", day=EARLY),
    Surroundings("its last day", day=LAST),
    Surroundings("after its last day", day=LATE),
    Surroundings("after the law", day=LAWLESS),
    Surroundings("law switched off", bases=laws(enabled=False)),
    Surroundings("law permits something else", bases=laws(purposes=frozenset({AUDIT}))),
    Surroundings("a member's team does not judge", rules=TEAMS),
    Surroundings("law covers other tables", bases=laws(datasets=frozenset({"deaths"}))),
)
AROUND_A_REQUEST = (
    *AROUND_A_STUDY,
    Surroundings("study suspended", study="suspended"),
    Surroundings("study unknown", study="unknown"),
    Surroundings("another study", study="another"),
    Surroundings("fewer columns approved", study="narrowed"),
    Surroundings("submitter forgotten", people=frozenset(PEOPLE) - {"ada", "hal"}),
    Surroundings("submitter's training lapsed", submitter_trained_until=LAPSED),
    Surroundings("opt-outs stale", store=store_of(29)),
    Surroundings("opt-outs of tomorrow", store=store_of(-1)),
    Surroundings("no store", store=None),
    Surroundings("law honours national opt-outs", bases=laws(honours_national=True)),
    Surroundings(
        "law honours national opt-outs, and there are some",
        bases=laws(honours_national=True),
        store=store_of(28, national=28),
    ),
    Surroundings(
        "national opt-outs stale",
        bases=laws(honours_national=True),
        store=store_of(28, national=29),
    ),
    Surroundings("no list was ever put in force", lists=Lists()),
    Surroundings("canaries, of whom there is no list", lists=Lists(), store=replace(STORE, canaries=True)),
    Surroundings("a newer list is in force", lists=in_force(store_of(27))),
    Surroundings("an older list is in force", lists=in_force(store_of(29))),
    Surroundings("another list of that day is in force", lists=in_force(store_of(28, name="others"))),
    Surroundings("a national list is missing", lists=in_force(store_of(28, national=28))),
    Surroundings("a list of another backend", lists=Lists().with_in_force("emis", STORE.shown)),
    Surroundings(
        "the build that was announced is there", lists=in_force(store_of(29)).with_coming("tpp", STORE.shown)
    ),
    Surroundings(
        "an older build was announced", lists=in_force(store_of(27)).with_coming("tpp", STORE.shown)
    ),
    Surroundings("the law as it ships", adopted=False),
    Surroundings(
        "the law as it ships, over people who are made up", adopted=False, store=store_of(28, real=False)
    ),
    Surroundings("another list since the last action", store=store_of(28, name="others")),
    Surroundings("disclosure policy changed", rules=CHANGED),
    Surroundings("stricter votes", rules=STRICT),
    Surroundings("files must be described", rules=DESCRIBED),
)
ABOUT_VOTES = tuple(there for there in AROUND_A_REQUEST if there.rules is not RULES)


def studies(end: date = LAST) -> Mapping[str, dict[str, Application | None]]:
    """The applications that a request's surroundings name, for each of the two studies."""
    past = replace(PROPOSAL, members=("ada", "bob", "zoe"))
    all_hands = replace(UPKEEP, members=("hal", "ada", "bob", "zoe"))
    found: dict[str, dict[str, Application | None]] = {}
    for name, proposals in {"s1": (past, PROPOSAL), "s2": (all_hands, UPKEEP)}.items():
        approval = Approval("dan", STARTS, end, WIDE, ())
        live = Application(name, ApplicationStage.APPROVED, proposals, (approval,))
        found[name] = {
            "approved": live,
            "suspended": live.at(ApplicationStage.SUSPENDED),
            "unknown": None,
            "another": replace(live, id="s9"),
            "narrowed": replace(live, approvals=(replace(approval, datasets=NARROW),)),
        }
    return found


STUDIES = studies()
LONGER = studies(FOREVER)

EXTRACT = ActionAsked("a", ActionKind.EXTRACT, (), digest("a"))
TABLES = ActionAsked("b", ActionKind.CODE, ("a",), digest("b"))
LONE = ActionAsked("b", ActionKind.AGGREGATE, (), digest("b"))
SUBMISSION = Submission(
    "s1",
    RESEARCH,
    digest("spec"),
    digest("code"),
    WIDE,
    (EXTRACT, TABLES),
    code_authors=("max",),
    continues="r0",
)
SUBMISSIONS = (
    SUBMISSION,
    replace(SUBMISSION, continues="r9"),
    replace(SUBMISSION, application="s2", purpose=MAINTENANCE, actions=(LONE,)),
    replace(SUBMISSION, application="s2", purpose=MAINTENANCE, actions=(LONE,), continues=""),
    replace(SUBMISSION, purpose=AUDIT),
    replace(SUBMISSION, purpose=MAINTENANCE),
    replace(SUBMISSION, datasets=WIDEST),
    replace(SUBMISSION, actions=()),
    replace(SUBMISSION, actions=(TABLES, EXTRACT)),
    replace(SUBMISSION, actions=(TABLES,)),
)

MODERATE, HIGH = Sensitivity.MODERATE, Sensitivity.HIGH
COHORT = Output("a", "cohort.parquet", digest("cohort"), 9, HIGH)
ONE = Output("b", "one.csv", digest("raw one"), 9, MODERATE)
TWO = Output("b", "two.svg", digest("raw two"), 9, MODERATE)
LOG = digest("log")
SAID = digest("what it is")


def applications_steps(case: Application) -> Iterator[c.Command]:
    """Everything that can be asked of an application."""
    yield from (c.Apply(proposal) for proposal in PROPOSALS)
    yield from (c.Revise(proposal) for proposal in PROPOSALS)
    yield c.Approve(STARTS, LAST, WIDE, ("Publish.",))
    yield c.Approve(EARLY, LAST, WIDE)
    yield c.Approve(STARTS, date(2031, 1, 1), WIDE)
    yield c.Approve(STARTS, LAST, WIDEST)
    yield c.Approve(STARTS, LAST, ())
    yield c.Approve(LAST, STARTS, WIDE)
    yield from (step(WHY) for step in (c.Return, c.Reject, c.Withdraw, c.Suspend, c.Reinstate))
    yield c.Suspend(BREACH)
    yield c.Expire()
    yield c.Assess(Section.PEOPLE, agreed=True)
    yield from (c.Assess(Section.PEOPLE, agreed=False, note=note) for note in ("", digest("why")))
    yield c.Discuss(Section.PEOPLE, digest("words"))
    if case.stage is ApplicationStage.NEW:
        yield from strangers(c.Submit(SUBMISSION), JobRequest("r"))


def strangers(first: c.Command, case: JobRequest) -> Iterator[c.Command]:
    """One of each step of the other kind of case."""
    yield first
    yield from (c.Start("a", "i"), c.Land("a", (), LOG), c.Fail("a", Outcome.FAILED), c.Finish())
    yield from (step(WHY) for step in (c.Cancel, c.RequestChanges, c.Refuse, c.Recall))
    yield from (c.Check(RULES.check_policy, ()), c.View(LOG), c.CastVote(()), c.Resubmit(), c.SignOff())
    yield c.Release(statement(case, other=True))
    yield c.ReleasePart(statement(case, other=True))
    yield from (c.Describe(()), c.SignOffPart(()), c.Comment(remark("one.csv", ONE.digest)))


def request_steps(case: JobRequest) -> Iterator[c.Command]:
    """Everything that can be asked of a request as it stands."""
    yield from (c.Submit(submission) for submission in SUBMISSIONS)
    yield from running_steps(case)
    yield c.Finish()
    yield c.Cancel(WHY)
    yield from check_steps(case)
    yield from (
        c.View(each) for each in (ONE.digest, COHORT.digest, LOG, digest("twin one"), digest("elsewhere"))
    )
    yield from (c.CastVote(files) for files in votes(case))
    yield from words_steps(case)
    for paths in (
        (),
        ("one.csv",),
        ("two.svg",),
        ("one.csv", "two.svg"),
        ("absent.csv",),
        ("one.csv", "one.csv"),
    ):
        yield c.SignOffPart(paths)
    yield from (c.RequestChanges(WHY), c.RequestChanges(WHY_NOTED), c.SignOff(), c.Refuse(WHY))
    yield from (c.Recall(WHY), c.Recall(BREACH))
    yield from (c.Release(statement(case)), c.Release(statement(case, other=True)))
    yield from (c.ReleasePart(statement(case)), c.ReleasePart(statement(case, other=True)))
    note = digest("answer")
    for paths in ((), ("one.csv",), ("two.svg",), ("one.csv", "two.svg"), ("absent.csv",)):
        yield c.Resubmit(paths, note)
    yield c.Resubmit(())
    if case.stage.value == "new":
        yield from applications_steps(Application("s", ApplicationStage.APPLIED))


def remark(path: str, name: str, audience: Audience = Audience.EVERYONE) -> Remark:
    """A remark on a cell of a file."""
    return Remark(path, name, digest("words"), audience=audience, row=0, column=1)


def words_steps(case: JobRequest) -> Iterator[c.Command]:
    """Descriptions and remarks: of what is on offer, and of what is not."""
    whole = tuple(FileContext(each.path, SAID) for each in case.offered)
    yield from (c.Describe(whole), c.Describe(()), c.Describe((*whole, *whole[:1])))
    yield c.Describe((FileContext("absent.csv", SAID),))
    yield c.Describe(tuple(replace(each, context=digest("said otherwise")) for each in whole[:1]))
    yield c.Describe(tuple(replace(each, left_out=True) for each in whole[:1]))
    yield c.Comment(remark("one.csv", ONE.digest))
    yield c.Comment(remark("one.csv", ONE.digest, Audience.CHECKERS))
    yield c.Comment(remark("one.csv", digest("other bytes")))


def running_steps(case: JobRequest) -> Iterator[c.Command]:
    """Starts and ends of actions, true and false."""
    for action in ("a", "b", "x"):
        yield c.Start(action, "image")
        yield c.Fail(action, Outcome.FAILED, LOG)
        yield c.Fail(action, Outcome.SUCCEEDED, LOG)
    landings = ((COHORT,), (ONE,), (ONE, TWO), (ONE, replace(TWO, path=ONE.path)))
    yield from (c.Land(action, outputs, LOG) for action, outputs in product(("a", "b"), landings))
    yield c.Land("b", (), LOG)
    yield (
        c.Land("b", (ONE, replace(TWO, path=COHORT.path)), LOG) if case.job("a") else c.Land("x", (ONE,), LOG)
    )


def offer(output: Output, level: Confidence, verdict: Verdict) -> Offered:
    """What the checks say of an output."""
    name = output.path.partition(".")[0]
    return Offered(
        output.path, output.digest, digest(f"twin {name}"), digest(f"report {name}"), level, verdict
    )


SAYINGS = (
    (Confidence.PROVED, Verdict.CLEAN),
    (Confidence.OPAQUE, Verdict.PERSON),
    (Confidence.PROVED, Verdict.REFUSED),
    (Confidence.DECLARED, Verdict.SUPPRESSED),
)
PAIRS = ((SAYINGS[0], SAYINGS[0]), (SAYINGS[0], SAYINGS[2]), (SAYINGS[1], SAYINGS[3]))


def check_steps(case: JobRequest) -> Iterator[c.Command]:
    """Checks of exactly what is to leave, and of less, more, other and nothing."""
    policy = RULES.check_policy
    wanted = [out for out in case.outputs if out.sensitivity is MODERATE and out.path not in case.withheld]
    for sayings in PAIRS if len(wanted) > 1 else ((saying,) for saying in SAYINGS):
        yield c.Check(
            policy, tuple(offer(output, *said) for output, said in zip(wanted, sayings, strict=False))
        )
    whole = tuple(offer(output, *SAYINGS[0]) for output in wanted)
    yield c.Check(digest("old rules"), whole)
    yield c.Check(CHANGED.check_policy, whole)
    yield c.Check(policy, ())
    yield c.Check(policy, (*whole, offer(COHORT, *SAYINGS[0])))
    yield c.Check(policy, whole[:1])
    yield c.Check(policy, tuple(replace(each, raw=digest("other bytes")) for each in whole))
    yield c.Check(policy, (*whole, *(replace(each, digest=digest("a second twin")) for each in whole[:1])))


def votes(case: JobRequest) -> Iterator[tuple[FileVote, ...]]:
    """A vote on every offered file, of every kind; on fewer, more, other or no files."""
    note = digest("words")
    yes, bare, no, change = (
        tuple(FileVote(o.path, o.digest, decision, words) for o in case.offered)
        for decision, words in (
            (Decision.APPROVE, note),
            (Decision.APPROVE, ""),
            (Decision.REJECT, note),
            (Decision.CHANGES, note),
        )
    )
    yield from dict.fromkeys((yes, bare, (*no[:1], *yes[1:]), no, change, yes[::-1], yes[:-1]))
    yield (*yes, *yes[:1])
    yield no[:1]
    yield bare[:1]
    yield tuple(replace(vote, digest=digest("other bytes")) for vote in yes)


def earlier_request() -> JobRequest:
    """The request that the other continues: two checkers approved one of its files, and asked for changes to another."""
    said = offer(ONE, *SAYINGS[0])
    yes = FileVote(said.path, said.digest, Decision.APPROVE, digest("words"))
    return JobRequest(
        "r0",
        RequestStage.RETURNED,
        submissions=(replace(SUBMISSION, continues=""),),
        offered=(said,),
        votes=(Vote("eve", (yes,)), Vote("fay", (yes,))),
    )


EARLIER = earlier_request()


def statement(case: JobRequest, *, other: bool = False) -> Statement:
    """A statement that names what is on offer, or something else."""
    leaving = [each for each in case.offered if each.path in case.signed or not case.signed]
    files = tuple(ReleasedFile(each.path, digest("other") if other else each.digest) for each in leaving)
    return Statement(digest("statement"), "signature", files or (ReleasedFile("x", digest("x")),))
