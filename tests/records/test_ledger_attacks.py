"""[P13] Someone has the database file in their hands, takes its triggers down, and puts them back afterwards. What shows?"""
# ruff: noqa: S608 - the statements are the attacks

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from tests.records.examples import KEY, NOW, POLICY, tamper
from tre.records.checkpoint import Checkpoint, sign
from tre.records.envelope import GENESIS, hash_of
from tre.records.errors import LedgerBroken, LedgerUnavailable
from tre.records.ledger import Ledger

LAST = 19
REST = "kind, version, payload, actor, at, policy, previous, hash"


def broken(ledger: Ledger, *checkpoints: Checkpoint) -> LedgerBroken:
    with pytest.raises(LedgerBroken) as caught:
        ledger.verify(earlier=checkpoints)
    assert caught.value.fix
    return caught.value


def signed(ledger: Ledger) -> Checkpoint:
    head = ledger.head()
    return sign(head.position, head.hash, at=NOW, key=KEY)


def read_rows(path: Path) -> list[dict[str, Any]]:
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        rows = [
            dict(row) for row in connection.execute(text("SELECT * FROM events ORDER BY position")).mappings()
        ]
    engine.dispose()
    return rows


def rechain(path: Path, change: Callable[[list[dict[str, Any]]], None]) -> None:
    """Make the whole chain anew, every hash recomputed, after changing what it says."""
    rows = read_rows(path)
    change(rows)
    previous = GENESIS
    for position, row in enumerate(rows, start=1):
        row |= {"position": position, "previous": previous}
        row["hash"] = previous = hash_of(row)
    tamper(path, "DELETE FROM events")
    engine = create_engine(f"sqlite:///{path}")
    columns = ", ".join(rows[0])
    values = ", ".join(f":{name}" for name in rows[0])
    with engine.connect() as connection:
        for row in rows:
            connection.execute(text(f"INSERT INTO events ({columns}) VALUES ({values})"), row)
        connection.commit()
    engine.dispose()


def test_a_history_that_nobody_touched_verifies(told: Ledger) -> None:
    verified = told.verify(signed(told))
    assert (verified.position, verified.witnessed) == (LAST, LAST)
    assert verified.hash == told.head().hash


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("payload", "replace(payload, 'ada', 'eve')"),
        ("actor", "'eve'"),
        ("at", "replace(at, '2024', '2023')"),
        ("policy", "'" + "0" * 64 + "'"),
        ("case_id", "'other'"),
        ("case_kind", "'application'"),
        ("seq", "seq + 100"),
        ("kind", "'request.viewed'"),
        ("version", "2"),
        ("previous", "'" + "0" * 64 + "'"),
        ("hash", "'" + "0" * 64 + "'"),
        ("payload", "CAST(payload AS BLOB)"),
        ("actor", "CAST(x'ff' AS TEXT)"),
    ],
)
def test_a_changed_field_is_found_where_it_is(told: Ledger, path: Path, column: str, value: str) -> None:
    tamper(path, f"UPDATE events SET {column} = {value} WHERE position = 5")
    assert (broken(told).code, broken(told).position) == ("event-changed", 5)


@pytest.mark.parametrize("position", [1, 7, LAST])
def test_a_single_flipped_bit_is_found_where_it_is(told: Ledger, path: Path, position: int) -> None:
    payload = read_rows(path)[position - 1]["payload"]
    flipped = payload[:-1] + chr(ord(payload[-1]) ^ 1)
    tamper(path, f"UPDATE events SET payload = '{flipped}' WHERE position = {position}")
    assert (broken(told).code, broken(told).position) == ("event-changed", position)


@pytest.mark.parametrize("position", [1, 9, LAST - 1])
def test_a_dropped_event_is_found_where_it_was(told: Ledger, path: Path, position: int) -> None:
    tamper(path, f"DELETE FROM events WHERE position = {position}")
    assert (broken(told).code, broken(told).position) == ("event-missing", position)


def test_a_dropped_event_whose_gap_was_closed_is_found(told: Ledger, path: Path) -> None:
    tamper(
        path,
        "DELETE FROM events WHERE position = 6",
        "UPDATE events SET position = -position WHERE position > 6",
        "UPDATE events SET position = -position - 1 WHERE position < 0",
    )
    assert (broken(told).code, broken(told).position) == ("event-changed", 6)


def test_two_events_that_changed_places_are_found(told: Ledger, path: Path) -> None:
    tamper(
        path,
        "UPDATE events SET position = 1000 WHERE position = 3",
        "UPDATE events SET position = 3 WHERE position = 8",
        "UPDATE events SET position = 8 WHERE position = 1000",
    )
    assert (broken(told).code, broken(told).position) == ("event-changed", 3)


def test_an_event_put_in_with_a_hash_of_its_own_is_found(told: Ledger, path: Path) -> None:
    row = read_rows(path)[4] | {"actor": "eve"}
    row["hash"] = hash_of(row)
    tamper(path, f"UPDATE events SET actor = 'eve', hash = '{row['hash']}' WHERE position = 5")
    assert (broken(told).code, broken(told).position) == ("chain-cut", 6)


def test_an_event_hidden_before_the_first_is_found(told: Ledger, path: Path) -> None:
    tamper(
        path,
        f"INSERT INTO events SELECT 0, 'ghost', case_kind, seq, {REST} FROM events WHERE position = 1",
    )
    assert (broken(told).code, broken(told).position) == ("event-out-of-place", 1)


