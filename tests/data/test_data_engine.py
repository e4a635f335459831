"""The engine answers what is in scope, and says nothing of the data when it does not [P1, P8]."""

import csv
import hashlib
import json
import threading
from array import array
from contextlib import suppress
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from tre.data.engine import run as engine_run
from tre.data.engine import telling
from tre.data.engine import walls as engine_walls
from tre.data.engine.telling import SAID
from tre.data.errors import AnswerUnreadable
from tre.data.extract import Counting
from tre.data.extracted import opened

PATIENTS = {"patients": ["patient_id", "sex", "region"]}
EVENTS = {"clinical_events": ["patient_id", "date", "snomedct_code"], "patients": ["patient_id", "sex"]}


def read(answer, path="answer.csv"):
    with (answer.out / path).open(newline="") as file:
        return list(csv.reader(file))


def test_an_aggregate_is_written_with_the_people_behind_each_row(ask):
    answer = ask(
        "SELECT sex, count(*) AS n FROM patients GROUP BY sex",
        counting=Counting(
            "SELECT sex, count(*) AS n, count(DISTINCT patient_id) AS tre_people FROM patients GROUP BY sex"
        ),
        tables=PATIENTS,
        columns=["sex", "n"],
    )
    assert (answer.code, answer.report["status"], answer.printed) == (0, "ok", b"")
    header, *rows = read(answer)
    units = json.loads((answer.out / "units.json").read_text())
    assert header == ["sex", "n"]
    assert [int(n) for _, n in rows] == units["people"]
    assert [sex for sex, _ in rows] == sorted(sex for sex, _ in rows)


def test_the_order_the_query_asks_for_is_kept(ask):
    sql = "SELECT region, count(*) AS n FROM patients GROUP BY region ORDER BY n DESC, region"
    counts = [int(n) for _, n in read(ask(sql, tables=PATIENTS, columns=["region", "n"]))[1:]]
    assert counts == sorted(counts, reverse=True)


def test_joins_ctes_subqueries_windows_and_parameters_are_answered(ask):
    sql = """
        WITH RECURSIVE years AS (SELECT 2019 AS y UNION ALL SELECT y + 1 FROM years WHERE y < 2021),
        ranked AS (SELECT patient_id, date, row_number() OVER (PARTITION BY patient_id ORDER BY date, snomedct_code) AS k
                   FROM clinical_events WHERE snomedct_code NOT IN (SELECT unnest($codes)))
        SELECT y, p.sex, count(*) AS n FROM years JOIN ranked ON year(date) = y
        JOIN patients AS p USING (patient_id) WHERE k = $k AND EXISTS (SELECT 1 FROM range(3)) GROUP BY ALL
        UNION ALL (VALUES (0, 'none', 0))
    """
    answer = ask(
        sql, tables=EVENTS, columns=["y", "sex", "n"], parameters={"codes": ["1"], "k": 1, "unused": 2}
    )
    assert answer.report["status"] == "ok", answer.report
    assert {row[0] for row in read(answer)[1:]} == {"0", "2019", "2020", "2021"}


def test_equal_questions_get_equal_bytes(ask):
    sql = "SELECT snomedct_code, count(*) AS n FROM clinical_events GROUP BY 1"
    digests = set()
    for threads in (1, 2):
        answer = ask(
            sql, tables=EVENTS, columns=["snomedct_code", "n"], change={"limits": limits(threads=threads)}
        )
        digests.add(hashlib.sha256((answer.out / "answer.csv").read_bytes()).hexdigest())
    assert len(digests) == 1


def limits(**changed):
    return {"memory_bytes": 512 << 20, "threads": 1, "seconds": 60, "rows": 1000, "spill": None} | changed


