"""What the outside face is given beyond what both are: releases that have left, and findings in coarse bands. Nothing that opens the quarantine."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tre.custody.requests import JobRequest
from tre.dispatch.ports import DataRooms
from tre.records.vault.released import Released
from tre.web.doors import Common
from tre.web.outside.last_word import LastWord
from tre.web.outside.rehearsing import Tries

CoarseFindings = Callable[[JobRequest], list[dict[str, Any]]]
"""Each offered file with its findings as rule, column and a band of cells [P1]; `main` hands it in, already filtered."""

Place = Callable[[JobRequest, int], Path]
"""Where a request's release of that number, counted from 0, was pushed to."""


@dataclass(frozen=True)
class Outside:
    """The outside's doors."""

    common: Common
    released: Released
    findings: CoarseFindings
    data: DataRooms
    place: Place
    tries: Tries
    last_word: LastWord = field(default_factory=LastWord)
