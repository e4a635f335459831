"""Who may ask for a route: declared beside each handler, checked by one guard, drawn as one table. Refuses a route that does not say.

Whether a step may be taken on *this* case, now, is decided by the core; a route says which roles may come as far as asking.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from litestar.connection import ASGIConnection
from litestar.exceptions import NotAuthorizedException
from litestar.handlers import BaseRouteHandler

from tre.custody.commands import Step
from tre.custody.errors import Refusal
from tre.custody.lifecycle import APPLICATION, REQUEST
from tre.custody.people import EVERYONE, Person, Role
from tre.custody.who_may import without_training


@dataclass(frozen=True)
class Who:
    """Who may ask for a route.

    Attributes:
        roles: any of these; ``None`` is everyone, without an account.
        steps: the verbs that the route takes, which the core then decides on.
        fresh: the person has proved within the last minutes that it is them.
        untrained: open to people whose training has lapsed: their own account, and reporting a breach [P15].
    """

    roles: frozenset[Role] | None
    steps: tuple[Step, ...] = ()
    fresh: bool = False
    untrained: bool = False

    @property
    def public(self) -> bool:
        """Whether no account is needed."""
        return self.roles is None

    def admits(self, person: Person | None) -> bool:
        """Whether this person's roles, or nobody's, may come as far as asking."""
        return self.roles is None or (person is not None and bool(self.roles & person.roles))

    def again(self) -> "Who":
        """The same people, who must just have proved that it is them."""
        return replace(self, fresh=True)


PUBLIC = Who(None, untrained=True)
SIGNED_IN = Who(EVERYONE)
OWN_ACCOUNT = Who(EVERYONE, untrained=True)


def those(*roles: Role) -> Who:
    """People who hold one of these roles."""
    return Who(frozenset(roles))


def takers(*steps: Step) -> Who:
    """People whose role may take one of these steps somewhere on the map; which case allows it is the core's to say."""
    owners = [
        owner
        for ways in (*APPLICATION.values(), *REQUEST.values())
        for step, (owner, _) in ways.items()
        if step in steps
    ]
    return Who(frozenset().union(*owners) - {Role.PLATFORM}, steps=steps)


@dataclass(frozen=True)
class Visitor:
    """Whoever asks: a person with a session or a token, or nobody in particular."""

    person: Person | None = None
    session: str = ""
    confirmed: int = 0
    scopes: frozenset[str] = frozenset()


NOBODY = Visitor()


def declared(opt: Mapping[str, Any]) -> Who:
    """What a route declares.

    Raises:
        Refusal: it declares nothing, so nobody may ask.
    """
    who = opt.get("who")
    if isinstance(who, Who):
        return who
    raise Refusal("route-undeclared", "Nobody may ask for this page.", "Tell a maintainer.", "P16")


def admit(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """The one guard of every route."""
    who, visitor = declared(handler.opt), connection.user
    if who.public:
        return
    if visitor.person is None:
        raise NotAuthorizedException("Sign in first.")
    if "scope" in handler.opt:
        _require_scope(visitor, str(handler.opt["scope"]))
    _require_role(who, visitor.person)
    _require_training(who, visitor.person, connection.app.state.clock().date())


def _require_scope(visitor: Visitor, needed: str) -> None:
    if needed not in visitor.scopes:
        raise Refusal(
            "token-too-narrow",
            f"This token may not do that: it lacks the scope '{needed}'.",
            "Make one that may, on your account page.",
            "P16",
        )


def _require_role(who: Who, person: Person) -> None:
    if who.roles is not None and not who.admits(person):
        raise Refusal(
            "not-your-role",
            f"This is for: {', '.join(role.replace('-', ' ') for role in sorted(who.roles))}.",
            "Ask someone with that role, or ask a maintainer which roles you hold.",
            "P16",
        )


def _require_training(who: Who, person: Person, day: date) -> None:
    refusal = None if who.untrained else without_training(person, day)
    if refusal is not None:
        raise refusal
