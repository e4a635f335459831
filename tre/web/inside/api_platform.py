"""The maintainers' pages for programs: whether it runs and is well, pause and resume, people, the law, incidents.

It says what the pages say, from the same readings. Refuses what they refuse.
"""

from dataclasses import asdict
from typing import Any

from tre.custody.law import Instrument
from tre.dispatch.schedule import Reason
from tre.records.daybook import Entry
from tre.records.looks import board_of
from tre.web.api import Answer, Body, Short, asks, does
from tre.web.asking import Ask
from tre.web.inside import platform
from tre.web.inside.doors import Inside
from tre.web.inside.platform import KEEPERS, WATCHERS
from tre.web.who import SIGNED_IN


class PauseBody(Body, frozen=True, kw_only=True):
    """What waits, ``everything`` or ``data``, and why: everybody who waits reads it."""

    what: Short = "everything"
    why: Short


@asks("/platform", WATCHERS)
def api_platform(ask: Ask, inside: Inside) -> Answer:
    """Whether the platform runs, whether it was well when it was looked at, and what was done to it."""
    del ask
    board = board_of(inside.common.daybook)
    return {
        **_gate(inside),
        "running": platform.running_now(inside),
        "checks": [asdict(each) for each in board.standing],
        "looks": [asdict(each) for each in board.lines[: platform.NEWEST]],
        "daybook": [_entry(each) for each in platform.done_to_it(inside)],
    }


@does("/platform/pause", KEEPERS)
def api_pause(ask: Ask, inside: Inside, data: PauseBody) -> Answer:
    """Start nothing new, or nothing that reads the data, until somebody resumes."""
    platform.close(ask, inside, data.what, data.why)
    return _gate(inside)


@does("/platform/resume", KEEPERS.again())
def api_resume(ask: Ask, inside: Inside) -> Answer:
    """Start again what a pause kept waiting."""
    platform.go_on(ask, inside)
    return _gate(inside)


@asks("/platform/people", WATCHERS)
def api_people(ask: Ask, inside: Inside) -> Answer:
    """Everybody here: roles, teams, training, and who has signed up."""
    rows = [
        {
            "account": each.person.id,
            "roles": sorted(each.person.roles),
            "team": each.person.team,
            "trained_until": each.person.trained_until.isoformat(),
            "signs_in": each.enrolled,
            "recovery_codes": each.recovery,
        }
        for each in platform.everybody(ask, inside)
    ]
    return {"rows": rows, "total": len(rows)}


@does("/platform/people/{account:str}/invite", KEEPERS.again())
def api_invite(ask: Ask, inside: Inside, account: str) -> Answer:
    """A link by which somebody sets a password and a second factor; it counts once and is given this one time."""
    return {"account": account, "link": platform.invitation(ask, inside, account)}


@asks("/platform/law", SIGNED_IN)
def api_law(ask: Ask, inside: Inside) -> Answer:
    """The legal instruments as they stand, and what a second person has yet to adopt."""
    stands, waiting = platform.law_now(ask, inside)
    return {
        "stands": [_instrument(each, live) for each, live in stands],
        "waiting": [
            {"proposer": proposer, "changes": [asdict(each) for each in changes]}
            for proposer, changes in waiting
        ],
    }


@asks("/platform/incidents", WATCHERS)
def api_incidents(ask: Ask, inside: Inside) -> Answer:
    """Every suspected breach that was reported, and every drill, the newest first."""
    del ask
    rows = [
        {**_entry(each.entry), "drill": each.drill, "closed": each.closed}
        for each in platform.reported(inside)
    ]
    return {"rows": rows, "total": len(rows)}


def _gate(inside: Inside) -> dict[str, Any]:
    gate = inside.common.gate()
    return {"everything": _closed(gate.everything), "data": _closed(gate.data)}


def _closed(reason: Reason | None) -> dict[str, str] | None:
    return asdict(reason) if reason else None


def _entry(each: Entry) -> dict[str, Any]:
    return {"at": each.at, "kind": each.kind, "actor": each.actor, "facts": dict(each.facts)}


def _instrument(each: Instrument, live: str) -> dict[str, Any]:
    return {
        "name": each.name,
        "title": each.title,
        "purposes": [purpose.value for purpose in each.purposes],
        "starts": each.starts.isoformat(),
        "ends": each.ends.isoformat(),
        "in_force": live == "approved",
        "opt_outs": [rule.value for rule in each.opt_outs],
        "datasets": list(each.datasets),
    }


ROUTES = (
    api_platform, api_pause, api_resume, api_people, api_invite, api_law, api_incidents,
)  # fmt: skip
