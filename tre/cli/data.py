"""`tre data …` and `tre synth`: make a synthetic population, load it, read the catalogue [P2] [P6] [P8]. Refuses to show a row."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from tre.cli import show
from tre.cli.session import Session, session
from tre.custody.errors import Refusal
from tre.custody.people import Role
from tre.data.catalogue import Catalogue, load_catalogue
from tre.data.ingest import ingest as run_ingest
from tre.data.ingest import open_site_key
from tre.data.progress import Progress as Tell
from tre.data.synth import synthesise

app = typer.Typer(help="Load data, and read what there is.", no_args_is_help=True)


def synth(
    ctx: typer.Context,
    path: Annotated[Path, typer.Argument(help="A new DuckDB file, in a supplier's shape.")],
    *,
    patients: Annotated[int, typer.Option(help="How many people.")] = 10_000,
    seed: Annotated[int, typer.Option(help="The same seed makes the same people.")] = 7,
) -> None:
    """Make a synthetic UK primary-care population: nobody in it is real."""
    s = session(ctx)
    with progress(s, "people") as tell:
        report = synthesise(
            path, patients=patients, seed=seed, opt_outs_as_of=s.wiring.clock().date(), progress=tell
        )
    told = {"file": str(path), "rows": dict(report.rows), "checksum": report.checksum}
    s.answer(told, show.facts)


@app.command()
def ingest(
    ctx: typer.Context,
    source: Annotated[Path, typer.Argument(help="A supplier's DuckDB file.")],
    *,
    backend: Annotated[str, typer.Option(help="tpp or emis.")] = "tpp",
) -> None:
    """Replace identifiers, leave out who has opted out, and swap the new store in [P2] [P6]."""
    s = session(ctx)
    _require_maintainer(s)
    folders = s.house.folders
    key = open_site_key(folders.site_key, outside=(folders.store, folders.canary))
    with progress(s, "ingest") as tell:
        version = run_ingest(source, folders.store, key=key, backend=backend, at=s.by.now, progress=tell)
    s.answer(
        {"store": str(folders.store), "version": version.version, "rows": dict(version.rows)}, show.facts
    )


@app.command()
def catalogue(
    ctx: typer.Context, table: Annotated[str, typer.Argument(help="One table, or all.")] = ""
) -> None:
    """Every table and column: what it means, who controls it, whether it may be a dimension [P7] [P8]."""
    s = session(ctx)
    lines = [line for line in _lines(load_catalogue()) if table in {"", line["table"]}]
    s.answer(lines, lambda console, value: show.rows(console, value, nothing="There is no such table."))


@contextmanager
def progress(s: Session, what: str) -> Iterator[Tell]:
    """A progress bar for work of over a second; silent when the answer is JSON."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    console = Console(stderr=True, quiet=s.as_json)
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(what, total=None)

        def tell(now: str, done: int, total: int) -> None:
            bar.update(task, description=f"{what}: {now}", completed=done, total=total)

        yield tell


def _lines(catalogue: Catalogue) -> list[dict[str, object]]:
    return [
        {
            "table": table.name,
            "column": column.name,
            "type": column.type,
            "dimension": column.generalise or column.dimension,
            "sensitivity": column.sensitivity.value,
            "controller": catalogue.controllers[table.controller],
            "meaning": column.meaning,
        }
        for table in catalogue.tables
        for column in table.columns
    ]


def _require_maintainer(s: Session) -> None:
    if Role.MAINTAINER not in s.person.roles:
        raise Refusal("not-your-role", "Loading data is a maintainer's work.", "Ask a maintainer.", "P16")
