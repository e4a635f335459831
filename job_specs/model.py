"""What a spec means once it has been accepted: purposes, data scopes, actions, outputs, statistics.

Frozen and valid from birth. Refuses to hold anything that has not been parsed: no unknown purpose, no output whose
pattern leaves the job's folder, no SQL action that mixes rows of patients with results that may leave.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from job_specs.errors import Where
from job_specs.vocabulary import KINDS

Scalar = str | int | float | bool | date
Value = Scalar | tuple[Scalar, ...]


class Purpose(StrEnum):
    """Why a study may run at all [P3]. The first four are COVID-19's; the last may run and never releases."""

    COVID_19_RESEARCH = "covid-19-research"
    COVID_19_CLINICAL_AUDIT = "covid-19-clinical-audit"
    COVID_19_SERVICE_EVALUATION = "covid-19-service-evaluation"
    COVID_19_HEALTH_SURVEILLANCE = "covid-19-health-surveillance"
    PLATFORM_MAINTENANCE = "platform-maintenance"


class Sensitivity(StrEnum):
    """Rows of patients stay inside for ever; aggregates may be offered for checking and release."""

    HIGH = "highly_sensitive"
    MODERATE = "moderately_sensitive"


@dataclass(frozen=True)
class TableScope:
    """One table and the columns of it that a study asks for [P8]."""

    table: str
    columns: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.columns or len(set(self.columns)) != len(self.columns):
            raise ValueError("a table scope names each of its columns once, and at least one")


@dataclass(frozen=True)
class Codelist:
    """A list of clinical codes: the file that holds it, its coding system, and the version that was published."""

    name: str
    file: str
    system: str
    version: str
    column: str = "code"


@dataclass(frozen=True)
class Statistic:
    """What an output says it is, in the vocabulary of the statistics that can be checked [P9]."""

    kind: str
    of: str | None
    by: tuple[str, ...]
    where: str | None
    columns: Mapping[str, Any]
    extra: Mapping[str, Any]

    def __post_init__(self) -> None:
        object.__setattr__(self, "columns", MappingProxyType(dict(self.columns)))
        object.__setattr__(self, "extra", MappingProxyType(dict(self.extra)))

    def as_dict(self) -> dict[str, Any]:
        """The declaration as plain data, in the words it was written in; absent parts are left out."""
        said = {"of": self.of, "by": list(self.by), "where": self.where, "columns": dict(self.columns)}
        must = KINDS[self.kind].must if self.kind in KINDS else ()
        plain = {key: value for key, value in said.items() if value or (value == [] and key in must)}
        return {"statistic": self.kind} | plain | dict(self.extra)


@dataclass(frozen=True)
class OutputSpec:
    """Files that an action promises: a label, a sensitivity, a pattern with at most the * wildcard."""

    name: str
    sensitivity: Sensitivity
    pattern: str
    statistic: Statistic | None = None


@dataclass(frozen=True)
class SqlBody:
    """A question for the store: a file inside the study, or text. Exactly one of the two."""

    file: str | None
    text: str | None
    dialect: str = "duckdb"

    def __post_init__(self) -> None:
        if (self.file is None) == (self.text is None):
            raise ValueError("an SQL body is a file or a text")


@dataclass(frozen=True)
class RunBody:
    """A program in a published image: `python:v2`, the arguments it is given, and an optional config mapping."""

    image: str
    argv: tuple[str, ...]
    config: Mapping[str, Any] | None = None

    @property
    def name(self) -> str:
        """The image's name without its version."""
        return self.image.partition(":")[0]


LEAST_OUTPUT_MB, MOST_OUTPUT_MB = 64, 2048


