"""The inside face's API: everything that a checker's pages do, for programs on the data's own network [P9] [P13] [P16].

Every answer with bytes is a look, and on the ledger first. Refuses what the core refuses, and to serve a byte as the study
made it: rows are text, a picture is drawn anew, a copy is marked.
"""

from dataclasses import asdict
from typing import Any

from litestar.response import Response

from tre.custody.commands import Step
from tre.custody.outputs import Decision, FileVote, Offered
from tre.custody.remarks import NOWHERE, Audience, Remark
from tre.views import report_view, request_view
from tre.web.api import Answer, Because, Body, Digest, Short, Text, answer, asks, does, reason_of
from tre.web.asking import Ask, unclear
from tre.web.errors import not_there
from tre.web.headers import UNTRUSTED_POLICY, untrusted
from tre.web.inside.desk import MOST_FILES, OFFERED, RAW, Desk, desk_of, digest_of
from tre.web.inside.doors import Inside
from tre.web.inside.drawn import marked_copy
from tre.web.inside.panes import compared, context_pane, window_of
from tre.web.inside.queue import lines_of, taken_up
from tre.web.inside.review import CHECKERS, approved_paths
from tre.web.lists import page_asked
from tre.web.who import takers


class WordBody(Body, frozen=True, kw_only=True):
    """A checker's word on one file, on exactly these bytes."""

    path: Text
    digest: Digest
    decision: Decision
    note: Text = ""


class BallotBody(Body, frozen=True, kw_only=True):
    """Words on files; none where those count that were kept before."""

    files: tuple[WordBody, ...] = ()


class RemarkBody(Because, frozen=True, kw_only=True):
    """A remark on a file, or on a cell of it, counted from 0; for everyone, or aside for checkers."""

    path: Text
    digest: Digest
    row: int = NOWHERE
    column: int = NOWHERE
    aside: bool = False
    resolved: bool = False


class PathsBody(Body, frozen=True, kw_only=True):
    """Paths that are signed off; none for all that enough checkers approve."""

    paths: tuple[Text, ...] = ()


class SideBody(Body, frozen=True, kw_only=True):
    """Which side of a file: as it would leave, or as it landed."""

    side: Short = OFFERED


@asks("/review", CHECKERS)
def api_queue(ask: Ask, inside: Inside) -> Answer:
    """One page of what waits for a checker who is independent of it, oldest first."""
    found, lines = lines_of(ask, inside)
    rows = [
        {**asdict(line.row), "working_days": line.days, "late": line.late, "held_by": [each.checker for each in line.held]}
        for line in lines
    ]  # fmt: skip
    return {"rows": rows, "total": found.total, "page": found.page, "pages": found.last}


@does("/review/next", CHECKERS)
def api_next(ask: Ask, inside: Inside) -> Answer:
    """Take up the request that has waited longest."""
    return _case(ask, inside, taken_up(ask, inside))


@asks("/review/{job:str}", CHECKERS)
def api_review(ask: Ask, inside: Inside, job: str) -> Answer:
    """One request: its files with verdicts and one's own words, a page of them at a time; and what may be done."""
    return _case(ask, inside, job)


@does("/review/{job:str}/claim", CHECKERS)
def api_claim(ask: Ask, inside: Inside, job: str) -> Answer:
    """Say that one is at a request, or stays at it."""
    desk_of(ask, inside, job)
    if not inside.desk.claim(job, ask.person.id, ask.now.timestamp()):
        raise unclear("request", "has enough checkers at it; take another")
    return _case(ask, inside, job)


@does("/review/{job:str}/leave", CHECKERS)
def api_leave(ask: Ask, inside: Inside, job: str) -> Answer:
    """Let go of a request."""
    inside.desk.leave(job, ask.person.id)
    return _case(ask, inside, job)


@asks("/review/{job:str}/files/{number:int}", CHECKERS)
def api_file(ask: Ask, inside: Inside, job: str, *, number: int) -> Answer:
    """All that is known of one file: findings with their cells, context, provenance, remarks, earlier releases."""
    desk, offered = _file(ask, inside, job, number)
    around = context_pane(desk, offered)
    view = report_view(offered, inside.report(offered.report), desk.seen)
    view |= {
        "number": number,
        "context": around["context"],
        "action": around["job"].action.name if around["job"] else "",
        "releases": [asdict(release) for release, _ in around["releases"]],
        "remarks": [_remark(said, words) for said, words in around["remarks"]],
    }
    return answer(view, _steps(desk))


