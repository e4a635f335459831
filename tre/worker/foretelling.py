"""How long a query may take, told before it runs: from how long the same took among people who do not exist.

Whoever tried it before, as a request or on the page for trying, the answer is kept by what was asked; a request that asks it
is told at once, in a band of words, for as many people as the real store has to one digit [P1]. Refuses to say anything of
what was never asked of made-up people.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from tre.custody.requests import JobRequest
from tre.data.cost import told_of
from tre.data.errors import StoreUnavailable
from tre.dispatch.ports import DataRooms
from tre.records.claims import Told
from tre.records.costs import Costs, Took
from tre.service import Service


@dataclass(frozen=True)
class Foretelling:
    """What is told of queries, over the costs that are known."""

    service: Service
    data: DataRooms

    def told(self, case: JobRequest) -> Told:
        """How far a request's actions are, and how long each of its queries may take."""
        told, asked = self.service.claims.told(case.id), case.submission
        keys = {action.name: action.content_key for action in asked.actions}
        took = Costs(self.service.ledger).of(asked.backend, keys.values())
        if not took:
            return told
        try:
            there = self.data.of(asked.backend).population(case)
        except StoreUnavailable:
            return told
        bands = {name: told_of(took[key], there=there) for name, key in keys.items() if key in took}
        return replace(told, estimates={**told.estimates, **bands})

    def may_take(self, backend: str, took: Took) -> str:
        """How long a query may take on a backend's real store; nothing is said where there is none."""
        try:
            return told_of(took, there=self.data.of(backend).size())
        except StoreUnavailable:
            return ""

    def note(self, backend: str, took: Mapping[str, Took]) -> None:
        """Keep how long queries took among made-up people, by what was asked."""
        Costs(self.service.ledger).note(backend, took)
