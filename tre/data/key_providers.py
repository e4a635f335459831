"""Where a key comes from: a file of this machine, or a vault that hands it over a local socket and keeps it nowhere here.

A provider gives bytes; what they are is for `pseudonyms` to judge. A vault speaks the HTTP of a key-value store (version 2):
GET /v1/<path> with a token, and the key's fields under `data.data`. A hardware token (PKCS#11) stands behind the same words
by an agent of its own. It refuses an address on a network: a key in the clear stays on the machine.

    vault+unix:/run/vault/agent.sock?path=secret/data/tre/tpp&token=/run/vault/token
"""

import json
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Protocol
from urllib.parse import parse_qs, urlsplit

from tre.data.errors import KeyRefused, Reason

SCHEME = "vault+unix"
SECONDS = 10.0
MOST_BYTES = 65536


class KeyProvider(Protocol):
    """Something that can hand over one key."""

    def fetch(self) -> bytes:
        """The key as it is written in a key file. Raises KeyRefused where it cannot be had."""
        ...


@dataclass(frozen=True)
class Vault:
    """A key in a vault behind a socket of this machine."""

    socket: Path
    path: str
    token_file: Path

    def fetch(self) -> bytes:
        """Ask the vault.

        Raises:
            KeyRefused: it does not answer, says no, or answers with no key.
        """
        connection = _OverSocket(self.socket)
        try:
            token = self.token_file.read_text("ascii").strip()
            connection.request("GET", f"/v1/{self.path}", headers={"X-Vault-Token": token})
            with connection.getresponse() as answer:
                content = answer.read(MOST_BYTES)
            if answer.status != 200:  # noqa: PLR2004 - HTTP's own number
                raise _refused(f"The vault answered {answer.status}.")
            fields = json.loads(content)["data"]["data"]
        except (OSError, HTTPException, ValueError, KeyError, TypeError):
            # Not chained: what a vault says may hold what it keeps.
            raise _refused("The vault gave no key.") from None
        finally:
            connection.close()
        return json.dumps(fields).encode()


class _OverSocket(HTTPConnection):
    """HTTP over a socket of this machine."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=SECONDS)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(SECONDS)
        self.sock.connect(str(self._path))


def vault(address: str) -> Vault:
    """The vault that an address names.

    Raises:
        KeyRefused: it is not such an address.
    """
    parts = urlsplit(address)
    asked = parse_qs(parts.query)
    known: Sequence[str] = (*asked.get("path", ()), *asked.get("token", ()))
    if parts.scheme != SCHEME or parts.netloc or len(known) != 2 or set(asked) != {"path", "token"}:  # noqa: PLR2004 - path and token
        sentence = "A vault is named as vault+unix:/socket?path=...&token=/file, on this machine."
        raise KeyRefused(Reason("key-provider", sentence, "Correct the address.", SCHEME))
    return Vault(Path(parts.path), known[0], Path(known[1]))


def _refused(sentence: str) -> KeyRefused:
    fix = "Check that the agent runs, and that its token may read this key."
    return KeyRefused(Reason("key-provider", sentence, fix, SCHEME))
