"""Working days, as the promise to answer within five of them counts them. Refuses to know a holiday: Monday to Friday, always."""

from datetime import date, timedelta

SATURDAY = 5
PROMISED = 5


def working_days(since: date, until: date) -> int:
    """How many working days have passed since a day."""
    days = (since + timedelta(days=number + 1) for number in range((until - since).days))
    return sum(day.weekday() < SATURDAY for day in days)
