"""What a query may cost on the real store, from what it cost on a synthetic one: a band, never a number of seconds.

Scans, joins and grouping grow with the people in a store, and so does this estimate; sorting grows a little faster.
It refuses to be exact: how long a query took on real data says something of the data [P1].
"""

from collections.abc import Mapping

BANDS = (
    (10.0, "seconds"),
    (120.0, "a minute or two"),
    (1_200.0, "minutes"),
    (7_200.0, "an hour or two"),
    (36_000.0, "hours"),
)
LONGEST = "a day or more"
_STARTING = 0.1
"""Seconds that a query takes among however few people."""


def band(seconds: float) -> str:
    """How long that is, roughly."""
    return next((name for most, name in BANDS if seconds <= most), LONGEST)


def at_scale(seconds: float, *, people: int, there: int) -> str:
    """Roughly how long a query would take among that many people, when it took so long among these.

    Raises:
        ValueError: there are no people here or there.
    """
    if people < 1 or there < 1:
        raise ValueError("a store has people")
    grows = max(seconds - _STARTING, 0.0)
    return band(_STARTING + grows * max(there / people, 1.0))


def told_of(took: Mapping[int, float], *, there: int) -> str:
    """Roughly how long a query would take among that many people, from how long it took among one number of them or more.

    Raises:
        ValueError: it was asked of nobody.
    """
    if not took:
        raise ValueError("it is not known how long it took")
    fewest, most = min(took), max(took)
    if fewest == most:
        return at_scale(took[most], people=most, there=there)
    return from_two((fewest, took[fewest]), (most, took[most]), there=there)


def from_two(fewer: tuple[int, float], more: tuple[int, float], *, there: int) -> str:
    """Roughly how long a query would take among that many people, from how long it took among two numbers of them.

    Each is people and seconds. What it takes however few they are is in both, so that what each person adds is the difference.

    Raises:
        ValueError: the second is not of more people.
    """
    if more[0] <= fewer[0]:
        raise ValueError("what each person adds is seen among more of them")
    each = max(more[1] - fewer[1], 0.0) / (more[0] - fewer[0])
    return band(fewer[1] + each * max(there - fewer[0], 0))
