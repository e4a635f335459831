"""The outside face: every page of it, in one list."""

from tre.web.app import Face, Link
from tre.web.outside import home, register
from tre.web.outside.doors import Outside
from tre.web.who import PUBLIC

ROUTES = (home.home, *register.ROUTES)
LINKS = (Link("Register", "/register", PUBLIC),)


def face(outside: Outside) -> Face:
    """The face, with its doors."""
    return Face("outside", ROUTES, LINKS, {"outside": outside})
