"""Every key that a spec may use, said once: what it means, and the shape of its value.

The parser refuses keys that are not here and `schema.py` prints the editor's schema from here, so neither can drift.
Refuses nothing itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any


@dataclass(frozen=True)
class Key:
    """One key: a sentence for people, a JSON Schema fragment for editors, and whether it must be there."""

    meaning: str
    shape: Mapping[str, Any]
    required: bool = False


_TEXT = {"type": "string", "minLength": 1}
_NUMBER = {"type": "number"}
_WORDS = {"type": "array", "items": _TEXT}
_IDENTIFIER = {"type": "string", "pattern": "^[a-z][a-z0-9_]{0,62}$"}
_IDENTIFIERS = {"type": "array", "items": _IDENTIFIER, "uniqueItems": True}
_SCALAR = {"type": ["string", "number", "boolean"]}
_OPEN = {"type": "object"}

PURPOSES = (
    "covid-19-research",
    "covid-19-clinical-audit",
    "covid-19-service-evaluation",
    "covid-19-health-surveillance",
    "platform-maintenance",
)
SYSTEMS = ("snomedct", "dmd", "icd10", "opcs4", "ctv3", "bnf")
DIALECTS = ("duckdb",)


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/$defs/{name}"}


def _map_of(shape: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": dict(shape), "minProperties": 1}


PROJECT: Mapping[str, Key] = MappingProxyType(
    {
        "version": Key(
            "Version of the OpenSAFELY project format.",
            {"enum": [number for n in range(1, 6) for number in (n, str(n), f"{n}.0")]},
            required=True,
        ),
        "purpose": Key("Why this study may run [P3].", {"enum": list(PURPOSES)}),
        "title": Key("What the study is called.", _TEXT),
        "expectations": Key("Dummy data settings of versions 1 to 3.", _ref("expectations")),
        "data": Key("Tables, and the columns of each, that the study needs [P8].", _map_of(_IDENTIFIERS)),
        "parameters": Key(
            "Named values that templates may use: texts, numbers, truth values, dates, or lists of one of these.",
            _map_of({"anyOf": [_SCALAR, {"type": "array", "items": _SCALAR, "minItems": 1}]}),
        ),
        "codelists": Key("Lists of clinical codes.", _map_of(_ref("codelist"))),
        "lists": Key("Named lists for `for_each`.", _map_of({"type": "array", "items": _SCALAR})),
        "actions": Key("The steps of the study, by name.", _map_of(_ref("action")), required=True),
    }
)
EXPECTATIONS: Mapping[str, Key] = MappingProxyType(
    {"population_size": Key("Number of made-up patients.", {"type": ["integer", "string"]}, required=True)}
)
CODELIST: Mapping[str, Key] = MappingProxyType(
    {
        "file": Key("A CSV file inside the study.", _TEXT, required=True),
        "system": Key("The coding system of its codes.", {"enum": list(SYSTEMS)}, required=True),
        "version": Key("The version that was published.", {"type": ["string", "number"]}, required=True),
        "column": Key("The column that holds the codes; `code` unless told.", _TEXT),
    }
)
ACTION: Mapping[str, Key] = MappingProxyType(
    {
        "run": Key("An image with its version, and arguments: `python:v2 analysis/describe.py`.", _TEXT),
        "sql": Key(
            "A query over the store: its text, or the path of a .sql file.", {"anyOf": [_TEXT, _ref("sql")]}
        ),
        "needs": Key("Actions whose outputs this one reads.", _WORDS),
        "outputs": Key("The files this action writes, by sensitivity.", _ref("outputs"), required=True),
        "config": Key("Settings handed to the program as JSON.", _OPEN),
        "dummy_data_file": Key("Made-up data for a local run, in old projects.", _TEXT),
        "resources": Key("Memory, processors and time for this action.", _ref("resources")),
        "for_each": Key("Make this action once for every combination of these lists.", _map_of({})),
    }
)
SQL: Mapping[str, Key] = MappingProxyType(
    {
        "file": Key("A .sql file inside the study.", _TEXT),
        "text": Key("The query itself.", _TEXT),
        "dialect": Key("The SQL dialect.", {"enum": list(DIALECTS)}),
    }
)
RESOURCES: Mapping[str, Key] = MappingProxyType(
    {
        "memory": Key("Memory, such as 512MB or 8GB.", {"type": "string", "pattern": "^[0-9.]+ ?(MB|GB)$"}),
        "disk": Key(
            "Disk for what a query cannot hold in memory, such as 20GB; for SQL actions, which write it encrypted.",
            {"type": "string", "pattern": "^[0-9.]+ ?(MB|GB)$"},
        ),
        "cpus": Key("Processors, such as 2 or 0.5.", _NUMBER),
        "time": Key("Wall-clock time, such as 90s, 30m or 4h.", {"type": "string"}),
        "local_sockets": Key(
            "Whether the action's own processes may talk over local sockets, as asyncio does. Never over a network.",
            {"type": "boolean"},
        ),
    }
)
SENSITIVITIES: Mapping[str, Key] = MappingProxyType(
    {
        "highly_sensitive": Key("Rows of patients: stay inside.", _map_of(_ref("output"))),
        "moderately_sensitive": Key("Aggregates: may be offered for checking.", _map_of(_ref("output"))),
        "minimally_sensitive": Key("Of old projects: stays inside, as if highly.", _map_of(_ref("output"))),
    }
)
OUTPUT: Mapping[str, Key] = MappingProxyType(
    {
        "path": Key("The file, with at most the * wildcard.", _TEXT, required=True),
        "statistic": Key("What kind of statistic it holds.", _TEXT),
        "of": Key("The action or store table that it was computed from.", _TEXT),
        "by": Key("The dimensions of the table.", _IDENTIFIERS),
        "where": Key("Which rows were counted, in guarded SQL.", _TEXT),
        "columns": Key("The role of each column.", _map_of({"anyOf": [_TEXT, _OPEN]})),
        "value": Key("The column or variable that was summarised.", _TEXT),
        "n": Key(
            "The column that holds the number of people, or that number.", {"type": ["string", "number"]}
        ),
        "percentile": Key("Which percentiles, such as [25, 50, 75].", {"type": ["number", "array"]}),
        "model": Key("The model, as a formula.", _TEXT),
        "regressors": Key("The variables of the model.", _WORDS),
        "residual_df": Key(
            "Residual degrees of freedom: a column or a number.", {"type": ["string", "number"]}
        ),
        "test": Key("Which test.", _TEXT),
        "df": Key("Degrees of freedom: a column or a number.", {"type": ["string", "number"]}),
        "time": Key("The column of times.", _TEXT),
        "event": Key("The variable that marks an event.", _TEXT),
        "tables": Key("The outputs that are linked.", _WORDS),
        "link": Key("What links them: shared dimensions.", _WORDS),
        "method": Key("The method.", _TEXT),
        "k": Key("The number of groups.", _NUMBER),
        "underlying": Key("The declared output that a figure shows.", _TEXT),
        "why": Key("Why free text has to leave.", _TEXT),
    }
)


@dataclass(frozen=True)
class Kind:
    """A kind of statistic: its name in the statbarns, what it must declare, and one role a column must have."""

    statbarn: str
    must: tuple[str, ...]
    role: str | None = None


_FROM = ("of", "by")
KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "frequencies": Kind("Frequencies", (*_FROM, "columns"), role="count"),
        "linear_aggregation": Kind("LinearAggregations", (*_FROM, "value", "n")),
        "calculated_ratio": Kind("CalculatedRatios", (*_FROM, "columns"), role="ratio"),
        "position": Kind("Position", (*_FROM, "value", "percentile")),
        "endpoints": Kind("Endpoints", (*_FROM, "value")),
        "mode": Kind("Mode", (*_FROM, "value")),
        "shape": Kind("Shape", (*_FROM, "value", "n")),
        "correlation": Kind("CorrelationCoefficients", ("of", "model", "n", "residual_df", "regressors")),
        "hypothesis_test": Kind("StatisticalHypothesisTests", ("of", "test", "n", "df")),
        "survival": Kind("HazardSurvivalTables", ("of", "time", "event", "by")),
        "concentration": Kind("NonLinearConcentrationRatios", (*_FROM, "value")),
        "gini": Kind("GiniCoefficient", (*_FROM, "value")),
        "linked_table": Kind("LinkedMultilevelTables", ("tables", "link")),
        "clusters": Kind("Clusters", ("of", "method", "n", "k")),
        "figure": Kind("", ("underlying",)),
        "text": Kind("", ("why",)),
    }
)
ROLES = (
    "dimension",
    "count",
    "margin",
    "n",
    "rows",
    "sum",
    "mean",
    "rate",
    "ratio",
    "percent",
    "percentile",
    "value",
    "min",
    "max",
    "mode",
    "sd",
    "coefficient",
    "p_value",
    "df",
    "time",
    "at_risk",
    "events",
    "survival",
)
DERIVED_ROLES = ("ratio", "rate", "percent", "percentile")
"""Roles that may also be written `{role: [columns it was computed from]}` (a percentile: which one)."""
