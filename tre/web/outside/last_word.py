"""The one word about the platform, and how long it is good for. Refuses to be looked up anew for everybody who asks."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock

from tre.records.looks import State, board_of, state
from tre.web.doors import Common

KEPT = timedelta(seconds=30)
"""For so long a word is said again before anybody looks anew: whoever asks often costs nothing."""


@dataclass
class LastWord:
    """The word that was last said, and when it was looked up."""

    said: State | None = None
    at: datetime | None = None
    lock: Lock = field(default_factory=Lock)

    def of(self, common: Common, now: datetime) -> State:
        """The word now."""
        with self.lock:
            if self.said is None or self.at is None or not timedelta() <= now - self.at < KEPT:
                self.said, self.at = word_now(common, now), now
            return self.said


def word_now(common: Common, now: datetime) -> State:
    """The word, looked up."""
    closed = common.gate()
    paused = closed.everything is not None or closed.data is not None
    return state(board_of(common.daybook), paused=paused, now=now)
