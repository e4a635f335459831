"""Who is behind the rows of a table that study code made: the people of its extract, as released tables remember people [P10].

An extract's box leaves, beside the rows that study code sees, who each of its people is among those behind released tables.
With it a declared table becomes lists of people that can be laid beside those of every other release: of a curve, who is still
there at each of its times, and whose event came up to it. Refuses statistics whose people it cannot name row by row. The lists
stay inside; nothing here says a value.
"""

import json
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from output_checks.question import Asked, Measure, Question, Unaskable
from tre.data import grouping
from tre.data.engine.writing import HANDED, handed_over
from tre.data.evidence import TRUTHS
from tre.data.extracted import Extract
from tre.data.grouping import Key, quoted

_STEPS = frozenset({Measure.AT_RISK, Measure.EVENTS})
_MOST_CELLS = 4_000
_MOST_LATEST = 32
NOT_LISTED = "Its people cannot be listed row by row; compare it with what the study released before."


@dataclass(frozen=True)
class Behind:
    """People behind rows: which columns are about them, what else than being in a row is true of them (a column, or
    nothing), by which dimensions they are divided, a list of row and person, and whether the rows are steps of a curve.
    """

    columns: tuple[str, ...]
    fact: str
    by: tuple[str, ...]
    rows: tuple[int, ...]
    members: bytes
    steps: bool = False


class Latest:
    """The answers given last, and what each was about: a table is asked of as it is offered, and again as it is shown."""

    def __init__(self, most: int = _MOST_LATEST) -> None:
        self._most = most
        self._answers: dict[bytes, tuple[Behind, ...]] = {}

    def get(self, key: bytes) -> tuple[Behind, ...] | None:
        """The answer that was kept under a key."""
        return self._answers.get(key)

    def keep(self, key: bytes, answer: tuple[Behind, ...]) -> tuple[Behind, ...]:
        """Keep an answer, in the place of the oldest where there are many; gives it."""
        for oldest in list(self._answers)[: max(0, len(self._answers) + 1 - self._most)]:
            self._answers.pop(oldest, None)
        self._answers[key] = answer
        return answer


def behind(extract: Extract, link: bytes, question: Question) -> tuple[Behind, ...]:
    """Everybody behind a declared table, a list for each set of columns that are about the same people.

    Raises:
        Unaskable: the statistic's people are not known row by row, or there are too many rows.
    """
    _take_link(extract, link)
    if question.regressors:
        names = [name for name in (*question.regressors, question.outcome) if name]
        everybody = " AND ".join(f"people.{quoted(name)} IS NOT NULL" for name in names)
        return (Behind(question.regressors, "", (), (0,), _list(extract, (), [(0, ())], everybody)),)
    keys = grouping.keys(question, [grouping.values(extract, name) for name in question.by])
    if len(keys) * max(1, len(question.asked)) > _MOST_CELLS:
        raise Unaskable(NOT_LISTED)
    return tuple(_lists(extract, question, keys))


def _lists(extract: Extract, question: Question, keys: Sequence[Key]) -> Iterator[Behind]:
    if any(each.measure in _STEPS for each in question.asked):
        yield from _curves(extract, question, keys)
        return
    for kept, rows in grouping.by_totals(question.by, keys):
        places = [(row, tuple(part for part in keys[row] if part != grouping.TOTAL)) for row in rows]
        for (fact, whom), names in _kinds(extract, question).items():
            yield Behind(tuple(names), fact, kept, tuple(rows), _list(extract, kept, places, whom))


