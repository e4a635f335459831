"""What both faces' APIs take: how a route is declared, how much of a body is read, and what every answer says may come next.

A program comes with a token whose scopes its owner chose: ``read`` for asking, ``write`` for an author's steps, ``judge`` for a
decision on somebody else's work. Refuses a cookie, and a field that no body has.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any

import msgspec
from litestar import Router, get, post
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme

from job_specs.model import TableScope
from tre.custody.reasons import Reason, ReasonCode
from tre.records.read_models import Listing
from tre.web.asking import Ask, unclear
from tre.web.routes import Declare, handed_in
from tre.web.who import PUBLIC, Who

Short = Annotated[str, msgspec.Meta(max_length=200)]
Text = Annotated[str, msgspec.Meta(max_length=20_000)]
Day = Annotated[str, msgspec.Meta(pattern=r"^\d{4}-\d{2}-\d{2}$")]
Digest = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$")]
Columns = dict[Short, list[Short]]
Answer = dict[str, Any]
SHORT = 50
"""Rows on a page of the API."""


class Body(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is sent with a step. A field that is not named here is refused."""


class Because(Body, frozen=True, kw_only=True):
    """A reason from the closed list, and words."""

    because: ReasonCode
    note: Text = ""


class Words(Body, frozen=True, kw_only=True):
    """Words."""

    note: Text


def asks(path: str, who: Who) -> Declare:
    """Declare what is asked of the API."""
    declare = get(
        f"/api{path}", opt={"who": who, "scope": "read"}, sync_to_thread=True, security=_security(who)
    )
    return lambda handler: declare(handed_in(handler))


def does(path: str, who: Who, *, scope: str = "write") -> Declare:
    """Declare a step that is taken through the API; what asks a page for a fresh proof asks a token for ``judge``."""
    scope = "judge" if who.fresh else scope
    declare = post(
        f"/api{path}",
        opt={"who": who, "scope": scope},
        sync_to_thread=True,
        status_code=200,
        security=_security(who),
    )
    return lambda handler: declare(handed_in(handler))


def _security(who: Who) -> list[dict[str, list[str]]]:
    return [] if who.public else [{"token": []}]


def answer(view: Mapping[str, Any], steps: list[str] | set[str]) -> Answer:
    """An answer: what is so, and which steps this person may try next."""
    said = {name: value for name, value in view.items() if name != "next_steps"}
    return said | {"allowed_actions": sorted(steps)}


def listed(listing: Listing[Any]) -> Answer:
    """One page of a list."""
    rows = [asdict(row) for row in listing.rows]
    return {"rows": rows, "total": listing.total, "page": listing.page, "pages": listing.last}


def scopes_of(columns: Mapping[str, list[str]]) -> tuple[TableScope, ...]:
    """Tables and columns as they are sent.

    Raises:
        Refusal: a table without columns, or with one twice.
    """
    try:
        return tuple(TableScope(table, tuple(named)) for table, named in columns.items())
    except ValueError as error:
        raise unclear("datasets", "names a table without columns, or a column twice") from error


def reason_of(ask: Ask, body: Because) -> Reason:
    """The reason that a body gives; its words are kept in the vault."""
    return Reason(body.because, ask.note(body.note))


def described(site: str) -> OpenAPIConfig:
    """How the API is described: at ``/api/schema/openapi.json``, for everybody, with nothing loaded from elsewhere."""
    token = SecurityScheme(
        type="http", scheme="bearer", description="A personal access token, from your account page."
    )
    return OpenAPIConfig(
        title=f"tre at {site}",
        version="1",
        description=__doc__,
        path="/api/schema",
        render_plugins=[JsonRenderPlugin()],
        openapi_router=Router("/api/schema", route_handlers=[], opt={"who": PUBLIC}, include_in_schema=False),
        components=Components(security_schemes={"token": token}),
        use_handler_docstrings=True,
        create_examples=False,
    )
