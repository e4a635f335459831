"""`tre sql`: a query is judged, and answered on synthetic people by the engine that answers on real ones [P8] [P9].

Nothing here is secret, so rows, people behind each row and time are shown. It refuses what the guard refuses, and knows no
other store than the synthetic one.
"""

import json
import tempfile
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from job_specs.sql.command import readable
from job_specs.sql.explain import explain
from job_specs.sql.guard import guard
from job_specs.sql.model import Guarded, Scope, Shape, Units
from job_specs.sql.units import units
from tre.cli import show
from tre.cli.data import progress
from tre.cli.run import PEOPLE_THERE, Patients, Scale, Seed
from tre.cli.session import Session, session
from tre.data.catalogue import Catalogue, catalogue_of
from tre.data.cost import at_scale
from tre.data.rehearsal_store import Dummy
from tre.data.store import Check, open_store
from tre.data.trial import Trial, everything, try_query
from tre.dispatch.errors import DispatchError


def sql(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="The query.")],
    *,
    extract: Annotated[bool, typer.Option("--extract", help="One row for each patient.")] = False,
    dialect: Annotated[str, typer.Option(help="What it is written in: duckdb or tsql.")] = "duckdb",
    param: Annotated[
        list[str] | None, typer.Option(help='A value: name=2021-03-01, name=7, name=["a","b"]; repeat.')
    ] = None,
    backend: Annotated[str, typer.Option(help="tpp or emis.")] = "tpp",
    patients: Patients = Dummy.patients,
    seed: Seed = Dummy.seed,
    most: Annotated[int, typer.Option("--rows", help="How many rows to show.")] = 20,
    scale: Scale = PEOPLE_THERE,
) -> None:
    """Judge a query, and answer it on synthetic people: nobody in them is real."""
    s = session(ctx)
    catalogue = catalogue_of(backend)
    scope, values = everything(catalogue), dict(_value(each) for each in param or ())
    text, shape = _text(file), Shape.EXTRACT if extract else Shape.AGGREGATE
    guarded = guard(text, scope, parameters=values, shape=shape, dialect=dialect, file=file.name)
    judged = explain(text, scope, parameters=values, shape=shape, dialect=dialect, file=file.name)
    dummy = Dummy(backend, patients, seed)
    trial, people = _tried(s, dummy, guarded, catalogue=catalogue, scope=scope)
    cost = at_scale(trial.seconds, people=people, there=scale)
    answer = {
        "judged": judged,
        "columns": trial.columns,
        "rows": [[_plain(cell) for cell in row] for row in trial.rows[:most]],
        "people": trial.people[:most],
        "rows_in_all": len(trial.rows),
        "seconds": trial.seconds,
        "cost": f"{cost}, among {scale:,} people",
    }
    s.answer(answer, _draw)


def _tried(
    s: Session, dummy: Dummy, guarded: Guarded, *, catalogue: Catalogue, scope: Scope
) -> tuple[Trial, int]:
    """The answer, and how many people it was asked of."""
    with progress(s, "synthetic data") as tell:
        place, keys = s.wiring.synthetic(dummy, tell)
    store = open_store(place, check=Check.SIZES)
    counted = units(guarded, scope) if guarded.shape is Shape.AGGREGATE else None
    proved = counted if isinstance(counted, Units) else None
    with tempfile.TemporaryDirectory(prefix="tre-sql-") as folder:
        studies = keys.studies(store.key_version)
        trial = try_query(store, catalogue, guarded, proved, folder=Path(folder), studies=studies)
    return trial, sum(file.rows.get("patients", 0) for file in store.groups.values()) or 1


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DispatchError(
            "query-unreadable", "The query cannot be read.", where=str(file), fix="Name a file of text."
        ) from error


def _value(untrusted: str) -> tuple[str, Any]:
    """A parameter: a day, a number, a list or a text."""
    name, _, written = untrusted.partition("=")
    for read in (date.fromisoformat, json.loads):
        try:
            return name, read(written)
        except ValueError:
            continue
    return name, written


def _plain(cell: Any) -> Any:
    return cell if cell is None or isinstance(cell, bool | int | float | str) else str(cell)


def _draw(console: Console, answer: dict[str, Any]) -> None:
    console.print(show.text(readable(answer["judged"])))
    people: Iterable[Any] = answer["people"] or [None] * len(answer["rows"])
    counted = bool(answer["people"])
    lines = [
        dict(zip(answer["columns"], row, strict=True)) | ({"people behind it": behind} if counted else {})
        for row, behind in zip(answer["rows"], people, strict=True)
    ]
    show.rows(console, lines, nothing="No rows.")
    shown = f"{len(lines)} of {answer['rows_in_all']} rows, in {answer['seconds']} s; "
    console.print(f"{shown}on the real store perhaps {show.plain(answer['cost'])}.")
    if counted:
        console.print("People behind a row are exact below 20; above, there are at least so many.")
