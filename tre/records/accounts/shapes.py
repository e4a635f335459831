"""What the accounts hold, as plain values. Moments are whole seconds since 1970 in UTC; secrets are hashes, except the second factor's own."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Credentials:
    """What proves that it is this person. ``secret`` is the second factor's key, which both sides must hold."""

    person: str
    password: str
    secret: str

    def __repr__(self) -> str:
        return f"Credentials({self.person})"


@dataclass(frozen=True)
class SignedIn:
    """One session: whose, since when, last used when, and when they last proved that it is them."""

    key: str
    person: str
    began: int
    used: int
    confirmed: int

    def __repr__(self) -> str:
        return f"SignedIn({self.person})"


@dataclass(frozen=True)
class Token:
    """A personal access token: its public id, whose it is, what it may do, until when."""

    id: str
    person: str
    name: str
    scopes: tuple[str, ...]
    made: int
    expires: int
    used: int


@dataclass(frozen=True)
class Link:
    """An identity of somebody else's keeping, and the account here that a maintainer says it is."""

    issuer: str
    subject: str
    person: str
    approved_by: str
    at: int


@dataclass(frozen=True)
class Begun:
    """A sign-in that was begun at the identity provider: from which page, when, and by whom where it is to prove them anew."""

    state: str
    browser: str
    back: str
    began: int
    again: str = ""
