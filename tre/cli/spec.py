"""`tre spec …`: check, draw and explain a spec before anyone's time is asked for. Refuses what the parser refuses, in its words."""

from pathlib import Path
from typing import Annotated

import typer

from job_specs import tools
from tre.cli.session import session

app = typer.Typer(help="Check, draw and explain a study's spec.", no_args_is_help=True)

Spec = Annotated[Path, typer.Argument(help="The spec, project.yaml.")]


@app.command()
def check(ctx: typer.Context, spec: Spec = Path("project.yaml")) -> None:
    """Say whether a spec is accepted; if not, every problem with its place and how to put it right."""
    s = session(ctx)
    checked = tools.check(spec)
    told = {"accepted": True, "actions": list(checked.plan.order), "digest": checked.spec.digest}
    s.answer(told, lambda console, _: console.print(checked.summary, markup=False))


@app.command()
def graph(ctx: typer.Context, spec: Spec = Path("project.yaml")) -> None:
    """The actions in the order they run, with what each needs and writes."""
    s = session(ctx)
    checked = tools.check(spec)
    needs = {name: list(wanted) for name, wanted in checked.plan.needs.items()}
    s.answer(needs, lambda console, _: console.print(tools.text_graph(checked.spec), markup=False))


@app.command()
def explain(
    ctx: typer.Context,
    action: Annotated[str, typer.Argument(help="The action.")],
    spec: Spec = Path("project.yaml"),
) -> None:
    """Everything that the spec says about one action, and the query that will be run for it."""
    s = session(ctx)
    words = tools.explain(tools.check(spec), action)
    s.answer({"action": action, "explained": words}, lambda console, _: console.print(words, markup=False))
