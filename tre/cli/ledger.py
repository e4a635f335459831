"""`tre ledger …`: read, verify and sign the log that is what happened [P13]. Refuses to change anything in it."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from tre.cli import show
from tre.cli.session import session
from tre.records.envelope import Envelope

app = typer.Typer(help="Read and verify the ledger.", no_args_is_help=True)


@app.command()
def verify(ctx: typer.Context) -> None:
    """Walk the whole chain, and hold it against the newest signed checkpoint."""
    s = session(ctx)
    verified = s.house.seals.verify()
    s.answer(
        {
            "verified": True,
            "events": verified.position,
            "head": verified.hash,
            "witnessed": verified.witnessed,
        },
        show.facts,
    )


@app.command()
def checkpoint(ctx: typer.Context) -> None:
    """Verify, then sign the head and append it to the checkpoints, which belong on another machine."""
    s = session(ctx)
    signed = s.house.seals.checkpoint(s.wiring.clock())
    s.answer({"checkpoint": signed.position, "hash": signed.hash, "key": signed.key}, show.facts)


@app.command("log")
def log_(
    ctx: typer.Context,
    case: Annotated[str, typer.Argument(help="A study or a job request; all of them when left out.")] = "",
    last: Annotated[int, typer.Option(help="How many of the newest.")] = 50,
) -> None:
    """What happened, who did it, and when."""
    s = session(ctx)
    envelopes = list(s.house.service.ledger.case_events(case) if case else s.house.service.ledger.events())
    lines = [_line(envelope) for envelope in envelopes[-last:]]
    drawn = [_drawn(line, of_one=bool(case)) for line in lines]
    s.answer(lines, lambda console, _: show.rows(console, drawn, nothing="Nothing has happened yet."))


@app.command()
def lists(
    ctx: typer.Context,
    *,
    anew: Annotated[bool, typer.Option("--anew", help="Fold them all again, whatever is there.")] = False,
    forget: Annotated[
        bool,
        typer.Option("--forget", help="Take away those of other versions: once none of these is at work."),
    ] = False,
) -> None:
    """Fold the lists that pages read up to the ledger's end, beside whoever serves: before a new version serves, for one."""
    s = session(ctx)
    models = s.house.read_models
    reached = models.rebuild() if anew else models.prepare()
    gone = models.forget_others() if forget else 0
    s.answer({"position": reached, "forgotten": gone}, show.facts)


def _drawn(line: Mapping[str, Any], *, of_one: bool) -> dict[str, Any]:
    """A line as it fits on a terminal: times of day in UTC, and one case named once, by who asked."""
    at = str(line["at"])[:19].replace("T", " ")
    return {name: value for name, value in {**line, "at": at}.items() if not (of_one and name == "case")}


def _line(envelope: Envelope) -> dict[str, Any]:
    return {
        "position": envelope.position,
        "at": envelope.at.isoformat(timespec="seconds"),
        "who": envelope.actor,
        "case": envelope.case_id,
        "what": envelope.kind,
        "hash": envelope.hash[:12],
    }
