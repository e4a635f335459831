"""What a site says of its identity provider. Refuses one that is not reached by https, and one that demands no second factor."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from tre.records.remote import is_private

ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")
"""What a token may be signed with: keys of which the provider alone has the private half. Never `none`, never a shared secret."""


@dataclass(frozen=True)
class ProviderSettings:
    """An identity provider.

    Attributes:
        issuer: its name, exactly as its tokens carry it.
        client: what it calls this site.
        secret: what this site proves itself to it with; empty for a public client, which PKCE alone proves.
        acr: authentication contexts, any of which shows a second factor.
        amr: authentication methods, any of which shows a second factor.
        algorithms: what its tokens may be signed with.
        passwords: whether people may sign in with a password kept here as well.
    """

    issuer: str
    client: str
    secret: str = ""
    acr: tuple[str, ...] = ()
    amr: tuple[str, ...] = ("mfa",)
    algorithms: tuple[str, ...] = ("RS256", "ES256")
    passwords: bool = True

    def __post_init__(self) -> None:
        if not is_private(self.issuer) or urlsplit(self.issuer).query or not self.client:
            raise ValueError("an issuer is an https address, and a client has a name")
        if not self.acr and not self.amr:
            raise ValueError("a second factor is demanded: name the acr or the amr that shows one")
        if not self.algorithms or not set(self.algorithms) <= set(ALGORITHMS):
            raise ValueError(f"the algorithms are among {', '.join(ALGORITHMS)}")

    def __repr__(self) -> str:
        return f"ProviderSettings({self.issuer})"


def provider_settings(said: Mapping[str, Any], secret: str) -> ProviderSettings:
    """What the table ``[sign_in]`` of site.toml means.

    Raises:
        ValueError: it cannot be; TypeError: it has a key that means nothing here.
    """
    lists = {name: tuple(map(str, said[name])) for name in ("acr", "amr", "algorithms") if name in said}
    return ProviderSettings(**{**said, **lists}, secret=secret)
