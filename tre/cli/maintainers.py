"""Who may keep the house: a command that changes how the platform runs acts for a maintainer, and for nobody else [P16]."""

from tre.cli.session import Session
from tre.custody.errors import Refusal
from tre.custody.people import Role
from tre.service import By


def maintainer(s: Session) -> By:
    """The maintainer who acts, and when.

    Raises:
        Refusal: the person is not one, or their training has lapsed [P14].
    """
    by = s.by
    if Role.MAINTAINER not in by.person.roles:
        raise Refusal(
            "not-your-role",
            "Only a maintainer changes how the platform runs.",
            "Ask a maintainer; to report a suspected breach, which anyone may, use `tre incident report`.",
            "P16",
        )
    if by.person.trained_until < by.now.date():
        raise Refusal(
            "training-lapsed",
            f"Your data security awareness training ended on {by.person.trained_until}.",
            "Renew it and have the new date recorded; then try again.",
            "P14",
        )
    return by
