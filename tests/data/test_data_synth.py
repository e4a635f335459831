"""The same seed makes the same people, they look like a population, and they are as untidy as a real one."""

# ruff: noqa: S608 - the questions are SQL put together on purpose

import duckdb
import pytest

from tre.data.errors import SynthRefused
from tre.data.pseudonyms import valid_nhs_number
from tre.data.synth import POPULATION, synthesise

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
