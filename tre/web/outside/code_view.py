"""A study's code, coloured and compared. Refuses to run, render or link any of it: every character is escaped text."""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass

from markupsafe import Markup
from pygments import highlight
from pygments.formatters.html import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.lexers.special import TextLexer
from pygments.util import ClassNotFound

LANGUAGES = {
    ".py": "python",
    ".sql": "sql",
    ".r": "r",
    ".R": "r",
    ".yaml": "yaml",
    ".yml": "yaml",
    ".toml": "toml",
}
MOST_SHOWN = 200_000
BINARY = "This file is not text; it is kept, and not shown."


@dataclass(frozen=True)
class FileChange:
    """How one file of a study differs from before: each line with what became of it."""

    path: str
    what: str
    lines: tuple[tuple[str, str], ...]


def coloured(path: str, content: bytes) -> Markup:
    """A file as escaped text with its words coloured by class."""
    text = _text(content)[:MOST_SHOWN]
    language = LANGUAGES.get("." + path.rpartition(".")[2], "")
    try:
        lexer = get_lexer_by_name(language) if language else TextLexer()
    except ClassNotFound:
        lexer = TextLexer()
    return Markup(highlight(text, lexer, HtmlFormatter(nowrap=True, classprefix="c-")))  # noqa: S704 - pygments escapes what it is given


def compared(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> tuple[FileChange, ...]:
    """What changed from one bundle of code to the next, file by file."""
    changed = (path for path in sorted({*before, *after}) if before.get(path) != after.get(path))
    return tuple(_change(path, before.get(path), after.get(path)) for path in changed)


def _change(path: str, before: bytes | None, after: bytes | None) -> FileChange:
    what = "added" if before is None else "taken out" if after is None else "changed"
    lines = difflib.unified_diff(
        _text(before or b"").splitlines(), _text(after or b"").splitlines(), lineterm="", n=3
    )
    kinds = {"+": "new", "-": "gone", "@": "place"}
    shown = [(kinds.get(line[:1], ""), line) for line in lines if not line.startswith(("---", "+++"))]
    return FileChange(path, what, tuple(shown))


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return BINARY
