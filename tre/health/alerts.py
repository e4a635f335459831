"""Who is told that a check is ill: once, then more people the longer it lasts, and everybody who was told once it is well again.

Pure but for the last step, which writes messages and notes what was told; a crash between the two tells nobody twice. Refuses
to say more than the names of checks: what they saw is on the board, behind a sign-in, and nothing of a row is anywhere.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tre.custody.notices import WATCHERS, Notice
from tre.custody.people import Person, Role
from tre.records.daybook import Daybook, Entry
from tre.records.looks import Board, Standing, board_of
from tre.records.outbox import Outbox

ALERTED = "alert"
GRAVE = frozenset(
    {
        "walls",
        "ledger",
        "daybook",
        "stores",
        "keys",
        "releases",
        "signing",
        "lapsed-approval",
        "small-number",
        "identifier",
        "pseudonym",
        "differencing",
        "opt-outs",
        "opt-out-list",
        "deletions",
        "pseudonyms",
        "never-leaves",
        "rows",
    }
)
"""What may already have harmed somebody: everybody who watches is told at once."""
KEEPERS = (Role.MAINTAINER,)
LEVELS: tuple[tuple[Role, ...], ...] = (
    KEEPERS,
    (*KEEPERS, Role.INFORMATION_GOVERNANCE),
    (*KEEPERS, Role.INFORMATION_GOVERNANCE, *WATCHERS),
)
"""Who is told at each level; an illness climbs one whenever one of the schedule's times has passed."""
WHERE = "/health"


@dataclass(frozen=True)
class Telling:
    """One thing to tell: of which illness (a check and since when), at which level or that it is over, and to whom."""

    check: str
    since: str
    level: str
    people: tuple[str, ...]

    @property
    def key(self) -> str:
        """What it is known by: told once."""
        return f"{self.check}@{self.since}#{self.level}"


OVER = "over"


def to_tell(
    board: Board,
    told: Sequence[Entry],
    people: Mapping[str, Person],
    *,
    now: datetime,
    escalate: Sequence[timedelta],
) -> tuple[Telling, ...]:
    """What is to be told now and was not told yet."""
    known = {key: tuple(entry.facts["to"]) for entry in told for key in entry.facts["keys"]}
    climbs = (_climb(each, people, now, escalate) for each in board.ill)
    return tuple(each for each in (*climbs, *_over(board, known)) if each.key not in known)


def _climb(
    ill: Standing, people: Mapping[str, Person], now: datetime, escalate: Sequence[timedelta]
) -> Telling:
    lasted = now - datetime.fromisoformat(ill.since)
    level = (
        len(LEVELS) - 1
        if ill.check in GRAVE
        else min(sum(lasted >= each for each in escalate), len(LEVELS) - 1)
    )
    wanted = frozenset(LEVELS[level])
    holders = tuple(sorted(name for name, person in people.items() if person.roles & wanted))
    return Telling(ill.check, ill.since, str(level), holders)


def _over(board: Board, known: Mapping[str, tuple[str, ...]]) -> Iterable[Telling]:
    """Illnesses that somebody was told of and that are over."""
    open_now = {(each.check, each.since) for each in board.ill}
    told: dict[tuple[str, str], set[str]] = {}
    for key, names in known.items():
        check, _, rest = key.partition("@")
        told.setdefault((check, rest.rpartition("#")[0]), set()).update(names)
    for (check, since), everybody in told.items():
        if (check, since) not in open_now:
            yield Telling(check, since, OVER, tuple(sorted(everybody)))


def words(tellings: Iterable[Telling]) -> str:
    """One sentence for one person: what fell ill, what still is, what is well again."""
    by_kind: dict[str, list[str]] = {}
    for each in tellings:
        kind = (
            "Well again"
            if each.level == OVER
            else "Ill"
            if each.level == "0" or each.check in GRAVE
            else "Still ill"
        )
        by_kind.setdefault(kind, []).append(each.check)
    return "Health checks. " + " ".join(f"{kind}: {', '.join(names)}." for kind, names in by_kind.items())


def alert(
    daybook: Daybook,
    outbox: Outbox,
    people: Mapping[str, Person],
    now: datetime,
    *,
    escalate: Sequence[timedelta],
) -> list[str]:
    """Write the messages that are due, one for each person, and note what was told; the checks that they are about."""
    tellings = to_tell(board_of(daybook), daybook.entries(ALERTED), people, now=now, escalate=escalate)
    if not tellings:
        return []
    named = hashlib.sha256("\n".join(sorted(each.key for each in tellings)).encode()).hexdigest()[:16]
    told = sorted({name for each in tellings for name in each.people})
    for name in told:
        mine = [each for each in tellings if name in each.people]
        outbox.add(f"alert-{named}.{name}", Notice(name, words(mine), "", WHERE), at=now.isoformat())
    keys = [each.key for each in tellings]
    daybook.note(ALERTED, actor="platform", at=now, facts={"keys": keys, "to": told})
    return [each.check for each in tellings]
