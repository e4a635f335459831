"""Opted-out people are gone from the next build and, until then, from every run; lists are signed and never go back [P6]."""

import csv
import json
import shutil
from datetime import date, timedelta

import duckdb
import pytest

from tre.data.absent import file_list_digest
from tre.data.errors import KeyRefused, OptOutsRefused, Reason
from tre.data.extract import request_for_aggregate
from tre.data.ingest import apply_opt_outs, ingest
from tre.data.optouts import (
    Exemption,
    Kind,
    OptOutList,
    exempt,
    read_exemptions,
    read_opt_outs,
    sign_exemptions,
    sign_opt_outs,
)
from tre.data.pseudonyms import Key, Role, backend_key, pseudonym
from tre.data.signed import public_of, sign
from tre.data.store import open_store

from .conftest import AT, SITE, run_engine  # isort: skip

IG = bytes([7]) * 32
TRUSTED = {public_of(IG)}
LATER = date(2025, 12, 20)


@pytest.fixture
def own_store(built, tmp_path):
    store_dir = tmp_path / "store"
    shutil.copytree(built.folder.parent.parent, store_dir, symlinks=True)
    return store_dir


@pytest.fixture(scope="module")
def numbers(supply):
    with duckdb.connect(str(supply), read_only=True) as connection:
        rows = connection.execute(
            "SELECT nhs_number FROM person_record WHERE nhs_number NOT IN (SELECT nhs_number FROM type_1_opt_out) "
            "ORDER BY 1 LIMIT 40"
        ).fetchall()
    return frozenset(row[0] for row in rows)


def newest(numbers, **changed):
    return OptOutList(
        **({"backend": "tpp", "kind": Kind.TYPE_1, "as_of": LATER, "numbers": numbers} | changed)
    )


def count(store, catalogue, folder, **options):
    request = request_for_aggregate(
        store,
        catalogue,
        sql="SELECT count(*) AS n FROM patients",
        counting=None,
        columns={"n": "count_people"},
        parameters={},
        tables={"patients": ["sex"]},
        output="n.csv",
        **options,
    )
    answer = run_engine(request, folder, apart=False)
    assert answer.report["status"] == "ok", answer.report
    with (answer.out / "n.csv").open() as file:
        return int(list(csv.reader(file))[1][0])


def test_a_signed_list_comes_back_as_it_was_and_does_not_show_its_people(numbers):
    written = newest(numbers)
    assert read_opt_outs(sign_opt_outs(written, IG), trusted=TRUSTED) == written
    assert not any(number in repr(written) for number in numbers)


def altered(signed):
    document = json.loads(signed)
    document["content"]["numbers"].pop()
    return json.dumps(document).encode()


BAD = {
    "a person taken off after signing": altered,
    "cut short": lambda signed: signed[:-20],
    "no signature": lambda signed: json.dumps({"content": json.loads(signed)["content"]}).encode(),
    "signed by somebody else": lambda signed: sign(json.loads(signed)["content"], bytes(32)),
    "another kind of document": lambda signed: sign(json.loads(signed)["content"] | {"format": "x"}, IG),
    "not a document": lambda _signed: b"[]",
}


@pytest.mark.parametrize("spoil", BAD.values(), ids=BAD.keys())
def test_a_list_that_is_not_what_was_signed_is_refused(numbers, spoil):
    with pytest.raises(OptOutsRefused) as refused:
        read_opt_outs(spoil(sign_opt_outs(newest(numbers), IG)), trusted=TRUSTED)
    assert refused.value.code == "opt-outs-unsigned"
    assert not any(number in str(refused.value) for number in numbers)


@pytest.mark.parametrize(
    "wrong",
    [
        {"numbers": ["123"]},
        {"numbers": 5},
        {"as_of": "soon"},
        {"kind": "type-9"},
        {"backend": None, "as_of": None},
    ],
)
def test_a_signed_list_that_says_nonsense_is_refused(numbers, wrong):
    content = json.loads(sign_opt_outs(newest(numbers), IG))["content"] | wrong
    with pytest.raises(OptOutsRefused) as refused:
        read_opt_outs(sign(content, IG), trusted=TRUSTED)
    assert refused.value.code == "opt-outs-malformed"


