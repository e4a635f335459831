"""`tre init`: begin a site. Refuses to write over one."""

import typer

from tre.cli import show
from tre.cli.session import session


def init(ctx: typer.Context) -> None:
    """Begin a site in the folder that --site names: its files, its keys, an empty ledger."""
    s = session(ctx)
    s.wiring.create_site(s.site)
    told = {
        "site": str(s.site),
        "next": "Add your people to people.toml, then load data with `tre data ingest`.",
        "keys": "Move the keys folder to a machine of its own before real data comes near.",
    }
    s.answer(told, show.facts)
