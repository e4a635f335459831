"""One request, as a handler takes it: who asks, when, what was filled in; and the answers a handler gives.

Refuses a form that lacks a field or holds more than a field may: what a browser sends is untrusted until read here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from litestar import Request
from litestar.datastructures import Cookie, UploadFile
from litestar.enums import RequestEncodingType
from litestar.response import Redirect, Response, Template

from tre.custody.errors import Refusal
from tre.custody.people import Person
from tre.custody.remarks import NOWHERE
from tre.service import By
from tre.web.doors import Common
from tre.web.who import Visitor

FORMS = (RequestEncodingType.URL_ENCODED, RequestEncodingType.MULTI_PART)
LONGEST_FIELD = 20_000
LONGEST_UPLOAD = 16 * 2**20
CONFIRM_FIELDS = ("_password", "_csrf_token")


@dataclass(frozen=True)
class Form:
    """What was filled in: each field's values in order, and files by field."""

    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    files: Mapping[str, tuple[tuple[str, bytes], ...]] = field(default_factory=dict)

    def text(self, name: str, *, most: int = LONGEST_FIELD) -> str:
        """A field's text, without blanks around it; empty where it was not sent.

        Raises:
            Refusal: it is longer than that field may be.
        """
        text = (self.values.get(name) or ("",))[0].strip().replace("\r\n", "\n")
        if len(text) > most:
            raise unclear(name, f"is longer than {most} characters")
        return text

    def required(self, name: str, *, most: int = LONGEST_FIELD) -> str:
        """A field that must hold something.

        Raises:
            Refusal: it is empty.
        """
        text = self.text(name, most=most)
        if not text:
            raise unclear(name, "is empty")
        return text

    def day(self, name: str) -> date:
        """A field that holds a day, written as 2026-01-31.

        Raises:
            Refusal: it does not.
        """
        try:
            return date.fromisoformat(self.required(name, most=10))
        except ValueError as error:
            raise unclear(name, "is not a day, written as 2026-01-31") from error

    def place(self, name: str) -> int:
        """A field that holds a row's or a column's number, counted from 0; `NOWHERE` where it is empty.

        Raises:
            Refusal: it holds anything else.
        """
        untrusted = self.text(name, most=9)
        if untrusted and not (untrusted.isascii() and untrusted.isdecimal()):
            raise unclear(name, "is a number, or empty")
        return int(untrusted) if untrusted else NOWHERE

    def every(self, name: str) -> tuple[str, ...]:
        """All values of a field that may be sent several times."""
        return tuple(value.strip() for value in self.values.get(name, ()))


@dataclass(frozen=True)
class Ask:
    """One request."""

    common: Common
    visitor: Visitor
    now: datetime
    form: Form
    query: Mapping[str, str]
    path: str
    peer: str
    cookies: Mapping[str, str] = field(default_factory=dict)

    @property
    def person(self) -> Person:
        """Who asks; only for routes that are not public."""
        if self.visitor.person is None:
            raise Refusal("signed-out", "You are not signed in.", "Sign in first.", "P13")
        return self.visitor.person

    @property
    def by(self) -> By:
        """Who takes a step, and when."""
        return By(self.person, self.now)

    def note(self, words: str) -> str:
        """Keep written words in the vault; gives their digest, or nothing for no words."""
        return self.common.documents.put(words.encode()) if words else ""

    def page(self, template: str, *, answered: int = 200, **facts: Any) -> Template:
        """A page from a template; every fact is escaped where it is written."""
        return Template(template, context={"ask": self, **facts}, status_code=answered)

    def go(self, path: str, *, cookies: list[Cookie] | None = None) -> Redirect:
        """Send the browser on, after a step was taken."""
        return Redirect(path, status_code=303, cookies=cookies or [])


Answer = Template | Redirect | Response[Any]


def safe_path(untrusted_path: str) -> str:
    """A path of this site, or the first page: never an address elsewhere."""
    here = untrusted_path.startswith("/") and untrusted_path[1:2] not in {"/", "\\"}
    return untrusted_path if here and untrusted_path.isprintable() and "\\" not in untrusted_path else "/"


def unclear(name: str, why: str) -> Refusal:
    """What is said of a field that cannot be read."""
    return Refusal(
        "form-unclear", f"The field '{name.replace('_', ' ')}' {why}.", "Fill it in and send it again.", "P13"
    )


async def read_ask(request: Request[Visitor, None, Any]) -> Ask:
    """The request as a handler takes it."""
    common: Common = request.app.state.common
    return Ask(
        common=common,
        visitor=request.user,
        now=common.clock(),
        form=await _form(request),
        query={name: value for name, value in request.query_params.items() if isinstance(value, str)},
        path=request.url.path,
        peer=request.client.host if request.client else "",
        cookies=request.cookies,
    )


async def _form(request: Request[Visitor, None, Any]) -> Form:
    if request.method != "POST" or request.content_type[0] not in FORMS:
        return Form()
    values: dict[str, list[str]] = {}
    files: dict[str, list[tuple[str, bytes]]] = {}
    for name, value in (await request.form()).multi_items():
        if isinstance(value, UploadFile):
            files.setdefault(name, []).append((value.filename, await _upload(value)))
        else:
            values.setdefault(name, []).append(str(value))
    return Form({k: tuple(v) for k, v in values.items()}, {k: tuple(v) for k, v in files.items()})


async def _upload(file: UploadFile) -> bytes:
    content = await file.read(LONGEST_UPLOAD + 1)
    if len(content) > LONGEST_UPLOAD:
        raise unclear("file", f"holds more than {LONGEST_UPLOAD // 2**20} MiB")
    return content
