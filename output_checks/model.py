"""The nouns of output checking: a table, a finding about it, what is known of the people in it, and the report.

Refuses to exist half-made: every object is checked when it is born. Findings and reports hold places and rules; they
never hold a value or a label that came from the data [P1].
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from itertools import groupby
from types import MappingProxyType
from typing import Any, NamedTuple, Self


class Severity(StrEnum):
    """How much a finding weighs, heaviest first."""

    REFUSE = "refuse"
    SUPPRESS = "suppress"
    REVIEW = "review"
    NOTE = "note"


class Confidence(StrEnum):
    """How the safety of a number is known, surest first."""

    PROVED = "proved"
    RECOMPUTED = "recomputed"
    DECLARED = "declared"
    OPAQUE = "opaque"


class Verdict(StrEnum):
    """What may become of the file: as it is, as a suppressed twin, by a person's decision, or not at all."""

    CLEAN = "clean"
    SUPPRESSED = "suppressed"
    PERSON = "person"
    REFUSED = "refused"


class Remedy(StrEnum):
    """What the twin does about a finding's cells."""

    HIDE = "hide"
    ROUND = "round"
    RECOMPUTE = "recompute"
    NONE = "none"


class _Place(NamedTuple):
    row: int
    column: str


class CellRef(_Place):
    """A place in a table: the row below the header, counted from 0, and the column's name."""

    # A tuple, since a judgement makes and looks up some forty of them for each number of a table.
    __slots__ = ()

    def __new__(cls, row: int, column: str) -> Self:
        """A place. Raises ValueError for a row below 0, or a column without a name."""
        if row < 0 or not column:
            raise ValueError("a cell is a row from 0 and a named column")
        return tuple.__new__(cls, (row, column))


@dataclass(frozen=True)
class Table:
    """A file's cells, as text: every row as wide as the header, every column named once."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def __post_init__(self) -> None:
        if not self.columns or not all(self.columns) or len(set(self.columns)) != len(self.columns):
            raise ValueError("a table's columns are named, each once")
        if any(len(row) != len(self.columns) for row in self.rows):
            raise ValueError("a table's rows are as wide as its header")

    def column(self, name: str) -> tuple[str, ...]:
        """The cells of one column, top to bottom."""
        return self._by_column[name]

    def at(self, cell: CellRef) -> str:
        """The text of one cell."""
        return self._by_column[cell.column][cell.row]

    @cached_property
    def _by_column(self) -> Mapping[str, tuple[str, ...]]:
        return {name: tuple(row[at] for row in self.rows) for at, name in enumerate(self.columns)}


@dataclass(frozen=True)
class Opaque:
    """A file whose numbers we cannot read: what kind it is, the words in it, and its bytes stripped of the rest."""

    kind: str
    words: str
    clean: bytes


@dataclass(frozen=True)
class Finding:
    """One thing a rule saw: where, in one sentence that repeats nothing of the data, and what would mend it.

    `people` is how many people stand behind each cell: for eyes inside only, and left out of every digest.
    """

    check: str
    severity: Severity
    confidence: Confidence
    file: str
    message: str
    fix: str
    promise: str
    column: str | None = None
    cells: tuple[CellRef, ...] = ()
    remedy: Remedy = Remedy.NONE
    people: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if not (self.check and self.message and self.fix and self.promise.startswith("P")):
            raise ValueError("a finding names its rule, its reason, a way out and a promise")
        if self.remedy is Remedy.HIDE and not self.cells:
            raise ValueError("a finding that hides says which cells")

    def plain(self, *, inside: bool) -> dict[str, Any]:
        """The finding as JSON data; the people behind cells only for eyes inside."""
        data: dict[str, Any] = {
            "check": self.check,
            "severity": self.severity.value,
            "confidence": self.confidence.value,
            "file": self.file,
            "column": self.column,
            "cells": [[cell.row, cell.column] for cell in self.cells],
            "message": self.message,
            "fix": self.fix,
            "promise": self.promise,
            "remedy": self.remedy.value,
        }
        return data | ({"people": list(self.people)} if inside else {})

    @classmethod
    def from_plain(cls, data: Mapping[str, Any]) -> Self:
        """The finding that `plain` wrote. Raises KeyError or ValueError on anything else."""
        return cls(
            check=data["check"],
            severity=Severity(data["severity"]),
            confidence=Confidence(data["confidence"]),
            file=data["file"],
            message=data["message"],
            fix=data["fix"],
            promise=data["promise"],
            column=data["column"],
            cells=tuple(CellRef(row, column) for row, column in data["cells"]),
            remedy=Remedy(data["remedy"]),
            people=tuple(data.get("people", ())),
        )


@dataclass(frozen=True)
class Shares:
    """What one cell's sum is made of, per person: sizes are absolute, so a negative amount hides nobody."""

    total: float
    largest: float
    second: float = 0.0

    def __post_init__(self) -> None:
        if not self.total >= self.largest >= self.second >= 0:
            raise ValueError("shares are sizes: total >= largest >= second >= 0")


