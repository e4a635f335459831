"""Signing in, in a real browser: the honest way works, and no other does."""

import pytest

pytestmark = pytest.mark.browser


def test_somebody_signs_in_and_out_and_the_page_knows_their_name(town) -> None:
    page = town.signed_in("cleo")
    assert page.get_by_role("banner").get_by_text("cleo").is_visible()
    page.get_by_role("link", name="Review", exact=True).click()
    assert page.get_by_role("heading", name="Waiting for a checker").is_visible()
    page.get_by_role("button", name="Sign out").click()
    assert page.get_by_role("banner").get_by_role("link", name="Sign in").is_visible()
