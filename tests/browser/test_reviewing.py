"""[P9] Two checkers review in a real browser, by keyboard, tables of any length."""

import pytest

from tests.browser.world import World
from tests.web.review_world import ROUNDED, offered

pytestmark = pytest.mark.browser


FILES = {
    f"output/table-{number}.csv": ROUNDED.replace(b"120", b"%d" % (120 + 5 * number)) for number in range(3)
}


def test_two_checkers_review_by_keyboard_and_it_is_signed_off(town) -> None:
    request = offered(World(town), FILES)
    for person in ("cleo", "dan"):
        page = town.signed_in(person)
        page.goto("/review")
        town.look(page, "review-queue-waiting", picture=False)
        page.get_by_role("button", name="Take the next one").click()
        page.wait_for_url(f"**/review/{request}")
        town.look(page, "review-by-keyboard", picture=False)
        page.keyboard.press("?")
        page.get_by_role("button", name="Close").click()
        for number in range(len(FILES)):
            page.get_by_role("heading", name=f"output/table-{number}.csv").wait_for()
            with page.expect_navigation():
                page.keyboard.press("a")
        page.get_by_role("button", name="Hand in my review").click()
        page.wait_for_load_state()
    page.goto(f"/review/{request}")
    town.look(page, "review-consolidating", picture=False)
    page.get_by_role("button", name="Sign all of it off").click()
    page.wait_for_url("**/review")
    assert World(town).common.service.request(request).stage.value == "signed-off"
    assert town.problems == []


def test_a_table_of_a_hundred_thousand_rows_scrolls_to_its_end(town) -> None:
    rows = b"".join(b"%d,%d,25\n" % (number, number % 7 * 5) for number in range(100_000))
    request = offered(World(town), {"output/large.csv": b"id,a,b\n" + rows})
    page = town.signed_in("cleo")
    page.goto(f"/review/{request}?side=raw")
    page.locator(".window").evaluate("box => { box.scrollTop = box.scrollHeight; }")
    page.get_by_role("rowheader", name="99999", exact=True).wait_for()
    assert page.locator(".window tbody tr").count() < 400
    assert town.problems == []
