"""The first page: what this place is, and what waits for whoever asks."""

from litestar.response import Template

from tre.web.asking import Ask
from tre.web.routes import shows
from tre.web.who import PUBLIC


@shows("/", PUBLIC)
def home(ask: Ask) -> Template:
    """The first page."""
    return ask.page("outside/home.html")
