"""The health board, folded from the daybook: every look, what changed since the one before, and how each check stands now. Pure.

Also the one word that everybody may know. Refuses to call well what nobody has looked at for long, and to say to the public
more than that word.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from tre.records.daybook import Daybook, Entry

LOOKED, RAN = "health", "health-job"
KINDS = (LOOKED, RAN)
STALE = timedelta(days=2)
"""What nobody has looked at for so long is not called well."""


MOST_LOOKS = 2_000
"""Three weeks of looks, at the usual pace; before that the daybook remembers."""


class State(StrEnum):
    """What the public is told, and nothing else."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    PAUSED = "paused"


@dataclass(frozen=True)
class Standing:
    """How a check stands: since when, when it was last looked at, and what it said where it is ill."""

    check: str
    healthy: bool
    since: str
    seen: str
    said: str = ""
    fix: str = ""


@dataclass(frozen=True)
class Line:
    """One look: when, of which kind, by whom, whether all was well, and what had changed."""

    at: str
    what: str
    by: str
    healthy: bool
    changed: tuple[str, ...]


@dataclass(frozen=True)
class Board:
    """Every look, newest first, and every check as it stands, those that are ill first."""

    lines: tuple[Line, ...] = ()
    standing: tuple[Standing, ...] = ()
    ill: tuple[Standing, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "ill", tuple(each for each in self.standing if not each.healthy))


def board_of(daybook: Daybook) -> Board:
    """The board of a site, from its newest looks."""
    return board(daybook.recent(*KINDS, most=MOST_LOOKS))


def board(looks: Iterable[Entry]) -> Board:
    """The board after these looks, which come oldest first."""
    known: dict[str, Standing] = {}
    lines: list[Line] = []
    for entry in looks:
        changed = [words for each in _standings(entry) if (words := _take(known, each))]
        lines.append(Line(entry.at, entry.kind, entry.actor, bool(entry.facts["healthy"]), tuple(changed)))
    standing = sorted(known.values(), key=lambda each: (each.healthy, each.check))
    return Board(tuple(reversed(lines)), tuple(standing))


def _standings(entry: Entry) -> Iterator[Standing]:
    """What one look says of each check that it looked at."""
    ill = set(entry.facts.get("ill", ()))
    said, fixes = _by_check(entry, "said"), _by_check(entry, "fix")
    for check in dict.fromkeys((*entry.facts.get("looked", ()), *sorted(ill))):
        yield Standing(check, check not in ill, entry.at, entry.at, said.get(check, ""), fixes.get(check, ""))


def _by_check(entry: Entry, fact: str) -> dict[str, str]:
    return dict(words.partition(": ")[::2] for words in entry.facts.get(fact, ()))


def _take(known: dict[str, Standing], now: Standing) -> str:
    """Take one check's new standing in; in words, what has changed."""
    before = known.get(now.check)
    same = before is not None and before.healthy is now.healthy
    since = before.since if before is not None and same else now.since
    known[now.check] = replace(now, since=since)
    if same or (before is None and now.healthy):
        return ""
    return f"{now.check} is well again" if now.healthy else f"{now.check} fell ill"


def state(board: Board, *, paused: bool, now: datetime, stale: timedelta = STALE) -> State:
    """The one word: paused where maintainers have closed something, healthy where all was well not long ago."""
    if paused:
        return State.PAUSED
    fresh = bool(board.lines) and now - datetime.fromisoformat(board.lines[0].at) <= stale
    return State.HEALTHY if fresh and not board.ill else State.DEGRADED
