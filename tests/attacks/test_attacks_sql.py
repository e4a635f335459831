"""Attacks 1 to 29: what can be said in SQL. Each brings the same back whatever the target's secret is; its honest twin
brings back numbers.
"""

from collections.abc import Iterator

import duckdb
import pytest

from tests.attacks.planted import ask, database, tables
from tests.sql.attacks import ATTACKS

OF_PATIENTS = "SELECT region, count(*) AS n FROM patients GROUP BY region"
HONEST = {
    1: OF_PATIENTS,
    2: "SELECT sex, count(*) AS n FROM patients GROUP BY sex",
    3: "SELECT region, imd_quintile, count(*) AS n FROM patients GROUP BY region, imd_quintile",
    4: "SELECT avg(numeric_value) AS mean, count(DISTINCT patient_id) AS n FROM clinical_events WHERE snomedct_code = 'c1'",
    5: "SELECT sex, avg(imd_quintile) AS mean, count(*) AS n FROM patients WHERE sex IN ('female', 'male') GROUP BY sex",
    6: "SELECT region, count(*) AS n, count(*) / sum(count(*)) OVER () AS share FROM patients GROUP BY region",
    7: "SELECT region, count(*) AS n FROM patients GROUP BY region HAVING count(*) > 20",
    8: "SELECT count(*) AS n FROM patients WHERE sex = 'female'",
    9: "SELECT region, count(*) FILTER (WHERE sex = 'female') AS women, count(*) AS n FROM patients GROUP BY region",
    10: "SELECT sex, count(*) FILTER (WHERE imd_quintile = 1) AS deprived, count(*) AS n FROM patients GROUP BY sex",
    11: "SELECT sex, sum(imd_quintile) AS total, count(*) AS n FROM patients GROUP BY sex",
    12: "SELECT count(*) AS n, count(DISTINCT patient_id) AS people FROM clinical_events",
    13: "SELECT CASE WHEN sex = 'female' THEN 'women' ELSE 'others' END AS who, count(*) AS n FROM patients GROUP BY who",
    14: "SELECT sex, count(*) AS n FROM patients WHERE imd_quintile IS NOT NULL GROUP BY sex",
    15: "SELECT count(*) AS n FROM clinical_events e JOIN patients p ON p.patient_id = e.patient_id",
    16: OF_PATIENTS,
    17: OF_PATIENTS,
    18: "SELECT sex, count(*) AS n FROM patients GROUP BY ALL",
    19: "SELECT 'women' AS who, count(*) AS n FROM patients WHERE sex = 'female' UNION ALL SELECT 'men', count(*) FROM patients WHERE sex = 'male'",
    20: "SELECT p.region, count(DISTINCT p.patient_id) AS n FROM patients p JOIN clinical_events e ON e.patient_id = p.patient_id GROUP BY p.region",
    21: "SELECT count(DISTINCT patient_id) AS n FROM clinical_events",
    22: "SELECT sum(imd_quintile) AS total, count(*) AS n FROM patients",
    23: "SELECT region, count(*) AS n FROM patients GROUP BY ROLLUP (region)",
    24: "SELECT region, count(*) AS n FROM patients GROUP BY region ORDER BY region",
    25: "SELECT imd_quintile, count(*) AS n FROM patients GROUP BY imd_quintile",
    26: "WITH women AS (SELECT region FROM patients WHERE sex = 'female') SELECT region, count(*) AS n FROM women GROUP BY region",
    27: OF_PATIENTS,
    28: OF_PATIENTS,
    29: "SELECT CASE WHEN date_diff('year', date_of_birth, $index_date) < 65 THEN 'under 65' ELSE '65+' END AS band, count(*) AS n FROM patients GROUP BY band",
}  # fmt: skip
"""For each attack, the question that an honest person would have asked."""