@asks("/review/{job:str}/files/{number:int}/rows", CHECKERS)
def api_rows(ask: Ask, inside: Inside, job: str, *, number: int) -> Answer:
    """A window of a table's rows, as text, with its marked cells; ``?side=raw`` for as it landed, ``?start=`` for where."""
    desk, offered = _file(ask, inside, job, number)
    digest = _looked_at(desk, offered, ask.query.get("side", OFFERED))
    grid, start = inside.grid(digest), ask.query.get("start", "0")
    if grid is None or not start.isascii() or not start.isdecimal():
        raise not_there("table")
    report = inside.report(offered.report) if digest == offered.raw else None
    window = window_of(grid, report, int(start))
    return {"columns": list(grid.columns), "total": grid.rows, "digest": digest, **window}


@asks("/review/{job:str}/files/{number:int}/changes", CHECKERS)
def api_changes(ask: Ask, inside: Inside, job: str, *, number: int) -> Answer:
    """What changed in a table since it was last reviewed or, failing that, last released."""
    desk, offered = _file(ask, inside, job, number)
    desk.look(offered.digest)
    found = compared(desk, offered)
    return {"since": found[0] if found else "", "difference": asdict(found[1]) if found else None}


@asks("/review/{job:str}/files/{number:int}/picture", CHECKERS)
def api_picture(ask: Ask, inside: Inside, job: str, *, number: int) -> Response[bytes]:
    """A picture, drawn anew from its pixels."""
    desk, offered = _file(ask, inside, job, number)
    drawn = inside.drawing(_looked_at(desk, offered, ask.query.get("side", OFFERED)))
    if drawn is None:
        raise not_there("picture that can be drawn")
    return Response(drawn, media_type="image/png", headers={"content-security-policy": UNTRUSTED_POLICY})


@does("/review/{job:str}/files/{number:int}/copy", CHECKERS.again())
def api_copy(ask: Ask, inside: Inside, job: str, *, number: int, data: SideBody) -> Response[bytes]:
    """A marked copy to take away; it says whose it is [P13]."""
    desk, offered = _file(ask, inside, job, number)
    digest = digest_of(offered, _side(data.side))
    ask.common.service.view(ask.by, desk.case.id, digest)
    made = marked_copy(inside.quarantine.get(digest), offered.path, ask.person.id, ask.now)
    return Response(made.content, media_type=made.media_type, headers=untrusted(made.media_type, made.name))


@does("/review/{job:str}/word", CHECKERS)
def api_word(ask: Ask, inside: Inside, job: str, data: WordBody) -> Answer:
    """Keep a word on one file; nothing is handed in yet."""
    desk = desk_of(ask, inside, job)
    offered = next((each for each in desk.case.offered if each.path == data.path), None)
    if offered is None or offered.digest != data.digest:
        raise unclear("digest", "is of no file on offer; look again")
    desk.keep(data.path, {"digest": data.digest, "decision": data.decision.value, "note": data.note})
    return _case(ask, inside, job)


@does("/review/{job:str}/vote", takers(Step.VOTE).again())
def api_vote(ask: Ask, inside: Inside, job: str, data: BallotBody) -> Answer:
    """Hand in one's words on all files that need a look: a vote, blind until the other is in [P9]."""
    desk = desk_of(ask, inside, job)
    ballot = tuple(_vote(ask, each) for each in data.files) or desk.ballot()
    ask.common.service.vote(ask.by, job, ballot)
    desk.drop()
    inside.desk.leave(job, ask.person.id)
    return _case(ask, inside, job)


@does("/review/{job:str}/change", takers(Step.VOTE).again())
def api_change(ask: Ask, inside: Inside, job: str, data: WordBody) -> Answer:
    """Say something else of one file, once both votes are in."""
    desk_of(ask, inside, job)
    ask.common.service.vote(ask.by, job, (_vote(ask, data),))
    return _case(ask, inside, job)


@does("/review/{job:str}/remark", takers(Step.COMMENT))
def api_remark(ask: Ask, inside: Inside, job: str, data: RemarkBody) -> Answer:
    """Remark on a file, or on a cell of it."""
    desk_of(ask, inside, job)
    if not data.note:
        raise unclear("note", "is empty")
    said = Remark(
        path=data.path,
        digest=data.digest,
        note=ask.note(data.note),
        reason=data.because,
        audience=Audience.CHECKERS if data.aside else Audience.EVERYONE,
        row=data.row,
        column=data.column,
        resolved=data.resolved,
    )
    ask.common.service.comment(ask.by, job, said)
    return _case(ask, inside, job)