def test_people_who_opt_out_between_two_runs_are_absent_from_the_second(
    own_store, catalogue, numbers, tmp_path
):
    before = open_store(own_store)
    first = count(before, catalogue, tmp_path / "first")
    after = apply_opt_outs(own_store, newest(numbers), key=SITE)
    assert count(after, catalogue, tmp_path / "second") == first - len(numbers)
    assert (after.version, after.optout_list_date) == (before.version, LATER)
    assert after.optout_list_digest != before.optout_list_digest
    assert open_store(own_store).absent == after.absent


def test_an_exempt_study_still_sees_them(own_store, catalogue, numbers, tmp_path):
    whole = count(open_store(own_store), catalogue, tmp_path / "a", exempt=True)
    after = apply_opt_outs(own_store, newest(numbers), key=SITE)
    assert count(after, catalogue, tmp_path / "b", exempt=True) == whole


def test_the_next_build_swallows_the_list_and_loses_the_people(own_store, supply, numbers):
    apply_opt_outs(own_store, newest(numbers), key=SITE)
    signed = newest(numbers, as_of=LATER + timedelta(days=1))
    built = ingest(supply, own_store, key=SITE, backend="tpp", at=AT, opt_outs=signed)
    store = open_store(own_store)
    assert store.absent is None
    assert store.optout_list_date == signed.as_of
    assert not list(own_store.glob("absent*"))
    gone = {pseudonym(backend_key(SITE, "tpp"), number) for number in numbers}
    with duckdb.connect(str(built.folder / "core.duckdb"), read_only=True) as connection:
        left = {
            str(row[0]) for row in connection.execute("SELECT patient_id FROM clinical_events").fetchall()
        }
    assert not gone & left


def test_a_national_opt_out_since_the_build_counts_for_the_studies_whose_basis_honours_it(
    own_store, catalogue, numbers, tmp_path
):
    """[P6] And a patient with either opt-out since the build is absent where both count."""
    ordered = sorted(numbers)
    some, others = frozenset(ordered[:15]), frozenset(ordered[15:])
    plain = count(open_store(own_store), catalogue, tmp_path / "a")
    honoured = count(open_store(own_store), catalogue, tmp_path / "b", national=True)
    after = apply_opt_outs(own_store, newest(some, kind=Kind.NATIONAL), key=SITE)
    assert after.national_list_date == LATER
    assert count(after, catalogue, tmp_path / "c") == plain
    assert honoured - count(after, catalogue, tmp_path / "d", national=True) <= len(some)
    both = apply_opt_outs(own_store, newest(others), key=SITE)
    gone = honoured - count(both, catalogue, tmp_path / "e", national=True)
    national_before = plain - honoured
    assert len(numbers) - national_before <= gone <= len(numbers)
    assert plain - count(both, catalogue, tmp_path / "f") == len(others)


def test_an_older_list_never_comes_back_into_force(own_store, supply, numbers):
    apply_opt_outs(own_store, newest(numbers), key=SITE)
    for older in (
        newest(numbers, as_of=LATER - timedelta(days=1)),
        newest(frozenset(), as_of=date(2025, 11, 1)),
    ):
        with pytest.raises(OptOutsRefused) as refused:
            apply_opt_outs(own_store, older, key=SITE)
        assert refused.value.code == "opt-outs-older"
    with pytest.raises(OptOutsRefused) as refused:
        ingest(supply, own_store, key=SITE, backend="tpp", at=AT)
    assert refused.value.code == "opt-outs-older"
    assert open_store(own_store).optout_list_date == LATER


def test_a_list_of_another_backend_or_kind_is_refused(own_store, supply, numbers, tmp_path):
    emis, national = newest(numbers, backend="emis"), newest(numbers, kind=Kind.NATIONAL)

    def load(**lists):
        return ingest(supply, tmp_path / "new", key=SITE, backend="tpp", at=AT, **lists)

    for act in (
        lambda: apply_opt_outs(own_store, emis, key=SITE),
        lambda: load(opt_outs=emis),
        lambda: load(opt_outs=national),
        lambda: load(national=newest(numbers)),
    ):
        with pytest.raises(OptOutsRefused) as refused:
            act()
        assert refused.value.code == "opt-outs-other-list"


