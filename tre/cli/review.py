"""`tre review …`: output checkers read, vote, send back, sign off [P9]. Refuses to show a byte before the look is on the ledger [P13]."""

import csv
import io
from typing import Annotated, Any

import typer
from rich.console import Console

from output_checks.model import Report, Severity
from tre.cli import show
from tre.cli.reports import findings_of
from tre.cli.session import Session, session
from tre.custody.errors import Refusal
from tre.custody.outputs import Decision, FileVote, Offered
from tre.custody.reasons import Reason, ReasonCode
from tre.custody.remarks import Audience, Remark
from tre.custody.requests import JobRequest, RequestStage
from tre.views import request_view, sight

app = typer.Typer(help="Check outputs: open, vote, request changes, sign off.", no_args_is_help=True)

Request = Annotated[str, typer.Argument(help="The job request's id.")]
Note = Annotated[str, typer.Option("--note", help="Words for the people concerned; kept in the vault.")]
Because = Annotated[ReasonCode, typer.Option("--because", help="The reason, from the closed list.")]
OPEN = frozenset({RequestStage.CHECKED, RequestStage.VOTED, RequestStage.REVIEWED, RequestStage.SIGNED_OFF})
MARKS = {Severity.REFUSE: "bold red", Severity.SUPPRESS: "bold red", Severity.REVIEW: "yellow"}


@app.command("list")
def list_(ctx: typer.Context) -> None:
    """What waits for a checker, without what is your own study's."""
    s = session(ctx)
    lines = [
        {"request": case.id, "study": study.id, "stage": case.stage.value, "files": len(case.offered)}
        for case, study in s.house.service.requests_with_studies()
        if case.stage in OPEN and sight(s.person, case, study).inside
    ]
    s.answer(lines, lambda console, value: show.rows(console, value, nothing="Nothing waits for you."))


@app.command("show")
def show_(ctx: typer.Context, request: Request) -> None:
    """A request's files and findings, with the cells and the people behind them."""
    s = session(ctx)
    case = s.house.service.request(request)
    study = s.house.service.study_of(case)
    seen = sight(s.person, case, study)
    if not seen.inside:
        raise Refusal(
            "not-yours-to-check",
            "Only an output checker who is independent of the study looks at its files and findings from inside.",
            "As a member, see `tre job show`.",
            "P1",
        )
    s.answer(request_view(s.person, case, study) | {"files": findings_of(s.house, case, seen)}, _draw)


@app.command("open")
def open_(
    ctx: typer.Context,
    request: Request,
    path: Annotated[str, typer.Argument(help="The file's path.")],
    *,
    offered: Annotated[
        bool, typer.Option("--offered/--raw", help="What would leave, or what landed.")
    ] = False,
    rows: Annotated[int, typer.Option(help="How many rows to draw.")] = 40,
) -> None:
    """Open a quarantined file; the look goes on the ledger first [P13]."""
    s = session(ctx)
    file = _file(s, request, path)
    digest = file.digest if offered else file.raw
    s.house.service.view(s.by, request, digest)
    report = Report.from_json(s.house.quarantine.get(file.report).decode())
    content = s.house.quarantine.get(digest)
    marked = {} if offered else _marks(report)
    title = f"{path} ({'as it would leave' if offered else 'as it landed'})"
    s.answer(
        {"path": path, "digest": digest, "content": content.decode("utf-8", "backslashreplace")},
        lambda console, _: _draw_file(console, content, title, marked=marked, most=rows),
    )


@app.command("log")
def log_(
    ctx: typer.Context, request: Request, action: Annotated[str, typer.Argument(help="The action.")]
) -> None:
    """Open an action's quarantined log; the look goes on the ledger first [P1] [P13]."""
    s = session(ctx)
    job = s.house.service.request(request).job(action)
    if job is None or not job.log:
        raise typer.BadParameter("That action has no log: it is unknown, or has not ended.")
    s.house.service.view(s.by, request, job.log)
    text = s.house.quarantine.get(job.log).decode("utf-8", "backslashreplace")
    s.answer({"action": action, "log": text}, lambda console, _: console.print(show.text(text)))


@app.command()
def compare(
    ctx: typer.Context,
    request: Request,
    path: Annotated[str, typer.Argument(help="The file's path.")],
    *,
    rows: Annotated[int, typer.Option(help="How many rows to draw.")] = 40,
) -> None:
    """What landed beside what leaves; both looks go on the ledger first [P13]."""
    s = session(ctx)
    file = _file(s, request, path)
    for digest in dict.fromkeys((file.raw, file.digest)):
        s.house.service.view(s.by, request, digest)
    raw, offered = (_table(s.house.quarantine.get(digest)) for digest in (file.raw, file.digest))
    s.answer(
        {"path": path, "raw": raw, "offered": offered},
        lambda console, _: show.beside(console, raw, offered, title=path, most=rows),
    )


