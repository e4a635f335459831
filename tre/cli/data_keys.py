"""`tre data keys …`: what pseudonyms are made with [P2]. Refuses to print a key, or to put one where the data is."""

from pathlib import Path
from typing import Annotated

import typer

from tre.cli import show
from tre.cli.session import Session, require_role, session
from tre.custody.people import Role
from tre.data.catalogue import BACKENDS
from tre.data.errors import StoreUnavailable
from tre.data.keyring import KeyRing
from tre.data.keys import escrow_bytes, join_key, retire, rotate, split_key
from tre.data.store import Check, open_built

app = typer.Typer(help="Rotate keys, and keep them in escrow.", no_args_is_help=True)

SEED_BYTES = 32
MINE = "Keys are a maintainer's work."


@app.command("list")
def list_(ctx: typer.Context) -> None:
    """The versions of each backend's keys, and which its store was built with."""
    s = session(ctx)
    lines = [
        {
            "backend": backend,
            "versions": list(_ring(s, backend).versions),
            "store_built_with": _built_with(s, backend),
        }
        for backend in BACKENDS
    ]
    s.answer(lines, lambda console, value: show.rows(console, value, nothing="There is no key."))


@app.command("rotate")
def rotate_(ctx: typer.Context) -> None:
    """Make new keys for every backend; each one's next ingest gives everybody new pseudonyms."""
    s = session(ctx)
    require_role(s, Role.MAINTAINER, MINE)
    folders = s.house.folders
    rings = {backend: _ring(s, backend) for backend in BACKENDS}
    randomness = s.wiring.chance(SEED_BYTES)
    version = rotate(KeyRing(folders.keys), rings, randomness, outside=(folders.backends,))
    s.answer(
        {"version": version, "next": "Ingest each backend again; then retire the older version."}, show.facts
    )


@app.command("retire")
def retire_(
    ctx: typer.Context,
    version: Annotated[int, typer.Argument(help="An older version.")],
    *,
    backend: Annotated[str, typer.Option(help="tpp or emis.")] = "tpp",
) -> None:
    """Destroy a backend's keys of an older version, once no store stands on them."""
    s = session(ctx)
    require_role(s, Role.MAINTAINER, MINE)
    retire(_ring(s, backend), version, built_with=_built_with(s, backend))
    s.answer({"backend": backend, "versions": list(_ring(s, backend).versions)}, show.facts)


@app.command()
def split(
    ctx: typer.Context,
    key: Annotated[Path, typer.Argument(help="A key file.")],
    *,
    into: Annotated[Path, typer.Option(help="A folder for the three parts; give each to another person.")],
) -> None:
    """Put a key in escrow: three parts, of which any two give it back and one says nothing."""
    s = session(ctx)
    require_role(s, Role.MAINTAINER, MINE)
    parts = split_key(key, s.wiring.chance(escrow_bytes(key)), outside=(s.house.folders.backends,))
    into.mkdir(mode=0o700, parents=True, exist_ok=True)
    paths = [into / f"{key.stem}.part-{number}.json" for number in (1, 2, 3)]
    for path, part in zip(paths, parts, strict=True):
        path.touch(mode=0o600, exist_ok=False)
        path.write_text(part, "ascii")
    s.answer({"parts": [str(path) for path in paths], "needed": 2}, show.facts)


@app.command()
def join(
    ctx: typer.Context,
    parts: Annotated[list[Path], typer.Argument(help="Two of the three parts.")],
    *,
    into: Annotated[Path, typer.Option(help="A new key file.")],
) -> None:
    """Take a key out of escrow: two people, each with their part."""
    s = session(ctx)
    require_role(s, Role.MAINTAINER, MINE)
    texts = [part.read_text("ascii", errors="replace") for part in parts]
    fingerprint = join_key(texts, into, outside=(s.house.folders.backends,))
    s.answer({"key": str(into), "fingerprint": fingerprint}, show.facts)


def _ring(s: Session, backend: str) -> KeyRing:
    return KeyRing(s.house.folders.backend_keys(backend))


def _built_with(s: Session, backend: str) -> int | None:
    try:
        return open_built(s.house.folders.store(backend), check=Check.SIZES).key_version
    except StoreUnavailable:
        return None