@dataclass(frozen=True)
class Sides:
    """Where one number stands among the people it is about: how many are below it, share it, and are above it."""

    below: int
    same: int
    above: int

    def __post_init__(self) -> None:
        if min(self.below, self.same, self.above) < 0:
            raise ValueError("a number of people is not negative")


@dataclass(frozen=True)
class Evidence:
    """What the data itself says of a table: distinct people behind each row, in the file's row order.

    `roles` says what each column is (the words of the SQL units); `shares` what each row's sum in a column is made of;
    `withheld` the rows that, beside what was released before, would single somebody out (the ledger's differences), and
    `earlier` those releases, by names that whoever reads the report may know.
    `rows` is records behind each row; `values` what the data gives for each cell of a column, None where it gives
    nothing; `sides` where each number of a column stands among its people; `smallest` the people at the rarest level
    of each regressor. `labels` is how the data spells each label of a column, whatever the file called it; `unlisted` the
    people of each group that the data has and the file does not; `apart` how many people are not as most of a cell's are,
    whose amount is the same, or the same as in another column (None where there are no most).
    `partly` are the columns that count some of the people of a row; `made` the labels that conditions of the query, or of the
    extract's, can give a column, whoever is in them, and `unsure` the columns of which that is not known.
    """

    people: tuple[int, ...]
    source: Confidence
    roles: Mapping[str, str] = field(default_factory=dict)
    shares: Mapping[str, tuple[Shares, ...]] = field(default_factory=dict)
    withheld: frozenset[int] = frozenset()
    earlier: tuple[str, ...] = ()
    rows: tuple[int, ...] = ()
    values: Mapping[str, tuple[float | None, ...]] = field(default_factory=dict)
    sides: Mapping[str, tuple[Sides | None, ...]] = field(default_factory=dict)
    smallest: Mapping[str, int] = field(default_factory=dict)
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unlisted: tuple[int, ...] = ()
    apart: Mapping[str, tuple[int | None, ...]] = field(default_factory=dict)
    partly: frozenset[str] = frozenset()
    made: Mapping[str, frozenset[str]] = field(default_factory=dict)
    unsure: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if self.withheld - frozenset(range(len(self.people))):
            raise ValueError("what is withheld are rows of the table")
        if self.source not in (Confidence.PROVED, Confidence.RECOMPUTED):
            raise ValueError("evidence is proved or recomputed; anything less is a declaration")
        if any(number < 0 for number in self.people):
            raise ValueError("a number of people is not negative")
        by_row = (
            *self.shares.values(),
            *self.values.values(),
            *self.sides.values(),
            *self.labels.values(),
            *self.apart.values(),
            self.rows or self.people,
        )
        if any(len(each) != len(self.people) for each in by_row):
            raise ValueError("shares, values, sides and records are given for every row")
        for name in ("roles", "shares", "values", "sides", "smallest", "labels", "apart", "made"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))


@dataclass(frozen=True)
class Before:
    """A table that left before, of the same question: as it was counted, and as it was shown."""

    counted: bytes
    shown: bytes


