"""The same seed makes the same people, they look like a population, and they are as untidy as a real one."""

# ruff: noqa: S608 - the questions are SQL put together on purpose

import duckdb
import pytest

from tre.data.catalogue import catalogue_of
from tre.data.errors import SynthRefused
from tre.data.pseudonyms import valid_nhs_number
from tre.data.synth import POPULATION, PROFILES, synthesise

VERHOEFF_D = [
    "0123456789", "1234067895", "2340178956", "3401289567", "4012395678",
    "5987604321", "6598710432", "7659821043", "8765932104", "9876543210",
]  # fmt: skip
VERHOEFF_P = [
    "0123456789", "1576283094", "5803796142", "8916043527",
    "9453126870", "4286573901", "2793806415", "7046913258",
]  # fmt: skip


def verhoeff(digits):
    state = 0
    for place, digit in enumerate(reversed(digits)):
        state = int(VERHOEFF_D[state][int(VERHOEFF_P[place % 8][int(digit)])])
    return state == 0


@pytest.fixture(scope="module")
def people(supply):
    with duckdb.connect(str(supply), read_only=True) as connection:
        yield lambda sql: connection.execute(sql).fetchall()


def test_the_same_seed_makes_the_same_rows_and_another_seed_others(tmp_path):
    first = synthesise(tmp_path / "a.duckdb", patients=300, seed=5)
    again = synthesise(tmp_path / "b.duckdb", patients=300, seed=5)
    other = synthesise(tmp_path / "c.duckdb", patients=300, seed=6)
    assert first.checksum == again.checksum != other.checksum
    with duckdb.connect(":memory:") as connection:
        for name in ("a", "b"):
            connection.execute(f"ATTACH '{tmp_path / f'{name}.duckdb'}' AS {name} (READ_ONLY)")
        for table in first.rows:
            assert connection.execute(
                f"SELECT count(*) FROM (FROM a.{table} EXCEPT ALL FROM b.{table})"
            ).fetchall() == [(0,)]


def test_the_number_of_threads_does_not_change_the_people(tmp_path, monkeypatch):
    def one_thread(path):
        return duckdb.connect(path, config={"threads": 1})

    many = synthesise(tmp_path / "many.duckdb", patients=400, seed=9)
    monkeypatch.setattr("tre.data.synth.duckdb", type("one", (), {"connect": staticmethod(one_thread)}))
    assert synthesise(tmp_path / "one.duckdb", patients=400, seed=9).checksum == many.checksum


def test_nhs_numbers_are_valid_unique_and_reserved_for_tests(people):
    numbers = [row[0] for row in people("SELECT nhs_number FROM person_record")]
    assert all(valid_nhs_number(number) and number.startswith("999") for number in numbers)
    assert len(set(numbers)) == len(numbers)


def test_codes_have_the_shape_of_the_real_ones_and_cannot_be_taken_for_nhs_numbers():
    with duckdb.connect(":memory:") as connection:
        rows = connection.execute(
            f"SELECT code, system FROM read_csv('{POPULATION / 'codes.csv'}', all_varchar = true)"
        ).fetchall()
    concepts = [code for code, system in rows if system != "icd10"]
    assert len(concepts) > 300
    assert all(6 <= len(code) <= 18 and code.isdigit() and verhoeff(code) for code in concepts)
    assert not any(len(code) == 10 for code in concepts)
    assert len({code for code, _ in rows}) == len(rows)


AWKWARD = {
    "two registrations that overlap": "SELECT count(*) FROM registration a JOIN registration b ON a.nhs_number = b.nhs_number AND a.start_date < b.start_date AND a.end_date > b.start_date",
    "a move of practice": "SELECT count(*) FROM (SELECT nhs_number FROM registration GROUP BY 1 HAVING count(DISTINCT practice_code) > 1)",
    "a registration open until 9999": "SELECT count(*) FROM registration WHERE end_date = DATE '9999-12-31'",
    "an event without a date": "SELECT count(*) FROM coded_event WHERE event_date IS NULL",
    "an event dated 1900 for unknown": "SELECT count(*) FROM coded_event WHERE event_date = DATE '1900-01-01'",
    "an event entered twice": "SELECT count(*) FROM (SELECT nhs_number, event_date, snomed_code, value, count(*) AS n FROM coded_event GROUP BY ALL HAVING n > 1)",
    "an event after a death": "SELECT count(*) FROM coded_event JOIN death USING (nhs_number) WHERE event_date BETWEEN death_date + 1 AND DATE '2030-01-01'",
    "a code that begins with another": "SELECT count(*) FROM (SELECT DISTINCT snomed_code AS a FROM coded_event) JOIN (SELECT DISTINCT snomed_code AS b FROM coded_event) ON starts_with(a, b) AND a <> b",
    "an opt-out": "SELECT count(*) FROM type_1_opt_out",
    "a stay without an end": "SELECT count(*) FROM hospital_admission WHERE discharge_date IS NULL",
    "a person without a recorded ethnicity": "SELECT count(*) FROM person_record WHERE ethnic_group IS NULL",
    "an NHS number in free text": "SELECT count(*) FROM coded_event WHERE note LIKE '%' || nhs_number || '%'",
}


