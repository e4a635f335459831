"""``decide_law(law, command, asked) -> event``: the gate for changes of the law. Refuses with the first rule that says no.

A change is proposed by one person of information governance and adopted by another; each signs the very bytes. Pure: that a
signature holds is found out by the service and handed in.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tre.custody import events as e
from tre.custody.context import Moment
from tre.custody.encoding import canonical, encode
from tre.custody.errors import Refusal
from tre.custody.law import LAW_MAP, Bundle, Law
from tre.custody.people import Person, Role
from tre.custody.reasons import Reason
from tre.custody.who_may import actor_is_trained, require, without_role


@dataclass(frozen=True)
class Begin:
    """Put the first bundle in force, as the site begins."""

    bundle: Bundle


@dataclass(frozen=True)
class Propose:
    """Propose another bundle, under the proposer's signature."""

    bundle: Bundle
    signature: str


@dataclass(frozen=True)
class Adopt:
    """Put the waiting bundle in force, under the second person's signature."""

    digest: str
    signature: str


@dataclass(frozen=True)
class Decline:
    """Leave things as they are."""

    digest: str
    reason: Reason


WRITES: Mapping[type, type[e.Event]] = {
    Begin: e.LawBegun,
    Propose: e.LawProposed,
    Adopt: e.LawAdopted,
    Decline: e.LawDeclined,
}
LawCommand = Begin | Propose | Adopt | Decline


@dataclass(frozen=True)
class Asked:
    """Who asks, when, and whether the signature they bring is theirs and over these bytes."""

    actor: Person
    moment: Moment
    signature_holds: bool = False


def bundle_bytes(bundle: Bundle) -> bytes:
    """What is signed: the bundle in its one spelling."""
    return canonical(encode(e.LawBegun(bundle)))


def bundle_digest(bundle: Bundle) -> str:
    """The name of a bundle: SHA-256 of its bytes."""
    return hashlib.sha256(bundle_bytes(bundle)).hexdigest()


def decide_law(law: Law, command: LawCommand, asked: Asked) -> tuple[e.Event, ...]:
    """The event that the command causes.

    Raises:
        Refusal: the first rule that does not allow it.
    """
    require(LAW_RULES, law, command, asked)
    return (_event(law, command, asked.actor.id),)


def step_fits(law: Law, command: LawCommand, _asked: Asked) -> Refusal | None:
    """The law begins once; one change waits at a time; only what waits is adopted or declined."""
    if (law.stage, WRITES[type(command)].kind) in LAW_MAP:
        return None
    sentence = "The law does not stand so that this step leads on from it."
    return Refusal(
        "law-step-not-on-map", sentence, "See what stands and what waits: `tre policy show`.", "P13"
    )


def step_is_theirs(_law: Law, command: LawCommand, asked: Asked) -> Refusal | None:
    """The platform begins; information governance changes [P16]."""
    wanted = Role.PLATFORM if isinstance(command, Begin) else Role.INFORMATION_GOVERNANCE
    sentence = f"Changing the law is for {wanted}."
    return without_role(asked.actor, {wanted}, sentence, "Ask information governance.")


def it_is_what_waits(law: Law, command: LawCommand, _asked: Asked) -> Refusal | None:
    """What is adopted or declined is the very bundle that waits [P13]."""
    if not isinstance(command, Adopt | Decline) or command.digest == bundle_digest(law.waits[-1].bundle):
        return None
    sentence = "Another bundle waits than the one you name."
    return Refusal("law-other-bundle", sentence, "Read what waits: `tre policy show`.", "P13")


def second_is_another(law: Law, command: LawCommand, asked: Asked) -> Refusal | None:
    """Nobody adopts their own proposal [P16]."""
    if not isinstance(command, Adopt) or law.waits[-1].proposer != asked.actor.id:
        return None
    sentence = "You proposed this change; another person adopts it."
    return Refusal("law-same-person", sentence, "Ask a colleague of information governance.", "P16")


def it_is_signed(_law: Law, command: LawCommand, asked: Asked) -> Refusal | None:
    """Both people sign the very bytes, each with the key beside their name [P13]."""
    if not isinstance(command, Propose | Adopt) or asked.signature_holds:
        return None
    sentence = "The bundle does not bear your signature."
    return Refusal(
        "law-unsigned", sentence, "Sign with the key whose public half is beside your name.", "P13"
    )


def it_changes_something(law: Law, command: LawCommand, _asked: Asked) -> Refusal | None:
    """What is proposed differs from what stands; but for the law that the site began with, which nobody has adopted yet."""
    if not isinstance(command, Propose) or command.bundle != law.stood[-1] or not law.was_adopted:
        return None
    return Refusal(
        "law-unchanged", "This is the law as it stands.", "Change the files in policy/ first.", "P13"
    )


LawRule = Callable[[Law, LawCommand, Asked], Refusal | None]
LAW_RULES: tuple[LawRule, ...] = (
    step_fits,
    step_is_theirs,
    actor_is_trained,
    it_is_what_waits,
    second_is_another,
    it_is_signed,
    it_changes_something,
)


def _event(law: Law, command: LawCommand, actor: str) -> e.Event:
    match command:
        case Begin(bundle):
            return e.LawBegun(bundle)
        case Propose(bundle, signature):
            return e.LawProposed(actor, bundle, signature)
        case Adopt(digest, signature):
            return e.LawAdopted(actor, law.waits[-1].proposer, digest, signature)
        case Decline(digest, reason):
            return e.LawDeclined(actor, digest, reason)