@dataclass(frozen=True)
class Offered:
    """A file that somebody wants out, with what it claims to be and what is known of it.

    `unmeasured` says in one sentence why the data was not asked; `copied` are the rows that repeat one person's record;
    `beside` the names of the outputs offered with it, and `numbers` what those show. None where nobody looked.
    `named_freely` says that whoever made the file chose its name, and how many such there are; `mixed` that the rows of the
    extract it is of are made of other people's, and `chosen` which of its columns are put together by conditions.
    `compared` says whether the people behind its rows could be compared with those behind earlier releases, and `before`
    whether there are any; `left_before` are those of the same question.
    """

    path: str
    content: bytes
    declaration: Mapping[str, Any] | None = None
    evidence: Evidence | None = None
    pseudonyms: frozenset[str] | None = None
    unmeasured: str | None = None
    copied: frozenset[int] | None = None
    beside: frozenset[str] | None = None
    numbers: frozenset[str] | None = None
    named_freely: bool = False
    mixed: bool = False
    chosen: frozenset[str] = frozenset()
    compared: bool | None = None
    before: bool = False
    left_before: tuple[Before, ...] = ()

    def __post_init__(self) -> None:
        if not self.path:
            raise ValueError("an offered file has a path")


@dataclass(frozen=True)
class Report:
    """The judgement of one file under one policy; `twin` is what may be offered in its place, if anything may.

    `level` is how sure we are of the file, `levels` of each cell of each column of numbers.
    """

    file: str
    raw_digest: str
    policy: str
    policy_digest: str
    level: Confidence
    verdict: Verdict
    findings: tuple[Finding, ...]
    twin: bytes | None
    twin_digest: str | None = None
    levels: Mapping[str, tuple[Confidence, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "levels", MappingProxyType(dict(self.levels)))
        if self.verdict is Verdict.REFUSED and (self.twin is not None or self.twin_digest is not None):
            raise ValueError("a refused file has no twin")
        if self.twin is not None:
            digest = sha256(self.twin)
            if self.twin_digest not in (None, digest):
                raise ValueError("the twin is not the one this report was written for")
            object.__setattr__(self, "twin_digest", digest)

    def of_severity(self, severity: Severity) -> tuple[Finding, ...]:
        """The findings of one weight, in the order of the rules."""
        return tuple(finding for finding in self.findings if finding.severity is severity)

    @property
    def hidden(self) -> tuple[CellRef, ...]:
        """Every cell that the twin shows as suppressed, in the order of the file."""
        cells = {cell for each in self.findings if each.remedy is Remedy.HIDE for cell in each.cells}
        return tuple(sorted(cells))

    def to_json(self, *, inside: bool = False) -> str:
        """Canonical JSON: sorted keys, no spaces. Never holds the twin's bytes, only their digest."""
        data: dict[str, Any] = {
            "file": self.file,
            "raw_digest": self.raw_digest,
            "policy": self.policy,
            "policy_digest": self.policy_digest,
            "level": self.level.value,
            "verdict": self.verdict.value,
            "findings": [finding.plain(inside=inside) for finding in self.findings],
            "twin_digest": self.twin_digest,
        }
        if self.levels:
            data["levels"] = {name: _runs(levels) for name, levels in self.levels.items()}
        return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str, *, twin: bytes | None = None) -> Self:
        """The report that `to_json` wrote; a `twin` handed in must be the one it was written for.

        Raises:
            ValueError: the twin's digest is another one, or the text is no report.
            KeyError: a part is missing.
        """
        data = json.loads(text)
        return cls(
            file=data["file"],
            raw_digest=data["raw_digest"],
            policy=data["policy"],
            policy_digest=data["policy_digest"],
            level=Confidence(data["level"]),
            verdict=Verdict(data["verdict"]),
            findings=tuple(Finding.from_plain(each) for each in data["findings"]),
            twin=twin,
            twin_digest=data["twin_digest"],
            levels={name: _from_runs(runs) for name, runs in data.get("levels", {}).items()},
        )

    def level_of(self, cell: CellRef) -> Confidence:
        """How the safety of one cell is known; the file's own level for a label."""
        levels = self.levels.get(cell.column)
        return levels[cell.row] if levels else self.level

    @property
    def digest(self) -> str:
        """sha256 of the canonical JSON without the numbers of people."""
        return sha256(self.to_json().encode())


def _runs(levels: tuple[Confidence, ...]) -> list[list[str | int]]:
    """Equal levels in a row, counted: what a table of thousands of cells has is a handful of runs."""
    return [[level.value, sum(1 for _ in cells)] for level, cells in groupby(levels)]


def _from_runs(runs: list[list[Any]]) -> tuple[Confidence, ...]:
    return tuple(Confidence(level) for level, times in runs for _ in range(times))


def sha256(content: bytes) -> str:
    """The name of some bytes: 64 hex digits."""
    return hashlib.sha256(content).hexdigest()
