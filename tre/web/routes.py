"""How a page is declared: ``@shows(path, who)`` for reading, ``@takes(path, who)`` for a form. Refuses neither to say who may ask.

A handler is an ordinary function of an `Ask`, of what stands in its path, and of its face's doors by their name; it runs
in a thread of its own, because the rooms below wait for disks.
"""

from collections.abc import Callable
from typing import Any

from litestar import get, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody, SkipValidation

from tre.web.who import Who

Handler = Callable[..., Any]
Declare = Callable[[Handler], HTTPRouteHandler]
HANDED_IN = ("ask", "outside", "inside")
"""What a handler is given by name: the request, and its face's doors."""


def shows(path: str, who: Who, **options: Any) -> Declare:
    """Declare a page that is read."""
    declare = get(path, opt={"who": who}, sync_to_thread=True, include_in_schema=False, **options)
    return lambda handler: declare(handed_in(handler))


def takes(path: str, who: Who, **options: Any) -> Declare:
    """Declare what a page's form is sent to."""
    declare = post(
        path, opt={"who": who}, sync_to_thread=True, include_in_schema=False, status_code=200, **options
    )
    return lambda handler: declare(handed_in(handler))


def handed_in(handler: Handler) -> Handler:
    """The handler, with each parameter marked for the framework: handed in by name, or standing in the path."""
    for name, kind in handler.__annotations__.items():
        if name in HANDED_IN:
            handler.__annotations__[name] = NamedDependency[SkipValidation[kind]]  # type: ignore[misc, valid-type] # made at run time
        elif name == "data":
            handler.__annotations__[name] = JSONBody[kind]  # type: ignore[misc, valid-type] # made at run time
        elif name != "return":
            handler.__annotations__[name] = FromPath[kind]  # type: ignore[misc, valid-type] # made at run time
    return handler
