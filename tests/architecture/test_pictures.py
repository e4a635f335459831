"""Every page has a picture in the manual, and every picture is of a page: a new page without one fails here."""

import re

from scripts.draw_authorisation import faces
from scripts.draw_pages import FOLDER, PICTURES, page_routes
from scripts.source import REPOSITORY
from tre.web.app import routes_of

TAKEN = REPOSITORY / FOLDER
MOST_BYTES, MOST_ALL = 150_000, 4_000_000
BROWSER = REPOSITORY / "tests" / "browser"
HOW = (
    "add it to ALBUM in scripts/draw_pages.py, open it in tests/browser/gallery.py, then: make pictures docs"
)


def test_every_page_has_a_picture() -> None:
    shown = {picture.route for picture in PICTURES.values()}
    bare = sorted(set(page_routes()) - shown)
    assert not bare, f"these pages have no picture ({HOW}): {bare}"


def test_every_picture_is_of_a_route_that_there_is() -> None:
    known = {f"{method} {path}" for method, path, _ in routes_of(faces())}
    gone = sorted(f"{each.name}: {each.route}" for each in PICTURES.values() if each.route not in known)
    assert not gone, f"these pictures are of nothing: {gone}"


def test_every_picture_was_taken_and_none_is_left_over() -> None:
    assert {path.stem for path in TAKEN.glob("*.webp")} == set(PICTURES), HOW
    assert [path.name for path in TAKEN.iterdir() if path.suffix != ".webp"] == []


def test_every_picture_is_taken_by_a_test() -> None:
    tests = "\n".join(path.read_text(encoding="utf-8") for path in sorted(BROWSER.glob("*.py")))
    assert sorted(name for name in PICTURES if not re.search(rf'"{name}"', tests)) == []


def test_the_pictures_are_small() -> None:
    sizes = {path.name: path.stat().st_size for path in TAKEN.glob("*.webp")}
    assert max(sizes.values()) <= MOST_BYTES, sizes
    assert sum(sizes.values()) <= MOST_ALL
