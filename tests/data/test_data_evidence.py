"""What an extract says of a table: the same numbers as adding up by hand, and no answer where it cannot be had."""

import csv
import gzip
import io
import random
import statistics
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

from output_checks.agreement import midpoint
from output_checks.check import check, subject_of
from output_checks.model import Confidence, Evidence, Offered, Report, Sides, Verdict
from output_checks.policy import load_policy
from output_checks.question import Unaskable, question_of
from tre.data.copying import copied
from tre.data.evidence import measure
from tre.data.extracted import opened

POLICY = load_policy()
PATIENT = "patient_id"
Person = dict[str, Any]


def cohort(people: int = 400, seed: int = 3) -> list[Person]:
    chance = random.Random(seed)  # noqa: S311 - repeatable on purpose
    return [
        {
            "patient_id": f"00000000-0000-4000-8000-{at:012}",
            "sex": chance.choice(["female", "male"]),
            "age_band": chance.choice(["0-17", "18-64", "65+"]),
            "died": chance.random() < 0.3,
            "cost": round(chance.lognormvariate(3, 1), 2),
            "smoking": chance.choice(["never", "never", "ever"]),
            "days": chance.randrange(1, 60),
            "bmi": None if chance.random() < 0.1 else round(chance.gauss(27, 4), 1),
        }
        for at in range(people)
    ]


PEOPLE = cohort()


