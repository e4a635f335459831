"""`tre backup …`: copy the records while the site runs, prove a copy, make a site from one. Refuses to take keys along [P2]."""

from pathlib import Path
from typing import Annotated

import typer

from tre.cli import show
from tre.cli.house import Folders
from tre.cli.maintainers import maintainer
from tre.cli.session import Session, session
from tre.records.backup import Backup, Place, back_up_noted, restore, verify_backup
from tre.records.keys import load_key

app = typer.Typer(help="Back up, verify and restore the records.", no_args_is_help=True)

Folder = Annotated[Path, typer.Argument(help="The backup's folder; on another disk, host or institution.")]


@app.command()
def make(ctx: typer.Context, folder: Folder) -> None:
    """Copy ledger, vault, checkpoints and site files into a folder, while everything goes on; only what is new is copied."""
    s = session(ctx)
    by, house = maintainer(s), s.house
    place = place_of(house.folders)
    _say(s, back_up_noted(house.seals, house.daybook, place, folder, who=by.person.id, at=by.now))


@app.command()
def verify(ctx: typer.Context, folder: Folder) -> None:
    """Hold a backup against its signed list, file by file."""
    s = session(ctx)
    _say(s, verify_backup(folder, s.house.seals.trusted))


@app.command("restore")
def restore_(
    ctx: typer.Context,
    folder: Folder,
    *,
    ledger: Annotated[
        str, typer.Option(help="A server's address to keep the ledger at; default: a file.")
    ] = "",
) -> None:
    """Make the records of the site that --site names from a backup; its keys must be there already, and nothing else."""
    s = session(ctx)
    folders = Folders(s.site.resolve())
    if ledger:
        folders.ledger_place.write_text(ledger, encoding="utf-8")
        folders.ledger_place.chmod(0o600)
    trusted = (load_key(folders.signing_key).public,)
    _say(s, restore(folder, place_of(folders), folders.ledger_url, trusted))


def place_of(folders: Folders) -> Place:
    """Where the site keeps what a backup takes."""
    return Place(folders.site, folders.vault, folders.checkpoints)


def _say(s: Session, backup: Backup) -> None:
    told = {"position": backup.position, "head": backup.head, "at": backup.at, "files": backup.files}
    s.answer(told, show.facts)
