"""Two backends, opt-outs between runs, exempt studies, the law changed, and every byte of the site scanned [P2] [P5] [P6] [P7]."""

import contextlib
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from tests.corridor.conftest import DEMO, Desk
from tests.corridor.planted import Planted, scan
from tre.cli.exits import Exit

pytestmark = [pytest.mark.engine, pytest.mark.slow]

PATIENTS = 2600
TABLE = "output/people.csv"
SPEC = """
version: "5.0"
purpose: covid-19-research
title: People by region and sex
data:
  patients: [patient_id, sex, region]
actions:
  people:
    sql: analysis/people.sql
    outputs:
      moderately_sensitive:
        people:
          path: output/people.csv
          statistic: frequencies
          of: patients
          by: [region, sex]
          columns: {people: count}
"""
COHORT = """
  cohort:
    sql: analysis/cohort.sql
    outputs:
      highly_sensitive:
        cohort: output/cohort.parquet
"""
FORM = """
title = "People by region and sex"
lay_summary = "How many people there are."
organisation = "University of Example"
purpose = "covid-19-research"
legal_basis = "{basis}"
members = ["ada"]
starts = 2026-01-01
ends = 2026-12-31
[datasets]
patients = ["patient_id", "sex", "region"]
"""


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("study")
    (folder / "analysis").mkdir()
    (folder / "project.yaml").write_text(SPEC + COHORT)
    (folder / "analysis" / "people.sql").write_text(
        "SELECT region, sex, count(*) AS people FROM patients GROUP BY region, sex ORDER BY region, sex"
    )
    (folder / "analysis" / "cohort.sql").write_text("SELECT patient_id, sex, region FROM patients")
    return folder


@pytest.fixture(scope="module")
def both_site(tmp_path_factory) -> Path:
    """A site with both backends loaded, and two people of information governance with keys of their own."""
    place = tmp_path_factory.mktemp("both")
    desk = Desk(place / "site")
    desk.tre("init")
    people = (DEMO / "people.toml").read_text()
    for name in ("fay", "hal"):
        key = desk.tre("data", "opt-outs", "new-key", str(place / f"{name}.key"))["signing_key"]
        line = f'signing_key = "{key}"\n'
        if name == "fay":
            people = people.replace("[fay]\n", f"[fay]\n{line}")
        else:
            people += f'\n[hal]\nroles = ["information-governance"]\ntrained_until = 2030-12-31\n{line}'
    (desk.site / "people.toml").write_text(people)
    for backend in ("tpp", "emis"):
        supply = str(place / f"{backend}.duckdb")
        desk.tre("synth", supply, "--patients", str(PATIENTS), "--profile", backend, "--events", "8")
        desk.tre("--as", "eve", "data", "ingest", supply, "--backend", backend)
    return place


@pytest.fixture
def place(both_site: Path, tmp_path: Path) -> Path:
    """That site, and what lies beside it, for the test alone."""
    shutil.copytree(both_site, tmp_path / "own", symlinks=True)
    return tmp_path / "own"


@pytest.fixture
def desk(place: Path) -> Desk:
    return Desk(place / "site")


def approved(desk: Desk, place: Path, basis: str = "covid-19-directions-2020") -> str:
    form = place / f"{basis}.toml"
    form.write_text(FORM.format(basis=basis))
    return desk.approved(form=form)


def ran(desk: Desk, study: Path, application: str) -> str:
    request = desk.submitted(study, study=application)
    assert desk.work() == []
    assert desk.stage(request) == "checked"
    return request


def people(desk: Desk, request: str) -> int:
    """How many people the raw table counts, as a checker sees it."""
    raw = desk.tre("--as", "cleo", "review", "compare", request, TABLE)["raw"]
    return sum(int(row[-1]) for row in raw[1:])


def numbers_shown(table: Path) -> dict[tuple[str, ...], int]:
    """What a table shows, by place."""
    lines = [line.split(",") for line in table.read_text().splitlines()[1:]]
    return {tuple(line[:-1]): int(line[-1]) for line in lines if line[-1] != "[REDACTED]"}


def numbers(place: Path, sql: str) -> list[str]:
    with duckdb.connect(str(place / "tpp.duckdb"), read_only=True) as connection:
        return [row[0] for row in connection.execute(sql).fetchall()]


