"""The table of who may ask for what, drawn from the routes themselves: `docs/authorisation.md`.

A route's own declaration is the source; nothing is written here twice. Refuses a route that declares nothing.
"""

from collections.abc import Iterator

from tre.custody.lifecycle import APPLICATION, REQUEST
from tre.custody.people import EVERYONE, Role
from tre.web import account_pages
from tre.web.app import Face, routes_of
from tre.web.inside import face as inside
from tre.web.outside import face as outside

SHORT = {
    Role.RESEARCHER: "researcher",
    Role.APPROVER: "approver",
    Role.OUTPUT_CHECKER: "checker",
    Role.MAINTAINER: "maintainer",
    Role.INFORMATION_GOVERNANCE: "governance",
    Role.CALDICOTT_GUARDIAN: "guardian",
    Role.DATA_PROTECTION_OFFICER: "protection officer",
}
HEAD = """# Who may ask for what

Drawn from the routes by `make docs`; `tests/web/test_authorisation_matrix.py` asks every route as everybody, at every stage.

A tick says that the role may come as far as asking. Whether a step may then be taken on *this* case is the core's to say: the second
table is its map, and nobody judges their own study, and nobody acts for a study they are not on [P16]. `again` means that the
password is asked for where it was not given in the last ten minutes.
"""


def faces() -> tuple[Face, ...]:
    """Every face with its routes, and no doors: enough to say who may ask."""
    return (Face("outside", outside.ROUTES), Face("inside", inside.ROUTES), account_pages.FACE)


def page() -> str:
    """The whole page."""
    return "\n".join([HEAD, "## Routes", "", *_routes(), "", "## Steps", "", *_steps(), ""])


def _routes() -> Iterator[str]:
    yield "| route | nobody | " + " | ".join(SHORT.values()) + " | |"
    yield "|---|" + "---|" * (len(SHORT) + 2)
    for method, path, who in routes_of(faces()):
        ticks = " | ".join("✓" if who.public or role in (who.roles or ()) else "" for role in SHORT)
        yield f"| {method} `{path}` | {'✓' if who.public else ''} | {ticks} | {'again' if who.fresh else ''} |"


def _steps() -> Iterator[str]:
    yield "| step | from | to | whose |"
    yield "|---|---|---|---|"
    for kind, ways in (("application", APPLICATION), ("job request", REQUEST)):
        for stage, steps in ways.items():
            for step, (owners, after) in steps.items():
                whose = "everybody" if owners >= EVERYONE else ", ".join(sorted(owners))
                yield f"| {step} | {kind} {stage} | {after} | {whose} |"
