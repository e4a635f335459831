"""`tre spec …`: check, draw and explain a spec before anyone's time is asked for. Refuses what the parser refuses, in its words."""

from pathlib import Path
from typing import Annotated

import typer

from job_specs import drawing, tools
from job_specs.model import Purpose, TableScope
from job_specs.starting import migrate, new_study
from tre.cli import show
from tre.cli.forms import scopes
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
def new(ctx: typer.Context, folder: Annotated[Path, typer.Argument(help="A new or empty folder.")]) -> None:
    """Write a small whole study to start from; `tre run` plays it as it is."""
    s = session(ctx)
    written = [str(path) for path in new_study(folder)]
    s.answer({"written": written, "next": f"tre run {folder}"}, show.facts)


@app.command("migrate")
def migrate_(
    ctx: typer.Context,
    spec: Spec = Path("project.yaml"),
    *,
    purpose: Annotated[
        Purpose, typer.Option(help="The purpose that the study is, or will be, approved for [P3].")
    ],
    only: Annotated[list[str] | None, typer.Option(help="table:column,column it needs; repeat.")] = None,
) -> None:
    """Print an OpenSAFELY project with its purpose and data added; the file itself is left as it is."""
    s = session(ctx)
    data = [TableScope(table, tuple(columns)) for table, columns in scopes(only or []).items()]
    text = migrate(spec.read_bytes(), purpose=purpose, data=data)
    s.answer({"project": text}, lambda _console, _answer: typer.echo(text))


@app.command()
def graph(
    ctx: typer.Context,
    spec: Spec = Path("project.yaml"),
    *,
    svg: Annotated[Path | None, typer.Option(help="Draw it into this file instead.")] = None,
) -> None:
    """The actions in the order they run, with what each needs and writes, and what every for_each made; or a drawing."""
    s = session(ctx)
    checked = tools.check(spec)
    if svg is not None:
        svg.write_text(drawing.svg(checked.spec), encoding="utf-8")
    needs = {name: list(wanted) for name, wanted in checked.plan.needs.items()}
    drawn = "\n\n".join(filter(None, (tools.text_graph(checked.spec), tools.matrix_table(checked.spec))))
    s.answer(needs, lambda console, _: console.print(drawn, markup=False))


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
