"""The dispatch contract, on this host."""

from collections.abc import Callable

import pytest

from tests.contract.dispatch_contract import DispatchContract, Stand, begun, played, stand
from tests.torture.stand import hands
from tre.dispatch.contract import Dispatch
from tre.main import Opening

__all__ = ["begun", "played", "stand"]


@pytest.fixture
def fresh(stand: Stand) -> Callable[[], Dispatch]:
    def made() -> Dispatch:
        opening = Opening(stand.site, hands(stand.site))
        dispatcher = opening._worker("worker").tools.dispatcher
        opening._seals.ledger.close()
        return dispatcher

    return made


class TestDispatchHere(DispatchContract):
    """The contract."""