def as_csv(people: list[Person]) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(people[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(people)
    return out.getvalue().encode()


def as_parquet(people: list[Person]) -> bytes:
    return converted(people, "COPY people TO '{}' (FORMAT parquet)", "e.parquet")


def as_duckdb(people: list[Person]) -> bytes:
    return converted(people, "ATTACH '{}' AS w; CREATE TABLE w.extract AS FROM people; DETACH w", "e.duckdb")


def converted(people: list[Person], sql: str, name: str) -> bytes:

    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as connection:
        source, target = Path(folder, "e.csv"), Path(folder, name)
        source.write_bytes(as_csv(people))
        connection.execute(f"CREATE TABLE people AS FROM read_csv('{source}', header = true)")
        connection.execute(sql.format(target))
        return target.read_bytes()


def asked(
    rows: list[list[object]], declaration: Mapping[str, Any], people: list[Person] = PEOPLE
) -> Evidence:
    offered = offer(rows, declaration)
    with opened(as_csv(people), PATIENT) as extract:
        return measure(extract, question_of(subject_of(offered, POLICY)))


def offer(
    rows: list[list[object]], declaration: Mapping[str, Any], evidence: Evidence | None = None
) -> Offered:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return Offered("t.csv", out.getvalue().encode(), {"of": "cohort", **declaration}, evidence)


def judged(rows: list[list[object]], declaration: Mapping[str, Any], people: list[Person] = PEOPLE) -> Report:
    return check(offer(rows, declaration, asked(rows, declaration, people)), POLICY)


def groups(*by: str, people: list[Person] = PEOPLE) -> dict[tuple[str, ...], list[Person]]:
    found: dict[tuple[str, ...], list[Person]] = defaultdict(list)
    for person in people:
        found[tuple(person[name] for name in by)].append(person)
    return dict(sorted(found.items()))


@pytest.mark.parametrize(
    "written",
    [as_csv, lambda p: gzip.compress(as_csv(p)), as_parquet, as_duckdb],
    ids=["csv", "csv.gz", "parquet", "duckdb"],
)
def test_every_format_that_the_engine_writes_is_opened(written: Callable[[list[Person]], bytes]) -> None:
    with opened(written(PEOPLE), PATIENT) as extract:
        assert extract.pseudonyms == {person["patient_id"] for person in PEOPLE}
        assert extract.one_each
        with pytest.raises(duckdb.Error):
            extract.connection.execute("SELECT * FROM read_text('/etc/hostname')")


COUNTS = {"statistic": "frequencies", "by": ["sex", "age_band"], "columns": {"n": "count", "died": "count"}}


def counted() -> list[list[object]]:
    found = groups("sex", "age_band")
    body = [[*key, len(who), sum(p["died"] for p in who)] for key, who in found.items()]
    return [["sex", "age_band", "n", "died"], *body]


def test_counts_are_recomputed_and_a_column_that_is_a_fact_is_counted_where_it_is_true() -> None:
    rows = counted()
    evidence = asked(rows, COUNTS)
    assert evidence.people == tuple(row[2] for row in rows[1:])
    assert evidence.values == {
        name: tuple(row[at] for row in rows[1:]) for at, name in ((2, "n"), (3, "died"))
    }
    report = judged(rows, COUNTS)
    assert report.level is Confidence.RECOMPUTED
    assert report.verdict is not Verdict.REFUSED
    assert set(report.levels["n"]) == {Confidence.RECOMPUTED}


def test_a_table_that_says_another_number_is_refused() -> None:
    rows = counted()
    rows[1][2] = int(str(rows[1][2])) + 1
    report = judged(rows, COUNTS)
    assert report.verdict is Verdict.REFUSED
    assert {each.check for each in report.findings if each.severity == "refuse"} == {"recomputed"}


def test_a_table_that_is_already_hidden_and_rounded_agrees() -> None:
    rows = [
        [cell if not isinstance(cell, int) else POLICY.rounded(cell) for cell in row] for row in counted()
    ]
    rows[1][3] = "[REDACTED]"
    assert judged(rows, COUNTS).verdict is not Verdict.REFUSED


def test_totals_are_everybody_whatever_they_are() -> None:
    rows = [["sex", "n"], *([*key, len(who)] for key, who in groups("sex").items()), ["Total", len(PEOPLE)]]
    declaration = {"statistic": "frequencies", "by": ["sex"], "columns": {"n": "count"}}
    assert asked(rows, declaration).values["n"][-1] == len(PEOPLE)


def test_people_are_counted_and_not_what_the_file_prints() -> None:
    """The study prints one row of thirty people as thirty; only three of them are in the extract."""
    few = [*PEOPLE, *({**PEOPLE[0], "patient_id": f"x{at}", "sex": "other"} for at in range(3))]
    rows = [["sex", "n"], *([*key, len(who)] for key, who in groups("sex").items()), ["other", "[REDACTED]"]]
    evidence = asked(rows, {"statistic": "frequencies", "by": ["sex"], "columns": {"n": "count"}}, few)
    assert evidence.people[-1] == 3


LINEAR = {
    "statistic": "linear_aggregation", "by": ["sex"], "value": "cost", "n": "n",
    "columns": {"n": "n", "total": "sum", "mean": "mean"},
}  # fmt: skip


def test_sums_means_and_shares_are_those_of_people() -> None:
    found = groups("sex")
    body: list[list[object]] = [
        [*key, len(who), round(sum(p["cost"] for p in who), 2), statistics.fmean(p["cost"] for p in who)]
        for key, who in found.items()
    ]
    rows: list[list[object]] = [["sex", "n", "total", "mean"], *body]
    evidence = asked(rows, LINEAR)
    for row, who in enumerate(found.values()):
        top = sorted((p["cost"] for p in who), reverse=True)
        share = evidence.shares["total"][row]
        assert (share.largest, share.second) == pytest.approx(top[:2])
        assert evidence.values["mean"][row] == pytest.approx(body[row][3])
    assert judged(rows, LINEAR).level is Confidence.RECOMPUTED


def test_one_person_who_holds_nearly_all_of_a_sum_is_found_in_the_data() -> None:
    people = [{**person, "cost": 1e6 if at == 7 else 1.0} for at, person in enumerate(PEOPLE)]
    found = groups("sex", people=people)
    body = [
        [*key, len(who), sum(p["cost"] for p in who), sum(p["cost"] for p in who) / len(who)]
        for key, who in found.items()
    ]
    report = judged([["sex", "n", "total", "mean"], *body], LINEAR, people)
    assert {each.check for each in report.findings if each.severity == "suppress"} >= {"dominance"}
    assert (
        "1000"
        not in (report.twin or b"").decode().split("\n", 1)[1].split(PEOPLE[7]["sex"])[1].split("\n")[0]
    )


def test_a_mean_is_over_those_who_have_a_value_and_so_is_its_number_of_people() -> None:
    who = {key: [p["bmi"] for p in each if p["bmi"] is not None] for key, each in groups("sex").items()}
    rows = [
        ["sex", "n", "total", "mean"],
        *([*key, len(v), sum(v), sum(v) / len(v)] for key, v in who.items()),
    ]
    evidence = asked(rows, LINEAR | {"value": "bmi"})
    assert evidence.people == tuple(len(values) for values in who.values())


def test_medians_know_who_is_on_each_side() -> None:
    declaration = {
        "statistic": "position", "by": ["sex"], "value": "days", "percentile": 50,
        "columns": {"n": "n", "median": "percentile"},
    }  # fmt: skip
    found = groups("sex")
    body = [[*key, len(who), statistics.median(p["days"] for p in who)] for key, who in found.items()]
    evidence = asked([["sex", "n", "median"], *body], declaration)
    for row, who in enumerate(found.values()):
        median = body[row][2]
        days = [p["days"] for p in who]
        sides = Sides(
            sum(d < median for d in days), sum(d == median for d in days), sum(d > median for d in days)
        )
        assert evidence.sides["median"][row] == sides
        assert evidence.values["median"][row] == median


@pytest.mark.parametrize(("shared", "verdict"), [(8, Verdict.CLEAN), (7, Verdict.REFUSED)])
def test_a_maximum_leaves_only_where_enough_people_share_it(shared: int, verdict: Verdict) -> None:
    people = [{**p, "days": 99 if at < shared else p["days"]} for at, p in enumerate(PEOPLE)]
    declaration = {"statistic": "endpoints", "by": [], "value": "days", "columns": {"n": "n", "most": "max"}}
    report = judged([["n", "most"], [400, 99]], declaration, people)
    assert report.verdict is verdict


def test_a_common_value_is_shared_by_those_who_have_it() -> None:
    declaration = {
        "statistic": "mode",
        "by": ["sex"],
        "value": "smoking",
        "columns": {"n": "n", "smoking": "mode"},
    }
    found = groups("sex")
    rows: list[list[object]] = [
        ["sex", "n", "smoking"],
        *([*key, len(who), "never"] for key, who in found.items()),
    ]
    same = [Counter(p["smoking"] for p in who)["never"] for who in found.values()]
    sides = asked(rows, declaration).sides["smoking"]
    assert [each and each.same for each in sides] == same
    rows[1][2] = "ever"
    assert asked(rows, declaration).sides["smoking"][0] is None, "it is not the most common value"


def test_spread_concentration_and_gini_are_the_textbooks() -> None:
    found = groups("sex")
    costs = [sorted(p["cost"] for p in who) for who in found.values()]
    base = {"by": ["sex"], "value": "cost", "n": "n"}
    rows: list[list[object]] = [["sex", "n", "x"], *([*key, len(who), 0.5] for key, who in found.items())]

    def values(kind: str, role: str) -> tuple[float | None, ...]:
        return asked(rows, base | {"statistic": kind, "columns": {"n": "n", "x": role}}).values["x"]

    assert values("shape", "sd") == pytest.approx([statistics.stdev(each) for each in costs])
    assert values("concentration", "value") == pytest.approx(
        [sum((c / sum(e)) ** 2 for c in e) for e in costs]
    )
    gini = [sum(abs(a - b) for a in each for b in each) / (2 * len(each) * sum(each)) for each in costs]
    assert values("gini", "value") == pytest.approx(gini)


@pytest.mark.parametrize("shape", ["variance", "skewness", "skewness_pop", "kurtosis", "kurtosis_pop"])
def test_higher_moments_are_the_textbooks_in_the_form_that_the_columns_name_says(shape: str) -> None:
    found = groups("sex")
    rows: list[list[object]] = [["sex", "n", shape], *([*key, len(who), 0.5] for key, who in found.items())]
    declaration = {"statistic": "shape", "by": ["sex"], "value": "cost", "n": "n", "columns": {"n": "n", shape: "value"}}  # fmt: skip
    by_hand = [moment_by_hand(shape, [p["cost"] for p in who]) for who in found.values()]
    assert asked(rows, declaration).values[shape] == pytest.approx(by_hand)


def moment_by_hand(shape: str, values: list[float]) -> float:
    n, mean = len(values), statistics.fmean(values)
    m2, m3, m4 = (sum((each - mean) ** power for each in values) / n for power in (2, 3, 4))
    g1, g2 = m3 / m2**1.5, m4 / m2**2 - 3
    return {
        "variance": m2 * n / (n - 1),
        "skewness_pop": g1,
        "kurtosis_pop": g2,
        "skewness": g1 * (n * (n - 1)) ** 0.5 / (n - 2),
        "kurtosis": (n - 1) / ((n - 2) * (n - 3)) * ((n + 1) * g2 + 6),
    }[shape]


def test_the_spread_of_records_is_recomputed_where_a_person_has_several() -> None:
    several = [{**p, "cost": round(p["cost"] * more, 2)} for p in PEOPLE[:60] for more in (1, 2, 5)]
    found = groups("sex", people=several)
    rows: list[list[object]] = [["sex", "n", "sd"]]
    rows += [[*key, len({p[PATIENT] for p in who}), 1.0] for key, who in found.items()]
    declaration = {
        "statistic": "shape",
        "by": ["sex"],
        "value": "cost",
        "n": "n",
        "columns": {"n": "n", "sd": "sd"},
    }
    evidence = asked(rows, declaration, several)
    assert evidence.values["sd"] == pytest.approx(
        [statistics.stdev(p["cost"] for p in who) for who in found.values()]
    )
    assert evidence.people == tuple(row[1] for row in rows[1:])


MODEL = {
    "statistic": "correlation", "model": "ols(cost ~ days + died)", "n": 400, "residual_df": 397,
    "regressors": ["days", "died"], "columns": {"term": "dimension", "b": "coefficient", "p": "p_value"},
}  # fmt: skip


def fitted() -> dict[str, float]:
    """Least squares by the pseudo-inverse of the rows themselves."""
    rows = np.array([[1.0, p["days"], p["died"]] for p in PEOPLE])
    found = np.linalg.pinv(rows) @ np.array([p["cost"] for p in PEOPLE])
    return dict(zip(("Intercept", "days", "died"), map(float, found), strict=True))


def coefficients(**other: float) -> list[list[object]]:
    return [["term", "b", "p"], *([name, f"{b:.6g}", 0.5] for name, b in (fitted() | other).items())]


def test_coefficients_of_least_squares_are_recomputed_from_sums_of_products() -> None:
    evidence = asked(coefficients(), MODEL)
    assert evidence.values["b"] == pytest.approx(tuple(fitted().values()))
    report = judged(coefficients(), MODEL)
    assert report.verdict is not Verdict.REFUSED
    assert (report.levels["b"][1], report.levels["p"][1]) == (Confidence.RECOMPUTED, Confidence.DECLARED)
    assert judged(coefficients(days=1.5), MODEL).verdict is Verdict.REFUSED, "it is not what the data gives"


@pytest.mark.parametrize(
    "change",
    [
        {"model": "cost ~ days + died"},
        {"model": "ols(cost ~ days)"},
        {"regressors": ["days", "died", "days"]},
    ],
)
def test_a_model_of_another_form_is_only_declared(change: Mapping[str, Any]) -> None:
    assert not asked(coefficients(), MODEL | dict(change)).values.get("b")


def test_least_squares_without_a_single_answer_are_only_declared() -> None:
    twice = [{**p, "again": p["days"] * 2} for p in PEOPLE]
    declaration = MODEL | {"model": "ols(cost ~ days + again)", "regressors": ["days", "again"]}
    assert not asked([["term", "b", "p"], ["days", 1, 1], ["again", 1, 1]], declaration, twice).values


def test_a_share_that_follows_from_recomputed_numbers_is_as_sure_as_they_are() -> None:
    declaration = {
        "statistic": "survival", "by": ["sex"], "time": "days", "event": "died",
        "columns": {"days": "time", "risk": "at_risk", "events": "events", "share": "survival"},
    }  # fmt: skip
    (key, who), *_ = groups("sex").items()
    rows: list[list[object]] = [["sex", "days", "risk", "events", "share"]]
    start = midpoint(len(who), POLICY.survival_base)
    for day in (0, 20, 40):
        risk = midpoint(sum(p["days"] >= day for p in who), POLICY.survival_base)
        events = midpoint(sum(p["died"] and p["days"] <= day for p in who), POLICY.survival_base)
        rows.append([*key, day, risk, events, round(1 - events / start, 3)])
    assert set(judged(rows, declaration).levels["share"]) == {Confidence.RECOMPUTED}
    rows[3][4] = 0.999
    assert set(judged(rows, declaration).levels["share"]) == {Confidence.DECLARED}


def test_a_survival_table_is_recomputed_step_by_step() -> None:
    declaration = {
        "statistic": "survival", "by": ["sex"], "time": "days", "event": "died",
        "columns": {"days": "time", "risk": "at_risk", "events": "events"},
    }  # fmt: skip
    found = groups("sex")
    rows: list[list[object]] = [["sex", "days", "risk", "events"]]
    for key, who in found.items():
        for day in (0, 20, 40):
            risk = sum(p["days"] >= day for p in who)
            rows.append([*key, day, risk, sum(p["died"] for p in who if p["days"] <= day)])
    evidence = asked(rows, declaration)
    assert evidence.values["risk"] == tuple(row[2] for row in rows[1:])
    assert evidence.values["events"] == tuple(row[3] for row in rows[1:])


@pytest.mark.parametrize(
    ("change", "verdict"),
    [({}, Verdict.PERSON), ({"flag": True}, Verdict.REFUSED), ({"x": 1e9}, Verdict.REFUSED)],
)
def test_a_regressor_that_one_person_carries_is_found_in_the_data(change: Person, verdict: Verdict) -> None:
    people = [
        {**p, "flag": at % 2 == 0 if "flag" not in change else False, "x": p["cost"]}
        for at, p in enumerate(PEOPLE)
    ]
    people[5] |= change
    declaration = {
        "statistic": "correlation", "model": "died ~ flag + x", "n": 400, "residual_df": 397,
        "regressors": ["flag", "x"], "columns": {"term": "dimension", "b": "coefficient"},
    }  # fmt: skip
    assert judged([["term", "b"], ["flag", 0.12], ["x", 1.5]], declaration, people).verdict is verdict


@pytest.mark.parametrize(("few", "verdict"), [(0, None), (1, 1), (3, None)])
def test_two_columns_that_differ_for_a_few_people_are_together_a_regressor_that_is_theirs(
    few: int, verdict: int | None
) -> None:
    """With both in the model, its coefficients would give away what the few have as an outcome."""
    chance = random.Random(5)  # noqa: S311 - repeatable on purpose
    people = [{**p, "x": round(chance.gauss(50, 10), 2), "z": round(chance.gauss(5, 1), 2)} for p in PEOPLE]
    people = [{**p, "w": p["x"] + (5 if at < few else 0)} for at, p in enumerate(people)]
    names = ["x", "w"] if few else ["x", "z"]
    declaration = {
        "statistic": "correlation", "model": f"ols(cost ~ {' + '.join(names)})", "n": 400, "residual_df": 397,
        "regressors": names, "columns": {"term": "dimension", "b": "coefficient"},
    }  # fmt: skip
    found = asked([["term", "b"], [names[0], 0.1], [names[1], 0.2]], declaration, people).smallest
    assert found == (dict.fromkeys(names, verdict or 400) if few <= 1 else {}), "of three, a person decides"


@pytest.mark.parametrize(
    "declaration",
    [
        {"statistic": "frequencies", "by": ["region"], "columns": {"n": "count"}},
        {"statistic": "linear_aggregation", "by": ["sex"], "value": "wealth", "n": "n", "columns": {"n": "n", "m": "mean"}},
        {"statistic": "linear_aggregation", "by": ["sex"], "value": "smoking", "n": "n", "columns": {"n": "n", "m": "mean"}},
        {"statistic": "clusters", "method": "kmeans", "n": 400, "k": 2, "by": ["sex"], "columns": {"n": "n"}},
        {"statistic": "frequencies", "by": ["patient_id"], "columns": {"n": "count"}},
    ],
)  # fmt: skip
def test_what_the_data_cannot_answer_is_not_answered(declaration: dict[str, Any]) -> None:
    names = [*declaration["by"], *declaration["columns"]]
    with pytest.raises(Unaskable):
        asked([names, ["female", *([20] * (len(names) - 1))]], declaration)


def test_labels_that_are_not_the_datas_are_not_recomputed_and_not_repeated() -> None:
    with pytest.raises(Unaskable) as why:
        asked(
            [["sex", "n"], ["Secretlabel", 20]],
            {"statistic": "frequencies", "by": ["sex"], "columns": {"n": "count"}},
        )
    assert "Secretlabel" not in str(why.value)


def test_rows_of_people_are_found_under_any_name() -> None:
    shuffled = [[str(p["bmi"] or ""), str(p["cost"]), str(p["days"])] for p in PEOPLE[40:80]]
    honest = [[key[0], key[1], str(len(who))] for key, who in groups("sex", "age_band").items()]
    with opened(as_csv(PEOPLE), PATIENT) as extract:
        assert len(copied(extract, list(zip(*shuffled, strict=True)))) > 30
        assert not copied(extract, list(zip(*honest, strict=True)))


def test_several_records_of_one_person_are_one_person() -> None:
    events = [{**person, "cost": 1.0} for person in PEOPLE[:3] for _ in range(12)] + [
        {**p, "cost": 1.0} for p in PEOPLE[3:]
    ]
    declaration = {
        "statistic": "linear_aggregation",
        "by": ["sex"],
        "value": "cost",
        "n": "n",
        "columns": {"n": "n", "total": "sum"},
    }
    found = groups("sex")
    rows: list[list[object]] = [["sex", "n", "total"], *([*key, len(who), 0] for key, who in found.items())]
    evidence = asked(rows, declaration, events)
    assert evidence.people == tuple(len(who) for who in found.values())
    assert sum(evidence.rows) == len(events)
    assert max(share.largest for share in evidence.shares["total"]) == 12


@pytest.mark.parametrize("words", [("yes", "no"), ("T", "F"), ("Yes", "No")])
def test_a_column_of_yes_and_no_is_asked_by_its_own_words(words: tuple[str, str]) -> None:
    """From CSV such a column is read as truths; the file's labels are still the words."""
    people = [person | {"admitted": words[at % 3 == 0]} for at, person in enumerate(PEOPLE)]
    counted = Counter(person["admitted"] for person in people)
    rows = [["admitted", "n"], *([word, counted[word]] for word in words)]
    declared = {"statistic": "frequencies", "of": "cohort", "by": ["admitted"], "columns": {"n": "count"}}
    assert asked(rows, declared, people).people == tuple(counted[word] for word in words)
