"""The inside face: every page of it, in one list."""

from tre.custody.people import Role
from tre.web.app import Face, Link
from tre.web.inside import api, health, metrics, queue, review
from tre.web.inside.doors import Inside
from tre.web.who import those

ROUTES = (*queue.ROUTES, *review.ROUTES, *metrics.ROUTES, *health.ROUTES, *api.ROUTES)
LINKS = (
    Link("Review", "/review", those(Role.OUTPUT_CHECKER)),
    Link("Health", "/health", health.KEEPERS),
)


def face(inside: Inside) -> Face:
    """The face, with its doors."""
    return Face("inside", ROUTES, LINKS, {"inside": inside})
