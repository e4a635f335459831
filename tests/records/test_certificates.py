"""The certificates that a site rests on are looked at where they are: in files, and as servers show them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.records.certificates_made import certificate, showing
from tre.records.certificates import certificates_of
from tre.records.site import NEW_SITE, Site, load_site

FILE = "sqlite:////nowhere/ledger.db"
UNTIL = datetime.now(UTC).replace(microsecond=0) + timedelta(days=30)


def site(**notices: object) -> Site:
    return replace(load_site(NEW_SITE), notices=notices)


def test_a_site_that_speaks_to_nobody_rests_on_none() -> None:
    assert certificates_of(site(hook="http://127.0.0.1:1/tre"), FILE) == ()


def test_the_files_that_a_ledgers_address_names_are_read(tmp_path: Path) -> None:
    trusted = certificate(tmp_path, UNTIL)
    url = f"postgresql+psycopg://db.example/tre?sslmode=verify-full&sslrootcert={trusted}"
    (held,) = certificates_of(site(), url)
    assert (held.until, held.fault) == (UNTIL, "")
    trusted.write_text("-----", encoding="utf-8")
    assert certificates_of(site(), url)[0].fault == "its file holds no certificate"
    trusted.unlink()
    assert certificates_of(site(), url)[0].fault == "its file cannot be read"


def test_what_servers_show_is_believed_where_this_host_trusts_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = certificate(tmp_path, UNTIL)
    with showing(shown) as port:
        asked = site(hook=f"https://localhost:{port}/tre", pages=f"https://127.0.0.1:{port}")
        assert all("does not trust" in each.fault for each in certificates_of(asked, FILE))
        monkeypatch.setenv("SSL_CERT_FILE", str(shown))
        pages, hook = certificates_of(asked, FILE)
        assert (hook.until, hook.fault) == (UNTIL, "")
        assert "does not trust" in pages.fault, "it is the certificate of another name"
    assert certificates_of(asked, FILE)[1].fault == "it was not shown (ConnectionRefusedError)"