@dataclass(frozen=True)
class Resources:
    """What one action may use: memory in mebibytes, processors, wall-clock seconds, local sockets or not, and disk in mebibytes
    for what does not fit into memory.
    """

    memory_mb: int = 4096
    cpus: float = 2.0
    seconds: int = 4 * 3600
    local_sockets: bool = False
    disk_mb: int = 0

    def __post_init__(self) -> None:
        if self.memory_mb < 1 or self.cpus <= 0 or self.seconds < 1 or self.disk_mb < 0:
            raise ValueError("resources are positive")

    @property
    def output_mb(self) -> int:
        """How much the action may write: an eighth of its memory, which what it writes takes until it is kept."""
        return min(max(self.memory_mb // 8, LEAST_OUTPUT_MB), MOST_OUTPUT_MB)


@dataclass(frozen=True)
class Site:
    """The most that this site gives to one action."""

    memory_mb: int = 131_072
    cpus: float = 16.0
    seconds: int = 48 * 3600
    disk_mb: int = 262_144
    default: Resources = Resources()


@dataclass(frozen=True)
class Action:
    """One step of a study: what runs, what it needs, what it promises to write, what it may use."""

    name: str
    body: SqlBody | RunBody
    needs: tuple[str, ...]
    outputs: tuple[OutputSpec, ...]
    resources: Resources
    where: Where
    bindings: Mapping[str, Scalar] = field(default_factory=dict)
    """The values that a `for_each` made this action with; its SQL sees them as parameters."""

    def __post_init__(self) -> None:
        if not self.outputs:
            raise ValueError("an action declares at least one output")
        if isinstance(self.body, SqlBody) and not (self.is_extract or self.is_aggregate):
            raise ValueError("an SQL action makes rows of patients or results, never both")

    @property
    def is_extract(self) -> bool:
        """An SQL action that writes one row per patient, for later actions of the same study only."""
        return isinstance(self.body, SqlBody) and self._only(Sensitivity.HIGH)

    @property
    def is_aggregate(self) -> bool:
        """An SQL action whose table of counts or sums may be offered for checking."""
        return isinstance(self.body, SqlBody) and self._only(Sensitivity.MODERATE)

    def _only(self, sensitivity: Sensitivity) -> bool:
        return all(output.sensitivity is sensitivity for output in self.outputs)


@dataclass(frozen=True)
class JobSpec:
    """A whole accepted spec. `digest` is the SHA-256 of its canonical form, which ignores layout and comments."""

    version: float
    purpose: Purpose | None
    title: str | None
    data: tuple[TableScope, ...]
    parameters: Mapping[str, Value]
    codelists: Mapping[str, Codelist]
    actions: tuple[Action, ...]
    digest: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "parameters", MappingProxyType(dict(self.parameters)))
        object.__setattr__(self, "codelists", MappingProxyType(dict(self.codelists)))
        names = [action.name for action in self.actions]
        if not names or len(set(names)) != len(names):
            raise ValueError("a spec has actions, each with a name of its own")
        object.__setattr__(self, "digest", digest_of(canonical_spec(self)))

    def __iter__(self) -> Iterator[Action]:
        return iter(self.actions)

    def parameters_of(self, action: Action) -> Mapping[str, Value]:
        """What the action's template may use: the spec's parameters and the values of its own `for_each`."""
        return {**self.parameters, **action.bindings}

    def action(self, name: str) -> Action:
        """The action of that name. Raises KeyError: names come from this spec or from a plan of it."""
        for action in self.actions:
            if action.name == name:
                return action
        raise KeyError(name)


def canonical_action(action: Action) -> dict[str, Any]:
    """An action as plain data, for digests: where it stands and what it may use change no result."""
    if isinstance(action.body, SqlBody):
        body: dict[str, Any] = {
            "sql": {"file": action.body.file, "text": action.body.text, "dialect": action.body.dialect}
        }
    else:
        body = {"run": [action.body.image, *action.body.argv], "config": action.body.config}
    outputs = [
        [o.name, o.sensitivity, o.pattern, o.statistic.as_dict() if o.statistic else None]
        for o in action.outputs
    ]
    plain = {"name": action.name, "body": body, "needs": list(action.needs), "outputs": outputs}
    return plain | {"bindings": {name: plain_value(value) for name, value in action.bindings.items()}}


def canonical_spec(spec: JobSpec) -> dict[str, Any]:
    """A spec as plain data, for its digest."""
    return {
        "version": spec.version,
        "purpose": spec.purpose,
        "title": spec.title,
        "data": [[scope.table, *scope.columns] for scope in spec.data],
        "parameters": {name: plain_value(value) for name, value in spec.parameters.items()},
        "codelists": {n: [c.file, c.system, c.version, c.column] for n, c in spec.codelists.items()},
        "actions": [[canonical_action(a), *_canonical_resources(a.resources)] for a in spec.actions],
    }


def _canonical_resources(resources: Resources) -> list[Any]:
    """What was asked for; a key that came later is there only where it was written, so that older digests stay."""
    asked: list[Any] = [resources.memory_mb, resources.cpus, resources.seconds]
    return [*asked, "local_sockets"] if resources.local_sockets else asked


def plain_value(value: Value) -> Any:
    """A parameter as JSON data; a date is written so that it can never be mistaken for a text."""
    if isinstance(value, tuple):
        return [plain_value(item) for item in value]
    return {"date": value.isoformat()} if isinstance(value, date) else value


def digest_of(plain: Any) -> str:
    """SHA-256, in hex, of plain data in canonical JSON: sorted keys, no spaces, finite numbers only."""
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode("ascii")).hexdigest()
