"""Purposes and the dated legal instruments they rest on [P3] [P5]. The instruments are data; refuses to know any by name."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from job_specs.model import Purpose
from tre.custody.errors import require

COVID_19_PURPOSES = frozenset(Purpose) - {Purpose.PLATFORM_MAINTENANCE}
RELEASABLE_PURPOSES = COVID_19_PURPOSES


@dataclass(frozen=True)
class LegalBasis:
    """One legal instrument: the purposes it permits, its days, whether it is on here, its opt-outs, and the tables it covers."""

    id: str
    purposes: frozenset[Purpose]
    starts: date
    ends: date
    enabled: bool
    honours_national: bool = True
    datasets: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        require(self.id, "a legal basis has an id")
        require(self.purposes, "a legal basis permits at least one purpose")
        require(self.starts <= self.ends, "a legal basis ends after it starts")

    def live_on(self, day: date) -> bool:
        """Whether the instrument is switched on here and in force on that day."""
        return self.enabled and self.starts <= day <= self.ends


LegalBases = Mapping[str, LegalBasis]
