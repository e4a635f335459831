"""Every page that there is, opened in a browser: axe finds nothing in the light or the dark, wide or narrow, and nothing is cut off.

The list of pages comes from the routes: a page that is not opened here fails before a browser is started.
"""

from collections.abc import Iterator

import pytest

from scripts.draw_pages import PICTURES, page_routes
from tests.browser.conftest import SHOTS, violations, visited
from tests.browser.gallery import BASE, ELSEWHERE, VISITS, WALKED, Gallery, begin_gallery

pytestmark = pytest.mark.browser
BY_COLOUR = ("color-contrast", "link-in-text-block")
"""The rules whose answer can change with the colours; which of the others hold depends on the width alone."""
WIDE, NARROW = {"width": 1280, "height": 860}, {"width": 360, "height": 780}


@pytest.fixture(scope="module")
def gallery(tmp_path_factory, browser) -> Iterator[Gallery]:
    site = tmp_path_factory.mktemp("gallery") / "site"
    begin_gallery(site)
    for town in visited(site, browser, BASE):
        made = Gallery(town)
        yield made
        town.problems[:] = [each for each in town.problems if "status of 500" not in each]


def test_every_page_that_there_is_is_opened() -> None:
    opened = {PICTURES[name].route for name in {*VISITS, *ELSEWHERE}}
    assert sorted(set(page_routes()) - opened) == []
    assert {*VISITS, *ELSEWHERE} == set(PICTURES)


@pytest.mark.slow
@pytest.mark.parametrize("name", VISITS)
def test_a_page_is_for_everybody_in_the_light_and_the_dark_wide_and_narrow(gallery, name: str) -> None:
    page = VISITS[name](gallery)
    if not SHOTS or name in WALKED:
        gallery.town.look(page, name, picture=False)
    else:
        gallery.town.look(page, name)
    for scheme, size, rules in (
        ("dark", WIDE, BY_COLOUR),
        ("dark", NARROW, ()),
        ("light", NARROW, BY_COLOUR),
    ):
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size(size)
        assert violations(page, rules) == [], (name, scheme, size)
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"], (name, size)
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(WIDE)
