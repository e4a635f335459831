"""What the store itself says through the corridor, in aggregate: rows, freshness, and rows that belong to nobody.

Read by the platform alone, beside what the build says of itself and what the build before said. Refuses to say anything of a
row: names of tables, numbers of rows and months are all that leaves here.
"""

import csv
import io
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from tre.health.corridor import Corridor, Walked, output_of
from tre.health.eyes import StoreTold
from tre.health.found import Found
from tre.records.daybook import Daybook, Facts
from tre.service import By

NEWEST = "newest-months"
"""The newest month with a row, by table: noted once for each build."""
MOST_BEHIND = 2
"""So many months a table may fall further behind its extract than in the build before."""
ASK = "Ask the data's supplier before anybody uses this build."


@dataclass(frozen=True)
class Held:
    """What the corridor saw of one backend's store."""

    rows: Counter[str]
    newest: dict[str, str]
    strangers: Counter[str]


def judge(corridor: Corridor, walked: Walked, by: By) -> tuple[Found, ...]:
    """What is said of every store that is there."""
    seen = [(store, held_in(corridor, walked, store)) for store in corridor.stores()]
    there = [(store, held) for store, held in seen if held is not None]
    missing = [store.backend for store, held in seen if held is None]
    if missing:
        said = f"nothing came back of {', '.join(missing)}"
        return tuple(Found(check, False, said, ASK) for check in ("rows", "freshness", "integrity"))
    fresh = nothing_is_stale(corridor, there, by.now.date())
    found = (rows_are_those_built(there), fresh, nobody_is_missing(there))
    _note(corridor.daybook, there, by)
    return found


def held_in(corridor: Corridor, walked: Walked, store: StoreTold) -> Held | None:
    """What the corridor saw of a store; nothing where it was not answered."""
    case = walked.requests.get(f"live-{store.backend}")
    months = output_of(corridor, case, "output/months.csv") if case else None
    strangers = output_of(corridor, case, "output/strangers.csv") if case else None
    if months is None or strangers is None:
        return None
    rows, newest = Counter[str](), dict[str, str]()
    for line in _lines(months):
        rows[line["table_name"]] += int(line["rows_held"])
        newest[line["table_name"]] = max(newest.get(line["table_name"], ""), line["month"][:7])
    return Held(
        rows, newest, Counter({line["table_name"]: int(line["rows_held"]) for line in _lines(strangers)})
    )


def _lines(content: bytes) -> list[dict[str, str]]:
    return [*csv.DictReader(io.StringIO(content.decode("utf-8")))]


def rows_are_those_built(seen: list[tuple[StoreTold, Held]]) -> Found:
    """A query sees the rows that were built, less those of people who have opted out since: none more [P6]."""
    wrong = [
        f"{store.backend}.{table}: {held.rows[table]} rows were seen, {built} were built"
        for store, held in seen
        for table, built in sorted(store.rows.items())
        if held.rows[table] > built or (held.rows[table] < built and not store.left_since)
    ]
    fix = "Pause the worker: somebody may be seen who has opted out, or a file is not the one that was built."
    said = f"{sum(sum(held.rows.values()) for _, held in seen)} rows of {sum(len(h.rows) for _, h in seen)} tables, as built"
    return Found("rows", not wrong, "; ".join(wrong) or said, fix)


def nobody_is_missing(seen: list[tuple[StoreTold, Held]]) -> Found:
    """Every row of every table belongs to somebody in the table of patients."""
    orphans = [
        f"{store.backend}.{table}: {rows} rows belong to nobody"
        for store, held in seen
        for table, rows in sorted(held.strangers.items())
        if rows
    ]
    return Found("integrity", not orphans, "; ".join(orphans) or "every row belongs to somebody", ASK)


def nothing_is_stale(corridor: Corridor, seen: list[tuple[StoreTold, Held]], today: date) -> Found:
    """No extract is older than the site allows or than the build before, and no table has fallen behind its extract."""
    stale = [words for store, held in seen for words in _stale(corridor, store, held, today)]
    return Found("freshness", not stale, "; ".join(stale) or "as fresh as the last build", ASK)


def _stale(corridor: Corridor, store: StoreTold, held: Held, today: date) -> list[str]:
    age, limit = today - store.extracted_on, corridor.oldest_extract
    old = [f"{store.backend} was extracted {age.days} days ago"] if limit and age > limit else []
    noted = (e.facts for e in corridor.daybook.entries(NEWEST) if e.facts["backend"] == store.backend)
    before = next((facts for facts in reversed([*noted]) if facts["version"] != store.version), None)
    return old if before is None else [*old, *_staler(store, held, before)]


def _staler(store: StoreTold, held: Held, before: Mapping[str, Any]) -> Iterator[str]:
    """What is older than in the build before."""
    if date.fromisoformat(str(before["extracted_on"])) > store.extracted_on:
        yield f"{store.backend} was extracted on {store.extracted_on}, and the build before on {before['extracted_on']}"
    for table, month in sorted(held.newest.items()):
        now = _behind(month, store.extracted_on)
        was = int(before.get(f"behind.{table}", now))
        if now > was + MOST_BEHIND:
            yield f"{store.backend}.{table} ends {now} months before its extract; in the build before it was {was}"


def _behind(month: str, extracted: date) -> int:
    """Whole months between a table's newest row and the day its extract was made; none where it has no dates."""
    if not month:
        return 0
    year, number = map(int, month.split("-"))
    return max(0, (extracted.year - year) * 12 + extracted.month - number)


def _note(daybook: Daybook, seen: list[tuple[StoreTold, Held]], by: By) -> None:
    known = {str(entry.facts["version"]) for entry in daybook.entries(NEWEST)}
    for store, held in seen:
        if store.version not in known:
            behind = {
                f"behind.{name}": _behind(month, store.extracted_on) for name, month in held.newest.items()
            }
            told = {"backend": store.backend, "version": store.version}
            facts: Facts = {**told, "extracted_on": store.extracted_on.isoformat(), **behind}
            daybook.note(NEWEST, actor=by.person.id, at=by.now, facts=facts)
