"""The public status: healthy, degraded or paused. Refuses to say anything else, to anybody: no check, no study, no person, no count."""

from litestar.response import Template

from tre.web.api import Answer, asks
from tre.web.asking import Ask
from tre.web.outside.doors import Outside
from tre.web.routes import shows
from tre.web.who import PUBLIC


@shows("/status", PUBLIC)
def status_page(ask: Ask, outside: Outside) -> Template:
    """One word about how the platform is."""
    return ask.page("outside/status.html", word=outside.last_word.of(outside.common, ask.now).value)


@asks("/status", PUBLIC)
def api_status(ask: Ask, outside: Outside) -> Answer:
    """One word about how the platform is: healthy, degraded or paused."""
    return {"status": outside.last_word.of(outside.common, ask.now).value}


ROUTES = (status_page, api_status)
