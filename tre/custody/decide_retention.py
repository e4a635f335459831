"""``decide_retention(case, command, asked) -> events``: the gate for deleting what was kept long enough [P13] [P15] [P16].

What is to go is on the ledger before it goes, and a signed certificate after. Refuses with the first rule that says no: while
an incident is open nothing goes at all.
"""

from collections.abc import Callable
from dataclasses import dataclass

from tre.custody import events as e
from tre.custody.context import Moment
from tre.custody.errors import Refusal
from tre.custody.frozen import Freeze
from tre.custody.people import Person, Role
from tre.custody.retention import Doomed, Remembered, Retention
from tre.custody.who_may import actor_is_trained, require, without_role


@dataclass(frozen=True)
class Order:
    """Say what is to be deleted, before it is."""

    things: tuple[Doomed, ...]


@dataclass(frozen=True)
class Certify:
    """Say that what was ordered is gone, but for what was spared, in a signed statement."""

    spared: tuple[str, ...]
    statement: str
    signature: str


@dataclass(frozen=True)
class Remember:
    """Say where the lists of who is behind these tables are kept, before the rows that they were made of may go."""

    things: tuple[Remembered, ...]


RetentionCommand = Order | Certify | Remember


@dataclass(frozen=True)
class AskedOfRetention:
    """Who asks, when, and which incidents are open."""

    actor: Person
    moment: Moment
    freezes: tuple[Freeze, ...] = ()


def decide_retention(
    case: Retention, command: RetentionCommand, asked: AskedOfRetention
) -> tuple[e.Event, ...]:
    """The event that the command causes.

    Raises:
        Refusal: the first rule that does not allow it.
    """
    require(RETENTION_RULES, case, command, asked)
    match command:
        case Order(things):
            return (e.DeletionOrdered(things),)
        case Remember(things):
            return (e.PeopleRemembered(things),)
        case Certify(spared, statement, signature):
            return (e.DeletionCertified(spared, statement, signature),)


def step_is_a_maintainers(
    _case: Retention, _command: RetentionCommand, asked: AskedOfRetention
) -> Refusal | None:
    """A maintainer deletes by the site's rule; nobody chooses what [P16]."""
    sentence = "Deleting by the site's rule is for maintainers."
    return without_role(asked.actor, {Role.MAINTAINER}, sentence, "Ask one.")


def evidence_is_kept(_case: Retention, command: RetentionCommand, asked: AskedOfRetention) -> Refusal | None:
    """While an incident is open nobody knows what is evidence for it [P15]."""
    if not asked.freezes or isinstance(command, Certify):
        return None
    return Refusal(
        "evidence-frozen",
        f"An incident is open ({asked.freezes[0].incident}): nothing is deleted until it is closed.",
        "Wait for the data protection officer; `tre incident` says how it stands.",
        "P15",
    )


def one_order_at_a_time(
    case: Retention, command: RetentionCommand, _asked: AskedOfRetention
) -> Refusal | None:
    """What was ordered is completed before anything else is; only what was ordered is certified."""
    if bool(case.waits) == isinstance(command, Certify):
        return None
    return Refusal(
        "deletion-out-of-order",
        "A deletion that was ordered waits to be completed, or none was ordered.",
        "Run `tre retention run`: it completes what waits first.",
        "P13",
    )


def something_goes(case: Retention, command: RetentionCommand, _asked: AskedOfRetention) -> Refusal | None:
    """An order names things, none of which has gone already; what is spared was ordered; a table is listed once."""
    match command:
        case Order(things):
            fits = bool(things) and not {each.key for each in things} & case.deleted
        case Remember(things):
            fits = bool(things) and not {each.table for each in things} & case.remembered.keys()
        case Certify(spared):
            fits = set(spared) <= {each.digest for each in case.waits}
    if fits:
        return None
    return Refusal(
        "nothing-to-delete", "There is nothing of this to delete.", "Nothing is to be done.", "P13"
    )


RetentionRule = Callable[[Retention, RetentionCommand, AskedOfRetention], Refusal | None]
RETENTION_RULES: tuple[RetentionRule, ...] = (
    step_is_a_maintainers,
    actor_is_trained,
    evidence_is_kept,
    one_order_at_a_time,
    something_goes,
)
