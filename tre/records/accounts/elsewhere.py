"""Identities that somebody else vouches for, and sign-ins begun at their place. Refuses to link anything by itself.

An identity is an issuer and a subject, both exactly as they are written: never an e-mail address or a name, which its
owner, or the next owner, could choose.
"""

from sqlalchemy import Engine, delete, insert, select

from tre.records import database
from tre.records.accounts.schema import BEGUN, LINKS
from tre.records.accounts.shapes import Begun, Link

LASTS_SECONDS = 600


class Elsewhere:
    """What the accounts know of an identity provider."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def link(self, link: Link) -> bool:
        """Say whose account an identity is; false where it is somebody's already."""
        same = select(LINKS.c.person).where(LINKS.c.issuer == link.issuer, LINKS.c.subject == link.subject)
        with database.creating(self._engine) as connection:
            if connection.execute(same).first() is not None:
                return False
            connection.execute(insert(LINKS), dict(vars(link)))
            return True

    def unlink(self, issuer: str, subject: str) -> bool:
        """Take a link away; whether there was one."""
        gone = delete(LINKS).where(LINKS.c.issuer == issuer, LINKS.c.subject == subject)
        with database.creating(self._engine) as connection:
            return connection.execute(gone).rowcount > 0

    def linked(self, issuer: str, subject: str) -> str | None:
        """Whose account this identity is."""
        query = select(LINKS.c.person).where(LINKS.c.issuer == issuer, LINKS.c.subject == subject)
        with database.reading(self._engine) as connection:
            return connection.execute(query).scalar()

    def links(self) -> tuple[Link, ...]:
        """Every link, by person."""
        query = select(LINKS).order_by(LINKS.c.person, LINKS.c.issuer, LINKS.c.subject)
        with database.reading(self._engine) as connection:
            return tuple(Link(**row) for row in connection.execute(query).mappings())

    def begin(self, begun: Begun) -> None:
        """Remember that a sign-in was begun; those that were never ended are let go of."""
        with database.creating(self._engine) as connection:
            connection.execute(delete(BEGUN).where(BEGUN.c.began <= begun.began - LASTS_SECONDS))
            connection.execute(insert(BEGUN), dict(vars(begun)))

    def spend(self, state: str, browser: str, now: int) -> Begun | None:
        """Use a begun sign-in up: it counts once, within its time, and for the browser that began it."""
        mine = (BEGUN.c.state == state, BEGUN.c.browser == browser)
        with database.creating(self._engine) as connection:
            found = connection.execute(select(BEGUN).where(*mine)).mappings().first()
            taken = connection.execute(delete(BEGUN).where(*mine)).rowcount > 0
            fresh = found is not None and taken and now - found["began"] < LASTS_SECONDS
            return Begun(**found) if found is not None and fresh else None
