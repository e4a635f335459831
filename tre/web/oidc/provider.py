"""An identity provider over HTTP: where to send a browser, and what a code that comes back is worth.

Refuses an answer that is a redirect, is too long, or is not what the standard says; and an endpoint that is not reached by
https. What the provider published is read again after a while, and its keys at once when a token names one that is not known.
"""

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import urlencode

import httpx
from joserfc.jwk import KeySet

from tre.custody.errors import Refusal
from tre.records.remote import is_private
from tre.web.oidc.settings import ProviderSettings, provider_settings
from tre.web.oidc.tokens import Identity, KeyUnknown, identity_of, public_keys, refused

SECONDS = 10
MOST_BYTES = 256 * 1024
KEPT = timedelta(minutes=10)
ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")


@dataclass(frozen=True)
class Attempt:
    """One sign-in's secrets, all from one random value that the browser alone keeps."""

    binding: str

    @property
    def verifier(self) -> str:
        """What proves at the end that it is the one who began (PKCE): 64 characters."""
        return self._derived("verifier")

    @property
    def challenge(self) -> str:
        """The verifier's digest, as it is shown at the beginning."""
        digest = hashlib.sha256(self.verifier.encode()).digest()
        return urlsafe_b64encode(digest).rstrip(b"=").decode()

    @property
    def nonce(self) -> str:
        """What the token must carry."""
        return self._derived("nonce")

    def __repr__(self) -> str:
        return "Attempt()"

    def _derived(self, what: str) -> str:
        return hashlib.sha256(f"tre-oidc-{what}:{self.binding}".encode()).hexdigest()


@dataclass(frozen=True)
class Published:
    """What the provider says of itself, with its keys, and when that was read."""

    facts: Mapping[str, Any]
    keys: KeySet
    read: datetime


def provider_of(said: Mapping[str, Any], keys: Path) -> "Provider | None":
    """The provider that a site names, if it does; the client's secret lies with the site's keys.

    Raises:
        ValueError, TypeError: as `provider_settings`.
    """
    place = keys / "sign-in.secret"
    secret = place.read_text("utf-8").strip() if place.exists() else ""
    return Provider(provider_settings(said, secret)) if said else None


class Provider:
    """The site's identity provider. Safe to share between threads."""

    def __init__(self, settings: ProviderSettings) -> None:
        self.settings = settings
        self._published: Published | None = None
        self._lock = Lock()

    def begin(self, attempt: Attempt, state: str, *, back: str, again: bool, now: datetime) -> str:
        """Where a browser is sent to; ``again`` asks for a proof that is new.

        Raises:
            Refusal: the provider cannot be reached, or is not who it should be.
        """
        asked = {
            "response_type": "code",
            "scope": "openid",
            "client_id": self.settings.client,
            "redirect_uri": back,
            "state": state,
            "nonce": attempt.nonce,
            "code_challenge": attempt.challenge,
            "code_challenge_method": "S256",
        }
        asked |= {"acr_values": " ".join(self.settings.acr)} if self.settings.acr else {}
        asked |= {"prompt": "login", "max_age": "0"} if again else {}
        place = str(self._known(now).facts["authorization_endpoint"])
        return f"{place}{'&' if '?' in place else '?'}{urlencode(asked)}"

    def end(
        self, attempt: Attempt, untrusted_answer: Mapping[str, str], *, back: str, now: datetime
    ) -> Identity:
        """Whom the answer that came back is of.

        Raises:
            Refusal: it is of nobody that this provider vouches for, for this site, for this sign-in, now.
        """
        known = self._known(now)
        _require_issuer(known.facts, untrusted_answer, self.settings.issuer)
        code = untrusted_answer.get("code", "")
        if "error" in untrusted_answer or not code:
            raise refused("It did not vouch for you.")
        token = self._token(known.facts, attempt, code, back)
        try:
            return self._identity(token, known, attempt, now)
        except KeyUnknown:
            with self._lock:
                self._published = None
        try:
            return self._identity(token, self._known(now), attempt, now)
        except KeyUnknown as error:
            raise refused("It is signed with a key that the provider does not have.") from error

    def _identity(self, token: str, known: Published, attempt: Attempt, now: datetime) -> Identity:
        return identity_of(token, known.keys, self.settings, nonce=attempt.nonce, now=now)

    def _token(self, facts: Mapping[str, Any], attempt: Attempt, code: str, back: str) -> str:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": back,
            "code_verifier": attempt.verifier,
        }
        client, secret = self.settings.client, self.settings.secret
        known = None if secret else {"client_id": client}
        auth = httpx.BasicAuth(_formed(client), _formed(secret)) if secret else None
        answer = _asked("POST", str(facts["token_endpoint"]), data={**form, **(known or {})}, auth=auth)
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise refused("It gave no token for the code.")
        return token

    def _known(self, now: datetime) -> Published:
        with self._lock:
            if self._published is None or not timedelta() <= now - self._published.read < KEPT:
                self._published = self._read(now)
            return self._published

    def _read(self, now: datetime) -> Published:
        issuer = self.settings.issuer
        facts = _asked("GET", f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        if facts.get("issuer") != issuer:
            raise refused("The provider calls itself by another name.")
        if not all(isinstance(facts.get(name), str) and is_private(facts[name]) for name in ENDPOINTS):
            raise refused("The provider does not say where it is reached by https.")
        return Published(facts, public_keys(_asked("GET", facts["jwks_uri"])), now)


def _require_issuer(facts: Mapping[str, Any], answer: Mapping[str, str], issuer: str) -> None:
    """The answer names its issuer where it does at all, or where this provider says that it would (RFC 9207)."""
    promised = facts.get("authorization_response_iss_parameter_supported") is True
    if answer.get("iss", "" if promised else issuer) != issuer:
        raise refused("It came from another issuer.")


def _asked(method: str, place: str, **sent: Any) -> dict[str, Any]:
    """What a provider answers, as JSON."""
    try:
        with (
            httpx.Client(timeout=SECONDS, follow_redirects=False, trust_env=False) as client,
            client.stream(method, place, headers={"accept": "application/json"}, **sent) as answer,
        ):
            content = _bounded(answer)
            said = _read(answer.status_code, content)
    except (httpx.HTTPError, ValueError) as error:
        raise _unreachable() from error
    if not isinstance(said, dict):
        raise _unreachable()
    return said


def _read(status: int, content: bytes) -> Any:
    """The JSON of an answer; nothing where the provider says that what was asked is worth nothing (RFC 6749, section 5.2)."""
    answer = httpx.Response(status, content=content)
    return {} if status == httpx.codes.BAD_REQUEST else answer.json() if answer.is_success else None


def _bounded(answer: httpx.Response) -> bytes:
    content = bytearray()
    for portion in answer.iter_bytes():
        content += portion
        if len(content) > MOST_BYTES:
            raise ValueError("the answer is too long")
    return bytes(content)


def _formed(word: str) -> str:
    """A client's name or secret as it stands in an Authorization header (RFC 6749, section 2.3.1)."""
    return urlencode({"": word})[1:]


def _unreachable() -> Refusal:
    return Refusal(
        "provider-unreachable",
        "Your organisation's sign-in did not answer as it should.",
        "Try again in a few minutes; if it stays so, tell a maintainer.",
        "P13",
    )
