"""Passwords as argon2id hashes, one-time codes by RFC 6238, and other secrets as SHA-256 of what was random to begin with.

Refuses a short password and one that is the account's own name; refuses to be quicker for an account that is not there.
"""

import base64
import hashlib
from datetime import datetime

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from tre.custody.errors import Refusal

SHORTEST = 12
LONGEST = 256
STEP_SECONDS = 30
HASHER = PasswordHasher()
NOBODY = HASHER.hash("a password that nobody has, so that a missing account takes as long")


def hash_password(untrusted_password: str, person: str) -> str:
    """The hash to keep of a new password.

    Raises:
        Refusal: it is too short, too long, or says whose it is.
    """
    if not SHORTEST <= len(untrusted_password) <= LONGEST or person.lower() in untrusted_password.lower():
        raise Refusal(
            "password-too-weak",
            f"A password has at least {SHORTEST} characters, at most {LONGEST}, and not the account's name in it.",
            "Use a few words that belong together for you alone.",
            "P13",
        )
    return HASHER.hash(untrusted_password)


def password_fits(kept: str | None, untrusted_password: str) -> bool:
    """Whether the password is the one that was kept; as slow where nothing was."""
    try:
        HASHER.verify(kept or NOBODY, untrusted_password[: LONGEST + 1])
    except (VerificationError, InvalidHashError):
        return False
    return kept is not None


def new_secret(randomness: bytes) -> str:
    """A second factor's key from 20 random bytes, as an authenticator app takes it."""
    return base64.b32encode(randomness).decode("ascii")


def step_of(secret: str, untrusted_code: str, now: datetime) -> int | None:
    """The time step for which this is the code: the present one, or its neighbours; ``None`` where it is none of them."""
    code = untrusted_code.replace(" ", "")
    present = int(now.timestamp()) // STEP_SECONDS
    maker = pyotp.HOTP(secret)
    for step in (present, present - 1, present + 1):
        if pyotp.utils.strings_equal(maker.at(step), code):
            return step
    return None


def setup_address(secret: str, person: str, site: str) -> str:
    """What the QR code says to an authenticator app."""
    return pyotp.TOTP(secret).provisioning_uri(name=person, issuer_name=site)


def digest_of(secret: str) -> str:
    """How a session's key, a token or a recovery code is kept: they are long and random, so a plain digest is enough."""
    return hashlib.sha256(secret.encode()).hexdigest()
