"""The tables of who may do what, drawn from the core and from the routes themselves: `docs/authorisation.md`.

The core's own answers and a route's own declaration are the source; nothing is written here twice. Refuses a route that
declares nothing.
"""

from collections.abc import Iterator, Mapping

from tests.web.authorisation import Cell, allowed, cells
from tre.custody.people import Role
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

Drawn by `make docs` from the routes and from the core itself; `make check` compares. `tests/web/test_authorisation_matrix.py` asks
every route as everybody, and takes every step at every stage by page and by API; what it must come to is written apart, from the
policy alone, in `tests/oracles/authorisation_oracle.py`. A route that does not say who may ask is not served; one that takes a step
and is tried nowhere fails the tests.

## Steps

What the core answers: each step, at each stage, by somebody with one role. `member` says that somebody on the study may, `apart` that
somebody who is not, `both` that either may. What is not in the table is refused: it is the answer to {refused} of {asked} questions.
The study is of research, its approval and its law are live, and everybody is trained; whoever signs off has voted. Nobody judges
their own study, and nobody acts for a study they are not on [P16].
"""
ROUTES = """
## Routes

A tick says that the role may come as far as asking; whether the step may then be taken is the table above. `again` means that the
password is asked for where it was not given in the last ten minutes; by the API that needs a token that may judge.
"""


def faces() -> tuple[Face, ...]:
    """Every face with its routes, and no doors: enough to say who may ask."""
    return (Face("outside", outside.ROUTES), Face("inside", inside.ROUTES), account_pages.FACE)


def page() -> str:
    """The whole page."""
    answers = {cell: allowed(cell) for cell in cells()}
    head = HEAD.format(refused=f"{sum(not each for each in answers.values()):,}", asked=f"{len(answers):,}")
    return "\n".join([head, *_steps(answers), ROUTES, *_routes(), ""])


def _routes() -> Iterator[str]:
    yield "| route | nobody | " + " | ".join(SHORT.values()) + " | |"
    yield "|---|" + "---|" * (len(SHORT) + 2)
    for method, path, who in routes_of(faces()):
        ticks = " | ".join("✓" if who.public or role in (who.roles or ()) else "" for role in SHORT)
        yield f"| {method} `{path}` | {'✓' if who.public else ''} | {ticks} | {'again' if who.fresh else ''} |"


def _steps(answers: Mapping[Cell, bool]) -> Iterator[str]:
    yield "| on a | step | at | " + " | ".join(SHORT.values()) + " |"
    yield "|---|---|---|" + "---|" * len(SHORT)
    lines: dict[tuple[str, str, str], dict[Role, list[str]]] = {}
    for cell, yes in answers.items():
        if yes:
            line = lines.setdefault((cell.kind, cell.step, cell.stage), {})
            line.setdefault(cell.asker.role, []).append("member" if cell.asker.member else "apart")
    for (kind, step, stage), who in lines.items():
        marks = (
            "both" if len(said) > 1 else said[0] if said else ""
            for said in (who.get(role, []) for role in SHORT)
        )
        yield f"| {kind} | {step} | {stage} | {' | '.join(marks)} |"
