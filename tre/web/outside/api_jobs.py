"""The outside face's API for jobs and releases: hand in, watch, describe, answer, collect [P1] [P9].

It says what the pages say, from the same views. Refuses what the core refuses; what has left is read from where releases
are pushed to, and from nowhere else.
"""

import base64
import binascii
from dataclasses import asdict

import msgspec
from litestar.response import Response

from tre.custody.commands import Step
from tre.custody.outputs import FileContext
from tre.custody.people import Role
from tre.custody.reasons import Reason, ReasonCode
from tre.custody.remarks import NOWHERE, Remark
from tre.custody.requests import JobRequest
from tre.data.catalogue import BACKENDS
from tre.dispatch.archive import unpack
from tre.dispatch.code import Code
from tre.dispatch.commit import Committed, uncommitted
from tre.records.read_models import RegisteredRelease, RequestRow, Wanted
from tre.web.api import SHORT, Answer, Body, Short, Text, Words, answer, asks, does, listed
from tre.web.asking import Ask, unclear
from tre.web.errors import not_there
from tre.web.file_context import ColumnContext, DescribedFile, written
from tre.web.lists import page_asked
from tre.web.outside.code_view import BINARY, compared
from tre.web.outside.doors import Outside
from tre.web.outside.job_view import job_view
from tre.web.outside.jobs import (
    Handed,
    code_of,
    committed,
    found,
    hand_in,
    handed_again,
    origin_said,
    own_ids,
    previous,
)
from tre.web.outside.preflight import (
    MOST_FILES_SHOWN,
    asked_for,
    declared,
    digest_on_offer,
    remarks_of,
    said_of,
    stays_out,
)
from tre.web.outside.releases import bundle_of, collected, file_of, part_of
from tre.web.who import SIGNED_IN, takers, those


class CodeBody(Body, frozen=True, kw_only=True):
    """For which study, to run in which backend; a study's folder as a ZIP file in base64, or a repository and a commit of it.

    ``authors`` are the accounts of those who wrote the code; ``continues`` is the request that this one answers.
    """

    study: Short = ""
    code: str = ""
    backend: Short = BACKENDS[0]
    repository: Text = ""
    commit: Short = ""
    authors: tuple[Short, ...] = ()
    continues: Short = ""


class ResubmitBody(Body, frozen=True, kw_only=True):
    """An answer to the checkers, and the paths that are no longer asked for."""

    note: Text
    withheld: tuple[Short, ...] = ()


class FileRemarkBody(Body, frozen=True, kw_only=True):
    """A member's words about an offered file, or about a cell of it by number, counted from 0; everyone may read them."""

    path: Text
    note: Text
    because: ReasonCode = ReasonCode.NEEDS_CHANGES
    row: int = NOWHERE
    column: int = NOWHERE
    resolved: bool = False


class ColumnBody(Body, frozen=True, kw_only=True):
    """What one column means, and in which unit."""

    meaning: Short = ""
    unit: Short = ""


class FileBody(Body, frozen=True, kw_only=True):
    """What one offered file is; and whether it is left out of this review, or what would leave of it accepted.

    Where that is not said it stays as it is: accepted, unless it was left out before.
    """

    path: Text
    population: Text = ""
    statistic: Short = ""
    note: Text = ""
    left_out: bool | None = None
    columns: dict[Short, ColumnBody] = msgspec.field(default_factory=dict)


class DescribeBody(Body, frozen=True, kw_only=True):
    """What offered files are."""

    files: tuple[FileBody, ...]


@asks("/jobs", those(Role.RESEARCHER, Role.MAINTAINER))
def api_jobs(ask: Ask, outside: Outside) -> Answer:
    """One page of the job requests of one's own studies."""
    models = outside.common.read_models
    models.catch_up()
    mine = own_ids(ask, outside)
    wanted = Wanted("submitted_at", {"study": mine}, page=page_asked(ask), size=SHORT)
    return listed(models.listing(RequestRow, wanted))


@asks("/jobs/{case_id:str}", SIGNED_IN)
def api_job(ask: Ask, outside: Outside, case_id: str) -> Answer:
    """One job request: its stage, its actions in a handful of words, and the findings in bands."""
    return _job(ask, outside, found(ask, outside, case_id)[0])