@pytest.mark.parametrize("sql", AWKWARD.values(), ids=AWKWARD.keys())
def test_the_awkward_cases_are_there(people, sql):
    assert people(sql)[0][0] > 0


def test_nothing_happens_before_birth_or_outside_the_record(people):
    assert people(
        "SELECT count(*) FROM covid_test JOIN person_record USING (nhs_number) WHERE specimen_date < date_of_birth"
    ) == [(0,)]
    assert people(
        "SELECT count(*) FROM immunisation WHERE target_disease LIKE 'SARS%' AND given_date < DATE '2020-12-08'"
    ) == [(0,)]
    assert people("SELECT count(*) FROM covid_test WHERE specimen_date < DATE '2020-02-01'") == [(0,)]
    assert people("SELECT count(*) FROM death WHERE death_date > DATE '2025-12-31'") == [(0,)]


def test_the_epidemiology_is_plausible(tmp_path_factory):
    path = tmp_path_factory.mktemp("larger") / "larger.duckdb"
    report = synthesise(path, patients=20_000, seed=3, events_per_patient=5)
    assert 0.04 < report.prevalence["diabetes"] < 0.08
    assert 0.2 < report.prevalence["covid_positive"] < 0.4
    assert 0.03 < report.prevalence["opted_out"] < 0.05
    with duckdb.connect(str(path), read_only=True) as connection:

        def one(sql):
            return connection.execute(sql).fetchall()[0][0]

        vaccinated = "SELECT count(DISTINCT nhs_number) / (SELECT count(*) FROM person_record WHERE {0}) FROM immunisation JOIN person_record USING (nhs_number) WHERE target_disease LIKE 'SARS%' AND {0}"
        assert (
            one(vaccinated.format("year(date_of_birth) BETWEEN 1945 AND 1955"))
            > one(vaccinated.format("year(date_of_birth) > 1990")) + 0.2
        )
        month = "SELECT count(*) FROM covid_test WHERE result = 'positive' AND specimen_date BETWEEN DATE '{}-01' AND DATE '{}-28'"
        assert one(month.format("2022-01", "2022-01")) > 10 * one(month.format("2020-07", "2020-07"))
        admitted = "SELECT avg(year(date_of_birth)) FROM hospital_admission JOIN person_record USING (nhs_number) WHERE primary_diagnosis LIKE 'U07%'"
        assert one(admitted) < one("SELECT avg(year(date_of_birth)) FROM person_record") - 15
        assert one("SELECT count(*) FROM death WHERE underlying_cause LIKE 'U07%'") > 5


def test_streams_of_randomness_are_not_correlated():
    with duckdb.connect(":memory:") as connection:
        connection.execute(
            "SET VARIABLE seed = 1; SET VARIABLE patients = 1; SET VARIABLE events_per_patient = 1"
        )
        connection.execute("SET VARIABLE codes = ?", [str(POPULATION / "codes.csv")])
        connection.execute((POPULATION / "10_draws.sql").read_text())
        for k in (2, 3, 1001, 500001):
            sql = f"SELECT abs(corr(draw(hash(i), 1), draw(hash(i), {k}))), avg(draw(hash(i), {k})) FROM range(200000) t(i)"
            correlation, mean = connection.execute(sql).fetchall()[0]
            assert correlation < 0.01
            assert abs(mean - 0.5) < 0.005


@pytest.mark.parametrize(("patients", "seed"), [(0, 1), (-5, 1), (10, -1), (10, 2**31), (10**9, 1)])
def test_a_number_out_of_range_is_refused(tmp_path, patients, seed):
    with pytest.raises(SynthRefused) as refused:
        synthesise(tmp_path / "x.duckdb", patients=patients, seed=seed)
    assert refused.value.code == "synth-out-of-range"
    assert not list(tmp_path.iterdir())


