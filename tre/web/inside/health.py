"""The health board, for those who keep the house and those who watch: how every check stands, the last looks, open incidents.

It reads what was noted and looks at nothing itself. Refuses to start a check from a page: that is a maintainer's command.
"""

from dataclasses import asdict

from litestar.response import Template

from tre.custody.people import Role
from tre.records.daybook import Daybook
from tre.records.incidents import freezes
from tre.records.looks import Board, board_of
from tre.web.api import Answer, asks
from tre.web.asking import Ask
from tre.web.inside.doors import Inside
from tre.web.routes import shows
from tre.web.who import those

LINES = 30
KEEPERS = those(
    Role.MAINTAINER, Role.INFORMATION_GOVERNANCE, Role.CALDICOTT_GUARDIAN, Role.DATA_PROTECTION_OFFICER
)


@shows("/health", KEEPERS)
def health_page(ask: Ask, inside: Inside) -> Template:
    """How every check stands, what changed, and which incidents are open."""
    board, daybook = _board(inside), Daybook(inside.common.service.ledger)
    return ask.page("inside/health.html", board=board, lines=board.lines[:LINES], open_now=freezes(daybook))


@asks("/health", KEEPERS)
def api_health(ask: Ask, inside: Inside) -> Answer:
    """How every check stands, what changed, and which incidents are open."""
    board, daybook = _board(inside), Daybook(inside.common.service.ledger)
    return {
        "asked_at": ask.now.isoformat(),
        "checks": [asdict(each) for each in board.standing],
        "looks": [asdict(each) for each in board.lines[:LINES]],
        "incidents": [asdict(each) for each in freezes(daybook)],
    }


def _board(inside: Inside) -> Board:
    return board_of(Daybook(inside.common.service.ledger))


ROUTES = (health_page, api_health)
