"""``decide_lists(lists, command, asked) -> events``: the gate for lists of opt-outs and exemptions [P6].

Once a list is in force an older one never is again, whatever lies in a store's folder. Refuses with the first rule that says
no; pure: that the document was signed by information governance is found out by who reads it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from tre.custody import events as e
from tre.custody.context import Moment
from tre.custody.errors import Refusal
from tre.custody.lists import ListInForce, Lists, follows
from tre.custody.people import Person, Role
from tre.custody.who_may import actor_is_trained, require, without_role


@dataclass(frozen=True)
class Announce:
    """Say which lists a build is about to bring, before it brings them."""

    backend: str
    lists: tuple[ListInForce, ...]


@dataclass(frozen=True)
class Built:
    """Say that the announced build is there: the version of its store."""

    backend: str
    store: str


@dataclass(frozen=True)
class PutInForce:
    """Put a newer list in force, from now on and before it lies beside the store."""

    backend: str
    listed: ListInForce


@dataclass(frozen=True)
class Exempt:
    """Put a document of exempt studies in force, named by its digest."""

    document: str


ListsCommand = Announce | Built | PutInForce | Exempt


@dataclass(frozen=True)
class AskedOfLists:
    """Who asks, and when."""

    actor: Person
    moment: Moment


def decide_lists(lists: Lists, command: ListsCommand, asked: AskedOfLists) -> tuple[e.Event, ...]:
    """The events that the command causes; none where it is so already.

    Raises:
        Refusal: the first rule that does not allow it.
    """
    require(LISTS_RULES, lists, command, asked)
    return _events(lists, command)


def step_is_theirs(_lists: Lists, command: ListsCommand, asked: AskedOfLists) -> Refusal | None:
    """A maintainer puts a signed list in force; information governance says who is exempt [P16]."""
    wanted = Role.INFORMATION_GOVERNANCE if isinstance(command, Exempt) else Role.MAINTAINER
    return without_role(asked.actor, {wanted}, f"This is for {wanted}.", f"Ask a person of {wanted}.")


def day_has_come(_lists: Lists, command: ListsCommand, asked: AskedOfLists) -> Refusal | None:
    """A list of a day to come would keep every true one out until then."""
    late = [each.dated for each in _brought(command) if each.dated > asked.moment.day]
    if not late:
        return None
    return Refusal(
        "opt-outs-future",
        f"The list of opt-outs is dated {max(late)}, which is still to come.",
        "Correct the list's date, or this machine's clock.",
        "P6",
    )


def list_is_not_older(lists: Lists, command: ListsCommand, _asked: AskedOfLists) -> Refusal | None:
    """An older list would bring back people who have opted out since."""
    older = [each for each in _brought(command) if _standing_day(lists, command, each) > each.dated]
    if not older:
        return None
    day = _standing_day(lists, command, older[0])
    return Refusal(
        "opt-outs-older",
        f"The {older[0].kind} list of opt-outs is of {older[0].dated}, older than the one in force, of {day}.",
        "Ask information governance for the newest.",
        "P6",
    )


def day_has_one_list(lists: Lists, command: ListsCommand, _asked: AskedOfLists) -> Refusal | None:
    """Of two lists of one day nobody can say which is the newer."""
    if all(_may_follow(lists, command, each) for each in _brought(command)):
        return None
    return Refusal(
        "opt-outs-same-day",
        "Another list of that day is in force.",
        "Have information governance sign the newer list under a later day; or build the store anew with the one in force.",
        "P6",
    )


def no_list_is_dropped(lists: Lists, command: ListsCommand, _asked: AskedOfLists) -> Refusal | None:
    """A build without a list of a kind that is in force would bring its people back."""
    if not isinstance(command, Announce):
        return None
    missing = sorted(set(lists.of(command.backend)) - {each.kind for each in command.lists})
    if not missing:
        return None
    return Refusal(
        "opt-outs-missing",
        f"The build comes without a list of {missing[0]} opt-outs, and one is in force.",
        "Give the newest signed list of that kind as well.",
        "P6",
    )


ListsRule = Callable[[Lists, ListsCommand, AskedOfLists], Refusal | None]
LISTS_RULES: tuple[ListsRule, ...] = (
    step_is_theirs,
    actor_is_trained,
    day_has_come,
    list_is_not_older,
    day_has_one_list,
    no_list_is_dropped,
)


def _brought(command: ListsCommand) -> tuple[ListInForce, ...]:
    match command:
        case Announce(lists=lists):
            return lists
        case PutInForce(listed=listed):
            return (listed,)
    return ()


def _standing(lists: Lists, command: ListsCommand, brought: ListInForce) -> ListInForce | None:
    backend = command.backend if isinstance(command, Announce | PutInForce) else ""
    return lists.of(backend).get(brought.kind)


def _standing_day(lists: Lists, command: ListsCommand, brought: ListInForce) -> date:
    standing = _standing(lists, command, brought)
    return standing.dated if standing else date.min


def _may_follow(lists: Lists, command: ListsCommand, brought: ListInForce) -> bool:
    """A build may bring the same document anew; beside a store only the very list that is in force may lie anew."""
    standing = _standing(lists, command, brought)
    if isinstance(command, Announce) or standing is None or brought.dated != standing.dated:
        return follows(brought, standing)
    return brought == standing or not standing.document


def _events(lists: Lists, command: ListsCommand) -> tuple[e.Event, ...]:
    match command:
        case Announce(backend, brought):
            return (e.ListsAnnounced(backend, brought),)
        case Built(backend, store):
            return (e.ListsPutInForce(backend, tuple(lists.after(backend).values()), store),)
        case PutInForce(backend, listed):
            stands = lists.of(backend).get(listed.kind) == listed
            return () if stands else (e.ListsPutInForce(backend, (listed,), ""),)
        case Exempt(document):
            return () if lists.exemptions == document else (e.ExemptionsPutInForce(document),)
