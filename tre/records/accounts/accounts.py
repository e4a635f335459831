"""The accounts' own database: credentials, sessions, tokens, failed attempts, and unfinished applications.

Every method is one transaction. Refuses nothing by itself: it remembers, and what counts only once is counted here.
"""

from typing import Any, Self

from sqlalchemy import Connection, Engine, RowMapping, Table, delete, func, insert, select, update

from tre.records import database
from tre.records.accounts.elsewhere import Elsewhere
from tre.records.accounts.schema import (
    CREDENTIALS,
    DRAFTS,
    FAILURES,
    INVITATIONS,
    RECOVERY,
    SEEN,
    SESSIONS,
    TOKENS,
    lay_out,
)
from tre.records.accounts.sealing import Sealing, is_sealed
from tre.records.accounts.shapes import Credentials, SignedIn, Token

MINUTE = 60


class Accounts:
    """Everybody's accounts, in one database. Safe to share between threads."""

    def __init__(self, engine: Engine, sealing: Sealing) -> None:
        self._engine, self._sealing = engine, sealing
        self.elsewhere = Elsewhere(engine)
        self._seal_all()

    @classmethod
    def open(cls, url: str, sealing: Sealing) -> Self:
        """The accounts at that URL, their second factors under that key; an empty database is made where there is none.

        Raises:
            LedgerRefused: a newer version of tre has laid the tables out in a way not known here.
        """
        parsed = database.parse_url(url)
        path = database.file_of(parsed)
        if path is not None and not path.exists():
            database.create_file(path)
        engine = database.connect(parsed)
        try:
            lay_out(engine)
            return cls(engine, sealing)
        except BaseException:
            engine.dispose()
            raise

    def close(self) -> None:
        """Let go of the database's connections."""
        self._engine.dispose()

    # -- what proves that it is you -----------------------------------------------------------------------------

    def invite(self, code: str, person: str, *, expires: int) -> None:
        """Let somebody set their password with the code of this digest; an earlier invitation of theirs ends."""
        with database.creating(self._engine) as connection:
            connection.execute(delete(INVITATIONS).where(INVITATIONS.c.person == person))
            connection.execute(insert(INVITATIONS), {"code": code, "person": person, "expires": expires})

    def invited(self, code: str, now: int) -> str | None:
        """Whose invitation has this digest, while it lasts."""
        query = select(INVITATIONS.c.person).where(INVITATIONS.c.code == code, INVITATIONS.c.expires > now)
        with database.reading(self._engine) as connection:
            return connection.execute(query).scalar()

    def enrol(self, credentials: Credentials, recovery: tuple[str, ...], now: int) -> None:
        """Keep somebody's credentials in place of any they had; their invitations, sessions and tokens end."""
        person = credentials.person
        secret = self._sealing.seal(person, credentials.secret)
        row = {"password": credentials.password, "secret": secret, "last_step": 0, "changed": now}
        with database.creating(self._engine) as connection:
            for table in (CREDENTIALS, RECOVERY, INVITATIONS, SESSIONS, TOKENS):
                connection.execute(delete(table).where(table.c.person == person))
            connection.execute(insert(CREDENTIALS), {"person": person, **row})
            if recovery:
                connection.execute(insert(RECOVERY), [{"person": person, "code": code} for code in recovery])

    def credentials(self, person: str) -> Credentials | None:
        """What proves that it is this person, if they ever set it."""
        found = self._one(CREDENTIALS, CREDENTIALS.c.person == person)
        if found is None:
            return None
        return Credentials(person, found["password"], self._sealing.open(person, found["secret"]))

    def spend_step(self, person: str, step: int) -> bool:
        """Use a one-time code up; false where it, or a later one, was used before."""
        spend = update(CREDENTIALS).where(CREDENTIALS.c.person == person, CREDENTIALS.c.last_step < step)
        return self._changed(spend.values(last_step=step))

    def spend_recovery(self, person: str, code: str) -> bool:
        """Use a recovery code up; false where there is none of this digest."""
        return self._changed(delete(RECOVERY).where(RECOVERY.c.person == person, RECOVERY.c.code == code))

    def recovery_left(self, person: str) -> int:
        """How many recovery codes they have left."""
        query = select(func.count()).select_from(RECOVERY).where(RECOVERY.c.person == person)
        with database.reading(self._engine) as connection:
            return int(connection.execute(query).scalar_one())

    # -- failed attempts ----------------------------------------------------------------------------------------

    def failed(self, key: str, now: int) -> None:
        """Remember that an attempt under this key failed."""
        with database.creating(self._engine) as connection:
            connection.execute(insert(FAILURES), {"key": key, "at": now})

    def failures(self, key: str, since: int) -> int:
        """How many attempts under this key failed since then."""
        query = select(func.count()).select_from(FAILURES).where(FAILURES.c.key == key, FAILURES.c.at > since)
        with database.reading(self._engine) as connection:
            return int(connection.execute(query).scalar_one())

    # -- sessions -----------------------------------------------------------------------------------------------

    def begin(self, session: SignedIn) -> None:
        """Begin a session."""
        with database.creating(self._engine) as connection:
            connection.execute(insert(SESSIONS), _row(session))

    def session(self, key: str) -> SignedIn | None:
        """The session with that key's digest."""
        found = self._one(SESSIONS, SESSIONS.c.key == key)
        return SignedIn(**found) if found else None

    def touch(self, key: str, now: int) -> None:
        """Remember that the session was used."""
        self._changed(update(SESSIONS).where(SESSIONS.c.key == key).values(used=now))

    def confirm(self, key: str, now: int) -> None:
        """Remember that its owner has just proved that it is them."""
        self._changed(update(SESSIONS).where(SESSIONS.c.key == key).values(confirmed=now, used=now))

    def end(self, key: str) -> None:
        """End a session."""
        self._changed(delete(SESSIONS).where(SESSIONS.c.key == key))

    # -- tokens -------------------------------------------------------------------------------------------------

    def add_token(self, key: str, token: Token) -> None:
        """Keep a token under its digest."""
        with database.creating(self._engine) as connection:
            connection.execute(insert(TOKENS), {**_row(token), "key": key, "scopes": " ".join(token.scopes)})

    def token(self, key: str, now: int) -> Token | None:
        """The token with that digest, while it lasts; the use of it is remembered, to the minute."""
        found = self._one(TOKENS, TOKENS.c.key == key, TOKENS.c.expires > now)
        if found is not None and now - found["used"] >= MINUTE:
            self._changed(update(TOKENS).where(TOKENS.c.key == key).values(used=now))
        return _token(found) if found else None

    def tokens(self, person: str) -> tuple[Token, ...]:
        """Somebody's tokens, oldest first."""
        query = select(TOKENS).where(TOKENS.c.person == person).order_by(TOKENS.c.made, TOKENS.c.id)
        with database.reading(self._engine) as connection:
            return tuple(_token(row) for row in connection.execute(query).mappings())

    def revoke(self, person: str, token: str) -> bool:
        """End one of somebody's tokens; whether there was one."""
        return self._changed(delete(TOKENS).where(TOKENS.c.person == person, TOKENS.c.id == token))

    # -- what is not finished yet -------------------------------------------------------------------------------

    def keep_draft(self, draft: str, person: str, *, about: str, body: str, now: int) -> bool:
        """Save a draft; false where the draft is somebody else's."""
        values = {"about": about, "body": body, "saved": now}
        with database.creating(self._engine) as connection:
            owner = connection.execute(select(DRAFTS.c.person).where(DRAFTS.c.id == draft)).scalar()
            if owner is None:
                connection.execute(insert(DRAFTS), {"id": draft, "person": person, **values})
            elif owner == person:
                connection.execute(update(DRAFTS).where(DRAFTS.c.id == draft).values(values))
            return owner in {None, person}

    def draft(self, draft: str, person: str) -> dict[str, Any] | None:
        """One of somebody's drafts."""
        found = self._one(DRAFTS, DRAFTS.c.id == draft, DRAFTS.c.person == person)
        return dict(found) if found else None

    def drafts(self, person: str) -> tuple[dict[str, Any], ...]:
        """Somebody's drafts, the one saved last first."""
        query = select(DRAFTS).where(DRAFTS.c.person == person).order_by(DRAFTS.c.saved.desc(), DRAFTS.c.id)
        with database.reading(self._engine) as connection:
            return tuple(dict(row) for row in connection.execute(query).mappings())

    def drop_draft(self, draft: str, person: str) -> None:
        """Let go of a draft: it was handed in, or is not wanted."""
        self._changed(delete(DRAFTS).where(DRAFTS.c.id == draft, DRAFTS.c.person == person))

    # -- what was read ------------------------------------------------------------------------------------------

    def seen(self, person: str) -> int:
        """The position up to which somebody has read their notices."""
        found = self._one(SEEN, SEEN.c.person == person)
        return int(found["position"]) if found else 0

    def see(self, person: str, position: int) -> None:
        """Remember that somebody has read their notices up to there."""
        with database.creating(self._engine) as connection:
            connection.execute(delete(SEEN).where(SEEN.c.person == person))
            connection.execute(insert(SEEN), {"person": person, "position": position})

    def shut_out(self) -> tuple[str, ...]:
        """The people whose second factor cannot be opened with the key that is here."""
        with database.reading(self._engine) as connection:
            rows = connection.execute(select(CREDENTIALS.c.person, CREDENTIALS.c.secret)).all()
        return tuple(row.person for row in rows if not self._sealing.opens(row.person, row.secret))

    def _seal_all(self) -> None:
        """Seal what an older site kept as it is."""
        with database.creating(self._engine) as connection:
            for row in connection.execute(select(CREDENTIALS.c.person, CREDENTIALS.c.secret)).all():
                if not is_sealed(row.secret):
                    sealed = self._sealing.seal(row.person, row.secret)
                    mine = CREDENTIALS.c.person == row.person
                    connection.execute(update(CREDENTIALS).where(mine).values(secret=sealed))

    def _one(self, table: Table, *where: Any) -> RowMapping | None:
        with database.reading(self._engine) as connection:
            return connection.execute(select(table).where(*where)).mappings().first()

    def _changed(self, statement: Any) -> bool:
        with database.creating(self._engine) as connection:
            return _count(connection, statement) > 0


def _count(connection: Connection, statement: Any) -> int:
    return int(connection.execute(statement).rowcount)


def _row(value: SignedIn | Token) -> dict[str, Any]:
    return dict(vars(value))


def _token(row: RowMapping) -> Token:
    values = {name: row[name] for name in ("id", "person", "name", "made", "expires", "used")}
    return Token(**values, scopes=tuple(row["scopes"].split()))
