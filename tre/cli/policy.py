"""`tre policy …`: the law that this site works under, and changing it: one person proposes, another adopts, both sign [P5] [P16].

What counts is on the ledger. Refuses to take an instrument from a file that nobody signed.
"""

from pathlib import Path
from typing import Annotated, Any

import typer

from tre.cli import show
from tre.cli.session import Session, session
from tre.custody.decide_law import bundle_bytes, bundle_digest
from tre.custody.law import Bundle, Instrument, Law
from tre.custody.reasons import Reason, ReasonCode
from tre.data.signed import open_signing_key, signature_of
from tre.records.law import read_bundle

app = typer.Typer(help="See the legal instruments in force; propose and adopt changes.", no_args_is_help=True)

Key = Annotated[Path, typer.Option("--key", help="Your own signing key.")]


@app.command("show")
def show_(ctx: typer.Context) -> None:
    """What stands, and what waits for a second person."""
    s = session(ctx)
    law = s.house.service.law.now()
    day = s.wiring.clock().date()
    lines = [_line(each) | {"in_force_today": each.basis.live_on(day)} for each in _standing(law)]
    waits = [{"proposer": each.proposer, "digest": bundle_digest(each.bundle)} for each in law.waits]
    changes = [change for each in law.waits for change in _changes(_standing(law), each.bundle)]
    told = {"instruments": lines, "adopted": law.was_adopted, "waits": waits, "changes": changes}
    s.answer(told, _draw)


@app.command()
def propose(
    ctx: typer.Context,
    *,
    key: Key,
    folder: Annotated[
        Path | None, typer.Option(help="The instruments' files. Default: the site's policy/.")
    ] = None,
) -> None:
    """Propose the instruments as the files say them, under your signature."""
    s = session(ctx)
    bundle = read_bundle(folder or s.house.folders.law)
    signature = signature_of(bundle_bytes(bundle), open_signing_key(key)).hex()
    _say(s, s.house.service.law.propose(s.person, s.by.now, bundle, signature))


@app.command()
def adopt(
    ctx: typer.Context,
    digest: Annotated[str, typer.Argument(help="The digest that `tre policy show` gives of what waits.")],
    *,
    key: Key,
) -> None:
    """Put what waits in force, under your signature: another person's than the proposer's."""
    s = session(ctx)
    law = s.house.service.law
    waits = law.now().waits
    content = bundle_bytes(waits[-1].bundle) if waits else b""
    _say(s, law.adopt(s.person, s.by.now, digest, signature_of(content, open_signing_key(key)).hex()))


@app.command()
def decline(
    ctx: typer.Context,
    digest: Annotated[str, typer.Argument(help="The digest of what waits.")],
    *,
    note: Annotated[str, typer.Option(help="Words for the people concerned; kept in the vault.")] = "",
) -> None:
    """Leave things as they are."""
    s = session(ctx)
    reason = Reason(ReasonCode.NEEDS_CHANGES, s.note(note))
    _say(s, s.house.service.law.decline(s.person, s.by.now, digest, reason))


def _say(s: Session, law: Law) -> None:
    waits = [bundle_digest(each.bundle) for each in law.waits]
    s.answer({"stands": bundle_digest(law.stood[-1]), "waits": waits}, show.facts)


def _standing(law: Law) -> tuple[Instrument, ...]:
    return law.stood[-1].instruments if law.stood else ()


def _changes(standing: tuple[Instrument, ...], wanted: Bundle) -> list[dict[str, str]]:
    """What a bundle would change, instrument by instrument and key by key."""
    before = {each.name: _line(each) for each in standing}
    after = {each.name: _line(each) for each in wanted.instruments}
    return [
        {"instrument": name, "what": key, "from": str(before.get(name, {}).get(key, "")), "to": str(value)}
        for name, line in (
            {name: dict.fromkeys(before[name], "") for name in before.keys() - after.keys()} | after
        ).items()
        for key, value in line.items()
        if before.get(name, {}).get(key) != value
    ]


def _line(each: Instrument) -> dict[str, Any]:
    return {
        "instrument": each.name,
        "switch": each.switch.value,
        "starts": each.starts.isoformat(),
        "ends": each.ends.isoformat(),
        "purposes": [purpose.value for purpose in each.purposes],
        "opt_outs": [rule.value for rule in each.opt_outs],
        "datasets": list(each.datasets),
        "title": each.title,
    }


def _draw(console: Any, value: dict[str, Any]) -> None:
    show.rows(console, value["instruments"], nothing="No law was ever put in force here.")
    show.rows(console, value["waits"], nothing="Nothing waits for a second person.")
    show.rows(console, value["changes"], nothing="")
