"""`tre job …`: hand in a study's code, watch it in a handful of words, take it back [P1]. Refuses to show a log or a value."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from tre.cli import show
from tre.cli.reports import findings_of
from tre.cli.session import Session, session
from tre.custody.outputs import FileContext
from tre.custody.reasons import Reason, ReasonCode
from tre.custody.requests import JobRequest, Submission
from tre.dispatch.code import Code, gather, keep
from tre.dispatch.commit import from_clone, origin, uncommitted
from tre.dispatch.intake import SPEC, read_study
from tre.views import request_view, sight
from tre.worker.foretelling import Foretelling

DEFAULT_BACKENDS = ("tpp",)

app = typer.Typer(help="Submit jobs, watch them, cancel or resubmit them.", no_args_is_help=True)

Request = Annotated[str, typer.Argument(help="The job request's id.")]
Note = Annotated[str, typer.Option("--note", help="Words for the people concerned; kept in the vault.")]


@app.command()
def submit(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(help="The study's folder, with project.yaml.")],
    *,
    study: Annotated[str, typer.Option(help="The approved study that this is for.")],
    backend: Annotated[
        list[str] | None, typer.Option(help="tpp or emis; repeat for both: each runs apart.")
    ] = None,
    commit: Annotated[
        str, typer.Option(help="Take the files of this commit of the folder's repository, as committed.")
    ] = "",
    author: Annotated[
        list[str] | None, typer.Option(help="An account that wrote code of it, beside yours; repeat.")
    ] = None,
    continues: Annotated[str, typer.Option(help="The job request that this one answers.")] = "",
) -> None:
    """Hand in a study's code for a run on real data; the same, on its way, is handed in once [P3] [P4] [P5] [P7] [P8]."""
    s = session(ctx)
    found = from_clone(folder, commit) if commit else uncommitted(gather(folder))
    said = [s.house.site.person(name).id for name in author or []]
    whence = origin(found, said, continues, addresses=s.house.site.emails)
    # All are read before any is handed in: a query that one backend cannot answer is refused for both.
    backends = dict.fromkeys(backend or DEFAULT_BACKENDS)
    submissions = [whence.of(_submission(s, found.code, study, name)) for name in backends]
    cases = [s.house.service.submit_once(s.by, each) for each in submissions]
    if len(cases) == 1:
        _say(s, cases[0])
        return
    lines = [
        {"request": case.id, "backend": case.submission.backend, "stage": case.stage.value} for case in cases
    ]
    s.answer(lines, lambda console, value: show.rows(console, value, nothing=""))


def _submission(s: Session, code: Code, study: str, backend: str) -> Submission:
    intake = read_study(code, s.house.data.of(backend), s.house.site.images)
    put = s.house.documents.put
    return intake.submission(
        study,
        spec=put(code.files[SPEC]),
        code=keep(code, put),
        images=s.house.site.images,
        backend=backend,
    )


@app.command()
def describe(
    ctx: typer.Context,
    request: Request,
    path: Annotated[str, typer.Argument(help="The offered file's path.")],
    *,
    context: Annotated[
        Path, typer.Option(help="A JSON file: what it shows, its population, and each column.")
    ],
    leave_out: Annotated[
        bool | None,
        typer.Option(
            "--leave-out/--offer", help="Leave it out of this review and mend the code, or take it back."
        ),
    ] = None,
) -> None:
    """Say what an offered file is, before an output checker's time is asked for; that accepts what may leave of it, or leaves it out."""
    s = session(ctx)
    words = json.dumps(json.loads(context.read_text(encoding="utf-8")), ensure_ascii=False)
    out = {each.path for each in s.house.service.request(request).left_out}
    kept = FileContext(path, s.note(words), left_out=path in out if leave_out is None else leave_out)
    _say(s, s.house.service.describe(s.by, request, (kept,)))


@app.command("list")
def list_(ctx: typer.Context) -> None:
    """The job requests that you may see."""
    s = session(ctx)
    lines = [
        {
            "request": case.id,
            "study": study.id,
            "stage": case.stage.value,
            "backend": case.submission.backend,
            "purpose": case.submission.purpose.value,
        }
        for case, study in s.house.service.requests_with_studies()
        if sight(s.person, case, study).outline
    ]
    s.answer(
        lines, lambda console, value: show.rows(console, value, nothing="There is no job that you may see.")
    )


@app.command("show")
def show_(ctx: typer.Context, request: Request) -> None:
    """One job request: its stage, its actions in a handful of words, and the findings in coarse bands [P1]."""
    s = session(ctx)
    _say(s, s.house.service.request(request))


@app.command()
def cancel(ctx: typer.Context, request: Request, note: Note = "") -> None:
    """Take a job request back."""
    s = session(ctx)
    reason = Reason(ReasonCode.NO_LONGER_NEEDED, s.note(note))
    _say(s, s.house.service.cancel(s.by, request, reason))


@app.command()
def resubmit(
    ctx: typer.Context,
    request: Request,
    note: Annotated[str, typer.Option("--note", help="Your answer to the checkers.")] = "",
    withhold: Annotated[
        list[str] | None, typer.Option(help="A path no longer asked to leave; repeat.")
    ] = None,
) -> None:
    """Answer the checkers and offer again."""
    s = session(ctx)
    withheld = tuple(withhold or ())
    _say(s, s.house.service.resubmit(s.by, request, withheld=withheld, note=s.note(note)))


def _say(s: Session, case: JobRequest) -> None:
    study = s.house.service.study_of(case)
    seen = sight(s.person, case, study)
    view = (
        request_view(s.person, case, study, told=Foretelling(s.house.service, s.house.data).told(case))
        if seen.outline
        else {"request": case.id, "stage": "not yours to see"}
    )
    findings = findings_of(s.house, case, seen) if seen.findings else []
    s.answer(view | {"files": findings}, _draw)


def _draw(console: Console, view: dict[str, Any]) -> None:
    show.facts(console, {key: value for key, value in view.items() if key not in {"actions", "files"}})
    show.rows(console, view.get("actions", []), nothing="")
    for file in view["files"]:
        console.print(f"[bold]{show.plain(file['path'])}[/]: {file['verdict']}, known as {file['level']}")
        show.finding_lines(console, file["findings"])
