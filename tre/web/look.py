"""How words and moments look: the Jinja environment with our filters. Refuses an undefined name, and a text that is not escaped."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.template import TemplateConfig
from markupsafe import Markup, escape

FOLDER = Path(__file__).parent
TEMPLATES = FOLDER / "templates"
STATIC = FOLDER / "static"

TONES: Mapping[str, str] = {
    **dict.fromkeys(
        ("released", "approved", "succeeded", "clean", "approve", "landed", "healthy", "well", "agreed"),
        "good",
    ),
    **dict.fromkeys(
        (
            "refused",
            "rejected",
            "failed",
            "recalled",
            "suspended",
            "withdrawn",
            "reject",
            "expired",
            "ill",
            "refuse",
        ),
        "bad",
    ),
    **dict.fromkeys(
        ("returned", "request-changes", "suppressed", "person", "conflicted", "degraded", "suppress"), "warn"
    ),
    **dict.fromkeys(
        ("running", "started", "checked", "voted", "reviewed", "signed-off", "in review", "paused", "review"),
        "busy",
    ),
}
SPOKEN = re.compile(r"`([^`]+)`")
SIGNS = {"good": "✓", "bad": "✕", "warn": "!", "busy": "◐", "plain": "○"}
FAILED = ("failed-in-your-code", "out-of-memory", "out-of-time", "outputs-refused", "platform-fault")


def tone(word: object) -> str:
    """How a status is coloured; the sign and the word say the same without colour."""
    return "bad" if str(word) in FAILED else TONES.get(str(word), "plain")


def sign(word: object) -> str:
    """A status's sign, by shape."""
    return SIGNS[tone(word)]


def words(value: object) -> str:
    """A code as words: ``covid-19-research`` is read as ``COVID-19 research``."""
    return (
        str(value)
        .replace("covid-19-", "COVID-19 ")
        .replace("-", " ")
        .replace("_", " ")
        .replace("COVID 19", "COVID-19")
    )


def day(value: object) -> str:
    """A day, from a date, a moment or its ISO text; a dash where there is none."""
    if not value:
        return "-"
    if isinstance(value, int):
        return datetime.fromtimestamp(value, UTC).date().isoformat()
    return value.isoformat()[:10] if isinstance(value, date) else str(value)[:10]


def moment(value: object) -> str:
    """A moment to the minute, in UTC."""
    if not value:
        return "-"
    if isinstance(value, int):
        return datetime.fromtimestamp(value, UTC).strftime("%Y-%m-%d %H:%M")
    text = value.isoformat() if isinstance(value, datetime) else str(value)
    return text[:16].replace("T", " ")


def printable(value: object) -> str:
    """A text from outside with its control and direction characters made visible: they could make it read as another."""
    return "".join(
        letter if letter.isprintable() or letter in " \n\t" else ascii(letter)[1:-1] for letter in str(value)
    )


def spoken(value: object) -> Markup:
    """A sentence for a person: what stands between backticks is a command or a name, and shown as one."""
    return Markup(SPOKEN.sub(r"<code>\1</code>", str(escape(printable(value)))))  # noqa: S704 - escaped a moment before


def environment() -> Environment:
    """The templates' environment."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters |= {
        "tone": tone,
        "sign": sign,
        "words": words,
        "day": day,
        "moment": moment,
        "printable": printable,
        "spoken": spoken,
    }
    return made


def templates(**known: Any) -> TemplateConfig[JinjaTemplateEngine]:
    """The template engine for the app, with what every page is given."""
    made = environment()
    made.globals |= known
    return TemplateConfig(instance=JinjaTemplateEngine(engine_instance=made))
