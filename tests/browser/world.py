"""What the builders of requests and stages need, on a town: the core as a test tells it what happened."""

from tests.web.conftest import Desk
from tre.service import By
from tre.web.doors import Settings


class World:
    """A town's core, for `tests.web.review_world` and `tests.web.stages`."""

    def __init__(self, town) -> None:
        self.site, self.common, self.now = town.site, town.opening.common(Settings()), town.now

    def by(self, person: str) -> By:
        """Who acts, now."""
        return By(self.common.site.people[person], self.now())

    def applied(self, study: str, **changed) -> str:
        return Desk.applied(self, study, **changed)

    def approved(self, study: str, **changed) -> str:
        return Desk.approved(self, study, **changed)

    def proposal(self, **changed):
        return Desk.proposal(self, **changed)
