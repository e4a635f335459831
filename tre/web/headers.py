"""The headers of every answer: what a page may load, who may frame it, what a browser may keep. Refuses every script and style that is not our own file.

Nothing is loaded from anywhere else, nothing inline runs, and what a study made is never served as itself (it has a policy
of its own, stricter still): so a script in an output has no way to run and no way to call out.
"""

from collections.abc import Mapping

from litestar.datastructures import MutableScopeHeaders
from litestar.types import Message, Scope

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
UNTRUSTED_POLICY = "default-src 'none'; sandbox; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
"""For bytes that a study made: no script, no style, no load, no form, an origin of its own."""

HEADERS: Mapping[str, str] = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "cache-control": "no-store",
    "x-robots-tag": "noindex",
}
HTTPS_ONLY = ("strict-transport-security", "max-age=31536000; includeSubDomains")


async def add_headers(message: Message, scope: Scope) -> None:
    """Put the headers on an answer that is about to be sent; what the answer says itself stays."""
    if message["type"] != "http.response.start":
        return
    headers = MutableScopeHeaders.from_message(message)
    for name, value in HEADERS.items():
        headers.setdefault(name, value)
    if scope["litestar_app"].state.common.settings.secure:
        headers.setdefault(*HTTPS_ONLY)


def untrusted(media_type: str, name: str) -> dict[str, str]:
    """The headers of bytes that a study made: always a download, never a page of ours."""
    plain = "".join(letter if letter.isalnum() or letter in "._-" else "_" for letter in name) or "file"
    return {
        "content-security-policy": UNTRUSTED_POLICY,
        "content-type": media_type,
        "content-disposition": f'attachment; filename="{plain}"',
    }
