"""[P7] [P10] What two backends released is put together from the released numbers alone: no small cell is a difference."""

import csv
import io
import random
from dataclasses import replace

import pytest

from output_checks.check import check
from output_checks.model import Confidence, Evidence, Offered
from output_checks.policy import load_policy
from tre.data.combine import Released, combine
from tre.data.errors import CombinationRefused

POLICY = load_policy(pack="opensafely")
REGIONS, SEXES = ("London", "Midlands", "North West", "South East"), ("female", "male")
BY, COUNTS = ("region", "sex"), ("people",)
DECLARED = {"statistic": "frequencies", "of": "covid_tests", "by": list(BY), "columns": {"people": "count"}}


def table(numbers):
    lines = [",".join((*BY, *COUNTS)), *(",".join((*place, str(n))) for place, n in numbers.items())]
    return ("\n".join(lines) + "\n").encode()


def released(truth, backend="tpp"):
    """A part as the corridor would let it leave: the twin that the checks make of the true counts."""
    evidence = Evidence(people=tuple(truth.values()), source=Confidence.PROVED, roles={})
    report = check(Offered("output/t.csv", table(truth), DECLARED, evidence), POLICY)
    assert report.twin is not None, report.findings
    return Released(backend, "study-1", "s" * 64, "c" * 64, POLICY.digest, report.twin)


def cells(content):
    rows = csv.DictReader(io.StringIO(content.decode()))
    return {(row["region"], row["sex"]): row["people"] for row in rows}


def truths(seed):
    chance = random.Random(seed)  # noqa: S311 - a test's own numbers
    places = [(region, sex) for region in REGIONS for sex in SEXES]
    return [{place: chance.choice((2, 7, 9, 40, 41, 90, 133, 250)) for place in places} for _ in range(2)]


def combined(parts, **changed):
    options = {"by": BY, "counts": COUNTS, "policy": POLICY, "path": "output/t.csv"} | changed
    return combine(parts, **options)


def sums(parts):
    """The combined numbers; none where nothing of them may be shown."""
    try:
        return cells(combined(parts).content)
    except CombinationRefused as refused:
        if refused.code != "combination-unsafe":
            raise
        return {}


def both_parts(seed):
    return [released(truth, backend) for truth, backend in zip(truths(seed), ("tpp", "emis"), strict=True)]


@pytest.mark.parametrize("seed", range(25))
def test_the_combined_table_hides_what_any_part_hides_and_shows_sums_of_what_all_show(seed):
    parts = both_parts(seed)
    first, second = (cells(part.content) for part in parts)
    for place, shown in sums(parts).items():
        if POLICY.mark in {first.get(place, POLICY.mark), second.get(place, POLICY.mark)}:
            assert shown == POLICY.mark
        elif shown != POLICY.mark:
            assert int(shown) == int(first[place]) + int(second[place])
            assert int(shown) == 0 or int(shown) > POLICY.small_max


@pytest.mark.parametrize("seed", range(25))
def test_no_hidden_cell_of_a_part_is_the_difference_of_two_shown_numbers(seed):
    parts = both_parts(seed)
    one, beside = (cells(part.content) for part in parts)
    hidden = [place for place in truths(seed)[0] if one.get(place, POLICY.mark) == POLICY.mark]
    assert not [place for place in hidden if sums(parts).get(place, POLICY.mark) != POLICY.mark]
    assert not [
        place
        for place in beside
        if beside[place] == POLICY.mark and sums(parts).get(place, POLICY.mark) != POLICY.mark
    ]


def test_a_sum_of_the_true_counts_as_the_control_does_give_some_away():
    found = 0
    for seed in range(25):
        one, other = truths(seed)
        first, shown = (cells(part.content) for part in both_parts(seed))
        hidden = [place for place in one if first.get(place, POLICY.mark) == POLICY.mark]
        found += sum(
            shown.get(place, POLICY.mark) != POLICY.mark and one[place] + other[place] > POLICY.small_max
            for place in hidden
        )
    assert found > 10


def test_most_pairs_of_tables_can_be_put_together():
    assert sum(bool(sums(both_parts(seed))) for seed in range(25)) > 12


PLAIN = {(region, sex): 40 + 10 * n for n, (region, sex) in enumerate((r, s) for r in REGIONS for s in SEXES)}


def test_honest_parts_are_summed_whole():
    result = combined([released(PLAIN, "tpp"), released(PLAIN, "emis")])
    assert result.hidden == 0
    assert {place: int(text) for place, text in cells(result.content).items()} == {
        place: 2 * number for place, number in PLAIN.items()
    }


def test_a_place_that_one_part_lacks_is_hidden_and_never_taken_for_nobody():
    fewer = {place: number for place, number in PLAIN.items() if place[0] != "London"}
    result = combined([released(PLAIN, "tpp"), released(fewer, "emis")])
    assert {text for place, text in cells(result.content).items() if place[0] == "London"} <= {POLICY.mark}
    assert result.hidden == 0 or POLICY.mark.encode() in result.content


REFUSED = {
    "one backend twice": ({"backend": "tpp"}, "parts-not-of-two-backends"),
    "another study": ({"study": "study-2"}, "parts-of-two-studies"),
    "another spec": ({"spec": "t" * 64}, "parts-of-two-studies"),
    "another code": ({"code": "t" * 64}, "parts-of-two-studies"),
    "another policy": ({"policy": "f" * 64}, "parts-of-another-policy"),
    "true counts": ({"content": table(PLAIN | {("London", "male"): 33})}, "part-not-of-released-grade"),
    "a small count": ({"content": table(PLAIN | {("London", "male"): 5})}, "part-not-of-released-grade"),
    "a negative count": ({"content": table(PLAIN | {("London", "male"): -10})}, "part-not-of-released-grade"),
    "another mark": ({"content": table(PLAIN | {("London", "male"): "*"})}, "part-not-of-released-grade"),
    "a place twice": ({"content": table(PLAIN) + b"London,male,40\n"}, "part-repeats"),
    "a column more": ({"content": table(PLAIN).replace(b"people", b"people,rate", 1)}, "part-other-columns"),
    "no rows": ({"content": b"region,sex,people\n"}, "part-other-columns"),
}


@pytest.mark.parametrize(("changed", "code"), REFUSED.values(), ids=REFUSED.keys())
def test_parts_that_do_not_belong_together_are_refused(changed, code):
    good = released(PLAIN, "tpp")
    with pytest.raises(CombinationRefused) as refused:
        combined([good, replace(released(PLAIN, "emis"), **changed)])
    assert refused.value.code == code


def test_one_part_is_nothing_to_combine():
    with pytest.raises(CombinationRefused):
        combined([released(PLAIN)])
