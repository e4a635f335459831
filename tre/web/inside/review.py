"""Reviewing: the page of three panes, and the steps a checker takes from it [P9] [P13] [P16].

Refuses to serve a byte as the study made it: a table is text in our cells, a picture is drawn anew, everything else is
text; what is taken away is a marked copy, always a download.
"""

from typing import Any

from litestar.response import Redirect, Response, Template

from tre.custody.commands import Step
from tre.custody.outputs import Decision, FileVote
from tre.custody.people import Role
from tre.custody.reasons import Reason, ReasonCode
from tre.custody.remarks import Audience, Remark
from tre.web.asking import Ask, unclear
from tre.web.errors import not_there
from tre.web.headers import UNTRUSTED_POLICY, untrusted
from tre.web.inside.desk import OFFERED, RAW, Desk, desk_of, digest_of
from tre.web.inside.doors import Inside
from tre.web.inside.drawn import marked_copy
from tre.web.inside.panes import (
    SIDES,
    compared,
    context_pane,
    data_pane,
    file_lines,
    level_of,
    marks_of,
    window_of,
)
from tre.web.routes import shows, takes
from tre.web.who import takers, those

CHECKERS = those(Role.OUTPUT_CHECKER)
READY_REASONS = (
    (
        ReasonCode.UNROUNDED_COUNTS,
        "Counts are not rounded to the nearest 5, or totals are not sums of rounded cells.",
    ),
    (
        ReasonCode.CONTEXT_MISSING,
        "It is not clear what this shows: say what each column means and of whom it is.",
    ),
    (ReasonCode.SMALL_NUMBERS, "A number describes 7 people or fewer, directly or by subtraction."),
    (ReasonCode.UNDERLYING_COUNTS_MISSING, "The counts behind this figure or statistic are not attached."),
    (ReasonCode.FILE_TYPE, "This type of file cannot be checked; offer a table or a picture."),
    (ReasonCode.NEEDS_CHANGES, "Something else must change."),
)
"""The five reasons that most requests are sent back for, and one more; each with words to begin from."""


@shows("/review/{job:str}", CHECKERS)
def review(ask: Ask, inside: Inside, job: str) -> Template:
    """One file of a request, in three panes."""
    desk = desk_of(ask, inside, job)
    number, offered = desk.file(ask.query.get("file", ""))
    side = RAW if ask.query.get("side") == RAW else OFFERED
    data, report = data_pane(desk, offered, side), inside.report(offered.report)
    drafts, said = desk.drafts(), desk.said()
    return ask.page(
        "inside/review.html",
        desk=desk,
        number=number,
        file=offered,
        side=side,
        sides=SIDES,
        lines=file_lines(desk, number),
        data=data,
        report=report,
        marks=marks_of(report, range(len(data.rows))) if data.digest == offered.raw else {},
        level_of=level_of,
        difference=compared(desk, offered) if data.kind == "table" else None,
        mine=drafts.get(offered.path) or {"decision": said.get(offered.path, ""), "note": ""},
        drafted=len(drafts),
        done=len(said),
        held=inside.desk.held([job], ask.now.timestamp()).get(job, ()),
        reasons=READY_REASONS,
        approved=approved_paths(desk),
        **context_pane(desk, offered),
    )


@shows("/review/{job:str}/rows", CHECKERS)
def rows(ask: Ask, inside: Inside, job: str) -> Response[Any]:
    """Some rows of a large table, as data for the page that shows it."""
    desk = desk_of(ask, inside, job)
    _, offered = desk.file(ask.query.get("file", "0"))
    digest = digest_of(offered, ask.query.get("side", OFFERED))
    desk.look(digest)
    grid, start = inside.grid(digest), ask.query.get("start", "0")
    if grid is None or not start.isascii() or not start.isdecimal():
        raise not_there("table")
    return Response(
        window_of(grid, inside.report(offered.report) if digest == offered.raw else None, int(start))
    )


@shows("/review/{job:str}/picture", CHECKERS)
def picture(ask: Ask, inside: Inside, job: str) -> Response[bytes]:
    """A picture, drawn anew from its pixels, with a policy under which nothing in it could load or run."""
    desk = desk_of(ask, inside, job)
    _, offered = desk.file(ask.query.get("file", "0"))
    digest = digest_of(offered, ask.query.get("side", OFFERED))
    desk.look(digest)
    drawn = inside.drawing(digest)
    if drawn is None:
        raise not_there("picture that can be drawn")
    return Response(drawn, media_type="image/png", headers={"content-security-policy": UNTRUSTED_POLICY})


@takes("/review/{job:str}/copy", CHECKERS.again())
def copy(ask: Ask, inside: Inside, job: str) -> Response[bytes]:
    """A marked copy to take away; the look is on the ledger, and the copy says whose it is [P13]."""
    desk = desk_of(ask, inside, job)
    _, offered = desk.file(ask.form.text("file", most=10))
    digest = digest_of(offered, ask.form.text("side", most=10))
    ask.common.service.view(ask.by, job, digest)
    made = marked_copy(inside.quarantine.get(digest), offered.path, ask.person.id, ask.now)
    return Response(made.content, media_type=made.media_type, headers=untrusted(made.media_type, made.name))


