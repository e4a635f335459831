"""What ingest tells of lists of opt-outs, and to whom: on a site, to the ledger [P6].

Refuses nothing by itself; a register that refuses stops the ingest, or the putting in force of a list, before it has done
anything.
"""

from collections.abc import Sequence
from typing import Protocol

from tre.custody.lists import ListInForce


class Register(Protocol):
    """Whoever remembers which lists are in force."""

    def announce(self, backend: str, lists: Sequence[ListInForce]) -> None:
        """A build is about to bring these lists."""
        ...

    def built(self, backend: str, store: str) -> None:
        """The store that was announced is there, and has this version."""
        ...

    def put_in_force(self, backend: str, listed: ListInForce) -> None:
        """From now on nothing may be read but under this list."""
        ...


class _NoRegister:
    """Nobody remembers: for canaries and dummy data, who are nobody. A site does not read a store that was built so."""

    def announce(self, backend: str, lists: Sequence[ListInForce]) -> None:
        pass

    def built(self, backend: str, store: str) -> None:
        pass

    def put_in_force(self, backend: str, listed: ListInForce) -> None:
        pass


NO_REGISTER = _NoRegister()