@pytest.mark.parametrize("output", ["extract.csv", "extract.csv.gz", "extract.parquet", "extract.arrow"])
def test_an_extract_has_one_row_per_person_under_another_pseudonym(ask_extract, store, output):
    answer = ask_extract(
        "SELECT patient_id, sex FROM patients", tables=PATIENTS, columns=["patient_id", "sex"], output=output
    )
    rows = answer.rows(output)
    assert len(rows) == len(store_pseudonyms(store)) == answer.report["rows"]
    assert len({row[0] for row in rows}) == len(rows)
    assert [row[0] for row in rows] == sorted(row[0] for row in rows)
    inside = store_pseudonyms(store)
    assert not inside & {str(row[0]) for row in rows}


def store_pseudonyms(store):
    import duckdb  # noqa: PLC0415 - the test's own look inside

    found = set()
    for part in store.seen_by(exempt=False, national=False):
        with duckdb.connect(str(part["core"].path), read_only=True) as connection:
            found |= {str(row[0]) for row in connection.execute("SELECT patient_id FROM patients").fetchall()}
    return found


FORMATS = ("csv", "csv.gz", "parquet", "arrow", "duckdb")
EVERY_TYPE = """
    SELECT p.patient_id, p.sex, count(*) AS n, max(e.date) AS last, count(*) * 1.5 AS half, count(*) > 3 AS many,
        sum(length(p.sex)) AS letters, CASE WHEN count(*) > 3 THEN 0.1::DOUBLE END AS share
    FROM patients AS p JOIN clinical_events AS e USING (patient_id) GROUP BY 1, 2
"""


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_of_an_extract_says_the_same_when_it_is_read_again(ask_extract, kind):
    """Read as the data room reads it: the same people, the same values, and NULL where there is none."""
    columns = ["patient_id", "sex", "n", "last", "half", "many", "letters", "share"]
    sql = "SELECT sum(n), max(last), sum(half), count_if(many), sum(letters), count(share), sum(share) FROM people"
    said = {}
    for name in ("csv", kind):
        answer = ask_extract(EVERY_TYPE, tables=EVENTS, columns=columns, output=f"e.{name}")
        with opened((answer.out / f"e.{name}").read_bytes(), "patient_id") as extract:
            assert list(extract.columns) == columns
            assert extract.connection.execute("SELECT count(*) FROM people").fetchall()[0][0] > 100
            people = sorted(extract.pseudonyms)
            said[name] = [people, *map(str, extract.connection.execute(sql).fetchall()[0][:-1])]
    assert [float(each) if i in {1, 3, 5} else each for i, each in enumerate(said[kind])] == [
        float(each) if i in {1, 3, 5} else each for i, each in enumerate(said["csv"])
    ]


def test_an_arrow_extract_keeps_its_types_and_says_what_it_is(ask_extract, store):
    columns = ["patient_id", "sex", "n", "last", "half", "many", "letters", "share"]
    answer = ask_extract(EVERY_TYPE, tables=EVENTS, columns=columns, output="e.arrow")
    with pa.ipc.open_file(pa.BufferReader((answer.out / "e.arrow").read_bytes())) as file:
        table = file.read_all()
    table.validate(full=True)
    kinds = {field.name: str(field.type) for field in table.schema}
    assert kinds["patient_id"] == kinds["sex"] == "string"
    assert (kinds["n"], kinds["last"], kinds["many"]) == ("int64", "date32[day]", "bool")
    assert kinds["half"].startswith("decimal128")
    assert kinds["share"] == "double"
    told = json.loads(table.schema.metadata[b"tre"])
    assert told["rows"] == table.num_rows == answer.report["rows"]
    assert (told["store"], told["sql"]) == (store.version, EVERY_TYPE)
    assert [(each["name"], each["type"]) for each in told["columns"]][:3] == [
        ("patient_id", "VARCHAR"), ("sex", "VARCHAR"), ("n", "BIGINT"),
    ]  # fmt: skip