ALONE = "region = 'London' AND sex = 'unknown' AND ethnicity = 'Mixed' AND date_of_birth < DATE '1922-01-01'"
CROWD = "((<alone>) OR date_of_birth > DATE '2000-01-01')"
"""The target, and some seventy others."""
TARGET = "<alone> AND imd_quintile = 1"
CELLS = (
    f"avg(CASE WHEN {TARGET} THEN 2 ELSE 1 END)",
    f"avg(1 - ({TARGET})::INT)",
    f"avg(({TARGET})::INT * imd_quintile)",
    f"avg(coalesce(CASE WHEN {TARGET} THEN imd_quintile END, 3))",
    f"avg(CASE WHEN {TARGET} THEN imd_quintile * 2 ELSE imd_quintile END)",
    f"avg(CASE WHEN {TARGET} THEN imd_quintile END)",
    f"avg(imd_quintile) FILTER (WHERE NOT ({TARGET}))",
    "sum(CASE WHEN <alone> THEN imd_quintile ELSE 1 END)",
    f"sum(CASE WHEN {TARGET} THEN 5 ELSE 0 END)",
    f"sum(CASE WHEN {TARGET} THEN imd_quintile END)",
    "sum(imd_quintile) FILTER (WHERE NOT (<alone>))",
    f"sum(CASE WHEN NOT ({TARGET}) THEN imd_quintile ELSE 0 END)",
    "median(CASE WHEN <alone> THEN imd_quintile WHEN sex = 'female' THEN -9 ELSE 9 END)",
)
KEYS = (
    f"CASE WHEN {TARGET} THEN 'a' ELSE 'c' END",
    f"CASE WHEN {TARGET} THEN 'a' WHEN sex = 'female' THEN 'b' ELSE 'c' END",
    f"coalesce(CASE WHEN {TARGET} THEN 'a' END, 'c')",
    f"({TARGET})",
    f"({TARGET})::INT",
    f"CASE WHEN {TARGET} THEN region ELSE sex END",
    f"imd_quintile + 10 * ({TARGET})::INT",
    "nullif(imd_quintile, CASE WHEN <alone> THEN 1 ELSE 9 END)",
)
"""Groups of the target, or of nobody: beside a total, what has to be hidden would tell which."""
ADMITTED = {
    4: ["SELECT max(numeric_value) AS m FROM clinical_events", "SELECT arg_max(numeric_value, date) AS m FROM clinical_events"],
    5: ["SELECT quantile_cont(numeric_value, 1.0) AS q, count(DISTINCT patient_id) AS n FROM clinical_events",
        "SELECT median(imd_quintile) AS m FROM patients WHERE <alone>"],
    7: ["SELECT imd_quintile, count(*) AS n FROM patients WHERE <alone> GROUP BY imd_quintile HAVING count(*) > 0"],
    8: ["SELECT count(*) AS n, avg(imd_quintile) AS m FROM patients WHERE <alone>",
        f"SELECT count(*) AS n FROM patients JOIN range(0, 5) r ON true WHERE {CROWD} AND NOT ({TARGET} AND imd_quintile = 1)",  # noqa: S608 - our own words
        f"SELECT count(*) AS n FROM (SELECT patient_id FROM patients WHERE {CROWD} AND NOT ({TARGET} AND imd_quintile = 1) UNION ALL SELECT 1 FROM range(0, 3))"],  # noqa: S608 - our own words
    9: ["SELECT count(*) AS n, count(*) FILTER (WHERE <alone> AND imd_quintile = 1) AS secret FROM patients",
        "SELECT sum(CASE WHEN <alone> THEN imd_quintile ELSE 0 END) AS secret, count(*) AS n FROM patients",
        "SELECT bool_or(<alone> AND imd_quintile = 1) AS secret, count(*) AS n FROM patients",
        *(f"SELECT {cell} AS secret, count(*) AS n FROM patients WHERE {CROWD}" for cell in CELLS),  # noqa: S608 - our own words
        f"SELECT avg(v) AS secret, count(*) AS n FROM (SELECT patient_id, CASE WHEN {TARGET} THEN 2 ELSE 1 END AS v FROM patients WHERE {CROWD})"],  # noqa: S608 - our own words
    10: ["SELECT var_samp(imd_quintile) AS v, avg(imd_quintile) AS m, count(*) AS n FROM patients WHERE <alone>",
         "SELECT regr_slope(imd_quintile, CASE WHEN <alone> THEN 1 ELSE 0 END) AS b, count(*) AS n FROM patients"],
    12: ["SELECT count(*) + max(numeric_value) / 1000000000 AS n FROM clinical_events",
         "SELECT count(*) + max(CASE WHEN <alone> THEN imd_quintile END) / 1000 AS n FROM patients"],
    13: ["SELECT CASE WHEN <alone> AND imd_quintile = 1 THEN 'yes' ELSE 'no' END AS label, count(*) AS n FROM patients GROUP BY label",
         f"SELECT v.l, count(*) AS n FROM patients p JOIN (VALUES (TRUE, 'yes'), (FALSE, 'no')) v(k, l) ON v.k = ({TARGET}) GROUP BY ROLLUP (v.l)"],  # noqa: S608 - our own words
    14: ["SELECT count(*) AS n FROM patients WHERE NOT (<alone>) OR 1 / (imd_quintile - 1) > 0"],
    20: ["SELECT imd_quintile, count(*) AS n FROM patients p CROSS JOIN (VALUES (1),(2),(3),(4),(5),(6),(7),(8),(9),(10),(11),(12)) v(x) WHERE <alone> GROUP BY imd_quintile"],
    21: ["SELECT imd_quintile, count(DISTINCT e.date) AS n FROM patients p JOIN clinical_events e ON e.patient_id = p.patient_id WHERE <alone> GROUP BY imd_quintile"],
    22: ["SELECT sum(numeric_value) AS total, count(DISTINCT patient_id) AS n FROM clinical_events WHERE snomedct_code = 'c7' AND (numeric_value > 100 OR numeric_value < 1 OR numeric_value = 12.5)"],
    23: [*(f"SELECT {key} AS g, count(*) AS n FROM patients GROUP BY ROLLUP (g)" for key in KEYS),  # noqa: S608 - our own words
         f"SELECT CASE WHEN {TARGET} THEN 'a' ELSE 'c' END AS g, sex, count(*) AS n FROM patients GROUP BY CUBE (g, sex)",  # noqa: S608 - our own words
         f"SELECT CASE WHEN {TARGET} THEN 'a' ELSE 'c' END AS g, count(*) AS n FROM patients GROUP BY g UNION ALL SELECT 'total', count(*) FROM patients",  # noqa: S608 - our own words
         f"SELECT sex, count(*) FILTER (WHERE NOT ({TARGET})) AS n, count(*) AS m FROM patients GROUP BY sex",  # noqa: S608 - our own words
         f"SELECT region, count(*) AS n, count(*) FILTER (WHERE {TARGET}) AS k FROM patients GROUP BY ROLLUP (region)",  # noqa: S608 - our own words
         "SELECT sex, imd_quintile, count(*) AS n FROM patients WHERE <alone> GROUP BY CUBE (sex, imd_quintile)"],
    25: ["SELECT nullif(imd_quintile, 5) AS q, count(*) AS n FROM patients WHERE <alone> GROUP BY q"],
    27: ["SELECT DISTINCT imd_quintile FROM patients WHERE <alone>"],
    28: ["SELECT 100.0 * count(*) FILTER (WHERE imd_quintile = 1) / count(*) AS pct FROM patients WHERE <alone>",
         "SELECT count(*) FILTER (WHERE imd_quintile = 1 AND <alone>) * 1.0 / count(*) AS share FROM patients"],
    29: ["SELECT date_of_birth, count(*) AS n, avg(imd_quintile) AS m FROM patients WHERE date_of_birth < DATE '1922-01-01' GROUP BY date_of_birth"],
}  # fmt: skip
"""Attacks that the text alone may not give away: the engine's count of people and the checks have to stop them."""
LISTED = [(int(each.where), each.sql) for each in ATTACKS if each.where.isdigit()]
SAID = [
    *LISTED,
    *((number, sql.replace("<alone>", ALONE)) for number, several in ADMITTED.items() for sql in several),
]
COVERED = {number for number, _ in SAID}