def test_a_file_is_never_overwritten_and_a_failure_leaves_nothing(tmp_path):
    path = tmp_path / "mine.duckdb"
    path.write_text("precious")
    with pytest.raises(SynthRefused) as refused:
        synthesise(path, patients=10, seed=1)
    assert refused.value.code == "synth-path-taken"
    assert path.read_text() == "precious"

    def interrupted(_what, done, _total):
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        synthesise(tmp_path / "half.duckdb", patients=10, seed=1, progress=interrupted)
    assert [file.name for file in tmp_path.iterdir()] == ["mine.duckdb"]


@pytest.fixture(scope="module")
def larger(tmp_path_factory):
    """Enough people for shares by age to be steady, of each supplier."""
    folder = tmp_path_factory.mktemp("plausible")
    synthesise(folder / "tpp.duckdb", patients=20_000, seed=3, events_per_patient=12)
    with duckdb.connect(str(folder / "tpp.duckdb"), read_only=True) as connection:
        yield lambda sql: connection.execute(sql).fetchall()


def by_age(larger, cluster):
    """The share of people with a code of a cluster, in three bands of age at the end of 2020, youngest first."""
    return [
        row[1]
        for row in larger(
            f"""
            WITH code AS (SELECT code FROM read_csv('{POPULATION / "codes.csv"}', all_varchar = true) WHERE cluster = '{cluster}'),
            ill AS (SELECT DISTINCT nhs_number FROM coded_event WHERE snomed_code IN (SELECT code FROM code) AND event_date < DATE '2021-01-01')
            SELECT CASE WHEN year(date_of_birth) > 1985 THEN 0 WHEN year(date_of_birth) > 1955 THEN 1 ELSE 2 END AS band,
                   avg((nhs_number IN (FROM ill))::INTEGER) FROM person_record GROUP BY 1 ORDER BY 1
            """
        )
    ]


@pytest.mark.parametrize(
    "cluster", ["diabetes", "hypertension", "chronic_kidney_disease", "cancer", "dementia"]
)
def test_conditions_of_age_grow_with_age(larger, cluster):
    young, middle, old = by_age(larger, cluster)
    assert young < middle < old
    assert old > 5 * max(young, 0.0005)


def test_asthma_is_as_common_among_the_young(larger):
    young, _, old = by_age(larger, "asthma")
    assert young > old / 3


def test_influenza_vaccines_are_given_in_autumn_and_winter_every_year(larger):
    rows = larger(
        "SELECT year(given_date) AS y, avg((month(given_date) IN (9, 10, 11, 12, 1))::INTEGER), count(*) FROM immunisation "
        "WHERE target_disease = 'INFLUENZA' AND given_date BETWEEN DATE '2018-09-01' AND DATE '2025-08-31' GROUP BY 1"
    )
    assert len(rows) >= 7
    season = larger(
        "SELECT avg((month(given_date) IN (9, 10, 11, 12, 1))::INTEGER) FROM immunisation WHERE target_disease = 'INFLUENZA'"
    )[0][0]
    assert season > 0.9


def test_the_covid_19_campaign_goes_down_the_ages(larger):
    rows = dict(
        larger(
            """
            SELECT CASE WHEN year(date_of_birth) <= 1940 THEN 'oldest' WHEN year(date_of_birth) <= 1960 THEN 'older'
                        WHEN year(date_of_birth) <= 1990 THEN 'middle' ELSE 'youngest' END,
                   median(first) FROM (
                SELECT nhs_number, min(given_date)::TIMESTAMP AS first FROM immunisation WHERE target_disease LIKE 'SARS%' GROUP BY 1
            ) JOIN person_record USING (nhs_number) WHERE year(date_of_birth) < 2003 GROUP BY 1
            """
        )
    )
    assert rows["oldest"] < rows["older"] < rows["middle"] < rows["youngest"]
    assert str(rows["oldest"]) < "2021-02-15"


def test_waves_of_infection_are_followed_by_admissions_and_those_by_deaths(larger):
    def peak(sql):
        return larger(
            f"SELECT arg_max(week, n) FROM (SELECT date_trunc('week', day) AS week, count(*) AS n FROM ({sql}) GROUP BY 1)"
        )[0][0]

    winter = "BETWEEN DATE '2020-12-01' AND DATE '2021-03-15'"
    tested = peak(
        f"SELECT specimen_date AS day FROM covid_test WHERE result = 'positive' AND specimen_date {winter}"
    )
    admitted = larger(
        f"SELECT median(date_diff('day', specimen_date, admission_date)) FROM covid_test JOIN hospital_admission USING (nhs_number) "
        f"WHERE result = 'positive' AND primary_diagnosis LIKE 'U07%' AND specimen_date {winter} "
        f"AND admission_date BETWEEN specimen_date AND specimen_date + 30"
    )[0][0]
    assert str(tested)[:7] in {"2020-12", "2021-01"}
    assert 2 <= admitted <= 14
    died = larger(
        "SELECT count(*), count(*) FILTER (WHERE death_date >= admission_date) FROM death JOIN hospital_admission USING (nhs_number) "
        "WHERE underlying_cause LIKE 'U07%' AND primary_diagnosis LIKE 'U07%' AND death_date IS NOT NULL"
    )[0]
    assert died[0] == died[1] > 5


