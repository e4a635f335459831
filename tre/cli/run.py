"""`tre run`: a whole study on synthetic data, on your own machine, through the same sandbox and checker as the real thing.

Nothing here is secret, so everything is shown: logs, cells, people. Refuses nothing that the real thing would let through.
"""

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from job_specs.plan import plan
from output_checks.model import Report
from tre.cli import show
from tre.cli.data import progress
from tre.cli.exits import Exit
from tre.cli.session import session
from tre.custody.outputs import Offered
from tre.custody.requests import Outcome
from tre.data.cost import at_scale
from tre.data.rehearsal_store import Dummy
from tre.dispatch.rehearsal import Asked, Played, Rehearsal
from tre.views import Sight, report_view
from tre.worker.estimating import seconds_of

Patients = Annotated[int, typer.Option(help="How many made-up people; made once and kept.")]
Scale = Annotated[int, typer.Option(help="People in the store whose cost is estimated.")]
PEOPLE_THERE = 25_000_000
Seed = Annotated[int, typer.Option(help="Which made-up people: the same seed, the same people.")]
EVERYTHING = Sight(outline=True, findings=True, inside=True)


def run(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(help="The study's folder, with project.yaml.")] = Path(),
    *,
    action: Annotated[
        list[str] | None, typer.Option(help="An action to run, with what it needs; repeat.")
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option(help="Run this again, and use the rest again; repeat.")
    ] = None,
    start: Annotated[
        list[str] | None, typer.Option("--from", help="Run this and all that follows it again.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Run everything again.")] = False,
    backend: Annotated[str, typer.Option(help="Whose synthetic data: tpp or emis.")] = "tpp",
    patients: Patients = Dummy.patients,
    seed: Seed = Dummy.seed,
    scale: Scale = PEOPLE_THERE,
) -> None:
    """Run a study on synthetic data, and see what the output checker says."""
    s = session(ctx)
    with progress(s, "synthetic data") as tell:
        dummy = Dummy(backend, patients, seed)
        rehearsal = s.wiring.rehearse(folder.resolve(), dummy, tell)
    wanted = (*(action or ()), *(only or ()), *(start or ())) or ("run_all",)
    chosen = plan(rehearsal.intake.spec, ("run_all",) if start else wanted)
    asked = Asked(again=chosen.cone(start or ()), only=frozenset(only or ()), everything=force)
    with Console(stderr=True, quiet=s.as_json).status("running") as status:
        played = list(rehearsal.play(chosen.order, asked, status.update))
    laid_out(rehearsal, played, folder.resolve())
    ended_well = all(each.outcome is Outcome.SUCCEEDED for each in played)
    files = [_file(rehearsal, offered) for offered in rehearsal.offered()] if ended_well else []
    lines = [_line(rehearsal, each) | {"cost": _cost(rehearsal, each, patients, scale)} for each in played]
    s.answer({"actions": lines, "files": files}, _draw)
    if not ended_well:
        raise typer.Exit(Exit.SANDBOX)


def laid_out(rehearsal: Rehearsal, played: Iterable[Played], folder: Path) -> None:
    """Put what the actions wrote where a researcher looks for it: beneath output/ in the study's folder."""
    for output in (output for each in played for output in each.outputs if output.path.startswith("output/")):
        path = folder / output.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(rehearsal.read(output.digest))


def _cost(rehearsal: Rehearsal, played: Played, people: int, there: int) -> str:
    """How long a query may take on the real store, in words; nothing is said of other actions."""
    seconds = seconds_of(rehearsal, played)
    return (
        "" if seconds is None else f"{at_scale(seconds, people=people, there=there)}, among {there:,} people"
    )


def _line(rehearsal: Rehearsal, played: Played) -> dict[str, Any]:
    failed = played.outcome is not Outcome.SUCCEEDED
    return {
        "action": played.action,
        "outcome": played.outcome.value,
        "used_again": played.reused,
        "why": played.why,
        "explained": asdict(played.explained) if played.explained else None,
        "refused": list(played.refused),
        "undeclared": list(played.undeclared),
        "log": rehearsal.read(played.log).decode("utf-8", "backslashreplace")
        if failed and played.log
        else "",
    }


def _file(rehearsal: Rehearsal, offered: Offered) -> dict[str, Any]:
    return report_view(offered, Report.from_json(rehearsal.read(offered.report).decode()), EVERYTHING)


def _draw(console: Console, answer: dict[str, Any]) -> None:
    shown = [
        {key: line[key] for key in ("action", "outcome", "used_again", "why", "cost")}
        for line in answer["actions"]
    ]
    show.rows(console, shown, nothing="Nothing was asked for.")
    for line in answer["actions"]:
        if line["log"]:
            console.print(f"[bold]What {show.plain(line['action'])} said:[/]\n{show.text(line['log'])}")
        if line["explained"]:
            _draw_explained(console, line)
    for file in answer["files"]:
        console.print(
            f"[bold]{show.plain(file['path'])}[/]: would be {file['verdict']}, known as {file['level']}"
        )
        show.finding_lines(console, file["findings"])


def _draw_explained(console: Console, line: dict[str, Any]) -> None:
    """The error, the author's own lines, and what to try; below the log, where one looks first."""
    told = line["explained"]
    console.print(f"[bold]Why {show.plain(line['action'])} did not end well[/]")
    if told["error"]:
        console.print(f"  [red]{show.plain(told['error'])}[/]")
    for each in told["lines"]:
        console.print(f"  {show.plain(each['path'])}:{each['number']}: {show.plain(each['text'])}")
    for name in (*line["refused"], *(f"{name}: written, but not declared" for name in line["undeclared"])):
        console.print(f"  {show.plain(name)}")
    if told["cause"]:
        console.print(f"  Likely: {show.plain(told['cause'])} {show.plain(told['fix'])}")