@pytest.fixture(scope="module")
def worlds() -> Iterator[tuple[duckdb.DuckDBPyConnection, duckdb.DuckDBPyConnection]]:
    with database(0) as one, database(1) as other:
        yield one, other


Worlds = tuple[duckdb.DuckDBPyConnection, duckdb.DuckDBPyConnection]


@pytest.mark.parametrize(("number", "sql"), SAID, ids=[f"{number}: {sql[:60]}" for number, sql in SAID])
def test_the_target_cannot_be_told_apart(number: int, sql: str, worlds: Worlds) -> None:
    first, second = (ask(world, sql) for world in worlds)
    assert number in range(1, 30)
    assert first == second
    assert first.taken is None or b"826.86" not in first.taken


@pytest.mark.parametrize("number", HONEST)
def test_the_honest_question_is_answered(number: int, worlds: Worlds) -> None:
    answer = ask(worlds[0], HONEST[number])
    assert not answer.verdict.startswith("refused"), answer
    if answer.taken is not None:
        assert any(cell.isdigit() for cell in answer.taken.decode().replace("\n", ",").split(","))


def test_most_honest_questions_need_nobody(worlds: Worlds) -> None:
    alone = [number for number, sql in HONEST.items() if ask(worlds[0], sql).taken is not None]
    assert len(alone) >= 20, sorted(set(HONEST) - set(alone))


def test_the_two_worlds_do_differ(worlds: Worlds) -> None:
    """Without the checks each attack would work: the numbers that it asks for are different."""
    assert tables(0)["patients"][0]["imd_quintile"] != tables(1)["patients"][0]["imd_quintile"]
    asked = "SELECT avg(imd_quintile) FROM patients WHERE <alone>".replace("<alone>", ALONE)
    first, second = (world.execute(asked).fetchall() for world in worlds)
    assert (first, second) == ([(1.0,)], [(5.0,)])


def test_every_attack_on_sql_is_tried_and_has_its_honest_twin() -> None:
    assert set(range(1, 30)) == COVERED == set(HONEST)