def test_medicines_of_a_course_come_back_every_four_or_eight_weeks(larger):
    gaps = dict(
        larger(
            """
            SELECT gap, count(*) FROM (
                SELECT date_diff('day', lag(issue_date) OVER (PARTITION BY nhs_number, dmd_code ORDER BY issue_date), issue_date) AS gap
                FROM prescription) WHERE gap IS NOT NULL GROUP BY 1
            """
        )
    )
    regular = sum(count for gap, count in gaps.items() if gap in {28, 56, 84, 112})
    assert regular > 0.5 * sum(gaps.values())


def test_regions_differ_in_who_lives_there(larger):
    shares = dict(
        larger(
            "SELECT nhs_region, avg((ethnic_group <> 'White')::INTEGER) FROM person_record WHERE ethnic_group IS NOT NULL GROUP BY 1"
        )
    )
    assert len(shares) == 7
    assert shares["London"] > 0.35
    assert shares["London"] > 2 * shares["South West"]


def test_more_men_than_women_die_and_more_of_the_poor_than_of_the_rich(larger):
    rates = dict(
        larger(
            "SELECT sex, avg((nhs_number IN (SELECT nhs_number FROM death))::INTEGER) FROM person_record "
            "WHERE year(date_of_birth) BETWEEN 1930 AND 1960 AND sex IN ('female', 'male') GROUP BY 1"
        )
    )
    assert rates["male"] > rates["female"]
    fifths = larger(
        "SELECT imd_quintile, avg((nhs_number IN (SELECT nhs_number FROM death))::INTEGER) FROM person_record "
        "WHERE imd_quintile IS NOT NULL AND year(date_of_birth) BETWEEN 1930 AND 1960 GROUP BY 1 ORDER BY 1"
    )
    assert fifths[0][1] > fifths[-1][1]


def test_the_same_seed_makes_the_same_bytes_of_every_table(tmp_path):
    """A database file names itself at random; the tables in it, written out, are the same to the byte."""
    written = []
    for name in ("a", "b"):
        synthesise(tmp_path / f"{name}.duckdb", patients=800, seed=5)
        with duckdb.connect(str(tmp_path / f"{name}.duckdb"), read_only=True) as connection:
            for table in PROFILES["tpp"]:
                connection.execute(f"COPY {table} TO '{tmp_path / f'{name}-{table}.parquet'}'")
        written.append([(tmp_path / f"{name}-{table}.parquet").read_bytes() for table in PROFILES["tpp"]])
    assert written[0] == written[1]


def test_each_supplier_has_people_tables_and_columns_of_its_own(tmp_path):
    found = {}
    for name in PROFILES:
        synthesise(tmp_path / f"{name}.duckdb", patients=400, seed=5, profile=name)
        with duckdb.connect(str(tmp_path / f"{name}.duckdb"), read_only=True) as connection:
            found[name] = {
                (table, column)
                for table, column in connection.execute(
                    "SELECT table_name, column_name FROM duckdb_columns()"
                ).fetchall()
            }
            needed = {
                (table.source, column.source)
                for table in catalogue_of(name).tables
                for column in table.columns
            }
            assert needed <= found[name]
    assert ("person_record", "nhs_number") in found["tpp"] - found["emis"]
    assert ("patient", "nhs_no") in found["emis"] - found["tpp"]
    with duckdb.connect(":memory:") as connection:
        for name in PROFILES:
            connection.execute(f"ATTACH '{tmp_path / f'{name}.duckdb'}' AS {name} (READ_ONLY)")
        births = "SELECT count(*) FROM (SELECT date_of_birth, surname FROM tpp.person_record INTERSECT SELECT birth_date, family_name FROM emis.patient)"
        assert connection.execute(births).fetchall()[0][0] < 20


def test_a_supplier_that_is_not_known_is_refused(tmp_path):
    with pytest.raises(SynthRefused) as refused:
        synthesise(tmp_path / "x.duckdb", patients=10, seed=1, profile="vision")
    assert refused.value.code == "synth-profile"
