"""Whether a connection to elsewhere is private: encrypted, and the other end known by a certificate, or on this very host.

A plain connection to a database, a mail server or a site's own address could be read, or answered by somebody else, on
its way [P1] [P13]. Refuses it; what stays on this host (a socket, the loopback) may be plain.
"""

import ipaddress
from urllib.parse import urlsplit

from sqlalchemy import URL

VERIFIED = "verify-full"


def is_here(host: str) -> bool:
    """Whether a host is this one: the path of a socket, its own name for itself, or the loopback."""
    if host.startswith(("/", "@")) or host.rstrip(".").lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def is_private(address: str) -> bool:
    """Whether what is sent to an address of the web can be read by the other end alone."""
    try:
        place = urlsplit(address)
        host = place.hostname or ""
    except ValueError:
        return False
    return bool(host) and (place.scheme == "https" or (place.scheme == "http" and is_here(host)))


def server_is_private(url: URL, default_host: str = "") -> bool:
    """Whether a PostgreSQL connection is: to this host, or encrypted with the server's name and certificate verified.

    Args:
        url: the database's address.
        default_host: what the driver takes where the address names none; a socket of this host, if that names none.
    """
    if url.query.get("sslmode") == VERIFIED:
        return True
    if "service" in url.query:
        return False
    named = [url.host or "", *_all(url, "host"), *_all(url, "hostaddr")]
    hosts = [host for each in named for host in each.split(",") if host]
    return all(is_here(host) for host in hosts or default_host.split(",") if host)


def _all(url: URL, key: str) -> tuple[str, ...]:
    found = url.query.get(key, ())
    return (found,) if isinstance(found, str) else tuple(found)
