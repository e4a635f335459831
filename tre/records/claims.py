"""Who runs an action, and who may say how it ended: a claim with a fencing token, under a lease that its worker renews.

    token = claims.take(tx, place, worker, now)      appended: one higher than any before
    claims.require(tx, place, token)                 nobody has taken it since
    claims.give_back(place, token)                   nobody holds it, from now on

The first two happen inside the ledger's own transaction, beside the event they allow. A lease only says when others may
take over; what keeps an action from counting twice is the token. Refuses a claim while another worker's lease lasts, and
the word of a worker whose claim was taken over.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection, delete, func, insert, select

from tre.records.beside import CLAIMS, FAULTS, LEASES, MADE, SHARES, lay_out
from tre.records.database import noting, reading, writing
from tre.records.errors import ClaimHeld, ClaimLost
from tre.records.ledger import Ledger, Transaction

Place = tuple[str, str]
"""A request and one of its actions."""

NOBODY = ""
"""Who holds what was given back: no worker has this name, so no lease of it ever lasts."""


@dataclass(frozen=True)
class Claim:
    """The claim that counts on an action: its worker and its token."""

    worker: str
    token: int


@dataclass(frozen=True)
class Faults:
    """How often the platform failed an action, why the last time, and when it may be tried again."""

    number: int
    code: str
    again_at: float


@dataclass(frozen=True)
class Told:
    """What is told of a request's actions before they end: quarters that are done, and a band of how long each may take."""

    shares: Mapping[str, int] = field(default_factory=dict)
    estimates: Mapping[str, str] = field(default_factory=dict)


class Claims:
    """The claims beside one ledger."""

    def __init__(self, ledger: Ledger) -> None:
        """The claims beside that ledger; their tables are laid out where they are not."""
        self._engine = ledger.engine
        lay_out(self._engine)

    def take(self, tx: Transaction, place: Place, worker: str, now: float) -> int:
        """Claim an action for a worker; its new token.

        Raises:
            ClaimHeld: another worker holds it, and its lease lasts.
        """
        standing = _newest(tx.connection, place)
        if standing is not None and standing.worker != worker and _lasts(tx.connection, standing.worker, now):
            raise ClaimHeld(standing.worker)
        token = 1 if standing is None else standing.token + 1
        row = {"case_id": place[0], "action": place[1], "token": token, "worker": worker}
        tx.connection.execute(insert(CLAIMS), row)
        return token

    def require(self, tx: Transaction, place: Place, token: int) -> None:
        """Insist that the claim with that token is still the one that counts.

        Raises:
            ClaimLost: another took it over.
        """
        standing = _newest(tx.connection, place)
        if standing is None or standing.token != token:
            raise ClaimLost

    def give_back(self, place: Place, token: int) -> None:
        """Let go of a claim, so that nobody waits for its worker's lease; nothing where another has taken it since."""
        with writing(self._engine) as connection:
            standing = _newest(connection, place)
            if standing is not None and standing.token == token:
                row = {"case_id": place[0], "action": place[1], "token": token + 1, "worker": NOBODY}
                connection.execute(insert(CLAIMS), row)

    def renew(self, worker: str, until: float) -> None:
        """Say that a worker lives, until then."""
        with noting(self._engine) as connection:
            connection.execute(delete(LEASES).where(LEASES.c.worker == worker))
            connection.execute(insert(LEASES), {"worker": worker, "until": until})

    def leases(self) -> Mapping[str, float]:
        """Every worker that ever was, and until when it is taken to be alive."""
        with reading(self._engine) as connection:
            return {row.worker: row.until for row in connection.execute(select(LEASES))}

    def of(self, request: str) -> Mapping[str, Claim]:
        """The claim that counts on each action of a request."""
        return {action: claim for (_, action), claim in self.of_all((request,)).items()}

    def of_all(self, requests: Collection[str]) -> Mapping[Place, Claim]:
        """The claim that counts on each action of some requests."""
        if not requests:
            return {}
        query = select(CLAIMS).where(CLAIMS.c.case_id.in_(requests)).order_by(CLAIMS.c.token)
        with reading(self._engine) as connection:
            rows = connection.execute(query).all()
        return {(row.case_id, row.action): Claim(row.worker, row.token) for row in rows}

    def fault(self, place: Place, code: str, again_at: float, *, token: int) -> int:
        """Note that the platform failed an action under the claim with that token; how often it has by now.

        What failed a worker whose claim was taken over since is not counted against whoever has it now.
        """
        with writing(self._engine) as connection:
            standing, earlier = _newest(connection, place), _faults(connection, place)
            if standing is None or standing.token != token:
                return earlier
            number = earlier + 1
            row = {"case_id": place[0], "action": place[1], "number": number}
            connection.execute(insert(FAULTS), {**row, "code": code, "again_at": again_at})
        return number

    def faults(self) -> Mapping[Place, Faults]:
        """What the platform failed at, by request and action: the newest fault of each."""
        with reading(self._engine) as connection:
            rows = connection.execute(select(FAULTS).order_by(FAULTS.c.number)).all()
        return {(row.case_id, row.action): Faults(row.number, row.code, row.again_at) for row in rows}

    def note_share(self, place: Place, token: int, quarters: int) -> None:
        """Note how many quarters of an action are done, by the word of whoever holds the claim with that token."""
        mine = (SHARES.c.case_id == place[0], SHARES.c.action == place[1])
        with noting(self._engine) as connection:
            later = connection.execute(select(SHARES.c.token).where(*mine, SHARES.c.token > token)).first()
            if later is None:
                connection.execute(delete(SHARES).where(*mine))
                row = {"case_id": place[0], "action": place[1], "token": token, "quarters": quarters}
                connection.execute(insert(SHARES), row)

    def shares(self, request: str) -> Mapping[str, int]:
        """How many quarters of each action of a request are done, where its worker said so under the claim that counts."""
        standing = {action: claim.token for action, claim in self.of(request).items()}
        with reading(self._engine) as connection:
            rows = connection.execute(select(SHARES).where(SHARES.c.case_id == request)).all()
        return {row.action: row.quarters for row in rows if standing.get(row.action) == row.token}

    def told(self, request: str) -> Told:
        """How far the actions of a request are."""
        return Told(self.shares(request))

    def made(self, key: str) -> Place | None:
        """The request and action that first landed with that key."""
        with reading(self._engine) as connection:
            row = connection.execute(select(MADE).where(MADE.c.key == key)).first()
        return None if row is None else (row.case_id, row.action)

    def note_made(self, tx: Transaction, key: str, place: Place) -> None:
        """Note that an action landed with that key; the newest counts, because its bytes are kept the longest."""
        tx.connection.execute(delete(MADE).where(MADE.c.key == key))
        tx.connection.execute(insert(MADE), {"key": key, "case_id": place[0], "action": place[1]})


def _newest(connection: Connection, place: Place) -> Claim | None:
    query = select(CLAIMS).where(CLAIMS.c.case_id == place[0], CLAIMS.c.action == place[1])
    row = connection.execute(query.order_by(CLAIMS.c.token.desc()).limit(1)).first()
    return None if row is None else Claim(row.worker, row.token)


def _lasts(connection: Connection, worker: str, now: float) -> bool:
    until = connection.execute(select(LEASES.c.until).where(LEASES.c.worker == worker)).scalar()
    return until is not None and until > now


def _faults(connection: Connection, place: Place) -> int:
    query = select(func.count()).select_from(FAULTS)
    query = query.where(FAULTS.c.case_id == place[0], FAULTS.c.action == place[1])
    return int(connection.execute(query).scalar_one())