@does("/jobs", takers(Step.SUBMIT))
def api_submit(ask: Ask, outside: Outside, data: CodeBody) -> Answer:
    """Hand in a study's code for a run on real data."""
    taken = code_in(ask, data)
    whence = origin_said(ask, taken, data.authors, data.continues)
    return _job(ask, outside, hand_in(ask, outside, Handed(data.study, taken.code, data.backend, whence)))


def code_in(ask: Ask, data: CodeBody) -> Committed:
    """The code that a body holds, or names a commit of.

    Raises:
        Refusal: it names no backend of ours, or holds no ZIP file. DispatchError: it holds what a study may not.
    """
    if data.backend not in BACKENDS:
        raise unclear("backend", f"is none of: {', '.join(BACKENDS)}")
    if data.repository:
        return committed(ask, data.repository, data.commit)
    return uncommitted(_unpacked(data.code))


@does("/jobs/{case_id:str}/cancel", takers(Step.CANCEL))
def api_cancel(ask: Ask, outside: Outside, case_id: str, data: Words) -> Answer:
    """Take a job request back."""
    found(ask, outside, case_id)
    reason = Reason(ReasonCode.NO_LONGER_NEEDED, ask.note(data.note))
    return _job(ask, outside, outside.common.service.cancel(ask.by, case_id, reason))


@does("/jobs/{case_id:str}/resubmit", takers(Step.RESUBMIT))
def api_resubmit(ask: Ask, outside: Outside, case_id: str, data: ResubmitBody) -> Answer:
    """Answer the checkers and offer again."""
    found(ask, outside, case_id)
    withheld, note = tuple(data.withheld), ask.note(data.note)
    return _job(ask, outside, outside.common.service.resubmit(ask.by, case_id, withheld=withheld, note=note))


@does("/jobs/{case_id:str}/remark", takers(Step.COMMENT))
def api_remark_on_file(ask: Ask, outside: Outside, case_id: str, data: FileRemarkBody) -> Answer:
    """Say something of an offered file, or of a cell of it."""
    case, _, _ = found(ask, outside, case_id)
    if not data.note:
        raise unclear("note", "is empty")
    said = Remark(
        path=data.path,
        digest=digest_on_offer(case, data.path),
        note=ask.note(data.note),
        reason=data.because,
        row=data.row,
        column=data.column,
        resolved=data.resolved,
    )
    return _job(ask, outside, outside.common.service.comment(ask.by, case_id, said))


@asks("/jobs/{case_id:str}/code", SIGNED_IN)
def api_code(ask: Ask, outside: Outside, case_id: str) -> Answer:
    """The code exactly as it was submitted, as text."""
    case = _read(ask, outside, case_id)
    files = code_of(outside, case).files
    return {
        "request": case.id,
        "digest": case.submission.code,
        "files": {path: _text(files[path]) for path in sorted(files)},
    }


@asks("/jobs/{case_id:str}/changes", SIGNED_IN)
def api_job_changes(ask: Ask, outside: Outside, case_id: str) -> Answer:
    """What changed in the code since the study's run before this one."""
    case = _read(ask, outside, case_id)
    before = previous(outside, case)
    changes = compared(code_of(outside, before).files, code_of(outside, case).files) if before else ()
    return {
        "request": case.id,
        "before": before.id if before else "",
        "files": [asdict(each) for each in changes],
    }


@asks("/jobs/{case_id:str}/preflight", SIGNED_IN)
def api_preflight(ask: Ask, outside: Outside, case_id: str) -> Answer:
    """What the checks found of each file, what the spec declares of it, and what the study says it is."""
    case = _read(ask, outside, case_id)
    if not case.offered:
        raise not_there("pre-flight")
    known = declared(outside, case)
    files = [
        {**file, "declared": known[file["path"]], "said": asdict(said_of(outside, case, file["path"]))}
        for file in outside.findings(case)[:MOST_FILES_SHOWN]
    ]
    return answer(
        {
            "request": case.id,
            "total": len(case.asked),
            "asked_for": dict(zip(("because", "note"), asked_for(outside, case), strict=True)),
            "remarks": remarks_of(ask, outside, case, outside.common.service.study_of(case)),
            "files": files,
        },
        _steps(ask, outside, case),
    )


