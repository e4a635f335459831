"""People and what they are allowed to be. Refuses a person without a role; holds no credentials."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from tre.custody.errors import require


class Role(StrEnum):
    """A permission that a site gives to a person [P16]; one person may hold several."""

    RESEARCHER = "researcher"
    APPROVER = "approver"
    OUTPUT_CHECKER = "output-checker"
    MAINTAINER = "maintainer"
    INFORMATION_GOVERNANCE = "information-governance"
    CALDICOTT_GUARDIAN = "caldicott-guardian"
    DATA_PROTECTION_OFFICER = "data-protection-officer"
    PLATFORM = "platform"


EVERYONE = frozenset(Role) - {Role.PLATFORM}


@dataclass(frozen=True)
class Person:
    """Someone who acts: an account id, the roles held, and the last day their training is in date [P14]."""

    id: str
    roles: frozenset[Role]
    trained_until: date
    team: str = ""

    def __post_init__(self) -> None:
        require(self.id, "a person has an id")
        require(self.roles, "a person has at least one role")
        alone = Role.PLATFORM not in self.roles or self.roles == {Role.PLATFORM}
        require(alone, "the platform is not a person: its role is held alone")

    @property
    def is_platform(self) -> bool:
        """True for the service itself (worker, timer), which needs no training and is on no study."""
        return Role.PLATFORM in self.roles


PLATFORM = Person("platform", frozenset({Role.PLATFORM}), date.max)
