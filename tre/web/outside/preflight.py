"""The pre-flight: what the checks found, before a person's time is asked for; what each file is, in the study's own words.

On real data: rule, file, declared column, and a band of cells [P1]. Refuses to show a value, a label from the data or a
number that the data could move; what is already known of a column is what the spec declared.
"""

from hashlib import sha256
from typing import Any

from litestar.response import Redirect, Template

from job_specs.model import JobSpec
from job_specs.parse import parse
from job_specs.patterns import matches
from tre.custody.commands import Step
from tre.custody.events import ChangesRequested
from tre.custody.lifecycle import REQUEST
from tre.custody.outputs import FileContext
from tre.custody.remarks import NOWHERE, Remark
from tre.custody.requests import JobRequest, RequestStage
from tre.custody.studies import Application
from tre.dispatch.intake import SPEC
from tre.views import visible_remarks
from tre.web.asking import Ask, unclear
from tre.web.errors import not_there
from tre.web.file_context import ColumnContext, DescribedFile, read, written
from tre.web.outside.doors import Outside
from tre.web.outside.jobs import found
from tre.web.routes import shows, takes
from tre.web.who import SIGNED_IN, takers

MOST_FILES_SHOWN = 200
OF_NOTHING = sha256(b"").hexdigest()
WORDS = {
    "clean": "It may leave as it is, once two people have agreed.",
    "suppressed": "It may leave as its suppressed twin: small numbers are gone and the rest is rounded. The file as it landed never leaves.",
    "person": "Only a person can judge it; say below what it shows.",
    "refused": "It cannot leave as it is. Leave it out and fix the code.",
}
CHOICES = {
    "clean": "Offer the file to the checkers",
    "suppressed": "Accept the suppressed twin: offer it to the checkers",
    "person": "Offer the file to the checkers",
    "refused": "Show it to the checkers, who cannot let it leave",
}
OFFERED, LEFT_OUT = "offered", "left-out"


@shows("/jobs/{case_id:str}/preflight", SIGNED_IN)
def preflight(ask: Ask, outside: Outside, case_id: str) -> Template:
    """What the checks found of each file, and what the study says it is."""
    case, study, seen = found(ask, outside, case_id)
    if not seen.findings or not case.offered:
        raise not_there("pre-flight")
    files = outside.findings(case)[:MOST_FILES_SHOWN]
    member = ask.person.id in study.members
    said = {each.path: said_of(outside, case, each.path) for each in case.asked}
    return ask.page(
        "outside/preflight.html",
        job_id=case.id,
        stage=case.stage.value,
        files=files,
        total=len(case.asked),
        words=WORDS,
        choices=CHOICES,
        asked_first=outside.common.service.rules.context_needed,
        said=said,
        known=declared(outside, case),
        describes=member and case.stage in {RequestStage.CHECKED, RequestStage.RETURNED},
        answers=member and case.stage is RequestStage.RETURNED,
        asked=asked_for(outside, case),
        remarks=remarks_of(ask, outside, case, study),
        speaks=member and Step.COMMENT in REQUEST[case.stage],
    )


@takes("/jobs/{case_id:str}/describe", takers(Step.DESCRIBE))
def describe(ask: Ask, outside: Outside, case_id: str) -> Redirect:
    """Say what the files are, and of each whether what the checks let leave is accepted or it is left out of this review."""
    case, _, _ = found(ask, outside, case_id)
    known = declared(outside, case)
    contexts = tuple(
        FileContext(
            file.path,
            outside.common.documents.put(written(_filled(ask, number, known.get(file.path, {})))),
            left_out=stays_out(case, file.path, _choice(ask, number)),
        )
        for number, file in enumerate(case.asked)
        if f"population-{number}" in ask.form.values
    )
    outside.common.service.describe(ask.by, case_id, contexts)
    return ask.go(f"/jobs/{case_id}/preflight")


@takes("/jobs/{case_id:str}/remark", takers(Step.COMMENT))
def remark(ask: Ask, outside: Outside, case_id: str) -> Redirect:
    """Say something of a file, or of a cell of it by number; for everyone to read, in the words that were written and no others [P1]."""
    case, _, _ = found(ask, outside, case_id)
    path = ask.form.required("path")
    said = Remark(
        path=path,
        digest=digest_on_offer(case, path),
        note=ask.note(ask.form.required("words")),
        row=ask.form.place("row"),
        column=ask.form.place("column"),
        resolved=bool(ask.form.text("resolved")),
    )
    outside.common.service.comment(ask.by, case_id, said)
    return ask.go(f"/jobs/{case_id}/preflight")


