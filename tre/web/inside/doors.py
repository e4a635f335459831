"""What the inside face is given beyond what both are: the quarantine's reader, and the runner that says which walls stand."""

from dataclasses import dataclass

from tre.records.vault.quarantine import Quarantine
from tre.web.doors import Common


@dataclass(frozen=True)
class Inside:
    """The inside's doors."""

    common: Common
    quarantine: Quarantine
