"""Sessions and tokens: from a cookie or a header to the person who asks. Refuses a session that is old, idle, or of nobody here.

The cookie holds 32 random bytes and the server their digest: a stolen database opens no session. A browser comes with a
cookie and a program with a token; pages take no token, and the API takes no cookie, so that no other site's page can
make a browser speak to the API.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from anyio.to_thread import run_sync
from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie
from litestar.middleware.authentication import AbstractAuthenticationMiddleware, AuthenticationResult

from tre.custody.people import Person
from tre.records.accounts import SignedIn
from tre.records.accounts.passwords import digest_of
from tre.web.doors import Common
from tre.web.who import NOBODY, Visitor

API = "/api/"
KEY_BYTES = 32
TOUCH_SECONDS = 60
BEARER = "Bearer "


def cookie_name(common: Common) -> str:
    """The session cookie's name: one that only this very host can set, where it is reached by https."""
    return "__Host-tre" if common.settings.secure else "tre-session"


def session_cookie(common: Common, key: str) -> Cookie:
    """The cookie for a session; an empty key takes it away."""
    return Cookie(
        key=cookie_name(common),
        value=key,
        path="/",
        httponly=True,
        secure=common.settings.secure,
        samesite="lax",
        max_age=None if key else 0,
    )


def begin(common: Common, person: str, now: datetime, *, confirmed: int | None = None) -> str:
    """Begin a session; gives the key for the cookie. ``confirmed``: when they proved who they are, if not just now."""
    key, moment = common.chance(KEY_BYTES).hex(), int(now.timestamp())
    proved = moment if confirmed is None else min(confirmed, moment)
    common.accounts.begin(SignedIn(digest_of(key), person, began=moment, used=moment, confirmed=proved))
    return key


@dataclass(frozen=True)
class Doorman:
    """Finds out who asks."""

    common: Common

    def by_cookie(self, key: str, now: datetime) -> Visitor:
        """Whoever has the session with that key, while it lasts."""
        found = self.common.accounts.session(digest_of(key)) if key else None
        person = self._person(found.person) if found else None
        if found is None or person is None or self._over(found, int(now.timestamp())):
            return NOBODY
        if int(now.timestamp()) - found.used >= TOUCH_SECONDS:
            self.common.accounts.touch(found.key, int(now.timestamp()))
        return Visitor(person, found.key, found.confirmed)

    def by_token(self, header: str, now: datetime) -> Visitor:
        """Whoever has the token in an Authorization header, while it lasts."""
        secret = header.removeprefix(BEARER) if header.startswith(BEARER) else ""
        found = self.common.accounts.token(digest_of(secret), int(now.timestamp())) if secret else None
        person = self._person(found.person) if found else None
        if found is None or person is None:
            return NOBODY
        return Visitor(person, scopes=frozenset(found.scopes), confirmed=int(now.timestamp()))

    def _person(self, account: str) -> Person | None:
        return self.common.site.people.get(account)

    def _over(self, session: SignedIn, now: int) -> bool:
        settings = self.common.settings
        idle, age = now - session.used, now - session.began
        return idle > settings.idle.total_seconds() or age > settings.longest.total_seconds()


class WhoAsks(AbstractAuthenticationMiddleware):
    """Sets ``request.user`` to a `Visitor`; never refuses, because some pages are for everyone."""

    async def authenticate_request(
        self, connection: ASGIConnection[Any, Any, Any, Any]
    ) -> AuthenticationResult:
        """Who asks, by token for the API and by cookie for the pages."""
        common: Common = connection.app.state.common
        doorman, now = Doorman(common), common.clock()
        header, key = (
            connection.headers.get("authorization", ""),
            connection.cookies.get(cookie_name(common), ""),
        )
        if connection.scope["path"].startswith(API):
            visitor = await run_sync(doorman.by_token, header, now) if header else NOBODY
        else:
            visitor = await run_sync(doorman.by_cookie, key, now) if key else NOBODY
        return AuthenticationResult(user=visitor, auth=None)
