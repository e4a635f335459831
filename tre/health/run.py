"""`tre health run`: the built-in specs, under the maintenance purpose, through the same corridor as a study; judged, and noted.

Every planted thing must be found, every store must be what was built, and nothing that was made may ever leave [P3]. Refuses
to call a platform healthy when one expectation was not met.
"""

from dataclasses import asdict
from typing import Any

from tre.health import canaries, live, speed
from tre.health.accepting import with_accepted
from tre.health.corridor import Corridor, Walked, walk
from tre.health.found import Found, ill, noted
from tre.records.looks import RAN
from tre.service import By


def run(corridor: Corridor, by: By) -> dict[str, Any]:
    """Run the health jobs; what each check found, and whether the platform is healthy.

    Raises:
        Refusal: a maintenance study is not approved yet, or the caller may not ask for it.
    """
    walked = walk(corridor, by)
    pace = _pace(corridor, walked)
    found = judge(corridor, walked, by, pace)
    facts: dict[str, Any] = {**noted(found)}
    facts |= {"seconds": pace.seconds, "per_minute": pace.per_minute} if pace else {}
    corridor.daybook.note(RAN, actor=by.person.id, at=by.now, facts=facts)
    return {
        "healthy": not ill(found),
        "request": walked.planted.id,
        "checks": [asdict(each) for each in found],
        "waiting": list(walked.waiting),
    }


def judge(corridor: Corridor, walked: Walked, by: By, pace: speed.Pace | None) -> tuple[Found, ...]:
    """Everything that one walk is judged by."""
    found = (
        *canaries.judge(corridor, walked, by),
        *live.judge(corridor, walked, by),
        *speed.judge(corridor.daybook, pace),
    )
    return with_accepted(found, corridor.daybook)


def _pace(corridor: Corridor, walked: Walked) -> speed.Pace | None:
    paces = [corridor.service.ledger.case_events(case.id) for case in walked.requests.values()]
    return speed.pace_of([envelope for history in paces for envelope in history]) if paces else None
