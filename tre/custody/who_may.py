"""The two questions that every gate asks of whoever acts: do they hold a role for it, is their training in date [P14] [P16].

Said once, so that no gate is laxer than another. Refuses to know what is asked: each gate says whose step it is.
"""

from collections.abc import Set as AbstractSet
from datetime import date

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