def test_an_arrow_file_whose_offsets_lead_elsewhere_is_not_read():
    """As a box that was taken over could write it: the data room says that it is no extract, and reads nothing of it."""
    names = pa.array(["aa", "bb", "cc"])
    astray = pa.Array.from_buffers(
        pa.utf8(), 3, [None, pa.py_buffer(array("i", [0, 2, 1 << 30, 6])), names.buffers()[2]]
    )
    for column, honest in ((names, True), (astray, False)):
        out = pa.BufferOutputStream()
        with pa.ipc.new_file(out, pa.schema([("patient_id", pa.utf8())])) as writer:
            writer.write_batch(pa.RecordBatch.from_arrays([column], ["patient_id"]))
        content = out.getvalue().to_pybytes()
        if honest:
            with opened(content, "patient_id") as extract:
                assert extract.pseudonyms == {"aa", "bb", "cc"}
            continue
        with pytest.raises(AnswerUnreadable), opened(content, "patient_id"):
            pass


def test_two_studies_cannot_be_joined_and_one_study_can(ask_extract):
    question = {"tables": PATIENTS, "columns": ["patient_id", "sex"]}
    first = ask_extract("SELECT patient_id, sex FROM patients", study="study-a", **question).rows(
        "extract.csv"
    )
    again = ask_extract("SELECT patient_id, sex FROM patients ORDER BY sex", study="study-a", **question)
    other = ask_extract("SELECT patient_id, sex FROM patients", study="study-b", **question).rows(
        "extract.csv"
    )
    assert first == again.rows("extract.csv")
    assert not {row[0] for row in first} & {row[0] for row in other}
    assert [row[1] for row in first] != [row[1] for row in other], (
        "the rows must not come in the store's order"
    )


def test_the_engine_and_the_key_room_make_the_same_study_pseudonym(ask_extract, store, studies):
    from tre.data.pseudonyms import study_key, study_pseudonym  # noqa: PLC0415

    answer = ask_extract("SELECT patient_id FROM patients", tables=PATIENTS, columns=["patient_id"])
    key = study_key(studies, "study-a")
    expected = {study_pseudonym(key, person) for person in store_pseudonyms(store)}
    assert {row[0] for row in answer.rows("extract.csv")} == expected


def test_who_an_extracts_people_are_among_those_behind_releases_is_left_for_the_data_room(
    ask_extract, store, studies
):
    """One pseudonym beside the other, in an order of its own; an extract that nobody remembers leaves nothing."""
    from tre.data.extract import RELEASED  # noqa: PLC0415
    from tre.data.pseudonyms import study_key, study_pseudonym  # noqa: PLC0415

    answer = ask_extract(
        "SELECT patient_id FROM patients", tables=PATIENTS, columns=["patient_id"], remembered=True
    )
    keys = (study_key(studies, "study-a"), study_key(studies, RELEASED))
    expected = sorted(
        tuple(study_pseudonym(key, person) for key in keys) for person in store_pseudonyms(store)
    )
    with duckdb.connect() as connection:
        found = connection.execute(
            "SELECT patient::VARCHAR, member::VARCHAR FROM read_parquet($1)",
            [str(answer.out / "members.parquet")],
        )
        assert found.fetchall() == expected
    plain = ask_extract(
        "SELECT patient_id FROM patients", tables=PATIENTS, columns=["patient_id"], study="study-b"
    )
    assert not (plain.out / "members.parquet").exists()