def signed_list(desk: Desk, place: Path, people_on_it: list[str], *, kind: str = "type-1") -> Path:
    named, document = place / f"{kind}.txt", place / f"{kind}.json"
    named.write_text("\n".join(people_on_it))
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).date().isoformat()
    words = ("--key", str(place / "fay.key"), "--into", str(document), "--as-of", tomorrow, "--kind", kind)
    desk.tre("--as", "fay", "data", "opt-outs", "sign", str(named), *words)
    named.unlink()
    return document


NOT_OUT = (
    "SELECT nhs_number FROM person_record WHERE nhs_number NOT IN (SELECT nhs_number FROM type_1_opt_out) "
    "AND nhs_number NOT IN (SELECT nhs_number FROM national_opt_out) ORDER BY 1 LIMIT 30"
)


def test_one_study_runs_in_two_backends_and_only_what_was_released_is_put_together(
    desk, place, study
) -> None:
    """[P7] Each request is answered by its own store, and says so in what is signed."""
    application = approved(desk, place)
    words = ("--study", application, "--backend", "tpp", "--backend", "emis")
    requests = {
        line["backend"]: line["request"]
        for line in desk.tre("--as", "ada", "job", "submit", str(study), *words)
    }
    assert desk.work() == []
    raw = {backend: people(desk, request) for backend, request in requests.items()}
    assert raw["tpp"] != raw["emis"]
    folders = [desk.site / "releases" / request for request in requests.values()]
    into = place / "combined"
    combine = ("--path", TABLE, "--by", "region", "--by", "sex", "--count", "people", "--into", str(into))
    desk.tre("--as", "ada", "release", "combine", *map(str, folders), *combine, ends=Exit.RECORDS)
    for request in requests.values():
        for checker in ("cleo", "dan"):
            desk.tre("--as", checker, "review", "vote", request, "--approve-all")
        desk.tre("--as", "dan", "review", "sign-off", request)
    desk.work()
    made = desk.tre("--as", "ada", "release", "combine", *map(str, folders), *combine)
    shown = [numbers_shown(folder / TABLE) for folder in folders]
    sums = numbers_shown(Path(made["table"]))
    assert sums
    assert desk.tre("release", "verify", str(into))["verified"] is True
    assert all(sums[place] == shown[0][place] + shown[1][place] for place in sums)
    desk.tre("--as", "gus", "release", "recall", next(iter(requests.values())))
    again = (
        "--path",
        TABLE,
        "--by",
        "region",
        "--by",
        "sex",
        "--count",
        "people",
        "--into",
        str(place / "x"),
    )
    desk.tre("--as", "ada", "release", "combine", *map(str, folders), *again, ends=Exit.RECORDS)


def test_a_query_that_one_backend_cannot_answer_is_refused_for_both(desk, place) -> None:
    application = approved(desk, place)
    example = Path(DEMO).parents[2] / "job_specs/examples/covid-tests"
    words = ("--study", application, "--backend", "tpp", "--backend", "emis")
    desk.tre("--as", "ada", "job", "submit", str(example), *words, ends=Exit.DATA)
    assert "column-unknown" in desk.said
    assert desk.tre("--as", "gus", "job", "list") == []


def test_a_patient_who_opts_out_between_two_runs_is_absent_from_the_second(desk, place, study) -> None:
    """[P6] Through the delta that each start reads; the ledger says which list each run was under."""
    application = approved(desk, place)
    first = ran(desk, study, application)
    leaving = numbers(place, NOT_OUT)
    document = signed_list(desk, place, leaving)
    desk.ahead = timedelta(days=2)
    desk.tre("--as", "eve", "data", "opt-outs", "apply", str(document))
    second = ran(desk, study, application)
    assert people(desk, first) - people(desk, second) == len(leaving) == 30
    starts = [line for line in desk.tre("ledger", "log") if line["what"] == "request.started"]
    assert len(starts) == 4
    unsigned = place / "unsigned.json"
    unsigned.write_bytes(document.read_bytes().replace(leaving[0].encode(), b"9990000018"))
    desk.tre("--as", "eve", "data", "opt-outs", "apply", str(unsigned), ends=Exit.DATA)
    assert "opt-outs-unsigned" in desk.said


