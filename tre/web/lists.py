"""What a list page asks of the address: which page, which words, which filter. Refuses a filter that the list does not offer."""

from collections.abc import Collection
from urllib.parse import urlencode

from tre.web.asking import Ask

MOST_WORDS = 100
MOST_PAGES = 100_000


def page_asked(ask: Ask) -> int:
    """The page that the address asks for; the first where it asks for none that could be."""
    untrusted = ask.query.get("page", "1")
    return (
        min(int(untrusted), MOST_PAGES)
        if untrusted.isascii() and untrusted.isdecimal() and untrusted != "0"
        else 1
    )


def words_asked(ask: Ask) -> str:
    """The words that are looked for."""
    return ask.query.get("words", "").strip()[:MOST_WORDS]


def filter_asked(ask: Ask, name: str, offered: Collection[str]) -> str:
    """The filter that the address asks for, where the list offers it; else none."""
    untrusted = ask.query.get(name, "")
    return untrusted if untrusted in offered else ""


def query_of(**kept: str) -> str:
    """The part of an address that keeps what was asked from one page of a list to the next."""
    given = {name: value for name, value in kept.items() if value}
    return urlencode(given) + "&" if given else ""