@app.command()
def vote(
    ctx: typer.Context,
    request: Request,
    *,
    approve_all: Annotated[
        bool, typer.Option("--approve-all", help="Approve every file not named otherwise.")
    ] = False,
    approve: Annotated[list[str] | None, typer.Option(help="A path to approve; repeat.")] = None,
    changes: Annotated[list[str] | None, typer.Option(help="A path to send back; repeat.")] = None,
    reject: Annotated[list[str] | None, typer.Option(help="A path to reject; repeat.")] = None,
    note: Note = "",
) -> None:
    """Vote on every offered file, on exactly the bytes on offer now [P9]."""
    s = session(ctx)
    named = dict.fromkeys(approve or [], Decision.APPROVE)
    named |= dict.fromkeys(changes or [], Decision.CHANGES) | dict.fromkeys(reject or [], Decision.REJECT)
    case = s.house.service.request(request)
    kept = s.note(note)
    votes = tuple(
        FileVote(file.path, file.digest, named.get(file.path, Decision.APPROVE), kept)
        for file in case.offered
        if approve_all or file.path in named
    )
    _say(s, s.house.service.vote(s.by, request, votes))


@app.command()
def changes(
    ctx: typer.Context, request: Request, note: Note = "", because: Because = ReasonCode.NEEDS_CHANGES
) -> None:
    """Send the request back to its author, saying what must change."""
    s = session(ctx)
    _say(s, s.house.service.request_changes(s.by, request, Reason(because, s.note(note))))


@app.command("sign-off")
def sign_off(
    ctx: typer.Context,
    request: Request,
    *,
    path: Annotated[
        list[str] | None, typer.Option(help="Only this file; repeat. The rest stays open.")
    ] = None,
) -> None:
    """Sign the request off, or only some of its files: they may leave [P9]."""
    s = session(ctx)
    service = s.house.service
    _say(s, service.sign_off_part(s.by, request, tuple(path)) if path else service.sign_off(s.by, request))


@app.command()
def remark(
    ctx: typer.Context,
    request: Request,
    path: Annotated[str, typer.Argument(help="The file's path.")],
    *,
    words: Annotated[str, typer.Option("--note", help="The remark; kept in the vault.")],
    because: Because = ReasonCode.NEEDS_CHANGES,
    cell: Annotated[tuple[int, int], typer.Option(help="Row and column, counted from 0.")] = (-1, -1),
    aside: Annotated[bool, typer.Option("--checkers-only", help="Not for the study.")] = False,
) -> None:
    """Remark on a file, or on a cell of it; checkers and members take part."""
    s = session(ctx)
    said = Remark(
        path=path,
        digest=_file(s, request, path).digest,
        note=s.note(words),
        reason=because,
        audience=Audience.CHECKERS if aside else Audience.EVERYONE,
        row=cell[0],
        column=cell[1],
    )
    _say(s, s.house.service.comment(s.by, request, said))


@app.command()
def refuse(
    ctx: typer.Context, request: Request, note: Note = "", because: Because = ReasonCode.NOT_PERMITTED
) -> None:
    """Refuse the request for good."""
    s = session(ctx)
    _say(s, s.house.service.refuse(s.by, request, Reason(because, s.note(note))))


def _file(s: Session, request: str, path: str) -> Offered:
    case = s.house.service.request(request)
    for file in case.offered:
        if file.path == path:
            return file
    raise typer.BadParameter(
        f"This request offers: {', '.join(file.path for file in case.offered) or 'nothing'}."
    )


def _say(s: Session, case: JobRequest) -> None:
    view = request_view(s.person, case, s.house.service.study_of(case))
    s.answer(
        view, lambda console, value: show.facts(console, {k: v for k, v in value.items() if k != "actions"})
    )


def _draw(console: Console, view: dict[str, Any]) -> None:
    show.facts(console, {key: value for key, value in view.items() if key not in {"actions", "files"}})
    for file in view["files"]:
        console.print(f"[bold]{show.plain(file['path'])}[/]: {file['verdict']}, known as {file['level']}")
        show.finding_lines(console, file["findings"])


def _marks(report: Report) -> dict[tuple[int, str], str]:
    return {
        (cell.row, cell.column): MARKS[finding.severity]
        for finding in report.findings
        if finding.severity in MARKS
        for cell in finding.cells
    }


def _draw_file(
    console: Console, content: bytes, title: str, *, marked: dict[tuple[int, str], str], most: int
) -> None:
    lines = _table(content)
    if len({len(line) for line in lines}) == 1:
        show.grid(console, lines, title=title, marked=marked, most=most)
    else:
        console.print(show.text(content.decode("utf-8", "backslashreplace")))


def _table(content: bytes) -> tuple[tuple[str, ...], ...]:
    text = content.decode("utf-8", "backslashreplace")
    return tuple(tuple(row) for row in csv.reader(io.StringIO(text)))
