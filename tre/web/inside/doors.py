"""What the inside face is given beyond what both are: the quarantine's reader, the checkers' desk, and what is kept of large files."""

from dataclasses import dataclass, field

from output_checks.model import Report
from tre.records.review_desk import ReviewDesk
from tre.records.vault.quarantine import Quarantine
from tre.web.doors import Common
from tre.web.inside.drawn import redrawn
from tre.web.inside.windows import Grid, Kept, grid_of


@dataclass(frozen=True)
class Inside:
    """The inside's doors."""

    common: Common
    quarantine: Quarantine
    desk: ReviewDesk
    grids: Kept[Grid | None] = field(default_factory=Kept)
    reports: Kept[Report] = field(default_factory=lambda: Kept(64))
    drawings: Kept[bytes | None] = field(default_factory=Kept)
    looks: Kept[bool] = field(default_factory=lambda: Kept(10_000))

    def grid(self, digest: str) -> Grid | None:
        """The table with that digest, or nothing where it is none."""
        return self.grids.get(digest, lambda: grid_of(self.quarantine.get(digest)))

    def drawing(self, digest: str) -> bytes | None:
        """The picture with that digest, drawn anew, or nothing where it is none that can be."""
        return self.drawings.get(digest, lambda: redrawn(self.quarantine.get(digest)))

    def report(self, digest: str) -> Report:
        """The report with that digest."""
        return self.reports.get(digest, lambda: Report.from_json(self.quarantine.get(digest).decode("utf-8")))
