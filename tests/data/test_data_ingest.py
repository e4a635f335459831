"""What lands is pseudonymised, opted-out people are apart, and a bad supply or a bad moment changes nothing [P2, P6]."""

# ruff: noqa: S608 - supplies are spoilt by SQL put together on purpose

import re
import shutil
from datetime import timedelta

import duckdb
import pytest

from tre.data.errors import IngestRefused, KeyRefused, OptOutsRefused, StoreUnavailable
from tre.data.hidden import prepare
from tre.data.ingest import ingest
from tre.data.pseudonyms import Key, Role, backend_key, pseudonym, studies_key
from tre.data.publish import staging_in
from tre.data.store import Check, check_opt_outs, open_store

from .conftest import AT, SITE  # isort: skip


@pytest.fixture(scope="module")
def identifiers(supply):
    with duckdb.connect(str(supply), read_only=True) as connection:
        rows = connection.execute(
            "SELECT nhs_number, surname, address_line, postcode, telephone, email, date_of_birth::VARCHAR FROM person_record"
        ).fetchall()
    return {str(value).encode() for row in rows for value in row}


def store_bytes(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


# What every identifier of the supply looks like, so that one pass over the bytes looks for all of them.
SHAPES = re.compile(
    rb"999 [0-9]{3} |ZZ[0-9]{1,2} [0-9]|07700 900|mail\\.example|Spoke with|Consultant|LAB-|Take as"
    rb"|Street|Mews|Avenue|Placeholder|Testborough|Mockingham|Dummyford|Stubbington|Synthetic Surgery|P8[0-9]{4}"
    rb"|(?:19|20)[0-9]{2}-[01][0-9]-[0-3][0-9]"
)


def test_no_byte_of_the_store_holds_an_identifier(built, identifiers):
    names = {word for word in identifiers if re.fullmatch(rb"[A-Z][a-z]+-[A-Z][a-z]+", word)}
    assert len(names) > 80
    some = sorted(identifiers)[::40]
    for name, content in store_bytes(built.folder).items():
        if name != "store.json":
            assert SHAPES.findall(content) == [], name
        assert not set(re.findall(rb"(?=([0-9]{10}))", content)) & identifiers, name
        assert not [word for word in {*names, *some} if word in content], name


def test_the_scan_for_identifiers_would_find_one(supply, identifiers):
    content = supply.read_bytes()
    assert len(set(SHAPES.findall(content))) > 500
    assert any(word in content for word in identifiers)


def test_every_birthday_is_the_first_of_its_month(built):
    with duckdb.connect(str(built.folder / "core.duckdb"), read_only=True) as connection:
        assert connection.execute("SELECT count(*), max(day(date_of_birth)) FROM patients").fetchall() == [
            (built.rows["patients"], 1)
        ]


def test_the_store_holds_the_columns_of_the_catalogue_and_no_others(built, catalogue):
    for group in catalogue.groups:
        for name in (f"{group}.duckdb", f"{group}.national.duckdb", f"{group}.opted-out.duckdb"):
            with duckdb.connect(str(built.folder / name), read_only=True) as connection:
                found = set(
                    connection.execute(
                        "SELECT table_name, column_name, data_type FROM duckdb_columns() WHERE NOT internal"
                    ).fetchall()
                )
            tables = [table for table in catalogue.tables if table.group == group]
            assert found == {
                (table.name, column.name, column.type) for table in tables for column in table.columns
            }


def test_opted_out_people_are_in_the_other_files_and_only_there(supply, built, catalogue):
    with duckdb.connect(str(supply), read_only=True) as connection:
        numbers = [row[0] for row in connection.execute("SELECT nhs_number FROM type_1_opt_out").fetchall()]
    key = backend_key(SITE, "tpp")
    gone = {pseudonym(key, number) for number in numbers}
    assert len(gone) > 20
    for table in catalogue.tables:
        main = people(built.folder / f"{table.group}.duckdb", table.name)
        apart = people(built.folder / f"{table.group}.opted-out.duckdb", table.name)
        assert not gone & main
        assert apart <= gone
    assert people(built.folder / "core.opted-out.duckdb", "patients") == gone


def people(path, table):
    with duckdb.connect(str(path), read_only=True) as connection:
        return {
            str(row[0]) for row in connection.execute(f"SELECT DISTINCT patient_id FROM {table}").fetchall()
        }


def test_nobody_is_lost_and_nobody_is_made_up(supply, built):
    with duckdb.connect(str(supply), read_only=True) as connection:
        for source, table in (
            ("person_record", "patients"),
            ("coded_event", "clinical_events"),
            ("death", "ons_deaths"),
        ):
            sent = connection.execute(f"SELECT count(*) FROM {source}").fetchall()[0][0]
            assert built.rows[table] + built.national_rows[table] + built.opted_out_rows[table] == sent
    assert built.without_number == "none"


def test_dates_that_mean_no_date_land_as_none(built):
    with duckdb.connect(str(built.folder / "core.duckdb"), read_only=True) as connection:
        assert connection.execute(
            "SELECT count(*) FROM clinical_events WHERE year(date) IN (1900, 9999)"
        ).fetchall() == [(0,)]
        assert connection.execute(
            "SELECT count(*) > 0 FROM clinical_events WHERE date IS NULL"
        ).fetchall() == [(True,)]
        assert connection.execute(
            "SELECT count(*) FROM practice_registrations WHERE year(end_date) = 9999"
        ).fetchall() == [(0,)]


def spoilt(supply, tmp_path, *statements):
    path = tmp_path / "spoilt.duckdb"
    shutil.copy(supply, path)
    with duckdb.connect(str(path)) as connection:
        for statement in statements:
            connection.execute(statement)
    return path


HIDING = {
    "an NHS number in a text column": ("UPDATE covid_test SET result = nhs_number WHERE rowid < 3", "an NHS number", "covid_test.result", "7 or fewer"),
    "a spaced NHS number within text": ("UPDATE immunisation SET product_name = 'dose for 999 000 0018 given' WHERE rowid = 1", "an NHS number", "immunisation.product_name", "7 or fewer"),
    "many NHS numbers": ("UPDATE covid_test SET result = nhs_number", "an NHS number", "covid_test.result", "101 to 1,000"),
    "an NHS number as a measurement": ("UPDATE coded_event SET value = nhs_number::DOUBLE WHERE rowid < 20", "an NHS number", "coded_event.value", ""),
    "a patient's own number as a code": ("UPDATE coded_event SET snomed_code = nhs_number WHERE rowid < 20", "an NHS number", "coded_event.snomed_code", ""),
    "somebody else's number as a code": ("UPDATE coded_event SET snomed_code = '4505577104' WHERE rowid = 5", "an NHS number", "coded_event.snomed_code", "7 or fewer"),
    "an e-mail address": ("UPDATE person_record SET nhs_region = email WHERE rowid = 0", "an e-mail address", "person_record.nhs_region", "7 or fewer"),
    "a postcode": ("UPDATE person_record SET ethnic_group = postcode WHERE rowid = 0", "a postcode", "person_record.ethnic_group", "7 or fewer"),
}  # fmt: skip


@pytest.mark.parametrize("hiding", HIDING.values(), ids=HIDING.keys())
def test_a_hidden_identifier_stops_the_load_and_is_not_repeated(supply, tmp_path, hiding):
    spoil, kind, where, band = hiding
    with pytest.raises(IngestRefused) as refused:
        ingest(spoilt(supply, tmp_path, spoil), tmp_path / "store", key=SITE, backend="tpp", at=AT)
    reasons = [reason for reason in refused.value.reasons if reason.where == where]
    assert reasons[0].code == "identifier-hidden"
    assert reasons[0].sentence.startswith(kind)
    assert band in reasons[0].sentence
    assert not re.search(r"\d{4}", str(refused.value).replace("1,000", ""))
    assert [path.name for path in (tmp_path / "store").iterdir()] == [".building.lock"]


def test_an_honest_code_of_ten_digits_is_let_in(supply, tmp_path):
    # Both its check digits are right, as for one in eleven of the real codes of ten digits.
    spoil = "UPDATE coded_event SET snomed_code = '{}' WHERE rowid = 5"
    honest = "1000000176"
    with duckdb.connect(":memory:") as connection:
        prepare(connection)
        checks = "SELECT tre_mod11($code), tre_verhoeff($code)"
        assert connection.execute(checks, {"code": honest}).fetchall() == [(True, True)]
    built = ingest(
        spoilt(supply, tmp_path, spoil.format(honest)), tmp_path / "store", key=SITE, backend="tpp", at=AT
    )
    assert built.rows["clinical_events"] > 0


def test_a_person_without_a_valid_number_is_left_out_and_counted_coarsely(supply, tmp_path):
    path = spoilt(
        supply,
        tmp_path,
        "UPDATE person_record SET nhs_number = '9990000019' WHERE rowid = 0",
        "UPDATE person_record SET nhs_number = NULL WHERE rowid = 1",
    )
    built = ingest(path, tmp_path / "store", key=SITE, backend="tpp", at=AT)
    assert built.without_number == "7 or fewer"


SPOILT = {
    "a column is missing": ("ALTER TABLE covid_test DROP COLUMN result", IngestRefused, "supply-column-missing"),
    "a table is missing": ("DROP TABLE death", IngestRefused, "supply-column-missing"),
    "the opt-outs are missing": ("DROP TABLE type_1_opt_out", OptOutsRefused, "opt-outs-missing"),
    "the opt-outs are undated": ("UPDATE supply SET opt_outs_as_of = NULL", OptOutsRefused, "opt-outs-undated"),
    "nothing says when": ("DROP TABLE supply", OptOutsRefused, "opt-outs-undated"),
}  # fmt: skip


@pytest.mark.parametrize(("spoil", "refusal", "code"), SPOILT.values(), ids=SPOILT.keys())
def test_a_supply_that_is_not_whole_is_refused(supply, tmp_path, spoil, refusal, code):
    with pytest.raises(refusal) as refused:
        ingest(spoilt(supply, tmp_path, spoil), tmp_path / "store", key=SITE, backend="tpp", at=AT)
    assert refused.value.code == code
    with pytest.raises(StoreUnavailable):
        open_store(tmp_path / "store")


def test_a_file_that_is_no_database_is_refused(tmp_path):
    (tmp_path / "supply").write_text("not a database, but longer than a header")
    with pytest.raises(IngestRefused) as refused:
        ingest(tmp_path / "supply", tmp_path / "store", key=SITE, backend="tpp", at=AT)
    assert refused.value.code == "supply-unreadable"


@pytest.mark.parametrize(
    "key", [studies_key(SITE, "tpp"), backend_key(SITE, "emis")], ids=["studies", "emis"]
)
def test_a_key_of_another_kind_or_backend_builds_nothing(supply, tmp_path, key):
    with pytest.raises(KeyRefused):
        ingest(supply, tmp_path / "store", key=key, backend="tpp", at=AT)


def test_another_key_makes_other_people(supply, built, tmp_path):
    other = ingest(supply, tmp_path / "store", key=Key(Role.SITE, 1, "", bytes(32)), backend="tpp", at=AT)
    assert not people(other.folder / "core.duckdb", "patients") & people(
        built.folder / "core.duckdb", "patients"
    )


def test_files_are_read_only_and_the_manifest_says_what_they_are(built, store):
    assert {path.stat().st_mode & 0o777 for path in built.folder.iterdir()} == {0o444}
    assert store.version == built.version
    assert built.folder.name == built.version[:16]
    assert (store.backend, store.built_at, store.optout_list_date.isoformat()) == ("tpp", AT, "2025-12-01")
    assert len(store.optout_list_digest) == 64


TAMPERED = {
    "a byte": (
        lambda path: path.write_bytes(path.read_bytes()[:-9] + b"x" + path.read_bytes()[-8:]),
        "store-altered",
    ),
    "cut short": (lambda path: path.write_bytes(path.read_bytes()[:-4096]), "store-truncated"),
    "gone": (lambda path: path.unlink(), "store-missing"),
    "writable": (lambda path: path.chmod(0o644), "store-writable"),
}


@pytest.fixture
def own_store(built, tmp_path):
    store_dir = tmp_path / "store"
    shutil.copytree(built.folder.parent.parent, store_dir, symlinks=True)
    return store_dir


@pytest.mark.parametrize(("tamper", "code"), TAMPERED.values(), ids=TAMPERED.keys())
def test_a_store_that_is_not_what_was_built_is_not_opened(own_store, tamper, code):
    path = (own_store / "current").resolve() / "covid_tests.duckdb"
    mode = path.stat().st_mode
    path.chmod(0o644)
    tamper(path)
    if path.exists() and code != "store-writable":
        path.chmod(mode)
    with pytest.raises(StoreUnavailable) as refused:
        open_store(own_store)
    assert refused.value.code == code


def test_a_manifest_that_was_edited_is_not_believed(own_store):
    path = (own_store / "current").resolve() / "store.json"
    path.chmod(0o644)
    path.write_text(path.read_text().replace('"2025-12-01"', '"2026-12-01"'))
    with pytest.raises(StoreUnavailable) as refused:
        open_store(own_store, check=Check.SIZES)
    assert refused.value.code == "store-altered"
    path.write_text(path.read_text()[:-5])
    with pytest.raises(StoreUnavailable) as refused:
        open_store(own_store, check=Check.SIZES)
    assert refused.value.code == "store-manifest"


def test_no_store_is_said_plainly(tmp_path):
    with pytest.raises(StoreUnavailable) as refused:
        open_store(tmp_path)
    assert refused.value.code == "store-missing"
    assert "tre data ingest" in refused.value.fix


@pytest.mark.parametrize(
    ("days", "code"), [(0, None), (30, None), (31, "opt-outs-stale"), (-7, "opt-outs-future")]
)
def test_an_old_list_of_opt_outs_stops_everything(store, days, code):
    from datetime import UTC, datetime  # noqa: PLC0415

    now = datetime(2025, 12, 1, tzinfo=UTC) + timedelta(days=days)
    if code is None:
        check_opt_outs(store, now=now, keep=timedelta(days=30))
        return
    with pytest.raises(OptOutsRefused) as refused:
        check_opt_outs(store, now=now, keep=timedelta(days=30))
    assert refused.value.code == code


def test_a_new_build_replaces_the_old_one_and_keeps_no_deleted_row(supply, tmp_path):
    store_dir = tmp_path / "store"
    first = ingest(supply, store_dir, key=SITE, backend="tpp", at=AT)
    victim = min(people(first.folder / "core.duckdb", "patients"))
    with duckdb.connect(str(supply), read_only=True) as connection:
        numbers = [row[0] for row in connection.execute("SELECT nhs_number FROM person_record").fetchall()]
    number = next(number for number in numbers if pseudonym(backend_key(SITE, "tpp"), number) == victim)
    later = spoilt(supply, tmp_path, f"INSERT INTO type_1_opt_out VALUES ('{number}', DATE '2025-12-30')")
    second = ingest(later, store_dir, key=SITE, backend="tpp", at=AT + timedelta(days=1))
    assert [path.name for path in (store_dir / "versions").iterdir()] == [second.folder.name]
    assert victim not in people(second.folder / "core.duckdb", "patients")
    assert victim in people(second.folder / "core.opted-out.duckdb", "patients")
    assert bytes.fromhex(victim.replace("-", ""))[::-1] not in (second.folder / "core.duckdb").read_bytes()


def test_only_one_ingest_builds_at_a_time(supply, tmp_path):
    with staging_in(tmp_path / "store"), pytest.raises(IngestRefused) as refused:
        ingest(supply, tmp_path / "store", key=SITE, backend="tpp", at=AT)
    assert refused.value.code == "ingest-busy"
