"""Who is behind a released row stays in the data room; whether one more table would single somebody out comes out of it."""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb
import pytest

from output_checks.ledger import Listed, Question
from output_checks.policy import load_policy
from tre.data.errors import AnswerUnreadable
from tre.data.released import differences, everybody

POLICY = load_policy()
ALL = list(range(100))


def person(number: int, version: str = "01") -> str:
    """A pseudonym: the key's version first."""
    digits = f"{version}{number:014x}".ljust(32, "0")
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def listed(name: str, rows: Mapping[int, Sequence[int]], *, by: str = "", version: str = "01") -> Listed:
    """A table, by the people in each of its rows."""
    with tempfile.NamedTemporaryFile(suffix=".parquet") as file, duckdb.connect() as connection:
        connection.execute("CREATE TABLE members (place INTEGER, member UUID)")
        lines = [(row, person(each, version)) for row, people in rows.items() for each in people]
        connection.executemany("INSERT INTO members VALUES (?, ?)", lines or [(0, person(0))])
        if not lines:
            connection.execute("DELETE FROM members")
        connection.execute(f"COPY members TO '{file.name}' (FORMAT parquet)")
        question = Question("everybody", frozenset(by.split())) if by else Question()
        return Listed(name, Path(file.name).read_bytes(), question, frozenset(rows))


def refused(offered: Listed, *earlier: Listed) -> list[int] | None:
    found = differences(offered, earlier, POLICY)
    return None if found is None else [each.row for each in found]


def test_one_person_less_is_seen_and_honest_tables_pass() -> None:
    everybody = listed("all", {0: ALL})
    assert refused(listed("but one", {0: ALL[1:]}), everybody) == [0]
    assert refused(listed("half", {0: ALL[:50]}), everybody) == []
    assert refused(listed("first", {0: ALL[:50], 1: ALL[50:]})) == []


def test_people_who_came_since_are_counted_too() -> None:
    """The store was built anew and has one patient more: the two totals would be told apart."""
    assert refused(listed("today", {0: [*ALL, 100]}), listed("yesterday", {0: ALL})) == [0]


def test_the_same_question_is_answered_again() -> None:
    halves = {0: ALL[:50], 1: ALL[50:]}
    assert refused(listed("again", halves, by="sex"), listed("first", halves, by="sex")) == []
    assert refused(listed("other words", halves), listed("first", halves, by="sex")) == [0, 1]


def test_a_person_in_several_rows_is_compared_row_by_row() -> None:
    years = {0: ALL[:60], 1: ALL[30:], 2: ALL[10:40]}
    assert refused(listed("by year", years)) == []
    assert refused(listed("a year but one", {0: ALL[31:]}), listed("by year", years)) == [0]


def test_what_is_small_anyway_is_left_to_the_other_checks() -> None:
    assert refused(listed("few", {0: ALL[:3], 1: ALL[3:]}, by="x"), listed("all", {0: ALL}, by="y")) in (
        [],
        [1],
    )


def test_a_count_of_nobody_is_not_answered() -> None:
    assert refused(listed("nobody", {0: []})) == [0]


@pytest.mark.parametrize("version", ["02", "7f"])
def test_lists_of_another_key_cannot_be_compared(version: str) -> None:
    assert refused(listed("new key", {0: ALL}, version=version), listed("old key", {0: ALL})) is None


def test_a_person_is_the_same_however_a_list_spells_them() -> None:
    """The engine writes sixteen bytes; what is listed of a table of study code is spelled out."""
    written = listed("any", {0: [3, 1 << 40, 7]}).members
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as connection:
        place = Path(folder, "members.parquet")
        place.write_bytes(written)
        spelled = Path(folder, "spelled.parquet")
        connection.execute(
            f"COPY (SELECT place, member::VARCHAR AS member FROM '{place}') TO '{spelled}' (FORMAT parquet)"  # noqa: S608 - paths of ours
        )
        assert everybody(spelled.read_bytes()).tolist() == everybody(written).tolist()
    assert everybody(written).tolist() == [(1 << 56) + each for each in (3, 7, 1 << 40)]


def test_a_list_that_does_not_say_who_is_in_it_is_refused() -> None:
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as connection:
        for number, member in enumerate(("NULL::UUID", "'nobody'", "7")):
            place = Path(folder, f"{number}.parquet")
            connection.execute(f"COPY (SELECT 0 AS place, {member} AS member) TO '{place}' (FORMAT parquet)")
            with pytest.raises(AnswerUnreadable):
                everybody(place.read_bytes())
