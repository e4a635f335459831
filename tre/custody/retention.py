"""What is kept how long, and what was deleted: one case on the ledger, and the pure choice of what is due [P13] [P15].

    extracts   rows of a study's patients: what its later actions read
    logs       what an action said, from real data
    outputs    aggregates that never left, as they were made and as they might have been shown
    stores     versions of a store that a newer one has taken the place of

Only what belongs to a request that has ended is ever due. Refuses to let go of what a release rests on - its bytes, the table
they were made of, the list of who is behind it, what the checks said - without which nobody could tell whether the next
release and this one together give a person away [P10]; of the rows that a table was counted from, until who is behind it has
been listed and that list is kept in their place; of bytes that something else still needs; and of the ledger.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from job_specs.model import Sensitivity
from tre.custody.errors import Malformed, require
from tre.custody.outputs import Output, is_digest
from tre.custody.requests import ActionKind, JobRequest, RequestStage

RETENTION = "retention"
"""The kind of case, and the id of the only one."""
ENDED = frozenset(
    {
        RequestStage.RELEASED,
        RequestStage.FAILED,
        RequestStage.CANCELLED,
        RequestStage.REFUSED,
        RequestStage.RECALLED,
    }
)
INSIDE = "inside/"
"""What the engine left about an action, never offered to anybody, is kept beneath this path."""
LEAST_DAYS = 30
"""Nothing is deleted sooner: a release is called back, and a question about it asked, within weeks."""


class Kept(StrEnum):
    """A kind of thing that is kept for a time."""

    EXTRACTS = "extracts"
    LOGS = "logs"
    OUTPUTS = "outputs"
    STORES = "stores"


@dataclass(frozen=True)
class Doomed:
    """One thing to be deleted: what it is, whose (a request, or a backend), and its digest."""

    kind: Kept
    of: str
    digest: str

    @property
    def key(self) -> tuple[str, str]:
        """Whose it is, and which."""
        return self.of, self.digest


Table = tuple[str, str, str]
"""A table that left: of which request, by which path, and its digest."""


@dataclass(frozen=True)
class Remembered:
    """Who is behind a table of study code that left, as a file of its own: the rows it was counted from may go now [P10]."""

    of: str
    path: str
    digest: str
    people: str
    """The digest of the lists; of none, where its people cannot be listed and a person compares it."""

    def __post_init__(self) -> None:
        require(
            is_digest(self.digest) and is_digest(self.people), "a table and its lists are known by digest"
        )

    @property
    def table(self) -> Table:
        """Which table it is."""
        return self.of, self.path, self.digest


@dataclass(frozen=True)
class KeepFor:
    """A site's rule: how many days each kind is kept after its request ended. A kind that is not named is kept for ever."""

    days: Mapping[Kept, int]

    def __post_init__(self) -> None:
        require(Kept.STORES not in self.days, "a store that was replaced is never kept")
        require(
            all(days >= LEAST_DAYS for days in self.days.values()), f"nothing goes within {LEAST_DAYS} days"
        )

    def is_over(self, kind: Kept, ended: datetime, now: datetime) -> bool:
        """Whether a thing's time is over."""
        return kind in self.days and now - ended > timedelta(days=self.days[kind])


@dataclass(frozen=True)
class Ended:
    """A request, when it last moved, and whether what it released lies where it belongs, so that it needs nothing more."""

    case: JobRequest
    at: datetime
    settled: bool

    @property
    def is_done(self) -> bool:
        """Whether nothing more happens to it by itself."""
        return self.settled and self.case.stage in ENDED


@dataclass(frozen=True)
class Retention:
    """The case: what was ordered to be deleted and is not yet certified, and everything that is, by whose it was and digest.

    The same bytes may be made again, for another request: they are that request's, and kept as long as it needs them.
    """

    id: str = RETENTION
    waits: tuple[Doomed, ...] = ()
    deleted: frozenset[tuple[str, str]] = frozenset()
    remembered: Mapping[Table, str] = field(default_factory=dict)
    """The digest of who is behind each table of study code whose rows need not be kept for that."""

    def remembering(self, things: Iterable[Remembered]) -> "Retention":
        """The same case, with more tables whose people are listed."""
        return replace(self, remembered={**self.remembered, **{each.table: each.people for each in things}})

    def ordered(self, things: tuple[Doomed, ...]) -> "Retention":
        """The same case, with an order that waits."""
        return replace(self, waits=things)

    def certified(self, spared: Iterable[str]) -> "Retention":
        """The same case, with what waited gone, but for what was spared."""
        gone = {each.key for each in self.waits if each.digest not in set(spared)}
        return replace(self, waits=(), deleted=self.deleted | gone)