def test_an_extract_as_a_database_file_holds_the_same_rows(ask_extract):
    import duckdb  # noqa: PLC0415

    answer = ask_extract(
        "SELECT patient_id FROM patients", tables=PATIENTS, columns=["patient_id"], output="e.duckdb"
    )
    with duckdb.connect(str(answer.out / "e.duckdb"), read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM extract").fetchall()[0][0] == answer.report["rows"]


@pytest.mark.parametrize(
    ("sql", "columns"),
    [
        ("SELECT patient_id, date FROM clinical_events", ["patient_id", "date"]),
        ("SELECT NULL::UUID AS patient_id, sex FROM patients LIMIT 1", ["patient_id", "sex"]),
        ("SELECT sex, patient_id FROM patients", ["sex", "patient_id"]),
        ("SELECT patient_id, sex FROM patients", ["patient_id"]),
    ],
    ids=["two rows for a person", "a row for nobody", "not keyed first", "a column not declared"],
)
def test_an_extract_of_another_shape_is_refused_and_nothing_is_written(ask_extract, sql, columns):
    answer = ask_extract(sql, tables=EVENTS, columns=columns)
    assert answer.report["status"] == "refused"
    assert not (answer.out / "extract.csv").exists()


def test_an_aggregate_with_a_row_for_everyone_is_refused(ask):
    answer = ask(
        "SELECT patient_id FROM patients",
        tables=PATIENTS,
        columns=["patient_id"],
        change={"limits": limits(rows=100)},
    )
    assert answer.report == {"status": "refused", "rule": "more rows than an aggregate may have"}


LEAKS = {
    "conversion": ("SELECT count(region::INTEGER) AS n FROM patients", "conversion"),
    "raised": (
        "SELECT CASE WHEN region IS NOT NULL THEN (region || 'x')::DATE END AS n FROM patients",
        "conversion",
    ),
    "division": ("SELECT sum(1 // (length(sex) - length(sex))) AS n FROM patients", None),
    "syntax": ("SELECT\nFROM WHERE", None),
    "unknown column": ("SELECT\nnhs_number AS n FROM patients", "meaning"),
}


@pytest.mark.parametrize(("sql", "kind"), LEAKS.values(), ids=LEAKS.keys())
def test_an_error_says_its_class_and_never_a_value(ask, sql, kind):
    answer = ask(sql, tables=PATIENTS, columns=["n"])
    said = json.dumps(answer.report) + answer.printed.decode()
    assert answer.code == 1
    assert answer.printed == b""
    assert not any(word in said for word in ("London", "Midlands", "female", "East", "nhs_number"))
    if kind:
        assert answer.report["class"] == kind
    assert set(answer.report) <= {"status", "class", "line", "rule"}


def test_an_error_in_the_text_says_its_line(ask):
    answer = ask("SELECT sex,\nnhs_number AS n FROM patients", tables=PATIENTS, columns=["n"])
    assert answer.report == {"status": "error", "class": "meaning", "line": 2}


def test_a_broken_request_ends_in_silence(ask):
    answer = ask("SELECT 1 AS n", tables=PATIENTS, columns=["n"], change={"format": "tre-query-0"})
    assert (answer.code, answer.printed, answer.report) == (3, b"", {})


def test_a_query_that_never_ends_is_ended(ask):
    sql = "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r) SELECT count(*) AS n FROM r"
    answer = ask(sql, tables=PATIENTS, columns=["n"], change={"limits": limits(seconds=1)})
    assert answer.report["class"] == "out_of_time"


def test_a_query_too_large_for_its_memory_is_ended(ask):
    sql = "SELECT len(list(a.patient_id ORDER BY b.snomedct_code, c.date)) AS n FROM clinical_events a, clinical_events b, clinical_events c"
    answer = ask(sql, tables=EVENTS, columns=["n"], change={"limits": limits(memory_bytes=64 << 20)})
    assert answer.report["class"] == "out_of_memory"


SORTED = """
    SELECT max(a) AS n FROM (
        SELECT 'text-' || range AS a, row_number() OVER (ORDER BY hash(range)) AS k FROM range(1000000)) WHERE k % 2 = 0
"""


def test_a_query_that_needs_to_spill_may_where_a_folder_is_given(ask, tmp_path):
    """Under a key of this process alone: with DuckDB's wall against its own cipher in place no spill is written at all."""
    spill, seen, done = tmp_path / "spill", list[Path](), threading.Event()
    spill.mkdir()
    watching = threading.Thread(target=_watch, args=(spill, seen, done))
    watching.start()
    bounds = limits(memory_bytes=32 << 20, spill={"directory": str(spill), "bytes": 1 << 30})
    try:
        answer = ask(SORTED, tables=PATIENTS, columns=["n"], change={"limits": bounds}, apart=False)
    finally:
        done.set()
        watching.join()
    assert answer.report["status"] == "ok", answer.report
    assert seen, "nothing spilled: nothing was shown"


# Values that nothing can make shorter, so that a spill that is not encrypted holds them as they are.
SECRETS = """
    SELECT max(a)::VARCHAR AS n FROM (
        SELECT a, row_number() OVER (ORDER BY hash(a)) AS k FROM (
            SELECT unhex(sha256(range::VARCHAR)) AS a FROM range(450000))) WHERE k % 2 = 0
"""
NEEDLES = [hashlib.sha256(str(number).encode()).digest() for number in range(0, 450000, 2250)]


@pytest.mark.parametrize("encrypted", [True, False])
def test_nothing_of_a_row_can_be_read_in_a_spill(ask, tmp_path, monkeypatch, encrypted):
    """And it could, were the spill not encrypted: the same query, the same reader, one setting changed."""
    asked = engine_walls.spilling

    def spilling(*asked_for, **options):
        return asked(*asked_for, **options) | {"temp_file_encryption": str(encrypted).lower()}

    for module in (engine_walls, engine_run):
        monkeypatch.setattr(module, "spilling", spilling)
    spill, found, done = tmp_path / "spill", set[bytes](), threading.Event()
    spill.mkdir()
    watching = threading.Thread(target=_read_all, args=(spill, found, done))
    watching.start()
    bounds = limits(memory_bytes=32 << 20, spill={"directory": str(spill), "bytes": 1 << 30})
    try:
        answer = ask(SECRETS, tables=PATIENTS, columns=["n"], change={"limits": bounds}, apart=False)
    finally:
        done.set()
        watching.join()
    assert answer.report["status"] == "ok", answer.report
    assert b"spilled" in found, "nothing spilled: nothing was shown"
    assert (b"a row" in found) is not encrypted
    assert not [path for path in spill.rglob("*") if path.is_file()]


def _read_all(folder, found, done):
    while not done.is_set():
        with suppress(FileNotFoundError):  # what is seen may be gone when it is read
            for path in folder.rglob("*.tmp"):
                content = path.read_bytes()
                found |= {b"spilled"} if content.strip(b"\0") else set()
                found |= {b"a row"} if any(needle in content for needle in NEEDLES) else set()
        done.wait(0.05)


def test_a_spill_is_no_larger_than_it_may_be(ask, tmp_path):
    (tmp_path / "spill").mkdir()
    bounds = limits(memory_bytes=32 << 20, spill={"directory": str(tmp_path / "spill"), "bytes": 1 << 20})
    answer = ask(SORTED, tables=PATIENTS, columns=["n"], change={"limits": bounds}, apart=False)
    assert answer.report["class"] == "out_of_memory"


LONG = "SELECT max(sha256(sha256(range::VARCHAR))) AS n FROM range(4000000)"


@pytest.mark.parametrize("extract", [False, True], ids=["an aggregate", "an extract"])
def test_how_far_a_query_is_grows_while_it_runs_and_is_gone_when_it_is_over(
    ask, ask_extract, tmp_path, extract, monkeypatch
):
    """As DuckDB itself estimates it, in two digits and nothing else: what a reader outside the box would hear."""
    monkeypatch.setattr(telling, "_SECONDS", 0.02)  # so that a fast machine tells more than once as well
    out, heard, done = tmp_path / "told", list[bytes](), threading.Event()
    out.mkdir()
    watching = threading.Thread(target=_hear, args=(out / SAID, heard, done))
    watching.start()
    change = {"limits": limits(memory_bytes=1 << 30), "out": str(out)}
    try:
        if extract:
            sql = f"SELECT patient_id, (SELECT n FROM ({LONG})) AS n FROM patients"  # noqa: S608 - our words
            answer = ask_extract(
                sql, tables=PATIENTS, columns=["patient_id", "n"], change=change, apart=False
            )
        else:
            answer = ask(LONG, tables=PATIENTS, columns=["n"], change=change, apart=False)
    finally:
        done.set()
        watching.join()
    assert answer.code == 0
    shares = [int(said) for said in heard if said]
    assert shares == sorted(shares)
    assert len(set(shares)) > 2, shares
    assert all(len(said) in {0, 2} for said in heard)
    assert not (out / SAID).exists()


def _hear(place, heard, done):
    while not done.is_set():
        with suppress(FileNotFoundError):
            heard.append(place.read_bytes())
        done.wait(0.02)


def _watch(folder, seen, done):
    while not done.is_set():
        with suppress(FileNotFoundError):
            seen.extend(folder.rglob("*.tmp"))
        done.wait(0.01)


def test_people_opted_out_since_the_build_are_absent_from_every_table(ask, store, tmp_path):
    gone = sorted(store_pseudonyms(store))[:200]
    absent = tmp_path / "absent.txt"
    absent.write_text("\n".join(gone) + "\n")
    sql = "SELECT 'p' AS t, count(*) AS n FROM patients UNION ALL SELECT 'e', count(DISTINCT patient_id) FROM clinical_events"
    before = dict(read(ask(sql, tables=EVENTS, columns=["t", "n"]))[1:])
    after = dict(read(ask(sql, tables=EVENTS, columns=["t", "n"], absent=absent))[1:])
    assert int(before["p"]) - int(after["p"]) == 200
    assert int(after["e"]) < int(before["e"])


def test_a_study_sees_the_parts_that_its_basis_and_its_exemption_give_it(ask, built):
    sql = "SELECT count(*) AS n FROM patients"

    def people(**options):
        return int(read(ask(sql, tables=PATIENTS, columns=["n"], **options))[1][0])

    main, national, type_1 = (
        rows["patients"] for rows in (built.rows, built.national_rows, built.opted_out_rows)
    )
    assert min(main, national, type_1) > 20
    assert people() == main + national
    assert people(national=True) == main
    assert people(exempt=True) == main + national + type_1
    assert people(exempt=True, national=True) == main + type_1


def test_what_was_asked_of_which_store_and_how_it_was_run_is_kept_with_the_answer(ask_extract, store):
    import duckdb  # noqa: PLC0415

    sql = "SELECT patient_id, sex FROM patients"
    question = {"tables": PATIENTS, "columns": ["patient_id", "sex"]}
    answer = ask_extract(sql, output="e.parquet", **question)
    kept = answer.report["provenance"]
    assert (kept["sql"], kept["query"]) == (sql, hashlib.sha256(sql.encode()).hexdigest())
    assert kept["store"] == store.version
    assert "SEQ_SCAN" in json.dumps(kept["plans"][sql])
    assert answer.report["seconds"] >= 0
    with duckdb.connect(":memory:") as connection:
        inside = connection.execute(
            "SELECT value::BLOB FROM parquet_kv_metadata(?) WHERE key::VARCHAR = 'tre'",
            [str(answer.out / "e.parquet")],
        ).fetchall()
    told = json.loads(bytes(inside[0][0]))
    assert (told["rows"], told["store"]) == (answer.report["rows"], store.version)
    assert [column["name"] for column in told["columns"]] == ["patient_id", "sex"]


def test_the_engine_may_use_what_the_action_asked_for_and_leaves_room_for_itself():
    from job_specs.model import Resources  # noqa: PLC0415
    from tre.data.extract import limits_for  # noqa: PLC0415

    limits = limits_for(Resources(memory_mb=4096, cpus=2.5, seconds=60))
    assert (limits.threads, limits.seconds) == (2, 60)
    assert (3 << 30) < limits.memory_bytes < (4096 << 20)
    assert limits_for(Resources(memory_mb=256, cpus=0.5)).threads == 1
    assert limits_for(Resources(memory_mb=256)).memory_bytes == 128 << 20
    assert limits.spill is None
    assert limits_for(Resources(disk_mb=10)).spill == {"directory": "/scratch", "bytes": 10 << 20}
