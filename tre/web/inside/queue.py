"""The queue: what waits for a checker who is independent of it [P9] [P16]."""

from litestar.response import Template

from tre.custody.people import Role
from tre.custody.requests import RequestStage
from tre.views import sight
from tre.web.asking import Ask
from tre.web.inside.doors import Inside
from tre.web.routes import shows
from tre.web.who import those

OPEN = (RequestStage.CHECKED, RequestStage.VOTED, RequestStage.REVIEWED, RequestStage.SIGNED_OFF)


@shows("/review", those(Role.OUTPUT_CHECKER))
def queue(ask: Ask, inside: Inside) -> Template:
    """What waits, oldest first, without what is one's own study's."""
    models, service = inside.common.read_models, inside.common.service
    models.catch_up()
    rows = models.requests(stages=[stage.value for stage in OPEN])
    mine = [
        row for row in rows if sight(ask.person, service.request(row.id), service.study(row.study)).inside
    ]
    return ask.page("inside/queue.html", rows=mine)
