"""Proving that it is you: password and one-time code to sign in, the password again before a decision. Refuses to say which of them was wrong.

Attempts are counted by account and by address, in the accounts' database, so that a restart forgives nobody.
"""

from datetime import datetime
from typing import Any

from tre.custody.errors import Refusal
from tre.records.accounts import Accounts
from tre.records.accounts.passwords import digest_of, password_fits, step_of
from tre.web.asking import Ask
from tre.web.doors import Common
from tre.web.errors import ConfirmFirst
from tre.web.who import Who

WINDOW_SECONDS = 15 * 60
MOST_PER_ACCOUNT = 5
MOST_PER_ADDRESS = 40


def prove(ask: Ask) -> str:
    """Whose account the form's password and code open.

    Raises:
        Refusal: they open none, or there were too many attempts.
    """
    accounts, account = ask.common.accounts, ask.form.text("account", most=100)
    require_patience(accounts, account, ask.peer, ask.now)
    credentials = accounts.credentials(account)
    fits = password_fits(credentials.password if credentials else None, ask.form.text("password"))
    known = account in ask.common.site.people
    if credentials is None or not fits or not known or not _second(ask, account, credentials.secret):
        remember_failure(accounts, account, ask.peer, ask.now)
        raise Refusal(
            "sign-in-failed",
            "That account, password and code do not belong together.",
            "Try again with the code that your app shows now; a code counts once.",
            "P13",
        )
    return account


def _second(ask: Ask, account: str, secret: str) -> bool:
    """Whether the code is the app's, not used before, or one of the recovery codes, which counts once."""
    code = ask.form.text("code", most=40)
    step = step_of(secret, code, ask.now)
    if step is not None:
        return ask.common.accounts.spend_step(account, step)
    return ask.common.accounts.spend_recovery(account, digest_of(code.replace(" ", "").lower()))


def passwords_count(common: Common) -> bool:
    """Whether a password kept here proves anything: not where the site leaves that to its identity provider."""
    return common.provider is None or common.provider.settings.passwords


def is_fresh(ask: Ask, who: Who) -> bool:
    """Whether this route needs no proof, or had one within the last minutes."""
    age = ask.now.timestamp() - ask.visitor.confirmed
    return not who.fresh or age <= ask.common.settings.fresh_for.total_seconds()


def confirm(ask: Ask) -> None:
    """Take the password that came with a form as a fresh proof.

    Raises:
        ConfirmFirst: there was none, or it was wrong.
        Refusal: there were too many attempts.
    """
    password, account = ask.form.text("_password"), ask.person.id
    if not password or not passwords_count(ask.common):
        raise ConfirmFirst(ask)
    accounts = ask.common.accounts
    require_patience(accounts, account, ask.peer, ask.now)
    credentials = accounts.credentials(account)
    if not password_fits(credentials.password if credentials else None, password):
        remember_failure(accounts, account, ask.peer, ask.now)
        raise ConfirmFirst(ask, "That is not your password.")
    accounts.confirm(ask.visitor.session, int(ask.now.timestamp()))


def require_patience(accounts: Accounts, account: str, peer: str, now: datetime) -> None:
    """Refuse where there were too many failed attempts for the account, or from the address.

    Raises:
        Refusal: there were.
    """
    since = int(now.timestamp()) - WINDOW_SECONDS
    counted = ((f"account:{account}", MOST_PER_ACCOUNT), (f"address:{peer}", MOST_PER_ADDRESS))
    if any(accounts.failures(key, since) >= most for key, most in counted):
        raise Refusal(
            "too-many-attempts",
            "There were too many failed attempts for this account, or from this address.",
            f"Wait {WINDOW_SECONDS // 60} minutes. If it was not you, tell a maintainer.",
            "P13",
        )


def remember_failure(accounts: Accounts, account: str, peer: str, now: datetime) -> None:
    """Count a failed attempt, by address and, where one was named, by account."""
    for key in (f"account:{account}",) * bool(account) + (f"address:{peer}",):
        accounts.failed(key, int(now.timestamp()))


def needs_proof(ask: Ask, opt: dict[str, Any]) -> bool:
    """Whether the route that is asked for needs a fresh proof first."""
    who = opt.get("who")
    return isinstance(who, Who) and ask.visitor.person is not None and not is_fresh(ask, who)
