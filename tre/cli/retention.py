"""`tre retention …`: what is kept how long, what is due, and what was deleted, with a signed certificate for each deletion [P13].

Refuses to delete while an incident is open [P15], or anything that the site's rule does not name; nobody chooses a file.
"""

from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from tre.cli import show
from tre.cli.house import House
from tre.cli.maintainers import maintainer
from tre.cli.session import Session, session
from tre.custody.retention import Doomed, Kept
from tre.data.publish import destroy_version
from tre.records.bundle import ENVELOPE
from tre.records.errors import VaultRefused
from tre.records.retention import Certified, RetentionBook, Site, doors_of, run_noted

app = typer.Typer(help="Delete what was kept long enough, and prove it.", no_args_is_help=True)


@app.command("show")
def show_(ctx: typer.Context) -> None:
    """How long each kind of thing is kept here, and how much of each is due."""
    s = session(ctx)
    book = book_of(s.house)
    due = Counter(each.kind.value for each in book.due(s.wiring.clock()))
    open_now = [each.incident for each in book.freezes()]
    rules = {kind.value: f"{days} days" for kind, days in sorted(s.house.site.keep_for.days.items())}
    told = {
        "kept": rules or "everything, for ever",
        "due": dict(due),
        "waits": len(book.now().waits),
        "certified": len(book.now().deleted),
        "frozen_by": open_now,
    }
    s.answer(told, show.facts)


@app.command()
def run(ctx: typer.Context) -> None:
    """Delete what is due, and sign a certificate: first on the ledger, then gone, then certified. Safe to repeat."""
    s = session(ctx)
    by = maintainer(s)
    gone = run_noted(book_of(s.house), s.house.daybook, by.person, by.now)
    s.answer({"deleted": dict(Counter(each.kind.value for each in gone))}, show.facts)


@app.command("list")
def list_(ctx: typer.Context) -> None:
    """Every certificate: when, on whose word, and how many files of each kind."""
    s = session(ctx)
    lines = [_line(s, each) for each in book_of(s.house).certificates()]
    s.answer(lines, lambda console, value: show.rows(console, value, nothing="Nothing was ever deleted."))


@app.command()
def verify(ctx: typer.Context) -> None:
    """Check the signature of every certificate, and that what it names is not here."""
    s = session(ctx)
    found = book_of(s.house).verify_all(s.house.documents.get)
    s.answer({"verified": True, "certificates": len(found), "files": sum(found)}, show.facts)


@app.command()
def export(
    ctx: typer.Context,
    position: Annotated[int, typer.Argument(help="The certificate's place on the ledger.")],
    *,
    into: Annotated[Path, typer.Option(help="A new file for the signed envelope.")],
) -> None:
    """Write one certificate down as a signed envelope that anybody with the site's public key can check."""
    s = session(ctx)
    found = [each for each in book_of(s.house).certificates() if each.position == position]
    if not found:
        raise VaultRefused(
            "no-such-certificate", "There is no certificate there.", fix="See `tre retention list`."
        )
    content = s.house.documents.get(found[0].statement)
    into.touch(mode=0o600, exist_ok=False)
    into.write_bytes(dict(s.house.seals.beside(content, found[0].signature))[ENVELOPE])
    s.answer({"certificate": str(into)}, show.facts)


def book_of(house: House) -> RetentionBook:
    """The retention of a site: its rule, and the way to everything that it may delete."""

    def destroy(thing: Doomed, before: datetime) -> bool:
        if thing.kind is Kept.STORES:
            return destroy_version(house.folders.store(thing.of), thing.digest, before=before)
        return house.quarantine.destroy(thing.digest, before=before.timestamp())

    site = Site(house.site.name, house.site.policy, house.site.keep_for)
    keep, settled = house.documents.put, house.push.is_settled
    doors = doors_of(
        house.seals, house.daybook, keep, settled=settled, people=house.list_people, destroy=destroy
    )
    return RetentionBook(house.seals.ledger, site, doors)


def _line(s: Session, certified: Certified) -> dict[str, Any]:
    told = certified.told(s.house.documents.get(certified.statement))
    kinds = Counter(each["name"].partition("/")[0] for each in told["subject"])
    predicate = told["predicate"]
    return {
        "position": certified.position,
        "at": predicate["certifiedAt"],
        "by": predicate["certifiedBy"],
        "deleted": dict(kinds),
        "statement": certified.statement,
    }
