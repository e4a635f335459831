"""The outside face: every page of it, in one list."""

from tre.web.app import Face, Link
from tre.web.outside import home
from tre.web.outside.doors import Outside

ROUTES = (home.home,)
LINKS: tuple[Link, ...] = ()


def face(outside: Outside) -> Face:
    """The face, with its doors."""
    return Face("outside", ROUTES, LINKS, {"outside": outside})
