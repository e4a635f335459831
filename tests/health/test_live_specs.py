"""The maintainers' specs for the live stores: about every table of their backend, in aggregate, and nothing that is a row [P3] [P8]."""

import pytest

from tre.custody.requests import ActionKind
from tre.data.catalogue import BACKENDS, catalogue_of
from tre.data.governance import nobody_exempt
from tre.data.keyring import KeyRing
from tre.data.room import Room, Stores
from tre.dispatch.code import gather
from tre.dispatch.intake import kind_of, question, read_study
from tre.health.corridor import SPECS


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_live_spec_asks_for_aggregates_about_every_table_of_its_backend(backend: str, tmp_path) -> None:
    catalogue = catalogue_of(backend)
    room = Room(catalogue, Stores(tmp_path, tmp_path, KeyRing(tmp_path)), nobody_exempt())
    intake = read_study(gather(SPECS / f"live-{backend}"), room, {})
    tables = {table.name: table for table in catalogue.tables}
    assert {scope.table for scope in intake.spec.data} == set(tables)
    assert {kind_of(action) for action in intake.spec.actions} == {ActionKind.AGGREGATE}
    for action in intake.spec.actions:
        asked = question(intake, action, room)
        assert asked.units is not None, "how many people are behind each row is proved"
        events = {name for name in tables if name != "patients"}
        named = {name for name in tables if f"'{name}'" in asked.sql}
        assert named == (set(tables) if action.name == "months" else events)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_live_spec_names_keys_and_dates_alone(backend: str) -> None:
    catalogue = catalogue_of(backend)
    columns = {
        (table.name, column.name): column.type for table in catalogue.tables for column in table.columns
    }
    room = Room(catalogue, None, nobody_exempt())  # type: ignore[arg-type] - nothing is opened
    for scope in read_study(gather(SPECS / f"live-{backend}"), room, {}).spec.data:
        assert {columns[scope.table, name] for name in scope.columns} <= {"UUID", "DATE"}
