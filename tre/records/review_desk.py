"""Which checker is at which request: claims with a lease, so that two do not take up a third one's work without knowing.

A claim gives no right and takes none away: who may vote is the core's to say. Refuses more claims on a request than it
needs checkers, while they last.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import delete, func, insert, select

from tre.records.beside import REVIEW_CLAIMS, lay_out
from tre.records.database import reading, writing
from tre.records.ledger import Ledger

ENOUGH = 2
LEASE_SECONDS = 4 * 3600


@dataclass(frozen=True)
class Held:
    """A claim that lasts: whose, and until when, in seconds since 1970."""

    checker: str
    until: float


class ReviewDesk:
    """The claims of checkers, beside one ledger."""

    def __init__(self, ledger: Ledger) -> None:
        """The claims beside that ledger; their table is laid out where it is not."""
        self._engine = ledger.engine
        lay_out(self._engine)

    def claim(self, request: str, checker: str, now: float) -> bool:
        """Take a request up, or stay at it, for the length of a lease; false where enough others are at it."""
        at_it = (REVIEW_CLAIMS.c.case_id == request, REVIEW_CLAIMS.c.until > now)
        others = select(func.count()).where(*at_it, REVIEW_CLAIMS.c.checker != checker)
        with writing(self._engine) as connection:
            if connection.execute(others).scalar_one() >= ENOUGH:
                return False
            mine = (REVIEW_CLAIMS.c.case_id == request, REVIEW_CLAIMS.c.checker == checker)
            connection.execute(delete(REVIEW_CLAIMS).where(*mine))
            row = {"case_id": request, "checker": checker, "until": now + LEASE_SECONDS}
            connection.execute(insert(REVIEW_CLAIMS), row)
        return True

    def leave(self, request: str, checker: str) -> None:
        """Let go of a request."""
        mine = (REVIEW_CLAIMS.c.case_id == request, REVIEW_CLAIMS.c.checker == checker)
        with writing(self._engine) as connection:
            connection.execute(delete(REVIEW_CLAIMS).where(*mine))

    def held(self, requests: Collection[str], now: float) -> Mapping[str, tuple[Held, ...]]:
        """Who is at each of these requests."""
        query = select(REVIEW_CLAIMS).where(
            REVIEW_CLAIMS.c.case_id.in_(list(requests)), REVIEW_CLAIMS.c.until > now
        )
        found: dict[str, tuple[Held, ...]] = {}
        with reading(self._engine) as connection:
            for row in connection.execute(query.order_by(REVIEW_CLAIMS.c.until)):
                found[row.case_id] = (*found.get(row.case_id, ()), Held(row.checker, row.until))
        return found

    def load(self, now: float) -> Mapping[str, int]:
        """How many requests each checker is at."""
        query = select(REVIEW_CLAIMS.c.checker, func.count()).where(REVIEW_CLAIMS.c.until > now)
        with reading(self._engine) as connection:
            return {name: int(number) for name, number in connection.execute(query.group_by("checker"))}
