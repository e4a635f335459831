"""Nobody is found: planted people, and the attacks that a well-known checker lets through. Each honest twin passes."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import pytest

from output_checks.check import CHECKS, NoChecks, check
from output_checks.model import Confidence, Evidence, Offered, Report, Severity, Shares, Verdict
from output_checks.policy import load_policy

POLICY = load_policy()
COUNTS = {"statistic": "frequencies", "of": "cohort", "by": ["region", "diag"], "columns": {"n": "count"}}


def judged(
    text: str, declaration: object = None, evidence: Evidence | None = None, *, path: str = "t.csv"
) -> Report:
    return check(Offered(path, text.encode(), declaration, evidence), POLICY)  # type: ignore[arg-type]


def shown(report: Report) -> list[list[str]]:
    assert report.twin is not None
    return list(csv.reader(io.StringIO(report.twin.decode())))


def proved(people: Sequence[int], **roles: str) -> Evidence:
    return Evidence(tuple(people), Confidence.PROVED, roles)


def rows_of(rows: Sequence[Sequence[object]]) -> list[tuple[object, object]]:
    return [(row[0], row[1]) for row in rows[1:]]


def table(rows: Sequence[Sequence[object]]) -> str:
    return "\n".join(",".join(map(str, row)) for row in rows) + "\n"


# The twelve measured leaks ---------------------------------------------------------------------------------------------


def test_1_twelve_rows_of_one_patient_are_one_patient() -> None:
    text = table([["region", "rows"], ["North", 12], ["South", 400]])
    report = judged(text, evidence=proved([1, 90], region="dimension", rows="count_rows"))
    assert report.verdict is Verdict.SUPPRESSED
    assert shown(report) == [["region", "rows"], ["South", "400"]]


def test_2_a_crosstab_with_its_marginals_gives_no_cell_away() -> None:
    rows = [["region", "diag", "n"]]
    for region, cells in {"N": (40, 3, 57), "S": (35, 1, 64), "Total": (75, 4, 121)}.items():
        rows += [[region, diag, n] for diag, n in zip("abc", cells, strict=True)]
        rows += [[region, "Total", sum(cells)]]
    report = judged(table(rows), COUNTS)
    numbers = {tuple(row[:2]): row[2] for row in shown(report)[1:]}
    assert report.verdict is Verdict.SUPPRESSED
    assert not [key for key in numbers if key[1] == "b"], "nobody is told that there is anybody in b"
    hidden = [key for key in rows_of(rows) if numbers.get(key, "[REDACTED]") == "[REDACTED]"]
    assert len(hidden) > 3, "with every total shown, one hidden row is computed from the others"


def test_3_totals_are_not_quietly_made_smaller() -> None:
    rows = [["diag", "n"], ["a", 996], ["b", 4], ["c", 1000], ["Total", 2000]]
    report = judged(table(rows), COUNTS | {"by": ["diag"]})
    numbers = dict(shown(report)[1:])
    assert "b" not in numbers
    assert numbers.get("Total", "2000") == "2000", "1,996 beside another table's 2,000 tells of 4"
    assert len(numbers) < 3, "one more is gone, so that b is not the rest"


def test_4_two_groups_that_differ_by_one_person_look_the_same() -> None:
    counts = {"statistic": "frequencies", "of": "cohort", "by": [], "columns": {"n": "count"}}
    eleven, ten = (shown(judged(f"n\n{n}\n", counts)) for n in (11, 10))
    assert eleven == ten


def test_5_a_maximum_is_refused() -> None:
    text = table([["region", "top"], ["North", 826.86]])
    assert judged(text, evidence=proved([500], region="dimension", top="extreme")).verdict is Verdict.REFUSED


def test_6_a_regressor_that_is_one_person_is_refused() -> None:
    declaration = {
        "statistic": "correlation", "of": "cohort", "model": "v ~ I(pid==7)", "n": 2000, "residual_df": 1998,
        "regressors": ["I(pid==7)"], "columns": {"term": "dimension", "b": "coefficient"},
    }  # fmt: skip
    text = table([["term", "b"], ["Intercept", 5.1], ["x", 3.2]])
    assert judged(text, declaration).verdict is Verdict.REFUSED
    honest = declaration | {"model": "v ~ age", "regressors": ["age"]}
    assert judged(text, honest).verdict is Verdict.PERSON


def test_7_rows_of_people_do_not_leave_as_something_else() -> None:
    rows = [
        ["agg", "value", "day"],
        *([f"g{at}", at * 1.37, f"2021-01-{at % 28 + 1:02}x{at}"] for at in range(60)),
    ]
    assert judged(table(rows)).verdict is Verdict.REFUSED


def test_8_exact_numbers_at_risk_do_not_leave_beside_rounded_ones() -> None:
    columns = {"day": "time", "n_at_risk": "at_risk", "events": "events", "s": "survival"}
    declaration = {
        "statistic": "survival",
        "of": "cohort",
        "time": "day",
        "event": "died",
        "by": [],
        "columns": columns,
    }
    exact = table([list(columns), [0, 1000, 0, 1], [1, 998, 2, 0.998]])
    assert judged(exact, declaration).verdict is Verdict.REFUSED
    honest = table([list(columns), [0, 999, 0, 1], [30, 903, 93, 0.907]])
    assert judged(honest, declaration).verdict is Verdict.CLEAN


def test_9_proportions_come_from_rounded_counts_and_the_table_is_not_empty() -> None:
    columns = {"n": "count", "ill": "count", "pct": {"ratio": ["ill", "n"]}}
    text = table([["region", "n", "ill", "pct"], ["North", 47, 13, 13 / 47], ["South", 203, 3, 3 / 203]])
    report = judged(text, COUNTS | {"by": ["region"], "columns": columns})
    assert shown(report)[1:] == [
        ["North", "45", "15", "0.333"],
        ["South", "205", "[REDACTED]", "[REDACTED]"],
    ]


@pytest.mark.parametrize("label", ['Say "ah"', "O'Neil", "a, b", "100%", "{x}", "'; drop"])
def test_10_a_label_is_only_a_label(label: str) -> None:
    out = io.StringIO()
    csv.writer(out).writerows([["diag", "n"], [label, 40], ["other", 3], ["third", 30]])
    report = judged(out.getvalue(), COUNTS | {"by": ["diag"]})
    assert report.verdict is Verdict.SUPPRESSED
    assert [label, "40"] in shown(report)


def test_11_a_column_that_is_not_understood_is_refused_and_not_emptied() -> None:
    text = table([["region", "thing"], ["North", 1.5]])
    assert judged(text, evidence=proved([50], region="dimension", thing="other")).verdict is Verdict.REFUSED


def test_12_a_group_in_which_everybody_is_the_same_goes_to_a_person() -> None:
    rows = [["age", "ill", "n", "total"], ["old", "yes", 40, 40], ["old", "no", 0, 40]]
    rows += [["young", "yes", 30, 90], ["young", "no", 60, 90]]
    declaration = COUNTS | {"by": ["age", "ill"], "columns": {"n": "count", "total": "margin"}}
    report = judged(table(rows), declaration)
    assert report.verdict is Verdict.PERSON
    assert [each.check for each in report.of_severity(Severity.REVIEW)] == ["full_cells"]


# Planted people --------------------------------------------------------------------------------------------------------


def test_an_honest_table_of_large_rounded_numbers_goes_out_as_it_is() -> None:
    text = table([["sex", "n"], ["F", 200], ["M", 250]])
    report = judged(text, COUNTS | {"by": ["sex"]})
    assert (report.verdict, report.findings, report.twin) == (Verdict.CLEAN, (), text.encode())


def test_the_mean_of_a_hidden_group_is_hidden_with_it() -> None:
    columns = {"n": "n", "mean": "mean", "total": "sum"}
    declaration = {
        "statistic": "linear_aggregation",
        "of": "c",
        "by": ["sex"],
        "value": "x",
        "n": "n",
        "columns": columns,
    }
    shares = {name: (Shares(9e5, 10, 9),) * 3 for name in ("mean", "total")}
    evidence = Evidence((4, 300, 400), Confidence.RECOMPUTED, {}, shares)
    text = table(
        [
            ["sex", "n", "mean", "total"],
            ["X", 4, 51.25, 205],
            ["F", 300, 50, 15000],
            ["M", 400, 49.123456, 19649],
        ]
    )
    report = judged(text, declaration, evidence)
    assert shown(report)[1:] == [
        ["F", "300", "50", "15000"],
        ["M", "400", "49.1", "19600"],
    ]


def test_small_numbers_and_those_beside_them_are_gone_alike() -> None:
    rows = [["diag", "n"], ["a", 96], ["b", 4], ["c", 100], ["d", "<8"], ["Total", 200]]
    numbers = dict(shown(judged(table(rows), COUNTS | {"by": ["diag"]}))[1:])
    assert set(numbers) < {"a", "c", "Total"}, (
        "two more than the hidden ones are gone, and nothing says which is small"
    )
    assert all(number.isdigit() for number in numbers.values())


def test_what_is_hidden_in_the_decimals_does_not_leave() -> None:
    columns = {"n": "n", "mean": "mean"}
    declaration = {
        "statistic": "linear_aggregation",
        "of": "c",
        "by": ["sex"],
        "value": "x",
        "n": "n",
        "columns": columns,
    }
    evidence = Evidence((400,), Confidence.RECOMPUTED, {}, {"mean": (Shares(9e5, 10, 9),)})
    report = judged(
        table([["sex", "n", "mean"], ["F", 400, "100.000000009434765919"]]), declaration, evidence
    )
    assert report.twin == b"sex,n,mean\nF,400,100\n"


def test_a_checker_without_checks_judges_nothing() -> None:
    with pytest.raises(NoChecks):
        check(Offered("t.csv", b"sex,n\nF,20\n"), POLICY, checks=())


def test_a_file_that_cannot_be_read_is_refused_even_if_the_rule_that_says_so_is_left_out() -> None:
    some = tuple(rule for rule in CHECKS if rule.name == "small_count")
    assert check(Offered("t.xlsx", b"PK"), POLICY, checks=some).verdict is Verdict.REFUSED


def test_evidence_weighs_more_than_what_the_table_prints() -> None:
    declaration = COUNTS | {"by": ["region"]}
    text = table([["region", "n"], ["North", 500], ["South", 600]])
    report = judged(text, declaration, Evidence((5, 600), Confidence.RECOMPUTED))
    assert shown(report)[1:] == [["South", "600"]]
    assert [each.people for each in report.findings if each.people] == [(5,)]
    assert '"people"' not in report.to_json()


SAMPLES = Path(__file__).resolve().parents[2].parent / "shared" / "samples"
needs_samples = pytest.mark.skipif(not SAMPLES.is_dir(), reason="the sample folder is not beside this clone")


@needs_samples
@pytest.mark.parametrize("disguise", [None, {"statistic": "text", "why": "x"}, "counts"])
def test_tables_of_patients_never_leave(disguise: object) -> None:
    for path in sorted((SAMPLES / "patient_level").glob("*.csv")):
        content = path.read_bytes()
        header = content.decode().splitlines()[0].split(",")
        declaration = (
            COUNTS | {"by": header[:-1], "columns": {header[-1]: "count"}}
            if disguise == "counts"
            else disguise
        )
        for name in ("t.csv", "t.txt", "t.json", "t.parquet", "t.png"):
            report = check(Offered(name, content, declaration), POLICY)  # type: ignore[arg-type]
            assert (report.verdict, report.twin) == (Verdict.REFUSED, None), (path.name, name)


RELEASED = {
    "covid-vaccine-history__": Verdict.PERSON,
    "highcostdrugs-research__released-output_Variable_Summary": Verdict.PERSON,
    "highcostdrugs-research__released-output_summary_agesex": Verdict.PERSON,
    "highcostdrugs-research__released-output_summary_ethnicitysex": Verdict.PERSON,
    "highcostdrugs-research__released-output_top20": Verdict.PERSON,
}


@needs_samples
def test_published_tables_get_a_verdict_each_without_a_declaration() -> None:
    """20 of 33 are refused: 18 have no header row, one has two columns of a name, one is of places finer than a region."""
    verdicts = {
        path.name: check(Offered(path.name, path.read_bytes()), POLICY)
        for path in sorted((SAMPLES / "released_tables").glob("*.csv"))
    }
    for name, report in verdicts.items():
        expected = next(
            (verdict for start, verdict in RELEASED.items() if name.startswith(start)), Verdict.REFUSED
        )
        assert report.verdict is expected, (name, report.findings)
    reasons = {each.check for report in verdicts.values() for each in report.of_severity(Severity.REFUSE)}
    assert reasons == {"file_type", "fine_geography"}


@needs_samples
@pytest.mark.parametrize(
    "name", ["age_above_eligiblity_threshold", "ckd", "diabetes", "severe_obesity", "clinical_priority_only"]
)
def test_published_tables_that_say_what_they_are_need_nobody(name: str) -> None:
    content = (SAMPLES / "released_tables" / f"covid-vaccine-history__vax_count_{name}.csv").read_bytes()
    columns = {"n": "count", "row_total": "margin", "prop": {"percent": ["n", "row_total"]}}
    declaration = COUNTS | {"by": ["subgroup", "vax_count_group"], "columns": columns}
    report = check(Offered("t.csv", content, declaration), POLICY)
    assert report.verdict in (Verdict.CLEAN, Verdict.SUPPRESSED)
    assert {each.check for each in report.findings} <= {"ratios"}
