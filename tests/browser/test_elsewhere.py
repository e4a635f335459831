"""In a real browser: signing in at an identity provider, proving it anew beside a half-filled form, and a study tried on synthetic data."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import DEMO, Town, visited
from tests.web.identity_provider import SECRET, OpenIdProvider, served
from tests.web.test_identity_provider import SIGN_IN
from tests.web.test_job_pages import zipped
from tre.main import clock, create_site
from tre.records.accounts import Link
from tre.web.doors import Settings

pytestmark = pytest.mark.browser


@pytest.fixture
def away(tmp_path: Path, browser: Browser) -> Iterator[tuple[Town, OpenIdProvider]]:
    """A site whose people sign in at a provider, and nowhere else."""
    site = tmp_path / "site"
    create_site(site)
    shutil.copy(DEMO / "people.toml", site / "people.toml")
    (site / "keys" / "sign-in.secret").write_text(SECRET)
    with served(OpenIdProvider(clock)) as provider:
        rules = (
            (site / "site.toml").read_text() + SIGN_IN.format(issuer=provider.issuer) + "passwords = false\n"
        )
        (site / "site.toml").write_text(rules)
        for town in visited(site, browser):
            accounts = town.opening.common(Settings()).accounts
            accounts.elsewhere.link(Link(provider.issuer, "subject-of-ada", "ada", "eve", 1))
            yield town, provider


def test_somebody_signs_in_elsewhere_and_proves_it_anew_beside_what_they_filled_in(away) -> None:
    town, _ = away
    assert town.browser is not None
    # Not `town.visitor`, which minds every request that leaves the site: here two of them should.
    context = town.browser.new_context(base_url=town.address)
    page = context.new_page()
    page.goto("/account")
    town.look(page, "sign-in-elsewhere")
    page.get_by_role("link", name="Sign in with your organisation").click()
    page.wait_for_url("**/account")
    page.get_by_label("Name").fill("laptop")
    page.get_by_label("read what you may see").check()
    page.get_by_role("button", name="Make a token").click()
    expect(page.get_by_role("heading", name="Is it still you?")).to_be_visible()
    town.look(page, "prove-it-elsewhere")
    with context.expect_page() as opened:
        page.get_by_role("link", name="with your organisation").click()
    expect(opened.value.get_by_role("heading", name="It is you")).to_be_visible()
    town.look(opened.value, "proved-elsewhere")
    opened.value.close()
    page.get_by_role("button", name="Confirm and go on").click()
    expect(page.locator(".secret")).to_contain_text("tre_")
    context.close()


def test_an_identity_that_nobody_linked_is_told_what_to_do(away) -> None:
    town, provider = away
    provider.subject = "somebody-new"
    assert town.browser is not None
    context = town.browser.new_context(base_url=town.address)
    page = context.new_page()
    page.goto("/login/oidc")
    expect(page.get_by_text("Ask a maintainer to link it")).to_be_visible()
    expect(page.get_by_text("somebody-new")).to_be_visible()
    context.close()


@pytest.mark.engine
@pytest.mark.slow
def test_a_study_is_tried_on_synthetic_data_and_every_cell_is_shown(town, tmp_path) -> None:
    code = tmp_path / "study.zip"
    code.write_bytes(zipped())
    page = town.signed_in("ada")
    page.get_by_role("link", name="Try out").click()
    town.look(page, "tries")
    page.get_by_label("The study's folder, as a ZIP file").set_input_files(str(code))
    page.get_by_role("button", name="Try it").click()
    for _ in range(120):
        if page.locator(".status", has_text="running").count() == 0:
            break
        page.wait_for_timeout(1000)
        page.get_by_role("link", name="Look again.").click()
    expect(page.locator("td.mark").first).to_be_visible()
    town.look(page, "tried")
