"""Working days, as the promise to answer within five of them counts them. Refuses to know a holiday: Monday to Friday, always."""

from datetime import date, timedelta

SATURDAY = 5
PROMISED = 5


def working_days(since: date, until: date) -> int:
    """How many working days have passed since a day; none before it."""
    weeks, rest = divmod(max(0, (until - since).days), 7)
    after = (since + timedelta(days=number + 1) for number in range(rest))
    return 5 * weeks + sum(day.weekday() < SATURDAY for day in after)
