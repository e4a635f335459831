"""Everything a health check may look at, handed in, so that a fault can be planted before it. Refuses to fetch anything by itself."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

from sandboxes.preflight import Report
from tre.custody.commands import Submit
from tre.custody.context import Context, Moment
from tre.custody.people import Person
from tre.custody.requests import JobRequest
from tre.health.found import Found
from tre.records.certificates import Held
from tre.records.daybook import Daybook
from tre.records.outbox import Outbox
from tre.records.seals import Seals
from tre.service import Service

DAY = timedelta(days=1)


@dataclass(frozen=True)
class StoreTold:
    """What a backend's store says of itself, every byte of it checked; ``fault`` where it could not be opened.

    ``rows`` are those that nobody's opt-out of type 1 keeps back, by table, as they were when it was built.
    """

    backend: str
    fault: str = ""
    opt_outs: date = date.min
    rows: Mapping[str, int] = field(default_factory=dict)
    version: str = ""
    extracted_on: date = date.min
    left_since: bool = False
    """Whether people have opted out since it was built, so that fewer rows may be seen."""


@dataclass(frozen=True)
class Rules:
    """What the site calls well."""

    backups: timedelta = 2 * DAY
    retention: timedelta = 2 * DAY
    certificates: timedelta = 14 * DAY
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
    outbox: Outbox
    keys: Path
    wanted_keys: Sequence[str]
    shut_out: Callable[[], Sequence[str]]
    """The people whose second factor cannot be opened with the key that is here."""
    outside: Path
    rules: Rules
    stores: Callable[[], Sequence[StoreTold]]
    host: Callable[[], Report]
    engine: Callable[[], Mapping[str, str]]
    versions: Callable[[], Mapping[str, str]]
    free_gb: Callable[[], float]
    decide: Callable[[JobRequest, Submit, Context, Moment], object]
    reachable: Callable[[Person], bool]
    """Whether a message to this person would leave the house by some way."""
    certificates: Callable[[], Sequence[Held]]
    deletions: Callable[[], Sequence[int]]
    """How many things each certificate of a deletion names, all of them checked. Raises RecordsError for one that is not true."""


Look = Callable[[Eyes], Found]
