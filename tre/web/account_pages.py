"""Signing in and out, a first password, and one's own account: the pages that come before any other. Refuses to show a secret twice."""

from dataclasses import dataclass

import segno
from litestar.response import Redirect, Template

from tre.custody.errors import Refusal
from tre.records.accounts import Credentials, Token
from tre.records.accounts.passwords import digest_of, hash_password, new_secret, setup_address, step_of
from tre.web.app import Face, Link
from tre.web.asking import Ask, safe_path, unclear
from tre.web.errors import not_there
from tre.web.oidc import pages as oidc_pages
from tre.web.oidc.pages import ways
from tre.web.proof import prove
from tre.web.routes import shows, takes
from tre.web.sessions import begin, session_cookie
from tre.web.who import OWN_ACCOUNT, PUBLIC, SIGNED_IN

SECRET_BYTES = 20
RECOVERY_CODES = 8
RECOVERY_BYTES = 8
TOKEN_BYTES = 32
DAY_SECONDS = 24 * 3600
LONGEST_TOKEN_DAYS = 90
SCOPES = {
    "read": "read what you may see",
    "write": "apply, submit jobs, answer checkers",
    "judge": "vote, approve, sign off: for one day at most",
}


@dataclass(frozen=True)
class Enrolment:
    """A second factor being set up: its key, and how an app takes it."""

    secret: str
    drawn: str


@shows("/login", PUBLIC)
def login_page(ask: Ask) -> Template:
    """Where people sign in."""
    return ask.page("login.html", next=safe_path(ask.query.get("next", "/")), told=None, **ways(ask))


@takes("/login", PUBLIC)
def login(ask: Ask) -> Template | Redirect:
    """Sign in with password and one-time code."""
    back = safe_path(ask.form.text("next"))
    if not ways(ask)["passwords"]:
        raise not_there("sign-in with a password")
    try:
        account = prove(ask)
    except Refusal as told:
        return ask.page("login.html", answered=_status(told), next=back, told=told, **ways(ask))
    key = begin(ask.common, account, ask.now)
    return ask.go(back, cookies=[session_cookie(ask.common, key)])


@takes("/logout", OWN_ACCOUNT)
def logout(ask: Ask) -> Redirect:
    """End this session."""
    ask.common.accounts.end(ask.visitor.session)
    return ask.go("/", cookies=[session_cookie(ask.common, "")])


@shows("/welcome/{code:str}", PUBLIC)
def welcome_page(ask: Ask, code: str) -> Template:
    """Where an invited person sets a password and a second factor."""
    return _welcome(ask, _invited(ask, code), new_secret(ask.common.chance(SECRET_BYTES)))


@takes("/welcome/{code:str}", PUBLIC)
def welcome(ask: Ask, code: str) -> Template:
    """Set both, once the app has shown a right code; the recovery codes are shown this one time."""
    person, secret = _invited(ask, code), ask.form.required("secret", most=64)
    try:
        password = hash_password(ask.form.text("password"), person)
        if step_of(secret, ask.form.text("code", most=10), ask.now) is None:
            raise unclear("code", "is not what your app shows now")
    except Refusal as told:
        return _welcome(ask, person, secret, told)
    recovery = tuple(ask.common.chance(RECOVERY_BYTES).hex() for _ in range(RECOVERY_CODES))
    kept = tuple(digest_of(each) for each in recovery)
    ask.common.accounts.enrol(Credentials(person, password, secret), kept, int(ask.now.timestamp()))
    return ask.page("welcomed.html", person=person, recovery=recovery)


@shows("/account", OWN_ACCOUNT)
def account_page(ask: Ask) -> Template:
    """One's own roles, training, and tokens."""
    return _account(ask)


@takes("/account/tokens", SIGNED_IN.again())
def make_token(ask: Ask) -> Template:
    """Make a token for the command line; it is shown this one time."""
    now, secret = int(ask.now.timestamp()), "tre_" + ask.common.chance(TOKEN_BYTES).hex()
    scopes = tuple(scope for scope in SCOPES if scope in ask.form.every("scope"))
    if not scopes:
        raise unclear("scope", "names nothing that a token may do")
    token = Token(
        id=ask.common.new_id("token"),
        person=ask.person.id,
        name=ask.form.required("name", most=60),
        scopes=scopes,
        made=now,
        expires=now + _days(ask, scopes) * DAY_SECONDS,
        used=0,
    )
    ask.common.accounts.add_token(digest_of(secret), token)
    return _account(ask, secret)


@takes("/account/tokens/{token:str}/revoke", OWN_ACCOUNT)
def revoke_token(ask: Ask, token: str) -> Redirect:
    """End a token."""
    if not ask.common.accounts.revoke(ask.person.id, token):
        raise not_there("token")
    return ask.go("/account")


def _days(ask: Ask, scopes: tuple[str, ...]) -> int:
    asked = ask.form.text("days", most=3) or "30"
    if not asked.isdecimal() or not 1 <= int(asked) <= LONGEST_TOKEN_DAYS:
        raise unclear("days", f"is a number from 1 to {LONGEST_TOKEN_DAYS}")
    return 1 if "judge" in scopes else int(asked)


def _account(ask: Ask, secret: str = "") -> Template:
    person = ask.person
    return ask.page(
        "account.html",
        person=person,
        secret=secret,
        scopes=SCOPES,
        tokens=ask.common.accounts.tokens(person.id),
        recovery_left=ask.common.accounts.recovery_left(person.id),
        trained=person.trained_until >= ask.now.date(),
    )


def _welcome(ask: Ask, person: str, secret: str, told: Refusal | None = None) -> Template:
    address = setup_address(secret, person, ask.common.site.name)
    drawn = segno.make(address, micro=False).svg_inline(scale=5, border=2, dark="#000", light="#fff")
    status = _status(told) if told else 200
    return ask.page(
        "welcome.html", answered=status, person=person, enrolment=Enrolment(secret, drawn), told=told
    )


def _invited(ask: Ask, code: str) -> str:
    person = ask.common.accounts.invited(digest_of(code), int(ask.now.timestamp()))
    if person is None or person not in ask.common.site.people:
        raise not_there("invitation")
    return person


def _status(told: Refusal) -> int:
    return {"too-many-attempts": 429, "sign-in-failed": 401}.get(told.code, 422)


FACE = Face(
    "account",
    (
        login_page,
        login,
        logout,
        *oidc_pages.ROUTES,
        welcome_page,
        welcome,
        account_page,
        make_token,
        revoke_token,
    ),
    (Link("Account", "/account", OWN_ACCOUNT),),
)
