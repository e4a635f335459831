"""Trying a study on synthetic data by page: every log, every line of an error, every cell that the checks mark [P1].

Refuses to show a try to anybody but whoever began it. Nothing here is on the ledger, and nothing of it can be released.
"""

from typing import Any

from litestar.response import Redirect, Template

from tre.custody.people import Role
from tre.data.catalogue import BACKENDS
from tre.dispatch.code import Code
from tre.web.asking import Ask
from tre.web.errors import not_there
from tre.web.outside.doors import Outside
from tre.web.outside.jobs import filled_backend, taken
from tre.web.outside.rehearsing import Tried
from tre.web.routes import shows, takes
from tre.web.who import those

AUTHORS = those(Role.RESEARCHER, Role.MAINTAINER)


@shows("/tries", AUTHORS)
def tries(ask: Ask, outside: Outside) -> Template:
    """One's own tries, and where a new one is begun."""
    return ask.page(
        "outside/tries.html",
        tries=outside.tries.of(ask.person.id, ask.now),
        backends=BACKENDS,
        repositories=ask.common.site.repositories,
    )


@takes("/tries", AUTHORS)
def new_try(ask: Ask, outside: Outside) -> Redirect:
    """Begin a try."""
    return ask.go(f"/tries/{begun(ask, outside, taken(ask).code, filled_backend(ask))}")


@shows("/tries/{name:str}", AUTHORS)
def try_page(ask: Ask, outside: Outside, name: str) -> Template:
    """One try: what each action said, what the checks say of each file, and each cell that they mark."""
    tried = own(ask, outside, name)
    marks = {file["path"]: marked(file["marks"]) for file in tried.said.get("files", ())}
    return ask.page("outside/try.html", tried=tried, marks=marks)


def begun(ask: Ask, outside: Outside, code: Code, backend: str) -> str:
    """Begin a try of that code; its name."""
    name = outside.common.new_id("try")
    outside.tries.start(name, ask.person.id, code, backend=backend, now=ask.now)
    return name


def own(ask: Ask, outside: Outside, name: str) -> Tried:
    """A try of one's own.

    Raises:
        Refusal: there is none of that name.
    """
    found = outside.tries.read(name, ask.person.id, ask.now)
    if found is None:
        raise not_there("try")
    return found


def marked(marks: list[list[Any]]) -> dict[tuple[int, int], dict[str, str]]:
    """Each marked cell, by row and column: how heavy, which rules, how many people."""
    found: dict[tuple[int, int], dict[str, str]] = {}
    for row, column, severity, rule, people in marks:
        before = found.get((row, column))
        rules = f"{before['rules']}, {rule}" if before else rule
        heavier = before["severity"] if before else severity
        found[row, column] = {
            "severity": heavier,
            "rules": rules,
            "people": people or (before or {}).get("people", ""),
        }
    return found


ROUTES = (tries, new_try, try_page)