def test_a_key_of_another_version_cannot_say_who_is_absent(own_store, numbers):
    with pytest.raises(KeyRefused) as refused:
        apply_opt_outs(own_store, newest(numbers), key=Key(Role.SITE, 2, "", bytes(range(32))))
    assert refused.value.code == "key-version"


@pytest.mark.parametrize("harm", ["shorten", "remove", "garble"])
def test_a_list_that_was_altered_beside_the_store_stops_everything(own_store, numbers, harm):
    path = apply_opt_outs(own_store, newest(numbers), key=SITE).absent
    if harm == "garble":
        path = own_store / "absent.json"
    path.chmod(0o644)
    if harm == "remove":
        path.unlink()
    else:
        path.write_text(path.read_text()[:40])
    with pytest.raises(OptOutsRefused) as refused:
        open_store(own_store)
    assert refused.value.code == "opt-outs-altered"


def test_a_list_that_was_spoilt_is_mended_by_applying_it_again(own_store, numbers):
    after = apply_opt_outs(own_store, newest(numbers), key=SITE)
    for path in own_store.glob("absent*"):
        path.chmod(0o644)
        path.write_bytes(b"{")
    assert apply_opt_outs(own_store, newest(numbers), key=SITE).shown == after.shown


def test_what_a_store_shows_is_who_is_on_its_list_and_not_what_the_list_says_of_itself(own_store, numbers):
    """Whoever can write to the folder can make its files fit each other; then the store shows another list."""
    after = apply_opt_outs(own_store, newest(numbers), key=SITE)
    told = own_store / "absent.json"
    for path in (told, after.absent):
        path.chmod(0o644)
    after.absent.write_bytes(b"")
    told.write_text(json.dumps(json.loads(told.read_bytes()) | {"list": file_list_digest(after.absent)}))
    assert open_store(own_store).shown != after.shown


@pytest.mark.parametrize("lists", [1, 2])
def test_a_list_swapped_after_the_store_was_opened_is_found_by_the_engine(
    own_store, catalogue, numbers, tmp_path, lists
):
    """The digest that the engine compares with travels with the question, not with the data."""
    after = apply_opt_outs(own_store, newest(numbers), key=SITE)
    if lists > 1:
        after = apply_opt_outs(own_store, newest(numbers, kind=Kind.NATIONAL), key=SITE)
    after.absent.chmod(0o644)
    after.absent.write_bytes(b"")
    options = {
        "sql": "SELECT count(*) AS n FROM patients",
        "counting": None,
        "columns": {"n": "count_people"},
    }
    options |= {"parameters": {}, "tables": {"patients": ["sex"]}, "output": "n.csv", "national": lists > 1}
    if lists > 1:
        with pytest.raises(OptOutsRefused) as refused:
            request_for_aggregate(after, catalogue, **options)
        assert refused.value.code == "opt-outs-altered"
        return
    answer = run_engine(request_for_aggregate(after, catalogue, **options), tmp_path / "box", apart=False)
    assert (answer.report["status"], answer.report["rule"]) == ("refused", "absent_list")
    assert not (answer.out / "n.csv").exists()


def test_a_signed_list_of_the_day_of_the_build_counts_until_a_build_swallows_that_document(
    own_store, supply, catalogue, numbers, tmp_path
):
    """A store built with its supply's own list alone has not left out those whom a signed list of that day names."""
    built = open_store(own_store)
    day = built.optout_list_date
    first = count(built, catalogue, tmp_path / "a")
    listed = read_opt_outs(sign_opt_outs(newest(numbers, as_of=day), IG), trusted=TRUSTED)
    assert count(apply_opt_outs(own_store, listed, key=SITE), catalogue, tmp_path / "b") == first - len(
        numbers
    )
    ingest(supply, own_store, key=SITE, backend="tpp", at=AT, opt_outs=listed)
    assert open_store(own_store).absent is None
    assert count(open_store(own_store), catalogue, tmp_path / "c") == first - len(numbers)


