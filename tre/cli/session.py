"""One command's session: whose it is, on which site, and how it speaks. Refuses to act for nobody."""

import json
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

import typer
from rich.console import Console

from tre.cli.house import House, Wiring
from tre.custody.people import Person, Role
from tre.custody.who_may import without_role, without_training
from tre.records.site import SiteError
from tre.service import By

Draw = Callable[[Console, Any], None]


class Session:
    """The global options of a command, and what follows from them."""

    def __init__(self, wiring: Wiring, *, site: Path, person: str, as_json: bool) -> None:
        """A session on a site for a person; ``as_json`` makes every answer one JSON value."""
        self.wiring = wiring
        self.site = site
        self.as_json = as_json
        self._person = person
        self.console = Console(highlight=False, soft_wrap=True)

    @cached_property
    def house(self) -> House:
        """The house, opened when it is first needed."""
        return self.wiring.open_house(self.site)

    def close(self) -> None:
        """Leave no connection behind, where the house was opened."""
        if "house" in self.__dict__:
            self.house.service.ledger.close()

    @property
    def person(self) -> Person:
        """Who acts.

        Raises:
            SiteError: nobody was named, or nobody has that account.
        """
        if not self._person:
            raise SiteError(
                "person-missing",
                "This command acts for somebody, and nobody was named.",
                where="--as",
                fix="Name your account with --as, or set TRE_PERSON.",
            )
        return self.house.site.person(self._person)

    @property
    def by(self) -> By:
        """Who acts, and the one reading of the clock for this step."""
        return By(self.person, self.wiring.clock())

    def note(self, words: str) -> str:
        """Keep written words in the vault; gives their digest, or nothing for no words."""
        return self.house.documents.put(words.encode()) if words else ""

    def tell(self, words: str) -> None:
        """Say what is being done, to somebody who waits; not beside JSON."""
        if not self.as_json:
            Console(stderr=True, highlight=False).print(f"[dim]{words} ...[/]")

    def answer(self, value: Any, draw: Draw) -> None:
        """Say the answer: as JSON, or drawn for a person."""
        if self.as_json:
            typer.echo(json.dumps(value, indent=2, ensure_ascii=False))
        else:
            draw(self.console, value)


def require_role(s: Session, role: Role, sentence: str) -> None:
    """Refuse somebody who does not hold a role [P16], or whose training has lapsed [P14]."""
    by = s.by
    refusal = without_role(by.person, {role}, sentence, f"Ask somebody of {role}.")
    if refusal or (refusal := without_training(by.person, by.now.date())):
        raise refusal


def session(ctx: typer.Context) -> Session:
    """The session of a command."""
    found = ctx.find_object(Session)
    if found is None:
        raise RuntimeError("a command was started without its session")
    return found