def due(requests: Iterable[Ended], rules: KeepFor, now: datetime, so_far: Retention) -> tuple[Doomed, ...]:
    """What may be deleted now, in order: everything of an ended request whose time is over, and that nothing else needs."""
    over: dict[tuple[str, str], Doomed] = {}
    needed: set[str] = set()
    for each in requests:
        for kind, digest in named_by(each.case, so_far.remembered):
            if kind is not None and each.is_done and rules.is_over(kind, each.at, now):
                over.setdefault((each.case.id, digest), Doomed(kind, each.case.id, digest))
            else:
                needed.add(digest)
    return tuple(
        thing
        for key, thing in sorted(over.items())
        if thing.digest not in needed and key not in so_far.deleted
    )


def to_remember(ended: Ended, rules: KeepFor, now: datetime, so_far: Retention) -> tuple[Table, ...]:
    """The tables of a request whose people are to be listed now, because the time of the rows they were counted from is over."""
    if not ended.is_done or not rules.is_over(Kept.EXTRACTS, ended.at, now):
        return ()
    return tuple(each for each in tables_of_code(ended.case) if each not in so_far.remembered)


def tables_of_code(case: JobRequest) -> Iterator[Table]:
    """What study code made of rows and has left; of an aggregate the engine itself listed who is behind it."""
    code = {job.action.name for job in case.jobs if job.action.kind is ActionKind.CODE}
    made = {output.path for output in case.outputs if output.action in code}
    files = (file for statement in case.statements for file in statement.files)
    yield from ((case.id, file.path, file.digest) for file in files if file.path in made)


def named_by(case: JobRequest, remembered: Collection[Table]) -> Iterator[tuple[Kept | None, str]]:
    """Every file that a request names, with the kind of thing it is; with none, where it is kept for ever."""
    left, behind = case.left, behind_what_left(case, remembered)
    for job in case.jobs:
        if job.log:
            yield Kept.LOGS, job.log
        for output in job.outputs:
            yield _kind_of(output, left, behind), output.digest
    for offered in case.asked:
        kind = Kept.OUTPUTS if not left else None
        yield kind, offered.report
        yield (None if offered.path in left else Kept.OUTPUTS), offered.digest
        yield (None if offered.path in left else Kept.OUTPUTS), offered.raw
    for statement in case.statements:
        yield from ((None, file.digest) for file in statement.files)


def behind_what_left(case: JobRequest, remembered: Collection[Table]) -> frozenset[str]:
    """The actions that made what left, and every action that those were given something of.

    Who is behind a released table is in the engine's list of its action, or is asked again of the rows it was counted from
    until it is remembered.
    """
    found: set[str] = set()
    unlisted = {path for _, path, _ in {*tables_of_code(case)}.difference(remembered)}
    code = {path for _, path, _ in tables_of_code(case)}
    wanted = {each.action for each in case.outputs if each.path in (case.left - code) | unlisted}
    while wanted - found:
        found |= wanted
        wanted = {need for job in case.jobs if job.action.name in found for need in job.action.needs}
    return frozenset(found)


def _kind_of(output: Output, left: frozenset[str], behind: frozenset[str]) -> Kept | None:
    rows = output.sensitivity is Sensitivity.HIGH
    if output.path in left or (rows and output.action in behind):
        return None
    return Kept.EXTRACTS if rows and not output.path.startswith(INSIDE) else Kept.OUTPUTS


def as_retention(case: object) -> Retention:
    """The case, which is the retention's.

    Raises:
        Malformed: it is another kind of case.
    """
    if not isinstance(case, Retention):
        raise Malformed("the retention was expected")
    return case