def digest_on_offer(case: JobRequest, untrusted_path: str) -> str:
    """The digest of what would leave under that path, which nobody outside is told; of nothing, where there is none: the core refuses it."""
    return next((each.digest for each in case.offered if each.path == untrusted_path), OF_NOTHING)


@takes("/jobs/{case_id:str}/resubmit", takers(Step.RESUBMIT))
def resubmit(ask: Ask, outside: Outside, case_id: str) -> Redirect:
    """Answer the checkers, withhold what should not be asked for, and offer the rest again."""
    found(ask, outside, case_id)
    note = ask.note(ask.form.required("note"))
    outside.common.service.resubmit(ask.by, case_id, withheld=ask.form.every("withhold"), note=note)
    return ask.go(f"/jobs/{case_id}")


def stays_out(case: JobRequest, path: str, left_out: bool | None) -> bool:  # noqa: FBT001 - the choice itself
    """What is chosen of a file; where nothing is, it stays where it is: a file left out comes back by a member's word only."""
    return path in {each.path for each in case.left_out} if left_out is None else left_out


def _choice(ask: Ask, number: int) -> bool | None:
    said = ask.form.text(f"choice-{number}", most=20)
    if said not in {"", OFFERED, LEFT_OUT}:
        raise unclear(f"choice-{number}", f"is none of: {OFFERED}, {LEFT_OUT}")
    return said == LEFT_OUT if said else None


def _filled(ask: Ask, number: int, declared: dict[str, Any]) -> DescribedFile:
    """One file's part of the form; columns stand by their number, because a name may be anything."""
    columns = {
        name: ColumnContext(
            ask.form.text(f"meaning-{number}-{place}", most=500),
            ask.form.text(f"unit-{number}-{place}", most=100),
        )
        for place, name in enumerate(declared.get("columns", ()))
    }
    return DescribedFile(
        population=ask.form.text(f"population-{number}", most=1000),
        statistic=ask.form.text(f"statistic-{number}", most=200),
        note=ask.form.text(f"note-{number}", most=4000),
        columns=columns,
    )


def asked_for(outside: Outside, case: JobRequest) -> tuple[str, str]:
    """Why a request that came back did: the reason's code, and the words with it."""
    if case.stage is not RequestStage.RETURNED:
        return "", ""
    history = outside.common.service.ledger.case_events(case.id)
    asked = [each.event for each in history if isinstance(each.event, ChangesRequested)]
    return asked[-1].reason.code.value, _words(outside, asked[-1].reason.note)


def remarks_of(
    ask: Ask, outside: Outside, case: JobRequest, study: Application
) -> dict[str, list[dict[str, Any]]]:
    """What checkers and the study said of each file, as far as this person may see it."""
    found: dict[str, list[dict[str, Any]]] = {each.path: [] for each in case.asked}
    for said in visible_remarks(ask.person, case, study):
        remark = said.remark
        place = f"row {remark.row} column {remark.column}" if remark.row != NOWHERE else ""
        who = "the study" if said.person in study.members else "a checker"
        line = {"who": who, "round": said.round, "place": place, "settled": remark.resolved}
        if remark.path in found:
            found[remark.path].append(line | {"words": _words(outside, remark.note)})
    return found


def _words(outside: Outside, note: str) -> str:
    return outside.common.documents.get(note).decode("utf-8", "backslashreplace") if note else ""


def said_of(outside: Outside, case: JobRequest, path: str) -> DescribedFile:
    """What the study says of a file, as far as it has."""
    context = case.context_of(path)
    return read(outside.common.documents.get(context)) if context else DescribedFile()


def declared(outside: Outside, case: JobRequest) -> dict[str, dict[str, Any]]:
    """What the spec itself says of each offered file: its statistic and its columns, in the order declared."""
    spec = parse(outside.common.documents.get(case.submission.spec).decode("utf-8"), file=SPEC)
    return {file.path: _of_file(spec, file.path) for file in case.asked}


def _of_file(spec: JobSpec, path: str) -> dict[str, Any]:
    for output in (output for action in spec.actions for output in action.outputs):
        if output.statistic is not None and matches(output.pattern, path):
            said = output.statistic
            return {"statistic": said.kind, "of": said.of or "", "columns": (*said.by, *said.columns)}
    return {"statistic": "", "of": "", "columns": ()}


ROUTES = (preflight, describe, remark, resubmit)
