"""What is said when something is not done: a page for a browser, JSON for a program; the same code, sentence and next step.

Refuses to show what an error of ours says: that goes to the service's log, and the person is told that it did.
"""

import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import quote

from litestar import Request
from litestar.exceptions import HTTPException, NotAuthorizedException
from litestar.response import Redirect, Response, Template
from litestar.types import ExceptionHandlersMap

from job_specs.errors import SpecError
from job_specs.sql.model import SqlRefused
from tre.custody.errors import Malformed, Refusal
from tre.dispatch.errors import DispatchError
from tre.records.errors import CaseMoved, LedgerRefused, LedgerUnavailable, ListBeingPrepared
from tre.web.asking import CONFIRM_FIELDS, Ask
from tre.web.sessions import API
from tre.web.who import NOBODY, Visitor

LOG = logging.getLogger("tre.web")
Asked = Request[Any, Any, Any]

STATUS = {
    "signed-out": 401,
    "step-not-on-map": 409,
    "already-voted": 409,
    "form-unclear": 422,
    "not-there": 404,
    "too-many-attempts": 429,
    "sign-in-failed": 401,
    "identity-refused": 401,
    "identity-unknown": 403,
    "provider-unreachable": 502,
    "password-too-weak": 422,
}
REFUSED = 403
SPEC_REFUSED = 422
BUSY = 503
FAULT = 500
MISSING = 404


@dataclass(frozen=True)
class Told:
    """What is said of an error: a word for machines, sentences for people."""

    code: str
    sentence: str
    fix: str
    promise: str = ""
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class Shown:
    """What a page's frame takes of a request that went no further: who asked, and where."""

    visitor: Visitor
    path: str


class ConfirmFirst(Exception):
    """A step was asked for that needs a fresh proof of who it is; the form is asked again with a password."""

    def __init__(self, ask: Ask, wrong: str = "") -> None:
        super().__init__("confirm first")
        self.ask = ask
        self.wrong = wrong


def not_there(what: str) -> Refusal:
    """What is said of a case that is not there, or not theirs to see: the same words, so that nobody learns which."""
    return Refusal(
        "not-there", f"There is no {what} here that you may see.", "Check the address, or ask a member.", "P1"
    )


def _answer(request: Asked, told: Told, status: int) -> Response[Any]:
    if request.scope["path"].startswith(API):
        return Response({key: value for key, value in asdict(told).items() if value}, status_code=status)
    shown = Shown(request.scope.get("user") or NOBODY, request.scope["path"])
    return Template(
        "refused.html", context={"told": told, "status": status, "ask": shown}, status_code=status
    )


def refused(request: Asked, error: Refusal) -> Response[Any]:
    """A refusal in the core's own words."""
    told = Told(error.code, error.sentence, error.fix, error.promise)
    return _answer(request, told, STATUS.get(error.code, REFUSED))


def spec_refused(request: Asked, error: SpecError | SqlRefused | DispatchError) -> Response[Any]:
    """A study's code that cannot be run, with every problem."""
    told = Told(
        "spec-refused",
        "This study's code cannot be run as it is.",
        "Mend what is listed, and submit it again. `python -m job_specs check` says the same at home.",
        "P8",
        tuple(str(error).splitlines()),
    )
    return _answer(request, told, SPEC_REFUSED)


def malformed(request: Asked, error: Malformed) -> Response[Any]:
    """What was sent makes nothing that can be; where nothing was sent, it is a fault of ours."""
    if request.method != "POST":
        return fault(request, error)
    told = Told("form-unclear", f"What was sent cannot be: {error}.", "Mend it and send it again.", "P13")
    return _answer(request, told, SPEC_REFUSED)


def busy(request: Asked, error: CaseMoved | LedgerUnavailable) -> Response[Any]:
    """Somebody else was quicker, or the ledger did not answer: nothing was written."""
    told = Told(
        error.code if isinstance(error, LedgerUnavailable) else "case-moved",
        "Somebody else was quicker, or the records did not answer. Nothing was written.",
        "Look at the case again, then try once more.",
        "P13",
    )
    return _answer(request, told, BUSY if isinstance(error, LedgerUnavailable) else 409)


def being_prepared(request: Asked, error: ListBeingPrepared) -> Response[Any]:
    """A list that a newer version prepares, or that was lost: this page alone waits for it."""
    answer = _answer(request, Told(error.code, error.sentence, error.fix), BUSY)
    answer.headers["retry-after"] = "60"
    return answer


def of_another_kind(request: Asked, _: LedgerRefused) -> Response[Any]:
    """A study's name where a job's was wanted, or the like: there is no such thing."""
    return refused(request, not_there("case"))


def signed_out(request: Asked, _: NotAuthorizedException) -> Response[Any]:
    """A page for people with accounts, asked by nobody in particular."""
    if request.scope["path"].startswith(API):
        told = Told("signed-out", "This needs a token.", "Make one on your account page.", "P13")
        return _answer(request, told, 401)
    back = quote(request.scope["path"]) if request.method == "GET" else "/"
    return Redirect(f"/login?next={back}", status_code=303)


def of_http(request: Asked, error: HTTPException) -> Response[Any]:
    """What the framework itself refuses: an address that is not there, a form from elsewhere, too many requests."""
    known: Mapping[int, tuple[str, str, str]] = {
        403: ("not-from-here", "This form is not from this site, or is too old.", "Load the page again."),
        404: ("not-there", "There is no page at this address.", "Go back, or begin at the first page."),
        405: ("not-there", "There is no page at this address.", "Go back, or begin at the first page."),
        413: ("too-large", "That is more than this site takes.", "Send less."),
        429: ("too-many-requests", "That was too many requests in one minute.", "Wait a minute."),
    }
    unread = ("request-unclear", "This request cannot be read.", "Compare it with the API's description.")
    told = Told(*known.get(error.status_code, unread))
    return _answer(request, told, error.status_code)


def fault(request: Asked, error: Exception) -> Response[Any]:
    """Anything else is a fault of ours: its words may quote what nobody here may see, so they stay in the log."""
    page = f"{request.method} {request.scope['path']}"
    LOG.error("a fault", exc_info=error, extra={"page": page})
    told = Told(
        "fault",
        "That is our fault, not yours. It was written down, and nothing was changed.",
        "Try once more; if it happens again, tell a maintainer what you did and when.",
    )
    return _answer(request, told, FAULT)


def confirm_first(_: Asked, error: ConfirmFirst) -> Response[Any]:
    """The same form once more, with a field for the password; nothing that was filled in is lost."""
    kept = [
        (name, value)
        for name, values in error.ask.form.values.items()
        for value in values
        if name not in CONFIRM_FIELDS
    ]
    common = error.ask.common
    here = common.provider is None or common.provider.settings.passwords
    return error.ask.page(
        "confirm.html",
        answered=REFUSED,
        kept=kept,
        wrong=error.wrong,
        elsewhere=common.provider is not None,
        password=here and common.accounts.credentials(error.ask.person.id) is not None,
    )


HANDLERS: ExceptionHandlersMap = {
    Refusal: refused,
    SpecError: spec_refused,
    SqlRefused: spec_refused,
    DispatchError: spec_refused,
    Malformed: malformed,
    CaseMoved: busy,
    LedgerUnavailable: busy,
    ListBeingPrepared: being_prepared,
    LedgerRefused: of_another_kind,
    NotAuthorizedException: signed_out,
    ConfirmFirst: confirm_first,
    HTTPException: of_http,
    Exception: fault,
}
