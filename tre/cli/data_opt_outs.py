"""`tre data opt-outs …` and `tre data exempt …`: what information governance signs, and puts in force [P6].

Refuses a list that is unsigned, older than the one in force, or another backend's; and to print who is on it.
"""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from tre.cli import show
from tre.cli.session import Session, require_role, session
from tre.custody.lists import Lists
from tre.custody.people import Role
from tre.data.errors import DataRefused
from tre.data.ingest import apply_opt_outs
from tre.data.keyring import KeyRing
from tre.data.keys import open_backend_key
from tre.data.optouts import Exemption, Kind, OptOutList, read_opt_outs, sign_exemptions, sign_opt_outs
from tre.data.signed import new_signing_key, open_signing_key
from tre.data.store import Check, open_built, open_store
from tre.records.lists import Registrar

app = typer.Typer(help="Sign lists of opt-outs, and put them in force.", no_args_is_help=True)
exempt_app = typer.Typer(help="Name the studies that are exempt from type 1 opt-outs.", no_args_is_help=True)

Backend = Annotated[str, typer.Option(help="tpp or emis.")]
Key = Annotated[Path, typer.Option("--key", help="Your own signing key.")]
Into = Annotated[Path, typer.Option(help="A new file for the signed document.")]
Day = Annotated[datetime, typer.Option(formats=["%Y-%m-%d"])]
SEED_BYTES = 32
MINE = "That is for information governance."


@app.command("new-key")
def new_key(
    ctx: typer.Context, into: Annotated[Path, typer.Argument(help="A new file, for you alone.")]
) -> None:
    """Make a signing key of your own; its public half goes beside your name in people.toml."""
    s = session(ctx)
    public = new_signing_key(into, s.wiring.chance(SEED_BYTES))
    s.answer({"key": str(into), "signing_key": public.hex()}, show.facts)


@app.command("sign")
def sign_(
    ctx: typer.Context,
    numbers: Annotated[Path, typer.Argument(help="NHS numbers, one a line.")],
    *,
    key: Key,
    into: Into,
    as_of: Day,
    backend: Backend = "tpp",
    kind: Annotated[Kind, typer.Option(help="Which opt-out it is.")] = Kind.TYPE_1,
) -> None:
    """Sign a list of everyone who had opted out by a day."""
    s = session(ctx)
    lines = (line.replace(" ", "").replace("-", "") for line in numbers.read_text("ascii").splitlines())
    opted_out = OptOutList(backend, kind, as_of.date(), frozenset(line for line in lines if line))
    into.touch(mode=0o600, exist_ok=False)
    into.write_bytes(sign_opt_outs(opted_out, open_signing_key(key)))
    s.answer(
        {"list": str(into), "backend": backend, "kind": kind.value, "as_of": str(as_of.date())}, show.facts
    )


@app.command("apply")
def apply_(
    ctx: typer.Context,
    document: Annotated[Path, typer.Argument(help="A signed list, newer than the one in force.")],
    *,
    key: Annotated[str, typer.Option(help="The backend's key: a file, or vault+unix:… Default: ours.")] = "",
) -> None:
    """Make people who opted out since the store was built absent from every run from now on."""
    s = session(ctx)
    require_role(s, Role.MAINTAINER, "Putting a signed list in force is a maintainer's work.")
    newest = read_opt_outs(document.read_bytes(), trusted=tuple(s.house.site.signers.values()))
    folders = s.house.folders
    place = folders.store(newest.backend)
    version = open_built(place, check=Check.SIZES).key_version
    ring = KeyRing(folders.backend_keys(newest.backend))
    opened = open_backend_key(
        ring, newest.backend, outside=(folders.backends,), version=version, provider=key
    )
    store = apply_opt_outs(place, newest, key=opened, register=registrar(s))
    told = {"backend": store.backend, "kind": newest.kind.value, "as_of": newest.as_of.isoformat()}
    shown = {each.kind.value: each.digest for each in store.shown}
    s.answer(told | {"list": shown[newest.kind.value]}, show.facts)


@app.command("list")
def list_(ctx: typer.Context) -> None:
    """The lists that are in force in each backend, and whether its store shows them."""
    s = session(ctx)
    lists = s.house.service.lists.now()
    lines = [
        {
            "backend": backend,
            "kind": each.kind.value,
            "as_of": each.dated.isoformat(),
            "list": each.digest,
            "document": each.document or "none: of synthetic people",
            "store_shows_it": _shows(s, backend, lists),
        }
        for backend, standing in sorted(lists.in_force)
        for each in standing
    ]
    s.answer(lines, lambda console, value: show.rows(console, value, nothing="No list is in force."))


def _shows(s: Session, backend: str, lists: Lists) -> bool:
    try:
        return lists.allow(backend, open_store(s.house.folders.store(backend), check=Check.SIZES).shown)
    except DataRefused:
        return False


def registrar(s: Session) -> Registrar:
    """The site's lists of opt-outs in this person's hand."""
    return Registrar(s.house.service.lists, s.by.person, s.wiring.clock)


@exempt_app.command("sign")
def sign_exempt(
    ctx: typer.Context,
    study: Annotated[str, typer.Argument(help="The study's id.")],
    *,
    key: Key,
    into: Into,
    first: Day,
    last: Day,
    reason: Annotated[str, typer.Option(help="Why, in words that can be shown.")],
) -> None:
    """Sign that a study is exempt for some days, beside those that are exempt already."""
    s = session(ctx)
    standing = s.house.governance.exemptions()
    wanted = (*standing, Exemption(study, first.date(), last.date(), reason))
    into.touch(mode=0o600, exist_ok=False)
    into.write_bytes(sign_exemptions(wanted, open_signing_key(key)))
    s.answer({"document": str(into), "studies": [one.study for one in wanted]}, show.facts)


@exempt_app.command("apply")
def apply_exempt(ctx: typer.Context, document: Annotated[Path, typer.Argument()]) -> None:
    """Put a signed document of exempt studies in force, in the place of the one before."""
    s = session(ctx)
    require_role(s, Role.INFORMATION_GOVERNANCE, MINE)
    by, book = s.by, s.house.service.lists
    exemptions = s.house.governance.put_in_force(
        document.read_bytes(), lambda digest: book.exempt(by.person, by.now, digest)
    )
    s.answer(
        [_line(one) for one in exemptions], lambda console, value: show.rows(console, value, nothing="None.")
    )


@exempt_app.command("list")
def list_exempt(ctx: typer.Context) -> None:
    """The studies that are exempt, with their days and reasons."""
    s = session(ctx)
    lines = [_line(one) for one in s.house.governance.exemptions()]
    s.answer(lines, lambda console, value: show.rows(console, value, nothing="No study is exempt."))


def _line(one: Exemption) -> dict[str, str]:
    return {"study": one.study, "first": str(one.first), "last": str(one.last), "reason": one.reason}
