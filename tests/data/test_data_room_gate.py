"""[P6] The data room lays nothing out over a store that is not under the lists in force, nor over one where nobody can know."""

import json
import shutil
from dataclasses import replace
from datetime import date

import pytest

from job_specs.model import Purpose, Resources, TableScope
from tre.custody.lists import Lists
from tre.custody.requests import ActionAsked, ActionKind, JobRequest, RequestStage, Submission
from tre.data.errors import OptOutsRefused, StoreUnavailable
from tre.data.governance import Governance, nobody_exempt, require_synthetic
from tre.data.keyring import KeyRing
from tre.data.keys import make_keys
from tre.data.room import Room, Stores
from tre.data.store import open_store

SUBMISSION = Submission(
    "s1",
    Purpose.COVID_19_RESEARCH,
    "a" * 64,
    "b" * 64,
    (TableScope("patients", ("sex",)),),
    (ActionAsked("a", ActionKind.AGGREGATE, (), "c" * 64),),
)
CASE = JobRequest("r1", RequestStage.RUNNING, (SUBMISSION,))


class Question:
    sql, units, output = "SELECT count(*) AS n FROM patients", None, "output/n.csv"
    roles, parameters, datasets = {"n": "count_people"}, {}, SUBMISSION.datasets
    resources = Resources(memory_mb=1024, cpus=1, seconds=60)


@pytest.fixture
def stores(built, tmp_path) -> Stores:
    """The store that ships with the tests, beside keys that signed it."""
    place = tmp_path / "store"
    shutil.copytree(built.folder.parent.parent, place, symlinks=True)
    ring = KeyRing(tmp_path / "keys" / "tpp")
    (tmp_path / "keys").mkdir()
    make_keys(KeyRing(tmp_path / "keys"), {"tpp": ring}, bytes(range(32)), outside=(place,))
    return Stores(place, place, ring)


def room(stores, catalogue, tmp_path, lists) -> Room:
    governance = Governance(
        tmp_path / "governance", (), lambda: date(2026, 1, 1), lambda _: False, lambda: lists
    )
    return Room(catalogue, stores, governance)


def under(stores) -> Lists:
    return Lists().with_in_force("tpp", open_store(stores.live).shown)


def test_a_question_is_laid_out_over_a_store_under_the_lists_in_force(stores, catalogue, tmp_path):
    ready = room(stores, catalogue, tmp_path, under(stores))
    facts = ready.facts(CASE)
    laid = ready.ask_aggregate(CASE, Question(), tmp_path / "box", under=facts.opt_outs.digest)
    assert laid.inputs
    asked = json.loads((tmp_path / "box" / "query" / "query.json").read_bytes())
    assert asked["limits"]["spill"] is None, (
        "no question of a study writes a row anywhere but into its result"
    )
    assert under(stores).allow("tpp", facts.shown)


def test_a_list_that_moved_between_the_start_and_the_laying_out_is_refused(stores, catalogue, tmp_path):
    with pytest.raises(OptOutsRefused) as refused:
        room(stores, catalogue, tmp_path, under(stores)).ask_aggregate(
            CASE, Question(), tmp_path, under="d" * 64
        )
    assert refused.value.code == "opt-outs-moved"


@pytest.mark.parametrize("verb", ["ask_aggregate", "ask_extract"])
def test_a_store_under_other_lists_is_not_asked(stores, catalogue, tmp_path, verb):
    with pytest.raises(OptOutsRefused) as refused:
        getattr(room(stores, catalogue, tmp_path, Lists()), verb)(CASE, Question(), tmp_path, under="")
    assert refused.value.code == "opt-outs-not-in-force"


def test_another_backends_store_is_not_asked(stores, catalogue, tmp_path):
    other = replace(CASE, submissions=(replace(SUBMISSION, backend="emis"),))
    lists = under(stores).with_in_force("emis", open_store(stores.live).shown)
    with pytest.raises(OptOutsRefused) as refused:
        room(stores, catalogue, tmp_path, lists).ask_aggregate(other, Question(), tmp_path, under="")
    assert refused.value.code == "store-of-another-backend"


def test_a_rehearsal_and_a_health_job_read_no_store_whose_people_may_be_real(stores):
    store = open_store(stores.live)
    require_synthetic(store)
    real = replace(store, supplier="EMIS Health")
    for refuse in (lambda: require_synthetic(real), lambda: nobody_exempt().require_in_force(real, "tpp")):
        with pytest.raises(StoreUnavailable) as refused:
            refuse()
        assert refused.value.code == "store-not-synthetic"
    nobody_exempt().require_in_force(store, "tpp")


def test_the_supplier_is_what_the_signed_manifest_says(stores):
    store = open_store(stores.live)
    assert store.supplier == json.loads((store.root / "store.json").read_bytes())["supplier"]
