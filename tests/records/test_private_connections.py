"""What leaves this host is encrypted, and for the one it is meant for; what stays on it may be plain [P1]."""

import shutil
from pathlib import Path

import pytest
from sqlalchemy import make_url

from tre.records.database import parse_url
from tre.records.errors import LedgerRefused
from tre.records.remote import is_here, is_private
from tre.records.site import NEW_SITE, SiteError, load_site

POSTGRES = "postgresql+psycopg://tre@"


@pytest.mark.parametrize(
    "address",
    [
        "db.example/tre",
        "db.example/tre?sslmode=require",
        "db.example/tre?sslmode=verify-ca",
        "db.example/tre?sslmode=prefer",
        "10.0.0.5/tre",
        "localhost,db.example/tre",
        "/tre?host=db.example",
        "/tre?host=/run/postgresql&host=db.example",
        "localhost/tre?hostaddr=10.0.0.5",
        "localhost.example/tre",
        "127.0.0.1.example/tre",
        "/tre?service=elsewhere",
    ],
)
def test_a_server_elsewhere_is_not_spoken_to_without_its_certificate_and_name(address: str) -> None:
    with pytest.raises(LedgerRefused, match="ledger-not-private"):
        parse_url(POSTGRES + address)


@pytest.mark.parametrize(
    "address",
    [
        "/tre",
        "/tre?host=/run/postgresql",
        "localhost/tre",
        "127.0.0.1:5433/tre",
        "[::1]/tre",
        "/tre?host=/run/one&host=/run/two",
        "db.example/tre?sslmode=verify-full",
        "db.example/tre?sslmode=verify-full&sslrootcert=/etc/ssl/ours.pem",
    ],
)
def test_a_server_here_or_one_that_proves_its_name_is(address: str) -> None:
    assert parse_url(POSTGRES + address) == make_url(POSTGRES + address)


def test_what_the_environment_names_is_looked_at_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGHOST", "db.example")
    with pytest.raises(LedgerRefused, match="ledger-not-private"):
        parse_url(f"{POSTGRES}/tre")
    assert parse_url(f"{POSTGRES}localhost/tre")


@pytest.mark.parametrize(
    ("address", "private"),
    [
        ("https://hooks.example/tre", True),
        ("http://hooks.example/tre", False),
        ("http://localhost:9000/tre", True),
        ("http://127.0.0.1/tre", True),
        ("http://localhost@hooks.example/", False),
        ("http://127.0.0.1.example/", False),
        ("ftp://localhost/", False),
        ("https://", False),
        ("hooks.example", False),
        ("http://[::1", False),
    ],
)
def test_an_address_of_the_web_is_private_by_https_or_on_this_host(address: str, *, private: bool) -> None:
    assert is_private(address) is private


@pytest.mark.parametrize("host", ["", "0.0.0.0", "example", "localhost.example", "169.254.1.1", "::"])  # noqa: S104 - not bound to
def test_another_host_is_not_this_one(host: str) -> None:
    assert not is_here(host)


NOTICES = """
[notices]
pages = "https://tre.example"
{}
"""


@pytest.mark.parametrize(
    "said",
    [
        'hook = "http://hooks.example/tre"',
        'mail = {host = "mail.example", port = 25, sender = "tre@example.org", start_tls = false}',
    ],
)
def test_a_site_whose_notices_could_be_read_on_their_way_is_not_opened(said: str, tmp_path: Path) -> None:
    with pytest.raises(SiteError, match="without being encrypted"):
        load_site(site_saying(said, tmp_path))


@pytest.mark.parametrize(
    "said",
    [
        'hook = "https://hooks.example/tre"',
        'hook = "http://127.0.0.1:9000/tre"',
        'mail = {host = "mail.example", port = 587, sender = "tre@example.org"}',
        'mail = {host = "localhost", port = 25, sender = "tre@example.org", start_tls = false}',
    ],
)
def test_a_site_whose_notices_are_private_is(said: str, tmp_path: Path) -> None:
    assert load_site(site_saying(said, tmp_path)).notices["pages"] == "https://tre.example"


def site_saying(said: str, folder: Path) -> Path:
    site = folder / "site"
    shutil.copytree(NEW_SITE, site)
    with (site / "site.toml").open("a", encoding="utf-8") as file:
        file.write(NOTICES.format(said))
    return site
