"""The law as this site knows it: a bundle of dated instruments, changed only by two people of information governance [P5] [P16].

One case, with a history of its own: what stands, and at most one change that waits for a second person. Refuses an instrument
that permits nothing, covers nothing, or ends before it starts, and a bundle with two of one name.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from job_specs.model import Purpose
from tre.custody.bases import LegalBases, LegalBasis
from tre.custody.errors import require

LAW = "law"
"""The kind of case, and the id of the only one."""


class Switch(StrEnum):
    """Whether a site has an instrument on."""

    ON = "on"
    OFF = "off"


class OptOutRule(StrEnum):
    """A kind of opt-out that an instrument asks to be honoured [P6]."""

    TYPE_1 = "type-1"
    NATIONAL = "national"


@dataclass(frozen=True)
class Instrument:
    """One legal instrument, as written down: what it permits, on which days, over which tables, under which opt-outs."""

    name: str
    title: str
    purposes: tuple[Purpose, ...]
    starts: date
    ends: date
    switch: Switch
    opt_outs: tuple[OptOutRule, ...]
    datasets: tuple[str, ...]

    def __post_init__(self) -> None:
        require(self.name and self.title, "an instrument has a name and a title")
        require(self.purposes and self.datasets, "an instrument permits a purpose and covers a table")
        require(self.starts <= self.ends, "an instrument ends after it starts")

    @property
    def basis(self) -> LegalBasis:
        """The instrument as policies ask it."""
        return LegalBasis(
            self.name,
            frozenset(self.purposes),
            self.starts,
            self.ends,
            self.switch is Switch.ON,
            honours_national=OptOutRule.NATIONAL in self.opt_outs,
            datasets=frozenset(self.datasets),
        )


@dataclass(frozen=True)
class Bundle:
    """Every instrument a site knows."""

    instruments: tuple[Instrument, ...]

    def __post_init__(self) -> None:
        names = [each.name for each in self.instruments]
        require(names, "the law names at least one instrument")
        require(len(set(names)) == len(names), "an instrument is named once")

    @property
    def bases(self) -> LegalBases:
        """The instruments by name, as policies ask them."""
        return {each.name: each.basis for each in self.instruments}


@dataclass(frozen=True)
class Change:
    """A change that waits for a second person."""

    proposer: str
    bundle: Bundle


class LawStage(StrEnum):
    """Where the law stands."""

    UNSET = "unset"
    STANDS = "stands"
    WAITING = "waiting"


LAW_MAP: Mapping[tuple[LawStage, str], LawStage] = {
    (LawStage.UNSET, "law.begun"): LawStage.STANDS,
    (LawStage.STANDS, "law.proposed"): LawStage.WAITING,
    (LawStage.WAITING, "law.adopted"): LawStage.STANDS,
    (LawStage.WAITING, "law.declined"): LawStage.STANDS,
}
"""Which event leads where; nothing else can have happened."""


@dataclass(frozen=True)
class Law:
    """The law's case: every bundle that ever stood, the last of which stands, and what waits."""

    id: str = LAW
    stood: tuple[Bundle, ...] = ()
    waits: tuple[Change, ...] = ()

    @property
    def stage(self) -> LawStage:
        """Whether anything stands, and whether a change waits."""
        if self.waits:
            return LawStage.WAITING
        return LawStage.STANDS if self.stood else LawStage.UNSET

    @property
    def was_adopted(self) -> bool:
        """Whether two people ever put a bundle in force, be it the one that the site began with."""
        return len(self.stood) > 1

    @property
    def bases(self) -> LegalBases:
        """The legal bases in force; none where nothing was ever put in force."""
        return self.stood[-1].bases if self.stood else {}

    def with_standing(self, bundle: Bundle) -> "Law":
        """The same case, with a bundle in force and nothing waiting."""
        return replace(self, stood=(*self.stood, bundle), waits=())
