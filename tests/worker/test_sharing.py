"""How far a query on people's data is leaves in quarters, and ever more seldom: what it tells of the data is counted in bits [P1]."""

from tre.worker.sharing import Coarsely

DAY = 24 * 3600


def told_in(seconds: int, share_at, *, step: int = 1) -> list[tuple[int, int]]:
    """What is passed on of an action, and when, that is heard every so many seconds."""
    now, told = [0], []
    hear = Coarsely(lambda quarters: told.append((now[0], quarters)), lambda: float(now[0]))
    for now[0] in range(0, seconds, step):
        hear(share_at(now[0]))
    return told


def test_it_is_told_after_one_minute_two_four_and_so_on():
    told = told_in(1000, lambda second: second // 10)
    assert told == [(60, 0), (120, 0), (240, 0), (480, 1), (960, 3)]


def test_of_a_whole_day_a_dozen_words_are_told_whatever_the_query_does():
    told = told_in(DAY, lambda second: hash((second, "secret")) % 100, step=7)
    assert len(told) <= 12
    assert {quarters for _, quarters in told} <= {0, 1, 2, 3}


def test_when_it_passes_a_quarter_is_not_told_to_the_minute():
    """Two queries that reach their half at quite different times are told alike."""
    early, late = (told_in(700, lambda s, half=half: 50 if s >= half else 49) for half in (245, 470))
    assert early == late


def test_what_is_heard_late_is_told_once():
    assert told_in(2000, lambda _second: 60, step=999) == [(999, 2), (1998, 2)]


def test_a_box_that_says_more_than_everything_is_told_as_three_quarters():
    assert told_in(61, lambda _second: 1 << 40) == [(60, 3)]
    assert told_in(61, lambda _second: -5) == [(60, 0)]