@does("/jobs/{case_id:str}/describe", takers(Step.DESCRIBE))
def api_describe(ask: Ask, outside: Outside, case_id: str, data: DescribeBody) -> Answer:
    """Say what offered files are: population, statistic, and what each column means."""
    case, _, _ = found(ask, outside, case_id)
    contexts = tuple(
        FileContext(
            file.path,
            outside.common.documents.put(written(_described(file))),
            stays_out(case, file.path, file.left_out),
        )
        for file in data.files
    )
    return _job(ask, outside, outside.common.service.describe(ask.by, case_id, contexts))


@does("/jobs/{case_id:str}/again", takers(Step.SUBMIT))
def api_again(ask: Ask, outside: Outside, case_id: str) -> Answer:
    """Submit the very same code once more."""
    case, study, _ = found(ask, outside, case_id)
    return _job(ask, outside, hand_in(ask, outside, handed_again(outside, case, study)))


@asks("/releases", SIGNED_IN)
def api_releases(ask: Ask, outside: Outside) -> Answer:
    """One page of the releases of one's own studies, the newest first."""
    models = outside.common.read_models
    models.catch_up()
    mine = own_ids(ask, outside)
    wanted = Wanted("released_at", {"study": mine}, page=page_asked(ask), size=SHORT)
    return listed(models.listing(RegisteredRelease, wanted))


@asks("/releases/{case_id:str}", SIGNED_IN)
def api_release(ask: Ask, outside: Outside, case_id: str) -> Answer:
    """Everything of one request that has left: files by number, digests, and the signed statement's."""
    case, title = collected(ask, outside, case_id)
    parts = [asdict(part_of(outside, case, number)) for number, _ in enumerate(case.statements)]
    said = {"request": case.id, "title": title, "stage": case.stage.value, "parts": parts}
    return answer(said, _steps(ask, outside, case))


@asks("/releases/{case_id:str}/{number:int}/bundle", SIGNED_IN)
def api_bundle(ask: Ask, outside: Outside, case_id: str, *, number: int) -> Response[bytes]:
    """One release to take along: its files, its signed statement, and the key, as a ZIP file."""
    return bundle_of(ask, outside, case_id, number)


@asks("/releases/{case_id:str}/{number:int}/files/{index:int}", SIGNED_IN)
def api_release_file(ask: Ask, outside: Outside, case_id: str, *, number: int, index: int) -> Response[bytes]:
    """One file of a release, exactly the bytes that were signed off."""
    return file_of(ask, outside, case_id, number=number, index=index)


def _job(ask: Ask, outside: Outside, case: JobRequest) -> Answer:
    case, study, seen = found(ask, outside, case.id)
    view = job_view(ask, outside, case, study)
    files = outside.findings(case) if seen.findings and case.offered else []
    return answer(view | {"files": files}, view["next_steps"])


def _steps(ask: Ask, outside: Outside, case: JobRequest) -> list[str]:
    steps: list[str] = _job(ask, outside, case)["allowed_actions"]
    return steps


def _unpacked(untrusted_code: str) -> Code:
    try:
        return unpack(base64.b64decode(untrusted_code, validate=True))
    except (binascii.Error, ValueError) as error:
        raise unclear("code", "is not base64") from error


def _read(ask: Ask, outside: Outside, case_id: str) -> JobRequest:
    """A request of which this person may see the findings and the code."""
    case, _, seen = found(ask, outside, case_id)
    if not seen.findings:
        raise not_there("job")
    return case


def _described(file: FileBody) -> DescribedFile:
    columns = {name: ColumnContext(each.meaning, each.unit) for name, each in file.columns.items()}
    return DescribedFile(file.population, file.statistic, file.note, columns)


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return BINARY


ROUTES = (
    api_jobs, api_job, api_submit, api_cancel, api_resubmit, api_remark_on_file, api_code, api_job_changes, api_preflight,
    api_describe, api_again,
    api_releases, api_release, api_bundle, api_release_file,
)  # fmt: skip