class Told:
    """A register that notes what it is told, and what the store showed then; or refuses."""

    def __init__(self, store_dir, refuses=""):
        self.store_dir, self.refuses, self.heard = store_dir, refuses, []

    def announce(self, backend, lists):
        self.hear("announce", backend, lists)

    def built(self, backend, store):
        self.hear("built", backend, store)

    def put_in_force(self, backend, listed):
        self.hear("put in force", backend, listed)

    def hear(self, what, backend, told):
        if what == self.refuses:
            raise OptOutsRefused(Reason("told", "No.", "None."))
        self.heard.append((what, backend, told, open_store(self.store_dir).shown))


def same(shown, told):
    return [(each.kind, each.dated, each.digest) for each in shown] == [
        (each.kind, each.dated, each.digest) for each in told
    ]


def test_the_register_hears_of_a_list_before_it_lies_there_and_of_a_build_before_and_after(
    own_store, supply, numbers
):
    told = Told(own_store)
    after = apply_opt_outs(own_store, newest(numbers), key=SITE, register=told)
    ((_, backend, listed, before),) = told.heard
    assert backend == "tpp"
    assert same(after.shown[:1], [listed])
    assert not same(before[:1], [listed])
    told.heard.clear()
    later = newest(numbers, as_of=LATER + timedelta(days=1))
    built = ingest(supply, own_store, key=SITE, backend="tpp", at=AT, opt_outs=later, register=told)
    (_, _, announced, before), (_, _, version, now) = told.heard
    assert version == built.version
    assert same(now, announced)
    assert same(before, after.shown)


@pytest.mark.parametrize("at", ["put in force", "announce"])
def test_a_register_that_refuses_leaves_everything_as_it_was(own_store, supply, numbers, at):
    before = open_store(own_store)
    told = Told(own_store, refuses=at)
    acts = {
        "announce": lambda: ingest(
            supply, own_store, key=SITE, backend="tpp", at=AT, opt_outs=newest(numbers), register=told
        ),
        "put in force": lambda: apply_opt_outs(own_store, newest(numbers), key=SITE, register=told),
    }
    with pytest.raises(OptOutsRefused):
        acts[at]()
    assert open_store(own_store) == before


def test_what_lies_beside_the_store_names_nobody(own_store, numbers):
    apply_opt_outs(own_store, newest(numbers), key=SITE)
    written = b"".join(path.read_bytes() for path in own_store.glob("absent*"))
    assert not any(number.encode() in written for number in numbers)


def test_a_study_is_exempt_from_its_first_day_to_its_last_and_no_other_is():
    one = Exemption("study-a", date(2024, 1, 1), date(2024, 12, 31), "Direction of the controller, ref 12")
    exemptions = read_exemptions(sign_exemptions([one], IG), trusted=TRUSTED)
    assert exemptions == (one,)
    days = [date(2023, 12, 31), date(2024, 1, 1), date(2024, 12, 31), date(2025, 1, 1)]
    assert [exempt(exemptions, "study-a", day) for day in days] == [False, True, True, False]
    assert not exempt(exemptions, "study-b", days[1])
    assert not exempt((), "study-a", days[1])


def test_exemptions_that_are_unsigned_or_without_a_reason_are_refused():
    with pytest.raises(OptOutsRefused) as refused:
        read_exemptions(sign_exemptions([], bytes(32)), trusted=TRUSTED)
    assert refused.value.code == "opt-outs-unsigned"
    for wrong in ({"reason": " "}, {"last": "2020-01-01"}, {"first": "x"}):
        study = {"study": "a", "first": "2024-01-01", "last": "2024-12-31", "reason": "r"} | wrong
        with pytest.raises(OptOutsRefused) as refused:
            read_exemptions(sign({"format": "tre-exempt-studies-1", "studies": [study]}, IG), trusted=TRUSTED)
        assert refused.value.code == "exemption-malformed"
