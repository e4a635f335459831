"""Are the stores those that were built, fresh, and about as large as the build before? Refuses to compare a build with itself."""

from collections.abc import Mapping
from typing import Any

from tre.health.eyes import Eyes, StoreTold
from tre.health.found import Found
from tre.records.daybook import Daybook, Entry, Facts

MOST_DRIFT = 0.2
"""The part of its rows that a table may gain or lose between two builds before somebody should look."""
BUILD = "build"
"""What a build held, noted when it was first looked at."""


def stores_are_whole(eyes: Eyes) -> Found:
    """Every store is the one that was built and signed, to the byte, and shows the lists of opt-outs in force [P6]."""
    faults = [f"{store.backend}: {store.fault}" for store in eyes.stores() if store.fault]
    said = ", ".join(store.backend for store in eyes.stores()) or "no store is built yet"
    fix = "Run nothing on it; build it anew from the supply: `tre data ingest`."
    return Found("stores", not faults, "; ".join(faults) or said, fix)


def opt_out_lists_are_fresh(eyes: Eyes) -> Found:
    """Every store's list of opt-outs is young enough to be used, and not of a day to come [P6]."""
    dated = {store.backend: store.opt_outs for store in eyes.stores() if not store.fault}
    days = {backend: (eyes.now.date() - day).days for backend, day in dated.items()}
    old = [name for name, age in days.items() if not 0 <= age <= eyes.rules.opt_outs.days]
    said = "; ".join(f"{name}: the opt-out list is of {dated[name]}" for name in old or dated)
    fix = "Put the newest signed list in force: `tre data opt-outs apply`; nothing runs on an old one."
    return Found("opt-out-list", not old, said or "no store is built yet", fix)


def tables_have_not_drifted(eyes: Eyes) -> Found:
    """No table gained or lost a great part of its rows since the last build, and none is gone."""
    changed = [
        change for store in eyes.stores() if not store.fault for change in _changes(eyes.daybook, store)
    ]
    fix = "Ask the data's supplier before anybody uses the build; `tre health accept tables` once it is explained."
    return Found("tables", not changed, "; ".join(changed) or "as at the last build", fix)


def _changes(daybook: Daybook, store: StoreTold) -> list[str]:
    """What of a store is not as the build before it."""
    before = last_build(daybook, store)
    if before is None:
        return []
    rows = rows_of(before.facts)
    drifted = [
        f"{store.backend}.{table} went from {rows[table]} rows to {now}"
        for table, now in sorted(store.rows.items())
        if table in rows and has_drifted(rows[table], now)
    ]
    return [
        *drifted,
        *(f"{store.backend}.{table} is gone" for table in sorted(rows) if table not in store.rows),
    ]


def has_drifted(before: int, now: int) -> bool:
    """Whether a table's rows changed more than a build explains; a table that was empty may be filled."""
    return before > 0 and abs(now - before) > MOST_DRIFT * before


def last_build(daybook: Daybook, store: StoreTold) -> Entry | None:
    """What the build before this one held; nothing where there was none."""
    builds = (e for e in daybook.entries(BUILD) if e.facts["backend"] == store.backend)
    return next((e for e in reversed([*builds]) if e.facts["version"] != store.version), None)


def rows_of(facts: Mapping[str, Any]) -> dict[str, int]:
    """The rows of each table, from what was noted of a build."""
    return {name.removeprefix("rows."): int(rows) for name, rows in facts.items() if name.startswith("rows.")}


def note_builds(eyes: Eyes, actor: str) -> None:
    """Keep what each build holds, once."""
    known = {str(entry.facts["version"]) for entry in eyes.daybook.entries(BUILD)}
    for store in eyes.stores():
        if store.version and store.version not in known:
            rows = {f"rows.{table}": rows for table, rows in store.rows.items()}
            facts: Facts = {"backend": store.backend, "version": store.version, **rows}
            eyes.daybook.note(BUILD, actor=actor, at=eyes.now, facts=facts)
