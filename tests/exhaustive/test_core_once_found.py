"""Faults that walking the core once found; each stays mended."""

import json
from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from tests.exhaustive.small_world import LOG, RULES, STUDIES, SUBMISSION, TODAY
from tests.records.examples import EXAMPLES
from tre.custody import commands as c
from tre.custody import events as e
from tre.custody.context import Context, Moment
from tre.custody.decide import decide
from tre.custody.encoding import canonical, decode, encode
from tre.custody.errors import Malformed, Refusal
from tre.custody.evolve import fold
from tre.custody.people import PLATFORM
from tre.custody.requests import JobRequest, Outcome


def test_a_day_is_judged_in_utc_whatever_zone_the_moment_is_told_in() -> None:
    late = datetime(2024, 12, 31, 23, 30, tzinfo=UTC)
    assert Moment(late.astimezone(timezone(timedelta(hours=2)))).day == Moment(late).day == date(2024, 12, 31)


def test_an_action_does_not_fail_by_succeeding() -> None:
    history = (e.Submitted("ada", SUBMISSION), e.Started("a", "image", "v1", "list", TODAY))
    case = fold(JobRequest("r1"), history)
    context = Context(PLATFORM, RULES, {}, application=STUDIES["s1"]["approved"])
    with pytest.raises(Refusal):
        decide(case, c.Fail("a", Outcome.SUCCEEDED, LOG), context, Moment(datetime(2024, 6, 1, tzinfo=UTC)))


def test_a_noun_of_a_leaf_that_cannot_be_is_malformed_like_any_other() -> None:
    fields = json.loads(canonical(encode(EXAMPLES["application.applied"])))
    fields["proposal"]["datasets"][0]["columns"] = []
    with pytest.raises(Malformed):
        decode("application.applied", fields)


@pytest.mark.parametrize("spelling", ["20250701", "2025-W27-2"])
def test_a_date_has_one_spelling(spelling: str) -> None:
    with pytest.raises(Malformed):
        decode("application.expired", {"on": spelling})