@pytest.mark.parametrize("kept", [0, 1, LAST - 1])
def test_a_ledger_cut_short_is_found_by_a_checkpoint_and_by_nothing_else(
    told: Ledger, path: Path, kept: int
) -> None:
    checkpoint = signed(told)
    tamper(path, f"DELETE FROM events WHERE position > {kept}")
    assert told.verify().witnessed == 0
    assert (broken(told, checkpoint).code, broken(told, checkpoint).position) == (
        "ledger-truncated",
        kept + 1,
    )


def test_a_chain_made_anew_is_found_by_a_checkpoint_and_by_nothing_else(told: Ledger, path: Path) -> None:
    checkpoint = signed(told)

    def frame_eve(rows: list[dict[str, Any]]) -> None:
        rows[9]["actor"] = "eve"

    rechain(path, frame_eve)
    assert told.verify().position == LAST
    found = broken(told, checkpoint)
    assert (found.code, found.position) == ("chain-rewritten", LAST)


def test_earlier_checkpoints_narrow_down_where_the_chain_was_made_anew(told: Ledger, path: Path) -> None:
    rows = read_rows(path)
    points = tuple(sign(at, rows[at - 1]["hash"], at=NOW, key=KEY) for at in (4, 8, 12, LAST))

    def frame_eve(rows: list[dict[str, Any]]) -> None:
        rows[9]["actor"] = "eve"

    rechain(path, frame_eve)
    found = broken(told, *points)
    assert (found.code, found.position) == ("chain-rewritten", 12)
    assert "from 9 to 12" in found.sentence


def test_a_history_made_anew_that_could_never_have_happened_needs_no_checkpoint(
    told: Ledger, path: Path
) -> None:
    def release_at_once(rows: list[dict[str, Any]]) -> None:
        (released,) = (row for row in rows if row["kind"] == "request.released")
        rows[5] |= {"kind": released["kind"], "payload": released["payload"]}

    rechain(path, release_at_once)
    assert (broken(told).code, broken(told).position) == ("history-impossible", 6)


def test_a_re_made_event_that_is_spelled_otherwise_is_found(told: Ledger, path: Path) -> None:
    def loosen(rows: list[dict[str, Any]]) -> None:
        rows[3]["payload"] = json.dumps(json.loads(rows[3]["payload"]), indent=1)

    rechain(path, loosen)
    assert (broken(told).code, broken(told).position) == ("event-unreadable", 4)


@pytest.mark.parametrize(
    "change",
    [
        {"seq": 2},
        {
            "case_kind": "application",
            "kind": "application.returned",
            "payload": '{"reason":{"code":"error","note":""}}',
        },
    ],
    ids=["a-place-left-out", "a-case-of-two-kinds"],
)
def test_a_re_made_case_that_is_not_one_story_is_found(
    told: Ledger, path: Path, change: dict[str, Any]
) -> None:
    def spoil(rows: list[dict[str, Any]]) -> None:
        rows.append(
            rows[-1]
            | {"seq": rows[-1]["seq"] + 1}
            | ({"seq": rows[-1]["seq"] + 2} if "seq" in change else change)
        )

    rechain(path, spoil)
    assert (broken(told).code, broken(told).position) == ("case-out-of-order", LAST + 1)


def test_triggers_that_were_taken_down_and_not_put_back_are_missed(told: Ledger, path: Path) -> None:
    tamper(path, guards=False)
    assert broken(told).code == "guards-missing"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE events SET actor = 'eve' WHERE position = 5",
        "DELETE FROM events WHERE position = 19",
        "DELETE FROM events",
        "INSERT OR REPLACE INTO events SELECT * FROM events WHERE position = 5",
        f"REPLACE INTO events SELECT 20, case_id, case_kind, seq, {REST} FROM events WHERE position = 5",
        f"INSERT INTO events SELECT 21, 'new', case_kind, 1, {REST} FROM events WHERE position = 19",
    ],
)
def test_the_database_itself_refuses_to_change_what_happened(told: Ledger, statement: str) -> None:
    with pytest.raises(LedgerUnavailable), told.transaction() as tx:
        tx._connection.exec_driver_sql(statement)
    assert told.verify().position == LAST


def test_a_changed_event_is_never_folded_into_a_case(told: Ledger, path: Path) -> None:
    tamper(path, "UPDATE events SET payload = replace(payload, 'ada', 'eve') WHERE position = 5")
    with pytest.raises(LedgerBroken) as caught:
        told.case("request", "run-1")
    assert caught.value.position == 5


def test_nothing_is_chained_to_a_changed_head(told: Ledger, path: Path) -> None:
    tamper(path, f"UPDATE events SET actor = 'eve' WHERE position = {LAST}")
    event = told.case_events("waning")[0].event
    with pytest.raises(LedgerBroken):
        told.append("application", "another", (event,), expected_seq=0, actor="ada", at=NOW, policy=POLICY)


def test_a_case_with_a_hole_in_it_is_never_folded(told: Ledger, path: Path) -> None:
    tamper(path, "DELETE FROM events WHERE case_id = 'waning' AND seq = 2")
    with pytest.raises(LedgerBroken) as caught:
        told.case("application", "waning")
    assert (caught.value.code, caught.value.position) == ("case-out-of-order", 3)
