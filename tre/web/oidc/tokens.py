"""What an ID token must say before anybody is believed to be anybody: a pure function of the token, the keys and the moment.

Refuses every algorithm that the site does not name, a key that is not the provider's own, another issuer, any audience
beside this site, another sign-in's nonce, a token out of its time, and one that shows no second factor.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hmac import compare_digest
from typing import Any

from joserfc import jws, jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import ECKey, KeySet, OctKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from tre.custody.errors import Refusal
from tre.web.oidc.settings import ProviderSettings

SKEW_SECONDS = 60
OLDEST_SECONDS = 600
LONGEST_SUBJECT = 255
PUBLIC_KINDS = (RSAKey, ECKey, OKPKey)
Key = OctKey | RSAKey | ECKey | OKPKey


class KeyUnknown(Exception):
    """The token names a key that was not there when the keys were read: they may have been changed since."""


@dataclass(frozen=True)
class Identity:
    """Whom the provider vouches for, and when they proved to it who they are; 0 where it does not say."""

    issuer: str
    subject: str
    proved: int


def identity_of(
    untrusted_token: str, keys: KeySet, settings: ProviderSettings, *, nonce: str, now: datetime
) -> Identity:
    """Whom the token is of.

    Raises:
        KeyUnknown: it is signed with a key that is not among these.
        Refusal: it is not a token of this provider, for this site, for this sign-in, for now.
    """
    claims = _signed(untrusted_token, keys, settings.algorithms)
    moment = int(now.timestamp())
    _require(claims.get("iss") == settings.issuer, "It names another issuer.")
    _require(claims.get("aud") in (settings.client, [settings.client]), "It is not for this site alone.")
    _require(claims.get("azp", settings.client) == settings.client, "It was given to another site.")
    _require_time(claims, moment)
    _require(compare_digest(_word(claims, "nonce").encode(), nonce.encode()), "It is of another sign-in.")
    _require(_has_second_factor(claims, settings), "It shows no second factor.")
    subject = _word(claims, "sub")
    _require(0 < len(subject) <= LONGEST_SUBJECT, "It names nobody.")
    proved = claims.get("auth_time", 0)
    return Identity(
        settings.issuer, subject, proved if type(proved) is int and proved <= moment + SKEW_SECONDS else 0
    )


def public_keys(untrusted_set: Mapping[str, Any]) -> KeySet:
    """The provider's keys of which it holds the private half; others are left out.

    Raises:
        Refusal: there are none.
    """
    try:
        found = KeySet.import_key_set({"keys": list(untrusted_set["keys"])})
    except (JoseError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise refused("Its keys cannot be read.") from error
    fit: list[Key] = [
        key for key in found.keys if isinstance(key, PUBLIC_KINDS) and key.get("use", "sig") == "sig"
    ]
    _require(bool(fit), "It has no key to sign with.")
    return KeySet(fit)


def _signed(untrusted_token: str, keys: KeySet, algorithms: tuple[str, ...]) -> Mapping[str, Any]:
    registry = JWSRegistry(algorithms=list(algorithms))
    try:
        named = jws.extract_compact(untrusted_token.encode("ascii"), registry=registry).headers()
        _require("kid" in named or len(keys.keys) == 1, "It does not say which key it is signed with.")
        return jwt.decode(untrusted_token, keys, algorithms=list(algorithms), registry=registry).claims
    except InvalidKeyIdError as error:
        raise KeyUnknown from error
    except (JoseError, ValueError, TypeError) as error:
        raise refused("Its signature is not the provider's.") from error


def _require_time(claims: Mapping[str, Any], now: int) -> None:
    expires, issued, begins = (claims.get(name, 0) for name in ("exp", "iat", "nbf"))
    numbers = all(type(each) in {int, float} for each in (expires, issued, begins))
    _require(numbers, "It does not say when it counts.")
    _require(now < expires + SKEW_SECONDS, "It has expired.")
    _require(now - OLDEST_SECONDS < issued <= now + SKEW_SECONDS, "It was not made just now.")
    _require(begins <= now + SKEW_SECONDS, "It does not count yet.")


def _has_second_factor(claims: Mapping[str, Any], settings: ProviderSettings) -> bool:
    methods = claims.get("amr", ())
    shown = {each for each in methods if isinstance(each, str)} if isinstance(methods, list) else set()
    return claims.get("acr") in settings.acr or bool(shown & set(settings.amr))


def _word(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    return value if isinstance(value, str) else ""


def _require(fine: bool, why: str) -> None:  # noqa: FBT001 - it reads as a sentence where it is used
    if not fine:
        raise refused(why)


def refused(why: str) -> Refusal:
    """What is said of a sign-in that the provider's answer does not carry."""
    return Refusal(
        "identity-refused",
        f"Your organisation's answer was not accepted. {why}",
        "Begin to sign in again. If it stays so, tell a maintainer.",
        "P13",
    )
