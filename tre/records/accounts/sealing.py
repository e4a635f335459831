"""The second factors' keys at rest: sealed under a key that lies with the site's other keys, each for its own person.

A copy of the accounts' database alone makes no code. Refuses what was sealed for somebody else, was changed, or was sealed
under another key. AES-SIV (RFC 5297): without a nonce, so that nothing has to be random twice.
"""

from base64 import b64decode, b64encode
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tre.records.errors import KeyRefused

MARK = "sealed:"
KEY_BYTES = 32


@dataclass(frozen=True)
class Sealing:
    """What seals and opens. Never printed."""

    key: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.key) != KEY_BYTES:
            raise _refused(f"The accounts' key is not {KEY_BYTES} bytes long.")

    def seal(self, person: str, secret: str) -> str:
        """The secret as it is kept."""
        return MARK + b64encode(self._cipher.encrypt(secret.encode(), [person.encode()])).decode()

    def open(self, person: str, kept: str) -> str:
        """The secret again.

        Raises:
            KeyRefused: it is not what was sealed under this key for this person.
        """
        try:
            sealed = b64decode(kept.removeprefix(MARK), validate=True)
            return self._cipher.decrypt(sealed, [person.encode()]).decode()
        except (InvalidTag, ValueError) as error:
            raise _refused("A second factor cannot be opened with the accounts' key of this site.") from error

    def opens(self, person: str, kept: str) -> bool:
        """Whether it is what was sealed under this key for this person."""
        try:
            self.open(person, kept)
        except KeyRefused:
            return False
        return True

    @property
    def _cipher(self) -> AESSIV:
        derived = HKDF(SHA256(), 64, None, b"tre/accounts/second-factor").derive(self.key)
        return AESSIV(derived)


def is_sealed(kept: str) -> bool:
    """Whether a secret was kept sealed; an older site kept them as they are."""
    return kept.startswith(MARK)


def _refused(sentence: str) -> KeyRefused:
    return KeyRefused("accounts-key-wrong", sentence, fix="Put keys/accounts.key back from its backup.")
