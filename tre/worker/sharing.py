"""How far a query on people's data is, as it may be told outside: in quarters, and ever more seldom [P1].

When exactly a query reaches its half says something of the data. So it is told after one minute, two, four, and so on, and
each time only whether a quarter, half or three quarters are done: of a whole day that is a dozen words of two bits. It refuses
to tell anything sooner, or anything else.
"""

from collections.abc import Callable

FIRST_SECONDS = 60.0
QUARTER = 25


class Coarsely:
    """Hears hundredths as often as anybody likes, and passes on few quarters."""

    def __init__(self, tell: Callable[[int], None], steady: Callable[[], float]) -> None:
        """``tell`` is told how many quarters are done; ``steady`` counts seconds from any moment."""
        self._tell, self._steady = tell, steady
        self._next = steady() + FIRST_SECONDS
        self._wait = FIRST_SECONDS

    def __call__(self, share: int) -> None:
        """Hear how many hundredths are done."""
        now = self._steady()
        if now < self._next:
            return
        while self._next <= now:
            self._next += self._wait
            self._wait *= 2
        self._tell(max(0, min(share, 99)) // QUARTER)
