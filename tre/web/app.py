"""The app: the pages it is handed, one guard, one set of headers, one way to say no. Refuses a route that does not say who may ask.

Each face hands in its own routes and its own doors; this module knows neither.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from anyio.to_thread import run_sync
from litestar import Litestar, Request, Router
from litestar.config.csrf import CSRFConfig
from litestar.datastructures import CacheControlHeader, State
from litestar.di import Provide
from litestar.handlers import HTTPRouteHandler
from litestar.middleware import DefineMiddleware
from litestar.middleware.rate_limit import RateLimitConfig
from litestar.openapi.config import OpenAPIConfig
from litestar.static_files import create_static_files_router
from litestar.types import Middleware

from tre.web.asking import LONGEST_UPLOAD, Ask, read_ask
from tre.web.doors import Common
from tre.web.errors import HANDLERS
from tre.web.headers import add_headers
from tre.web.look import STATIC, templates
from tre.web.proof import confirm, needs_proof
from tre.web.sessions import WhoAsks
from tre.web.who import PUBLIC, Who, admit, declared

KEY_BYTES = 32


@dataclass(frozen=True)
class Link:
    """A line of the navigation, and who sees it."""

    words: str
    path: str
    who: Who


@dataclass(frozen=True)
class Face:
    """One face: its routes, its navigation, and the doors that its handlers take by name."""

    name: str
    routes: Sequence[HTTPRouteHandler]
    links: Sequence[Link] = ()
    doors: Mapping[str, object] = field(default_factory=dict)


def build(common: Common, faces: Sequence[Face], openapi: OpenAPIConfig | None = None) -> Litestar:
    """The whole app.

    Raises:
        Refusal: a route does not declare who may ask for it.
    """
    for route in (route for face in faces for route in face.routes):
        declared(route.opt)
    return Litestar(
        route_handlers=[*map(_router, faces), _static()],
        dependencies={"ask": Provide(read_proven)},
        guards=[admit],
        middleware=_middleware(common),
        csrf_config=_csrf(common),
        exception_handlers=HANDLERS,
        before_send=[add_headers],
        openapi_config=openapi,
        request_max_body_size=LONGEST_UPLOAD + 2**20,
        state=State({"common": common, "clock": common.clock}),
        template_config=templates(
            links=[link for face in faces for link in face.links], site=common.site.name
        ),
        debug=False,
        logging_config=None,
    )


async def read_proven(request: Request[Any, Any, Any]) -> Ask:
    """The request as a handler takes it, once whoever asks for a decision has proved that it is them."""
    ask = await read_ask(request)
    if needs_proof(ask, request.route_handler.opt):
        await run_sync(confirm, ask)
    return ask


def routes_of(faces: Sequence[Face]) -> list[tuple[str, str, Who]]:
    """Every route as (method, path, who): what the table of permissions is drawn from."""
    return sorted(
        (
            (method, path, declared(route.opt))
            for face in faces
            for route in face.routes
            for path in route.paths
            for method in route.http_methods
            if method not in {"HEAD", "OPTIONS"}
        ),
        key=lambda each: (each[1], each[0]),
    )


def _router(face: Face) -> Router:
    doors = {name: Provide(_giving(door), sync_to_thread=False) for name, door in face.doors.items()}
    return Router("/", route_handlers=[*face.routes], dependencies=doors)


def _giving(door: object) -> Callable[[], Any]:
    def give() -> Any:
        return door

    return give


def _static() -> Router:
    return create_static_files_router(
        "/static",
        directories=[STATIC],
        opt={"who": PUBLIC},
        cache_control=CacheControlHeader(max_age=3600, public=True),
    )


def _csrf(common: Common) -> CSRFConfig:
    return CSRFConfig(
        secret=common.settings.form_secret or common.chance(KEY_BYTES).hex(),
        cookie_name="__Host-tre-form" if common.settings.secure else "tre-form",
        cookie_secure=common.settings.secure,
        cookie_httponly=True,
        cookie_samesite="strict",
        exclude=["^/api/"],
    )


def _middleware(common: Common) -> list[Middleware]:
    made: list[Middleware] = [DefineMiddleware(WhoAsks)]
    if common.settings.requests_a_minute:
        limit = RateLimitConfig(("minute", common.settings.requests_a_minute), exclude=["^/static"])
        made.insert(0, limit.middleware)
    return made