def _curves(extract: Extract, question: Question, keys: Sequence[Key]) -> Iterator[Behind]:
    """Who is there at each time, and whose event came by then. At the beginning everybody is there: those are the groups."""
    steps = [each for each in question.asked if each.measure in _STEPS]
    if len(steps) < len(question.asked) or any(grouping.TOTAL in key for key in keys):
        raise Unaskable(NOT_LISTED)
    time, at = f"people.{quoted(steps[0].of)}", [float(grouping.time_of(text)) for text in question.times]
    if extract.connection.execute(f"SELECT count(*) FROM people WHERE {time} < 0").fetchall()[0][0]:  # noqa: S608 - names are quoted
        raise Unaskable(NOT_LISTED)
    when = json.dumps([steps[0].of, question.event, sorted(set(at))])
    whom = {
        Measure.AT_RISK: f"{time} >= tre_rows.at",
        Measure.EVENTS: f"{time} <= tre_rows.at AND people.{quoted(question.event)}::BOOLEAN",
    }
    for each in steps:
        early = [row for row, start in enumerate(at) if start <= 0 and each.measure is Measure.AT_RISK]
        for fact, rows in (
            ("", early),
            (f"{each.measure}: {when}", [r for r in range(len(keys)) if r not in early]),
        ):
            places = [(row, keys[row]) for row in rows]
            if rows:
                members = _list(
                    extract, question.by, places, whom[each.measure], at=[at[row] for row in rows]
                )
                yield Behind((each.column,), fact, question.by, tuple(rows), members, steps=True)


def _kinds(extract: Extract, question: Question) -> Mapping[tuple[str, str], list[str]]:
    """The columns, by whom of a group they are about: a fact of them, and how it is asked for."""
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for each in question.asked:
        found[_whom(extract, question, each)].append(each.column)
    return found


def _whom(extract: Extract, question: Question, asked: Asked) -> tuple[str, str]:
    if asked.measure is Measure.WITH:
        is_fact = extract.columns.get(asked.column) in TRUTHS
        return (asked.column, f"people.{quoted(asked.column)}::BOOLEAN") if is_fact else ("", "true")
    value = asked.of or question.value
    # Who has a value is nothing that is kept from anybody: such a table is of the same people, where all of them have one.
    return "", f"people.{quoted(value)} IS NOT NULL" if value else "true"


def _take_link(extract: Extract, link: bytes) -> None:
    """Lay beside the extract who its people are, all of them."""
    to = extract.connection
    with tempfile.TemporaryDirectory() as folder, duckdb.connect(":memory:") as reader:
        file = Path(folder, "link")
        file.write_bytes(link)
        pairs = f"SELECT patient::VARCHAR AS patient, member FROM read_parquet('{file}')"  # noqa: S608 - a path of ours
        with handed_over(reader.sql(pairs), to):
            to.execute(f"CREATE OR REPLACE TEMP TABLE tre_link AS FROM {HANDED}")
    patient = f"people.{quoted(extract.patient)}::VARCHAR"
    strangers = f"SELECT count(*) FROM people ANTI JOIN tre_link ON {patient} = tre_link.patient"  # noqa: S608 - names are quoted
    if to.execute(strangers).fetchall()[0][0]:
        raise Unaskable(NOT_LISTED)


def _list(
    extract: Extract,
    kept: Sequence[str],
    places: Sequence[tuple[int, Key]],
    whom: str,
    *,
    at: Sequence[float] = (),
) -> bytes:
    """The list of row and person, as the engine's own lists are written; `at` is the time of each row of a curve."""
    run = extract.connection.execute
    given: list[list[Any]] = [[row for row, _ in places]]
    given += [[key[place] for _, key in places] for place in range(len(kept))]
    columns = "".join(f", unnest(${place + 2}::VARCHAR[]) AS k{place}" for place in range(len(kept)))
    if at:
        given.append(list(at))
        columns += f", unnest(${len(given)}::DOUBLE[]) AS at"
    run(f"CREATE OR REPLACE TEMP TABLE tre_rows AS SELECT unnest($1::INTEGER[]) AS place{columns}", given)
    same = [
        f"people.{quoted(name)}::VARCHAR IS NOT DISTINCT FROM k{place}" for place, name in enumerate(kept)
    ]
    patient = f"people.{quoted(extract.patient)}::VARCHAR"
    found = extract.connection.sql(
        f"SELECT DISTINCT tre_rows.place, tre_link.member FROM people JOIN tre_link ON {patient} = tre_link.patient "  # noqa: S608 - names are quoted
        f"JOIN tre_rows ON {' AND '.join(same) or 'true'} WHERE {whom} ORDER BY ALL"
    )
    with tempfile.TemporaryDirectory() as folder, duckdb.connect(":memory:") as writer:
        file = Path(folder, "members")
        with handed_over(found, writer):
            writer.execute(f"COPY (FROM {HANDED}) TO '{file}' (FORMAT parquet, COMPRESSION zstd)")
        return file.read_bytes()
