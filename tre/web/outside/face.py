"""The outside face: every page of it, in one list."""

from tre.custody.people import Role
from tre.web.app import Face, Link
from tre.web.outside import (
    api,
    api_jobs,
    api_own,
    drafts,
    home,
    inbox,
    incidents,
    jobs,
    preflight,
    public_exports,
    register,
    releases,
    status,
    studies,
    tries,
)
from tre.web.outside.doors import Outside
from tre.web.who import PUBLIC, SIGNED_IN, those

ROUTES = (
    home.home,
    *register.ROUTES,
    *public_exports.ROUTES,
    *jobs.ROUTES,
    *preflight.ROUTES,
    *drafts.ROUTES,
    *studies.ROUTES,
    *tries.ROUTES,
    *releases.ROUTES,
    *incidents.ROUTES,
    *inbox.ROUTES,
    *status.ROUTES,
    *api.ROUTES,
    *api_jobs.ROUTES,
    *api_own.ROUTES,
)
LINKS = (
    Link("Register", "/register", PUBLIC),
    Link("Studies", "/studies", SIGNED_IN),
    Link("Jobs", "/jobs", those(Role.RESEARCHER, Role.MAINTAINER)),
    Link("Try out", "/tries", those(Role.RESEARCHER)),
    Link("Releases", "/releases", those(Role.RESEARCHER)),
    Link("Inbox", "/inbox", those(Role.RESEARCHER, Role.MAINTAINER)),
)


def face(outside: Outside) -> Face:
    """The face, with its doors."""
    return Face("outside", ROUTES, LINKS, {"outside": outside})
