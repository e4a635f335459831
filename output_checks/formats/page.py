"""An HTML page as the words that a person sees in it; what is offered in its place is those words and nothing else.

Refuses programs, styles, forms, comments, things fetched or embedded, attributes that hide or run, tables (they are
results, and have a file and a declaration of their own), and marks that are not closed.
"""

from __future__ import annotations

from html.parser import HTMLParser

from output_checks.formats.comma import text_of
from output_checks.formats.refusal import Unreadable, not_a_table
from output_checks.model import Opaque

_BLOCKS = frozenset(
    [
        "html",
        "body",
        "main",
        "section",
        "article",
        "header",
        "footer",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "p",
        "ul",
        "ol",
        "li",
        "div",
        "blockquote",
        "pre",
    ]
)
_INLINE = frozenset(["b", "i", "em", "strong", "code", "span", "sub", "sup", "q", "small", "title", "head"])
_ALONE = frozenset({"br", "hr", "meta"})
_PLAIN_ATTRIBUTES = frozenset({"lang", "charset", "class", "id"})
_REWRITE = "Save words as .txt or .md, tables as CSV and figures as PNG; a page can hide data and programs."


def read_page(content: bytes) -> Opaque:
    """The words of a page, block by block.

    Raises:
        Unreadable: anything that a reader would not see, or that is more than words.
    """
    page = _Page()
    page.feed(text_of(content))
    page.close()
    if page.open:
        raise not_a_table("A mark in the page is not closed.", _REWRITE)
    lines = [" ".join(line.split()) for line in "".join(page.said).split("\n")]
    words = "\n".join(line for line in lines if line) + "\n"
    return Opaque("words", words, words.encode())


class _Page(HTMLParser):
    """Collects words; refuses the rest by raising."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.said: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """One mark begins."""
        if tag in ("table", "tr", "td"):
            raise not_a_table("The page holds a table.", _REWRITE)
        if tag not in _BLOCKS | _INLINE | _ALONE or any(name not in _PLAIN_ATTRIBUTES for name, _ in attrs):
            raise Unreadable("hidden_content", "The page holds more than words.", _REWRITE)
        if tag not in _ALONE:
            self.open.append(tag)
        self._break(tag)

    def handle_endtag(self, tag: str) -> None:
        """One mark ends."""
        if tag in _ALONE:
            return
        if not self.open or self.open.pop() != tag:
            raise not_a_table("The marks of the page are not nested.", _REWRITE)
        self._break(tag)

    def handle_data(self, data: str) -> None:
        """Words."""
        self.said.append(data.replace("\n", " "))

    def handle_comment(self, _: str) -> None:
        """Nobody sees a comment."""
        raise Unreadable("hidden_content", "The page holds comments.", _REWRITE)

    def handle_decl(self, decl: str) -> None:
        """Only the plain declaration of a page."""
        if decl.casefold() != "doctype html":
            raise Unreadable("hidden_content", "The page holds more than words.", _REWRITE)

    def handle_pi(self, _: str) -> None:
        """Instructions to programs."""
        raise Unreadable("hidden_content", "The page holds instructions to programs.", _REWRITE)

    def unknown_decl(self, _: str) -> None:
        """Sections that are not read as they are shown."""
        raise Unreadable("hidden_content", "The page holds more than words.", _REWRITE)

    def _break(self, tag: str) -> None:
        self.said.append("\n" if tag in _BLOCKS | _ALONE else "")
