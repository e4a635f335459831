"""`tre`: the root of the command line, its global options, and the one place where an error becomes words and a number.

Refuses to print a traceback for anything that a person can mend, and to swallow one that they cannot.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from tre.cli import data, health, job, ledger, notices, policy, release, review, sandbox, spec, study, worker
from tre.cli.account import account
from tre.cli.backup import app as backups
from tre.cli.data import synth
from tre.cli.demo import demo
from tre.cli.doctor import doctor
from tre.cli.exits import EXPECTED, Exit, exit_for
from tre.cli.house import Wiring
from tre.cli.incident import app as incidents
from tre.cli.register import register
from tre.cli.remote import by_server
from tre.cli.retention import app as retention
from tre.cli.run import run
from tre.cli.serve import serve
from tre.cli.session import Session
from tre.cli.site import init
from tre.cli.sql import sql
from tre.cli.tell import tell, usage
from tre.cli.words import hoist

app = typer.Typer(
    help="Questions of patient records, without anyone seeing a patient.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
for name, group in (
    ("spec", spec.app),
    ("study", study.app),
    ("job", job.app),
    ("review", review.app),
    ("release", release.app),
    ("health", health.app),
    ("sandbox", sandbox.app),
    ("ledger", ledger.app),
    ("policy", policy.app),
    ("data", data.app),
    ("worker", worker.app),
    ("backup", backups),
    ("retention", retention),
    ("incident", incidents),
    ("account", account),
    ("notices", notices.app),
):
    app.add_typer(group, name=name)
for command in (run, init, synth, register, demo, serve, sql, doctor):
    app.command()(command)


@app.callback()
def root(
    ctx: typer.Context,
    *,
    site: Annotated[Path, typer.Option(envvar="TRE_SITE", help="The site's folder.")] = Path("site"),
    person: Annotated[str, typer.Option("--as", envvar="TRE_PERSON", help="Whose account acts.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Answer with one JSON value.")] = False,
    server: Annotated[
        str,
        typer.Option(envvar="TRE_SERVER", help="Ask a server, with the token in TRE_TOKEN; no site here."),
    ] = "",
) -> None:
    """The global options; they may stand anywhere on the line."""
    wiring = ctx.find_object(Wiring)
    if wiring is None:
        raise RuntimeError("the command line was not wired by tre.main")
    if server:
        raise typer.BadParameter("--server and a command that acts here do not go together.")
    ctx.obj = Session(wiring, site=site, person=person, as_json=as_json)
    ctx.call_on_close(ctx.obj.close)


def run_command_line(wiring: Wiring, words: Sequence[str]) -> int:
    """Run one command; gives its exit code. Every error that a person can mend is told in words."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    try:
        return int(run_one(wiring, words) or Exit.OK)
    except typer.Exit as end:
        return end.exit_code
    except typer.TyperException as error:
        usage(console, error)
        return Exit.USAGE
    except (KeyboardInterrupt, typer.Abort):
        console.print("Stopped. Nothing is lost: start the same command again to go on.")
        return Exit.INTERRUPTED
    except EXPECTED as error:
        tell(console, error)
        return exit_for(error)


def run_one(wiring: Wiring, words: Sequence[str]) -> int | None:
    """Run one command, and let its errors pass; gives what it ended with."""
    hoisted = hoist(words)
    asked = by_server(hoisted, os.environ)
    if asked is not None:
        Console(highlight=False, soft_wrap=True).print_json(data=asked)
        return Exit.OK
    command = typer.main.get_command(app)
    ended = command.main(args=hoisted, prog_name="tre", standalone_mode=False, obj=wiring)
    return ended if isinstance(ended, int) else None
