"""The two questions that every gate asks of whoever acts: do they hold a role for it, is their training in date [P14] [P16].

Said once, so that no gate is laxer than another. Refuses to know what is asked: each gate says whose step it is.
"""

from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from datetime import date
from typing import Protocol, TypeVar

from tre.custody.context import Moment
from tre.custody.errors import Refusal
from tre.custody.people import Person, Role


def without_role(actor: Person, wanted: AbstractSet[Role], sentence: str, fix: str) -> Refusal | None:
    """Why somebody may not, who holds none of these roles [P16]."""
    if actor.roles & wanted:
        return None
    return Refusal("not-your-role", sentence, fix, "P16")


def without_training(actor: Person, day: date) -> Refusal | None:
    """Why an account may not act on a day: its training is out of date [P14]. The platform itself needs none."""
    if actor.is_platform or actor.trained_until >= day:
        return None
    return Refusal(
        "training-lapsed",
        f"Your data security awareness training ended on {actor.trained_until}.",
        "Renew it and have the new date recorded; then try again.",
        "P14",
    )


class Asks(Protocol):
    """Who asks for something, and when."""

    @property
    def actor(self) -> Person:
        """Whose step it is."""

    @property
    def moment(self) -> Moment:
        """The one reading of the clock that the step uses."""


C = TypeVar("C")
D = TypeVar("D")
A = TypeVar("A")


def actor_is_trained(_case: object, _command: object, asked: Asks) -> Refusal | None:
    """An account acts only while its training is in date [P14]."""
    return without_training(asked.actor, asked.moment.day)


def require(rules: Iterable[Callable[[C, D, A], Refusal | None]], case: C, command: D, asked: A) -> None:
    """Ask every rule of a gate, in order.

    Raises:
        Refusal: the first rule's that does not allow it.
    """
    for rule in rules:
        refusal = rule(case, command, asked)
        if refusal is not None:
            raise refusal
