"""The certificates by which this house and those it speaks to are known, and until when each is good.

    the ledger's server     the files that its address names
    the pages, a hook, an identity provider     what their servers show when they are called
    the mail server         what it shows after STARTTLS

Nothing is sent to a server but the greeting that shows its certificate. Refuses to call one good that this host does not trust.
"""

import smtplib
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509
from sqlalchemy.engine import make_url

from tre.records.site import Site

SECONDS = 5
HTTPS = 443
IN_THE_ADDRESS = ("sslrootcert", "sslcert")
Shown = Callable[[], Mapping[str, Any]]


@dataclass(frozen=True)
class Held:
    """A certificate: whose it is, until when it is good, or what is wrong with it."""

    of: str
    until: datetime | None = None
    fault: str = ""


def certificates_of(site: Site, ledger_url: str) -> tuple[Held, ...]:
    """Every certificate that a site rests on, looked at now."""
    return (*_of_the_ledger(ledger_url), *_of_the_web(site), *_of_the_mail(site))


def _of_the_ledger(url: str) -> Iterator[Held]:
    named = make_url(url).query
    for key in IN_THE_ADDRESS:
        if isinstance(path := named.get(key), str) and path != "system":
            yield in_file(f"the ledger's server ({key})", Path(path))


def _of_the_web(site: Site) -> Iterator[Held]:
    places = {
        "the pages": site.notices.get("pages", ""),
        "the hook": site.notices.get("hook", ""),
        "the identity provider": site.sign_in.get("issuer", ""),
    }
    for of, address in places.items():
        place = urlsplit(str(address))
        if place.scheme == "https" and place.hostname:
            yield _shown(of, lambda place=place: called(place.hostname or "", place.port or HTTPS))  # type: ignore[misc] # bound now


def _of_the_mail(site: Site) -> Iterator[Held]:
    mail = site.notices.get("mail", {})
    if mail and mail.get("start_tls", True):
        yield _shown("the mail server", lambda: greeted(str(mail["host"]), int(mail["port"])))


def in_file(of: str, path: Path) -> Held:
    """The certificate in a file of PEM that ends first."""
    try:
        found = x509.load_pem_x509_certificates(path.read_bytes())
    except OSError:
        return Held(of, fault="its file cannot be read")
    except ValueError:
        return Held(of, fault="its file holds no certificate")
    return Held(of, min(each.not_valid_after_utc for each in found))


def called(host: str, port: int) -> Mapping[str, Any]:
    """What a server of the web shows."""
    with (
        socket.create_connection((host, port), timeout=SECONDS) as plain,
        ssl.create_default_context().wrap_socket(plain, server_hostname=host) as line,
    ):
        return line.getpeercert() or {}


def greeted(host: str, port: int) -> Mapping[str, Any]:
    """What a mail server shows."""
    with smtplib.SMTP(host, port, timeout=SECONDS) as server:
        server.starttls(context=ssl.create_default_context())
        shown: Mapping[str, Any] = server.sock.getpeercert()  # type: ignore[union-attr] # it is a line under TLS by now
        return shown


def _shown(of: str, show: Shown) -> Held:
    try:
        ends = ssl.cert_time_to_seconds(str(show()["notAfter"]))
    except ssl.SSLCertVerificationError as error:
        return Held(of, fault=f"this host does not trust it ({error.verify_message})")
    except (OSError, smtplib.SMTPException, KeyError, ValueError) as error:
        return Held(of, fault=f"it was not shown ({type(error).__name__})")
    return Held(of, datetime.fromtimestamp(ends, UTC))
