"""Only permitted results: no extreme of one person, no geography finer than an NHS region, no rows in any disguise [P11]."""

import pytest

from output_checks.check import check
from output_checks.model import Offered, Verdict
from output_checks.policy import load_policy

REGIONS = {"statistic": "frequencies", "of": "patients", "by": ["region"], "columns": {"people": "count"}}
PRACTICES = {**REGIONS, "by": ["practice"]}
OLDEST = {
    "statistic": "endpoints",
    "of": "patients",
    "by": ["region"],
    "value": "age",
    "columns": {"people": "n", "age": "max"},
}
PEOPLE = "patient_id,sex\n" + "".join(f"{n:08x}-0000-4000-8000-00000000{n:04x},F\n" for n in range(60))


def verdict(content: str, declaration: object) -> Verdict:
    offered = Offered("output/t.csv", content.encode(), declaration)
    return check(offered, load_policy()).verdict


def test_an_honest_table_by_region_may_leave() -> None:
    assert verdict("region,people\nLondon,500\nMidlands,450\n", REGIONS) in {
        Verdict.CLEAN,
        Verdict.SUPPRESSED,
    }


@pytest.mark.parametrize(
    ("content", "declaration"),
    [
        ("region,people,age\nLondon,500,104\nMidlands,450,102\n", OLDEST),
        ("practice,people\nA81001,500\nA81002,450\n", PRACTICES),
        (PEOPLE, REGIONS),
        (PEOPLE, None),
    ],
    ids=["an extreme", "a practice", "rows that are declared a table", "rows"],
)
def test_what_is_not_permitted_does_not_leave(content: str, declaration: object) -> None:
    assert verdict(content, declaration) is Verdict.REFUSED
