"""`tre release …`: what has left, who may fetch it, and calling it back [P12] [P15]. Refuses to reach into the quarantine."""

import hashlib
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from tre.cli import show
from tre.cli.session import Session, session
from tre.custody.encoding import canonical
from tre.custody.requests import JobRequest
from tre.custody.statements import STATEMENT_TYPE
from tre.data.combine import combine as combine_parts
from tre.data.combine import part_of
from tre.records.bundle import ENVELOPE, pack_bundle
from tre.records.keys import load_public_key
from tre.records.seals import opened_release, verify_release
from tre.views import sight

app = typer.Typer(help="See, verify and recall releases.", no_args_is_help=True)

Request = Annotated[str, typer.Argument(help="The job request's id.")]


@app.command("list")
def list_(ctx: typer.Context) -> None:
    """Every release: public [P12]."""
    s = session(ctx)
    lines = [
        _line(case, study.proposal.title)
        for case, study in s.house.service.requests_with_studies()
        if case.statements
    ]
    s.answer(lines, lambda console, value: show.rows(console, value, nothing="Nothing has been released."))


@app.command("show")
def show_(ctx: typer.Context, request: Request) -> None:
    """Where a release lies, and what its signed statement names; for members and checkers."""
    s = session(ctx)
    case = s.house.service.request(request)
    study = s.house.service.study_of(case)
    if not sight(s.person, case, study).findings or not case.statements:
        raise typer.BadParameter("There is no release of that request that you may see.")
    files = [
        {"path": file.path, "sha256": file.digest, "folder": str(s.house.push.place(case, number))}
        for number, statement in enumerate(case.statements)
        for file in statement.files
    ]
    place = s.house.push.place(case, 0)
    s.answer(
        _line(case, study.proposal.title) | {"folder": str(place), "files": files, "signature": ENVELOPE},
        show.facts,
    )


@app.command()
def verify(
    ctx: typer.Context,
    place: Annotated[Path, typer.Argument(help="A release's folder, or its bundle.")],
    *,
    key: Annotated[
        Path | None,
        typer.Option(help="The site's public key, from a place you trust; no site is needed then."),
    ] = None,
) -> None:
    """Check a release's signature and the bytes of each of its files, against this site's public key, or the one you name."""
    s = session(ctx)
    verified = verify_release(place, (load_public_key(key),)) if key else s.house.seals.verify_release(place)
    s.answer(verified, show.facts)


@app.command()
def bundle(
    ctx: typer.Context,
    request: Request,
    into: Annotated[Path, typer.Argument(help="The ZIP to write; it must not be there.")],
    *,
    number: Annotated[int, typer.Option(help="Which of the request's releases, from 1.", min=1)] = 1,
) -> None:
    """Take a release along as one file: its files, its signed statement, the key; for members and checkers."""
    s = session(ctx)
    case = s.house.service.request(request)
    study = s.house.service.study_of(case)
    place = s.house.push.place(case, number - 1)
    if not sight(s.person, case, study).findings or not (place / ENVELOPE).exists():
        raise typer.BadParameter("There is no release of that request that you may see.")
    files = {str(each.relative_to(place)): each.read_bytes() for each in place.rglob("*") if each.is_file()}
    with into.open("xb") as written:
        written.write(pack_bundle(files))
    s.answer({"request": case.id, "bundle": str(into), "files": len(files)}, show.facts)


@app.command()
def combine(
    ctx: typer.Context,
    folders: Annotated[list[Path], typer.Argument(help="Releases of one study, one of each backend.")],
    *,
    path: Annotated[str, typer.Option(help="The table, by its path in both releases.")],
    by: Annotated[list[str], typer.Option(help="A dimension; repeat.")],
    count: Annotated[list[str], typer.Option(help="A count of people; repeat.")],
    into: Annotated[Path, typer.Option(help="A new folder for the table and its signed statement.")],
) -> None:
    """Put together what two backends released, from the released numbers alone, and hold the policy to the sum [P7] [P10]."""
    s = session(ctx)
    statements = [_verified_statement(s, folder) for folder in folders]
    pairs = zip(statements, folders, strict=True)
    parts = [
        part_of(statement["predicate"], _signed_file(statement, folder, path)) for statement, folder in pairs
    ]
    made = combine_parts(parts, by=by, counts=count, policy=s.house.policy(), path=path)
    told = [statement["predicate"] for statement in statements]
    body = canonical(_combined_statement(told, path, made.content, s.by.now))
    into.mkdir(parents=True)
    (into / Path(path).name).write_bytes(made.content)
    for name, content in s.house.seals.beside(body, s.house.seals.sign_statement(body)):
        (into / name).write_bytes(content)
    s.answer({"table": str(into / Path(path).name), "hidden_numbers": made.hidden}, show.facts)


def _verified_statement(s: Session, folder: Path) -> dict[str, Any]:
    """A release's statement, after its signature and its files were checked: a recalled one has none."""
    return opened_release(folder, s.house.seals.trusted)


def _signed_file(statement: dict[str, Any], folder: Path, path: str) -> bytes:
    """The table's bytes, which are those that the statement names."""
    named = {subject["name"]: subject["digest"]["sha256"] for subject in statement["subject"]}
    if path not in named:
        raise typer.BadParameter(f"There is no {path} in the release {folder.name}.")
    content = (folder / path).read_bytes()
    if hashlib.sha256(content).hexdigest() != named[path]:
        raise typer.BadParameter(f"{path} changed while it was read.")
    return content


def _combined_statement(
    statements: list[dict[str, Any]], path: str, content: bytes, now: datetime
) -> dict[str, Any]:
    keys = ("request", "backend", "disclosurePolicy")
    digest = {"sha256": hashlib.sha256(content).hexdigest()}
    return {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": Path(path).name, "digest": digest}],
        "predicateType": "urn:tre:combined:v1",
        "predicate": {
            "combinedAt": now.isoformat(),
            "study": statements[0]["study"]["id"],
            "parts": [{key: each[key] for key in keys} for each in statements],
            "path": path,
        },
    }


@app.command()
def recall(
    ctx: typer.Context,
    request: Request,
    note: Annotated[str, typer.Option("--note", help="What you saw; kept in the vault.")] = "",
) -> None:
    """Call a release back and stop its study: one step, open to everyone [P15]."""
    s = session(ctx)
    case, study = s.house.service.recall(s.by, request, s.note(note))
    s.house.push.entomb(case)
    told = ["data-protection-officer", "caldicott-guardian"]
    s.answer(
        {
            "request": case.id,
            "stage": case.stage.value,
            "study": study.id,
            "study_stage": study.stage.value,
            "tell": told,
        },
        show.facts,
    )


def _line(case: JobRequest, title: str) -> dict[str, object]:
    statement = case.statements[-1]
    return {
        "request": case.id,
        "study": case.submission.application,
        "title": title,
        "stage": case.stage.value,
        "statement": statement.digest,
    }
