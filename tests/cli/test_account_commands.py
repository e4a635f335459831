"""`tre account`: who may sign in, and whose account an identity is [P13] [P16]."""

import json
import shutil

import pytest

from tests.web.conftest import DEMO
from tre.cli.app import run_one
from tre.custody.errors import Refusal
from tre.main import Hands, Opening, create_site
from tre.records.accounts import Link

SIGN_IN = '\n[sign_in]\nissuer = "https://login.example"\nclient = "tre"\n'


@pytest.fixture
def tre(tmp_path, capsys):
    """The command on a site with an identity provider."""
    site = tmp_path / "site"
    create_site(site)
    shutil.copy(DEMO / "people.toml", site / "people.toml")
    rules = site / "site.toml"
    rules.write_text(rules.read_text() + SIGN_IN)

    def run(person: str, *words: str):
        run_one(Hands().wiring(), ["--site", str(site), "--as", person, "--json", *words])
        return json.loads(capsys.readouterr().out)

    run.site = site
    return run


def test_a_maintainer_links_an_identity_once_and_that_is_written_down(tre) -> None:
    tre("eve", "account", "link", "ada", "subject-1")
    with pytest.raises(Refusal, match="already-linked"):
        tre("eve", "account", "link", "ben", "subject-1")
    (line,) = tre("eve", "account", "links")
    assert (line["person"], line["subject"], line["approved_by"]) == ("ada", "subject-1", "eve")
    tre("eve", "account", "unlink", "subject-1")
    assert tre("eve", "account", "links") == []
    house = Opening(tre.site, Hands()).house()
    assert [entry.kind for entry in house.daybook.entries()] == ["identity-linked", "identity-unlinked"]
    assert "subject-1" not in str(house.daybook.entries())


def test_nobody_links_their_own_account_and_nobody_but_a_maintainer_links_any(tre) -> None:
    with pytest.raises(Refusal, match="own-account"):
        tre("eve", "account", "link", "eve", "subject-1")
    with pytest.raises(Refusal, match="not-your-role"):
        tre("ada", "account", "link", "ada", "subject-1")


def test_a_link_is_one_account_and_is_exact(tre) -> None:
    elsewhere = Opening(tre.site, Hands()).house().accounts.elsewhere
    assert elsewhere.link(Link("https://login.example", "s", "ada", "eve", 1))
    assert not elsewhere.link(Link("https://login.example", "s", "ben", "eve", 1))
    assert elsewhere.linked("https://login.example", "S") is None
    assert elsewhere.linked("https://login.example/", "s") is None
