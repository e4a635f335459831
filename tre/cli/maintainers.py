"""Who may keep the house: a command that changes how the platform runs acts for a maintainer, and for nobody else [P16]."""

from tre.cli.session import Session
from tre.custody.people import Role
from tre.custody.who_may import without_role, without_training
from tre.service import By


def maintainer(s: Session) -> By:
    """The maintainer who acts, and when.

    Raises:
        Refusal: the person is not one, or their training has lapsed [P14].
    """
    by = s.by
    sentence = "Only a maintainer changes how the platform runs."
    fix = "Ask a maintainer; to report a suspected breach, which anyone may, use `tre incident report`."
    refusal = without_role(by.person, {Role.MAINTAINER}, sentence, fix)
    if refusal or (refusal := without_training(by.person, by.now.date())):
        raise refusal
    return by
