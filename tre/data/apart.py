"""How few people a sum or a mean could be told by, whose amounts alone are not what everybody else's are.

A mean of ones in which one person has a hundred tells of that person, however many ones there are; and so do two means of
columns that are the same but for one person. It answers with a number of people for each group. It does not see columns
that are the same only after arithmetic, nor a value that is chosen among many: those are for lineage, and for a person.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

MOST_FEW = 9
"""The most people that any policy calls few."""
_HIGH = 2 * (MOST_FEW + 1)
ENDS = f"max(s, {_HIGH}), min(s), sum(s)"
"""The largest amounts of a group, the smallest, and their sum: whether all but a few may have the same is seen in them."""
_CLOSE = 1e-6


@dataclass(frozen=True)
class Amounts:
    """What is known of a group's amounts: of how many people, the ends and the sum, and how many have the same in others."""

    people: int
    high: Sequence[float]
    lowest: float
    total: float
    others: Sequence[int]

    @property
    def is_nearly_one(self) -> bool:
        """Whether all but a few of many people may have the same amount.

        It is then the largest but a few, and what the sum lacks of everybody having it is lacking in the few alone. This asks
        for no second look at the rows of groups whose amounts are spread out.
        """
        if self.people <= _HIGH:
            return False
        same = self.high[MOST_FEW]
        lacking = self.people * same - self.total + sum(self.high[:MOST_FEW]) - MOST_FEW * same
        return lacking <= MOST_FEW * (same - self.lowest) + _CLOSE * (abs(self.total) + 1)

    def apart(self, common: int | None) -> int | None:
        """The fewest people who are not as most are, nobody among them; None where there are no most.

        `common` is how many have the commonest amount, where that was counted.
        """
        if common is None and self.people <= _HIGH:
            common = max(Counter(self.high).values(), default=0)
        most = (each for each in (common, *self.others) if each is not None and 2 * each > self.people)
        return min((self.people - each for each in most), default=None)


def commonest(dims: str, each_person: str) -> str:
    """For each group, how many people have the commonest amount, as what follows its dimensions in a SELECT."""
    return f"max(people) FROM (SELECT {dims} s, count(*) AS people FROM ({each_person}) WHERE s IS NOT NULL GROUP BY ALL)"  # noqa: S608 - names are quoted


def others(columns: Mapping[str, str], numbers: frozenset[str], value: str) -> list[str]:
    """The other columns of numbers that the summarised one is compared with."""
    return [
        name
        for name, kind in columns.items()
        if name != value and (kind in numbers or kind.startswith("DECIMAL")) and kind != "BOOLEAN"
    ]
