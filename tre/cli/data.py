"""`tre data …` and `tre synth`: make a synthetic population, load it, read the catalogue [P2] [P6] [P8]. Refuses to show a row."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from tre.cli import data_keys, data_opt_outs, show
from tre.cli.session import Session, require_role, session
from tre.custody.people import Role
from tre.data.catalogue import Catalogue, catalogue_of
from tre.data.catalogue_export import EXPORTS
from tre.data.ingest import ingest as run_ingest
from tre.data.keyring import KeyRing
from tre.data.keys import open_backend_key
from tre.data.optouts import OptOutList, read_opt_outs
from tre.data.progress import Progress as Tell
from tre.data.store import open_store
from tre.data.synth import synthesise

app = typer.Typer(help="Load data, and read what there is.", no_args_is_help=True)
app.add_typer(data_keys.app, name="keys")
app.add_typer(data_opt_outs.app, name="opt-outs")
app.add_typer(data_opt_outs.exempt_app, name="exempt")

GIGABYTE = 1 << 30
AT_REST = (
    "not encrypted by the engine, which cannot write encrypted files without fetching an extension: "
    "keep the store on an encrypted disk. What an ingest or a query spills is encrypted."
)


def synth(
    ctx: typer.Context,
    path: Annotated[Path, typer.Argument(help="A new DuckDB file, in a supplier's shape.")],
    *,
    patients: Annotated[int, typer.Option(help="How many people.")] = 10_000,
    seed: Annotated[int, typer.Option(help="The same seed makes the same people.")] = 7,
    profile: Annotated[str, typer.Option(help="The supplier: tpp or emis.")] = "tpp",
    events: Annotated[int, typer.Option(help="Journal entries per person, on average.")] = 40,
) -> None:
    """Make a synthetic UK primary-care population: nobody in it is real."""
    s = session(ctx)
    with progress(s, "people") as tell:
        report = synthesise(
            path,
            patients=patients,
            seed=seed,
            events_per_patient=events,
            profile=profile,
            opt_outs_as_of=s.wiring.clock().date(),
            progress=tell,
        )
    told = {"file": str(path), "rows": dict(report.rows), "checksum": report.checksum}
    s.answer(told, show.facts)


@app.command()
def ingest(
    ctx: typer.Context,
    source: Annotated[
        str, typer.Argument(help="A DuckDB file, a folder of Parquet or CSV, or postgresql://…")
    ],
    *,
    backend: Annotated[str, typer.Option(help="tpp or emis.")] = "tpp",
    opt_outs: Annotated[
        Path | None, typer.Option(help="The signed list of type 1 opt-outs; needed unless all are synthetic.")
    ] = None,
    national: Annotated[Path | None, typer.Option(help="The signed list of national opt-outs.")] = None,
    key: Annotated[str, typer.Option(help="The backend's key: a file, or vault+unix:… Default: ours.")] = "",
    memory: Annotated[int, typer.Option(help="Gigabytes the engine may hold; 0 for its own measure.")] = 0,
) -> None:
    """Replace identifiers, leave out who has opted out, and swap the new store in [P2] [P6]."""
    s = session(ctx)
    require_role(s, Role.MAINTAINER, "Loading data is a maintainer's work.")
    folders, catalogue = s.house.folders, catalogue_of(backend)
    outside = (folders.backends,)
    ring = KeyRing(folders.backend_keys(backend))
    opened = open_backend_key(ring, backend, outside=outside, provider=key)
    lists = [_signed_list(s, path) for path in (opt_outs, national)]
    with progress(s, "ingest") as tell:
        built = run_ingest(
            source,
            folders.store(backend),
            key=opened,
            backend=backend,
            at=s.by.now,
            catalogue=catalogue,
            opt_outs=lists[0],
            national=lists[1],
            signed_only=True,
            memory_bytes=memory * GIGABYTE or None,
            register=data_opt_outs.registrar(s),
            progress=tell,
        )
    told = {"store": str(folders.store(backend)), "version": built.version, "rows": dict(built.rows)}
    s.answer(told | {"without_number": built.without_number, "at_rest": AT_REST}, show.facts)


@app.command()
def verify(ctx: typer.Context, backend: Annotated[str, typer.Argument(help="tpp or emis.")]) -> None:
    """Read every byte of a backend's store against its signed manifest, and its lists against those in force [P6]."""
    s = session(ctx)
    folders = s.house.folders
    store = open_store(folders.store(backend), signers=KeyRing(folders.backend_keys(backend)).signers())
    s.house.governance.require_in_force(store, backend)
    facts = {
        "backend": store.backend,
        "version": store.version,
        "built_at": store.built_at.isoformat(),
        "extracted_on": store.extracted_on.isoformat(),
        "opt_outs_as_of": store.optout_list_date.isoformat(),
        "national_opt_outs_as_of": store.national_list_date.isoformat() if store.national_list_date else None,
        "key_version": store.key_version,
        "signed": True,
    }
    s.answer(facts, show.facts)


@app.command()
def catalogue(
    ctx: typer.Context,
    table: Annotated[str, typer.Argument(help="One table, or all.")] = "",
    *,
    backend: Annotated[str, typer.Option(help="tpp or emis.")] = "tpp",
    export: Annotated[str, typer.Option(help=f"Print it as one of: {', '.join(EXPORTS)}.")] = "",
) -> None:
    """Every table and column: what it means, who controls it, whether it may be a dimension [P7] [P8]."""
    s = session(ctx)
    known = catalogue_of(backend)
    if export:
        if export not in EXPORTS:
            raise typer.BadParameter(f"There is no such form; name one of {', '.join(EXPORTS)}.")
        typer.echo(json.dumps(EXPORTS[export](known), indent=2, ensure_ascii=False))
        return
    lines = [line for line in _lines(known) if table in {"", line["table"]}]
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


def _signed_list(s: Session, path: Path | None) -> OptOutList | None:
    trusted = tuple(s.house.site.signers.values())
    return read_opt_outs(path.read_bytes(), trusted=trusted) if path is not None else None


def _lines(catalogue: Catalogue) -> list[dict[str, object]]:
    return [
        {
            "table": table.name,
            "column": column.name,
            "type": column.type,
            "dimension": column.generalise or column.dimension,
            "sensitivity": column.sensitivity.value,
            "group": table.group,
            "source": f"{table.source}.{column.source}",
            "coding": column.coding or "",
            "controller": catalogue.controllers[table.controller],
            "meaning": column.meaning,
            "quality": column.quality or "",
        }
        for table in catalogue.tables
        for column in table.columns
    ]