@takes("/review/{job:str}/word", CHECKERS)
def word(ask: Ask, inside: Inside, job: str) -> Redirect:
    """Keep a word on one file, and go on to the next; nothing is handed in yet."""
    desk = desk_of(ask, inside, job)
    number, offered = desk.file(ask.form.text("file", most=10))
    if ask.form.text("digest", most=64) != offered.digest:
        raise unclear("file", "is no longer the one that you looked at; look again")
    decision, note = _decision(ask), ask.form.text("note")
    desk.keep(offered.path, {"digest": offered.digest, "decision": decision.value, "note": note})
    return ask.go(f"/review/{job}?file={desk.next_open(number)}")


@takes("/review/{job:str}/vote", takers(Step.VOTE).again())
def vote(ask: Ask, inside: Inside, job: str) -> Redirect:
    """Hand in one's words on all files: a vote, blind until the other is in [P9]."""
    desk = desk_of(ask, inside, job)
    ask.common.service.vote(ask.by, job, desk.ballot())
    desk.drop()
    inside.desk.leave(job, ask.person.id)
    return ask.go(f"/review/{job}")


@takes("/review/{job:str}/change", takers(Step.VOTE).again())
def change(ask: Ask, inside: Inside, job: str) -> Redirect:
    """Say something else of one file, once both votes are in; the earlier word stays on the ledger."""
    desk = desk_of(ask, inside, job)
    number, offered = desk.file(ask.form.text("file", most=10))
    digest, note = ask.form.text("digest", most=64) or offered.digest, ask.note(ask.form.text("note"))
    ask.common.service.vote(ask.by, job, (FileVote(offered.path, digest, _decision(ask), note),))
    return ask.go(f"/review/{job}?file={number}")


@takes("/review/{job:str}/remark", takers(Step.COMMENT))
def remark(ask: Ask, inside: Inside, job: str) -> Redirect:
    """Remark on a file, or on a cell of it."""
    desk = desk_of(ask, inside, job)
    number, offered = desk.file(ask.form.text("file", most=10))
    said = Remark(
        path=offered.path,
        digest=digest_of(offered, ask.form.text("side", most=10)),
        note=ask.note(ask.form.required("words")),
        reason=_reason(ask),
        audience=Audience.CHECKERS if ask.form.text("aside") else Audience.EVERYONE,
        row=ask.form.place("row"),
        column=ask.form.place("column"),
        resolved=bool(ask.form.text("resolved")),
    )
    ask.common.service.comment(ask.by, job, said)
    return ask.go(f"/review/{job}?file={number}#remarks")


@takes("/review/{job:str}/return", takers(Step.REQUEST_CHANGES).again())
def return_(ask: Ask, inside: Inside, job: str) -> Redirect:
    """Send the request back to its author, with a ready reason and words."""
    desk_of(ask, inside, job)
    reason = Reason(_reason(ask), ask.note(ask.form.text("words")))
    ask.common.service.request_changes(ask.by, job, reason)
    return ask.go("/review")


@takes("/review/{job:str}/sign-off", takers(Step.SIGN_OFF).again())
def sign_off(ask: Ask, inside: Inside, job: str) -> Redirect:
    """Sign everything on offer off: it may leave."""
    desk_of(ask, inside, job)
    ask.common.service.sign_off(ask.by, job)
    return ask.go("/review")


@takes("/review/{job:str}/sign-off-part", takers(Step.SIGN_OFF_PART).again())
def sign_off_part(ask: Ask, inside: Inside, job: str) -> Redirect:
    """Sign the approved files off; the rest stays open."""
    paths = approved_paths(desk_of(ask, inside, job))
    ask.common.service.sign_off_part(ask.by, job, paths)
    return ask.go(f"/review/{job}")


@takes("/review/{job:str}/refuse", takers(Step.REFUSE).again())
def refuse(ask: Ask, inside: Inside, job: str) -> Redirect:
    """Refuse the request for good."""
    desk_of(ask, inside, job)
    words = ask.note(ask.form.required("words"))
    ask.common.service.refuse(ask.by, job, Reason(ReasonCode.NOT_PERMITTED, words))
    return ask.go("/review")


def approved_paths(desk: Desk) -> tuple[str, ...]:
    """The files that enough checkers approve, as far as a page can tell; the core decides. None while votes are blind."""
    if desk.blind:
        return ()
    words: dict[str, list[Decision]] = {}
    for (_, path), said in desk.case.words.items():
        words.setdefault(path, []).append(said.decision)
    needed = desk.ask.common.service.rules.votes
    enough = []
    for offered in desk.case.offered:
        yes = words.get(offered.path, []).count(Decision.APPROVE)
        no = len(words.get(offered.path, [])) - yes
        if offered.level in needed and yes >= max(needed[offered.level], no + 1):
            enough.append(offered.path)
    return tuple(enough)


def _decision(ask: Ask) -> Decision:
    try:
        return Decision(ask.form.text("decision", most=30))
    except ValueError as error:
        raise unclear("decision", "is none of: approve, request changes, reject") from error


def _reason(ask: Ask) -> ReasonCode:
    try:
        return ReasonCode(ask.form.text("reason", most=40) or ReasonCode.NEEDS_CHANGES)
    except ValueError as error:
        raise unclear("reason", "is not one of the list") from error


ROUTES = (
    review,
    rows,
    picture,
    copy,
    word,
    vote,
    change,
    remark,
    return_,
    sign_off,
    sign_off_part,
    refuse,
)
