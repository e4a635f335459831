"""How reviewing goes: how long rounds take against the promise, how they end, why they are sent back, what waits [P9].

Counted from the lists, over the last year. Refuses to measure a person: nothing here is of one checker.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta

from litestar.response import Template

from tre.custody.people import Role
from tre.custody.working_days import PROMISED
from tre.records.read_models import RequestRow, ReviewRow
from tre.web.api import Answer, asks
from tre.web.asking import Ask
from tre.web.inside.doors import Inside
from tre.web.inside.queue import OPEN
from tre.web.routes import shows
from tre.web.who import those

READERS = those(
    Role.OUTPUT_CHECKER,
    Role.MAINTAINER,
    Role.INFORMATION_GOVERNANCE,
    Role.CALDICOTT_GUARDIAN,
    Role.DATA_PROTECTION_OFFICER,
)
YEAR = timedelta(days=365)


@dataclass(frozen=True)
class Metrics:
    """A year of reviewing. Days are working days from the offer to the answer."""

    rounds: int
    ends: Mapping[str, int]
    reasons: Mapping[str, int]
    median_days: int
    ninth_tenth_days: int
    within_promise: int
    promised: int
    waiting: Mapping[str, int]


@shows("/review/metrics", READERS)
def metrics_page(ask: Ask, inside: Inside) -> Template:
    """The year, in a few numbers."""
    return ask.page("inside/metrics.html", metrics=metrics_of(ask, inside))


@asks("/review/metrics", READERS)
def api_metrics(ask: Ask, inside: Inside) -> Answer:
    """The last year of reviewing: how long rounds took, how they ended, why they were sent back, and what waits."""
    return asdict(metrics_of(ask, inside))


def metrics_of(ask: Ask, inside: Inside) -> Metrics:
    """The last year of reviewing."""
    models = inside.common.read_models
    models.catch_up()
    since = ("ended_at", (ask.now - YEAR).isoformat())
    ends, reasons = (models.counts(ReviewRow, name, since) for name in ("ended", "because"))
    days = {int(word): number for word, number in models.counts(ReviewRow, "days", since).items()}
    stages = models.counts(RequestRow, "stage")
    return Metrics(
        rounds=sum(ends.values()),
        ends=ends,
        reasons={reason: number for reason, number in reasons.items() if reason},
        median_days=at_share(days, 0.5),
        ninth_tenth_days=at_share(days, 0.9),
        within_promise=sum(number for day, number in days.items() if day <= PROMISED),
        promised=PROMISED,
        waiting={stage.value: stages[stage.value] for stage in OPEN if stage.value in stages},
    )


def at_share(counted: Mapping[int, int], share: float) -> int:
    """The smallest number that at least this share of all are not above; 0 where there are none."""
    total, seen = sum(counted.values()), 0
    for number in sorted(counted):
        seen += counted[number]
        if seen >= share * total:
            return number
    return 0


ROUTES = (metrics_page, api_metrics)