@does("/review/{job:str}/return", takers(Step.REQUEST_CHANGES).again())
def api_return(ask: Ask, inside: Inside, job: str, data: Because) -> Answer:
    """Send the request back to its author."""
    desk_of(ask, inside, job)
    ask.common.service.request_changes(ask.by, job, reason_of(ask, data))
    return _case(ask, inside, job)


@does("/review/{job:str}/sign-off", takers(Step.SIGN_OFF).again())
def api_sign_off(ask: Ask, inside: Inside, job: str) -> Answer:
    """Sign everything on offer off: it may leave [P9]."""
    desk_of(ask, inside, job)
    ask.common.service.sign_off(ask.by, job)
    return _case(ask, inside, job)


@does("/review/{job:str}/sign-off-part", takers(Step.SIGN_OFF_PART).again())
def api_sign_off_part(ask: Ask, inside: Inside, job: str, data: PathsBody) -> Answer:
    """Sign some of the files off; the rest stays open [P9]."""
    desk = desk_of(ask, inside, job)
    ask.common.service.sign_off_part(ask.by, job, data.paths or approved_paths(desk))
    return _case(ask, inside, job)


@does("/review/{job:str}/refuse", takers(Step.REFUSE).again())
def api_refuse(ask: Ask, inside: Inside, job: str, data: Because) -> Answer:
    """Refuse the request for good."""
    desk_of(ask, inside, job)
    ask.common.service.refuse(ask.by, job, reason_of(ask, data))
    return _case(ask, inside, job)


def _case(ask: Ask, inside: Inside, job: str) -> Answer:
    desk = desk_of(ask, inside, job)
    said, page = desk.said(), page_asked(ask)
    files = list(enumerate(desk.case.offered))[(page - 1) * MOST_FILES : page * MOST_FILES]
    view = request_view(ask.person, desk.case, desk.study)
    view |= {
        "submitter": desk.case.submitter,
        "total": len(desk.case.offered),
        "page": page,
        "files": [_line(number, each, said.get(each.path, "")) for number, each in files],
        "held_by": [each.checker for each in inside.desk.held([job], ask.now.timestamp()).get(job, ())],
        "enough": list(approved_paths(desk)),
    }
    return answer(view, _steps(desk))


def _line(number: int, offered: Offered, said: str) -> dict[str, Any]:
    digests = {"raw": offered.raw, "offered": offered.digest}
    levels = {"verdict": offered.verdict.value, "level": offered.level.value}
    return {"number": number, "path": offered.path, "said": said, **levels, **digests}


def _steps(desk: Desk) -> list[str]:
    steps: list[str] = request_view(desk.ask.person, desk.case, desk.study)["next_steps"]
    return steps


def _file(ask: Ask, inside: Inside, job: str, number: int) -> tuple[Desk, Offered]:
    desk = desk_of(ask, inside, job)
    return desk, desk.file(str(number))[1]


def _looked_at(desk: Desk, offered: Offered, untrusted_side: str) -> str:
    """The digest of one side of a file, once the look is on the ledger."""
    digest = digest_of(offered, _side(untrusted_side))
    desk.look(digest)
    return digest


def _side(untrusted: str) -> str:
    if untrusted not in {OFFERED, RAW}:
        raise unclear("side", f"is neither {OFFERED} nor {RAW}")
    return untrusted


def _vote(ask: Ask, word: WordBody) -> FileVote:
    return FileVote(word.path, word.digest, word.decision, ask.note(word.note))


def _remark(said: Any, words: str) -> dict[str, Any]:
    where = {"row": said.remark.row, "column": said.remark.column, "resolved": said.remark.resolved}
    who = {"person": said.person, "audience": said.remark.audience.value, "round": said.round}
    return {"words": words, "because": said.remark.reason.value, **who, **where}


ROUTES = (
    api_queue, api_next, api_review, api_claim, api_leave, api_file, api_rows, api_changes, api_picture, api_copy, api_word,
    api_vote, api_change, api_remark, api_return, api_sign_off, api_sign_off_part, api_refuse,
)  # fmt: skip
