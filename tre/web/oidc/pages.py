"""Signing in at the identity provider: going there, coming back, and proving anew that it is still you.

A sign-in counts once, within ten minutes, for the browser that began it. Refuses an identity that no maintainer has linked
to an account, and to send anybody on to another site.
"""

from typing import Any

from litestar.datastructures import Cookie
from litestar.response import Redirect, Template

from tre.custody.errors import Refusal
from tre.records.accounts import Begun
from tre.records.accounts.passwords import digest_of
from tre.web.asking import Ask, safe_path
from tre.web.errors import REFUSED, STATUS, not_there
from tre.web.oidc.provider import Attempt, Provider
from tre.web.oidc.tokens import SKEW_SECONDS, Identity, refused
from tre.web.proof import passwords_count, remember_failure, require_patience
from tre.web.routes import shows
from tre.web.sessions import begin, session_cookie
from tre.web.who import PUBLIC

RANDOM_BYTES = 32
LASTS_SECONDS = 600
GUESSES = ("identity-refused", "identity-unknown")
"""What counts against an address; a provider that does not answer does not."""


@shows("/login/oidc", PUBLIC)
def leave(ask: Ask) -> Redirect:
    """Send the browser to the provider."""
    provider, again = _provider(ask), bool(ask.query.get("again")) and ask.visitor.person is not None
    attempt = Attempt(ask.common.chance(RANDOM_BYTES).hex())
    state = ask.common.chance(RANDOM_BYTES).hex()
    ask.common.accounts.elsewhere.begin(
        Begun(
            state=digest_of(state),
            browser=digest_of(attempt.binding),
            back=safe_path(ask.query.get("next", "/")),
            began=int(ask.now.timestamp()),
            again=ask.person.id if again else "",
        )
    )
    place = provider.begin(attempt, state, back=_back(ask), again=again, now=ask.now)
    return ask.go(place, cookies=[_cookie(ask, attempt.binding)])


@shows("/login/oidc/answer", PUBLIC)
def answered(ask: Ask) -> Template | Redirect:
    """Take the provider's word for who has come back."""
    try:
        require_patience(ask.common.accounts, "", ask.peer, ask.now)
        return _believed(ask)
    except Refusal as told:
        if told.code in GUESSES:
            remember_failure(ask.common.accounts, "", ask.peer, ask.now)
        return _told(ask, told)


def _believed(ask: Ask) -> Template | Redirect:
    attempt = Attempt(ask.cookies.get(_cookie_name(ask), ""))
    state, moment = ask.query.get("state", ""), int(ask.now.timestamp())
    begun = ask.common.accounts.elsewhere.spend(digest_of(state), digest_of(attempt.binding), moment)
    if begun is None:
        raise refused("It answers no sign-in that this browser has just begun.")
    found = _provider(ask).end(attempt, ask.query, back=_back(ask), now=ask.now)
    person = _account_of(ask, found)
    return _again(ask, begun, found, person) if begun.again else _signed_in(ask, begun, found, person)


def _signed_in(ask: Ask, begun: Begun, found: Identity, person: str) -> Redirect:
    """A session as for passwords; what was proved long ago is no fresh proof."""
    key = begin(ask.common, person, ask.now, confirmed=found.proved)
    return ask.go(begun.back, cookies=[session_cookie(ask.common, key), _cookie(ask, "")])


def _again(ask: Ask, begun: Begun, found: Identity, person: str) -> Template:
    """A fresh proof for the session that asked for one: of the same person, made since it was asked for."""
    mine = ask.visitor.person is not None and ask.person.id == person == begun.again
    if not mine or found.proved < begun.began - SKEW_SECONDS:
        raise refused("It is not a new proof of the person who is signed in here.")
    ask.common.accounts.confirm(ask.visitor.session, int(ask.now.timestamp()))
    return ask.page("confirmed.html")


def _account_of(ask: Ask, found: Identity) -> str:
    person = ask.common.accounts.elsewhere.linked(found.issuer, found.subject)
    if person is not None and person in ask.common.site.people:
        return person
    raise Refusal(
        "identity-unknown",
        f"Your organisation vouches for you as '{found.subject}', which is no account here.",
        "Ask a maintainer to link it: `tre account link ACCOUNT SUBJECT`. Nothing is linked by an e-mail address.",
        "P13",
    )


def _provider(ask: Ask) -> Provider:
    if ask.common.provider is None:
        raise not_there("page for signing in elsewhere")
    return ask.common.provider


def _back(ask: Ask) -> str:
    return f"{ask.common.settings.address.rstrip('/')}/login/oidc/answer"


def _told(ask: Ask, told: Refusal) -> Template:
    return ask.page("login.html", answered=STATUS.get(told.code, REFUSED), next="/", told=told, **ways(ask))


def ways(ask: Ask) -> dict[str, Any]:
    """Which ways of signing in this site offers."""
    return {"oidc": ask.common.provider is not None, "passwords": passwords_count(ask.common)}


def _cookie_name(ask: Ask) -> str:
    return "__Host-tre-begun" if ask.common.settings.secure else "tre-begun"


def _cookie(ask: Ask, binding: str) -> Cookie:
    """What binds a sign-in to this browser; it comes back with the browser, from the provider, and with nothing else."""
    return Cookie(
        key=_cookie_name(ask),
        value=binding,
        path="/",
        httponly=True,
        secure=ask.common.settings.secure,
        samesite="lax",
        max_age=LASTS_SECONDS if binding else 0,
    )


ROUTES = (leave, answered)
