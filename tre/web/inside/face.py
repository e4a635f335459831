"""The inside face: every page of it, in one list."""

from tre.custody.people import Role
from tre.web.app import Face, Link
from tre.web.inside import api, api_platform, health, metrics, platform, queue, review
from tre.web.inside.doors import Inside
from tre.web.who import those

ROUTES = (
    *queue.ROUTES,
    *metrics.ROUTES,
    *review.ROUTES,
    *platform.ROUTES,
    *health.ROUTES,
    *api.ROUTES,
    *api_platform.ROUTES,
)
LINKS = (
    Link("Review", "/review", those(Role.OUTPUT_CHECKER)),
    Link("Health", "/health", health.KEEPERS),
    Link("Platform", "/platform", platform.WATCHERS),
)


def face(inside: Inside) -> Face:
    """The face, with its doors."""
    return Face("inside", ROUTES, LINKS, {"inside": inside})