def test_an_exempt_study_sees_those_who_opted_out_while_its_signed_days_last(desk, place, study) -> None:
    """[P6]"""
    application = approved(desk, place)
    plain = people(desk, ran(desk, study, application))
    today = datetime.now(UTC).date().isoformat()
    document = place / "exempt.json"
    words = ("--key", str(place / "fay.key"), "--into", str(document), "--first", today, "--last", today)
    desk.tre(
        "--as", "fay", "data", "exempt", "sign", application, *words, "--reason", "Named in the assessment."
    )
    desk.tre("--as", "eve", "data", "exempt", "apply", str(document), ends=Exit.REFUSED)
    desk.tre("--as", "fay", "data", "exempt", "apply", str(document))
    out = len(numbers(place, "SELECT nhs_number FROM type_1_opt_out"))
    assert people(desk, ran(desk, study, application)) == plain + out == PATIENTS
    desk.ahead = timedelta(days=1)
    assert people(desk, ran(desk, study, application)) == plain
    in_force = desk.site / "governance" / "exempt-studies.json"
    in_force.write_bytes(in_force.read_bytes().replace(b"assessment", b"Assessment"))
    request = desk.submitted(study, study=application)
    with contextlib.suppress(AssertionError):
        desk.work()
    assert desk.stage(request) == "submitted", "nothing runs while nobody knows who is exempt"


def test_two_people_switch_the_pilot_on_and_its_studies_honour_national_opt_outs(desk, place, study) -> None:
    """[P5] [P6] [P16]"""
    form = place / "pilot.toml"
    form.write_text(FORM.format(basis="das-pilot-2025"))
    desk.tre("--as", "ada", "study", "apply", str(form), ends=Exit.REFUSED)
    assert "basis-unknown" in desk.said
    pilot = desk.site / "policy" / "das-pilot-2025.toml"
    pilot.write_text(pilot.read_text().replace('switch = "off"', 'switch = "on"'))
    desk.tre("--as", "fay", "policy", "propose", "--key", str(place / "fay.key"))
    waits = desk.tre("policy", "show")
    digest = waits["waits"][0]["digest"]
    assert [(each["instrument"], each["what"]) for each in waits["changes"]] == [("das-pilot-2025", "switch")]
    desk.tre("--as", "fay", "policy", "adopt", digest, "--key", str(place / "fay.key"), ends=Exit.REFUSED)
    assert "law-same-person" in desk.said
    desk.tre("--as", "hal", "policy", "adopt", digest, "--key", str(place / "hal.key"))
    covid = people(desk, ran(desk, study, approved(desk, place)))
    honoured = people(desk, ran(desk, study, approved(desk, place, "das-pilot-2025")))
    only_national = numbers(
        place,
        "SELECT nhs_number FROM national_opt_out WHERE nhs_number NOT IN (SELECT nhs_number FROM type_1_opt_out)",
    )
    assert covid - honoured == len(only_national) > 50
    assert desk.tre("ledger", "verify")["verified"] is True


def test_no_planted_identifier_is_in_any_byte_of_the_site(desk, place, study) -> None:
    """[P2] Stores, extracts, outputs, logs, ledger, work folders: ten thousand identifiers, none found."""
    planted = Planted.in_supplies(place / "tpp.duckdb", place / "emis.duckdb")
    assert planted.count >= 10_000
    application = approved(desk, place)
    words = ("--study", application, "--backend", "tpp", "--backend", "emis")
    desk.tre("--as", "ada", "job", "submit", str(study), *words)
    assert desk.work() == []
    leaving = signed_list(desk, place, numbers(place, NOT_OUT))
    desk.ahead = timedelta(days=2)
    desk.tre("--as", "eve", "data", "opt-outs", "apply", str(leaving))
    ran(desk, study, application)
    found = scan(desk.site, planted)
    assert found.places == []
    assert found.databases >= 2 * 9
    assert found.files > 60
    assert {"ledger.db", "core.duckdb", "store.json"} <= found.names
    assert found.extracts >= 3, "the extracts in the vault are among what was read"
    control = scan(place, planted, only=("tpp.duckdb",))
    assert control.places, "the scan would have found them"
