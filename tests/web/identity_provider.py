"""An OpenID provider over HTTP on this machine, honest unless it is told how to be otherwise. It keeps to the standard where a client may rely on it."""

import base64
import hashlib
import json
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

CLIENT, SECRET = "tre", "a secret & more"
Claims = dict[str, Any]


def encoded(value: Any) -> str:
    """JSON in base64 without padding, as tokens hold it."""
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


@dataclass
class OpenIdProvider:
    """A provider. ``claims``, ``token``, ``answer`` and ``facts`` change what it says, each where it says it."""

    clock: Callable[[], datetime]
    issuer: str = ""
    subject: str = "subject-of-ada"
    keys: list[RSAKey] = field(default_factory=list)
    published: list[RSAKey] | None = None
    claims: Callable[[Claims], Claims] = lambda claims: claims
    token: Callable[["OpenIdProvider", Claims], str] | None = None
    answer: Callable[[dict[str, str]], dict[str, str]] = lambda answer: answer
    facts: Callable[[dict[str, Any]], dict[str, Any]] = lambda facts: facts
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rotate()

    def rotate(self) -> None:
        """Sign with a new key from now on; the old ones are published no more."""
        self.keys = [RSAKey.generate_key(2048, {"kid": secrets.token_hex(4), "use": "sig"}, auto_kid=False)]

    def signed(self, claims: Claims, *, algorithm: str = "RS256") -> str:
        """A token with these claims."""
        key = self.keys[0]
        return jwt.encode({"alg": algorithm, "kid": key.kid}, claims, key, algorithms=[algorithm])

    # -- what is asked over HTTP -------------------------------------------------------------------------------

    def get(self, path: str, query: dict[str, str]) -> tuple[int, Any]:
        self.asked.append(path)
        if path == "/.well-known/openid-configuration":
            return 200, self.facts(self._facts())
        if path == "/jwks":
            return 200, KeySet(self.published or self.keys).as_dict(private=False)
        if path == "/authorize":
            code = secrets.token_hex(16)
            self.codes[code] = query
            said = {"code": code, "state": query["state"], "iss": self.issuer}
            return 302, f"{query['redirect_uri']}?{urlencode(self.answer(said))}"
        return 404, {}

    def post(self, path: str, form: dict[str, str], authorization: str) -> tuple[int, Any]:
        """The token endpoint: a code counts once, for the client it was given to, with the verifier of its challenge."""
        self.asked.append(path)
        begun = self.codes.pop(form.get("code", ""), None)
        pair = f"{urlencode({'': CLIENT})[1:]}:{urlencode({'': SECRET})[1:]}"
        known = authorization == "Basic " + base64.b64encode(pair.encode()).decode()
        challenge = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        shown = base64.urlsafe_b64encode(challenge).rstrip(b"=").decode()
        if (
            begun is None
            or not known
            or begun["code_challenge"] != shown
            or begun["redirect_uri"] != form["redirect_uri"]
        ):
            self.refused.append(path)
            return 400, {"error": "invalid_grant"}
        claims = self.claims(self._claims(begun))
        return 200, {
            "id_token": self.token(self, claims) if self.token else self.signed(claims),
            "token_type": "Bearer",
        }

    def _facts(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "authorization_response_iss_parameter_supported": True,
        }

    def _claims(self, begun: dict[str, str]) -> Claims:
        now = int(self.clock().timestamp())
        return {
            "iss": self.issuer,
            "sub": self.subject,
            "aud": CLIENT,
            "exp": now + 300,
            "iat": now,
            "nonce": begun["nonce"],
            "amr": ["pwd", "mfa"],
            "auth_time": now if "max_age" in begun else now - 3600,
        }


@contextmanager
def served(provider: OpenIdProvider) -> Iterator[OpenIdProvider]:
    """The provider, answering on this machine."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(provider))
    provider.issuer = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(provider: OpenIdProvider) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            self._say(*provider.get(parts.path, {k: v[0] for k, v in parse_qs(parts.query).items()}))

        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers["content-length"])).decode())
            plain = {name: values[0] for name, values in form.items()}
            self._say(*provider.post(self.path, plain, self.headers.get("authorization", "")))

        def _say(self, status: int, said: Any) -> None:
            self.send_response(status)
            if isinstance(said, str):
                self.send_header("location", said)
                said = {}
            content = json.dumps(said).encode()
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    return Handler
