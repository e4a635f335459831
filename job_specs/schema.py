"""The JSON Schema that editors use, printed from `vocabulary.py`: `python -m job_specs schema > job_specs/schema.json`.

A help while typing, never the judge: the parser refuses more than a schema can say. A test compares the kept file
with what is generated.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from job_specs import vocabulary
from job_specs.vocabulary import Key


def schema() -> dict[str, Any]:
    """The schema of a spec, as plain data (JSON Schema 2020-12)."""
    definitions = {
        "action": _object(vocabulary.ACTION) | {"oneOf": [{"required": ["run"]}, {"required": ["sql"]}]},
        "codelist": _object(vocabulary.CODELIST),
        "expectations": _object(vocabulary.EXPECTATIONS),
        "outputs": _object(vocabulary.SENSITIVITIES) | {"minProperties": 1},
        "output": {"anyOf": [{"type": "string", "minLength": 1}, _declared_output()]},
        "resources": _object(vocabulary.RESOURCES),
        "sql": _object(vocabulary.SQL),
    }
    project = _object(vocabulary.PROJECT)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A job spec: an OpenSAFELY project.yaml, and this system's additions",
        **project,
        "$defs": definitions,
    }


def text() -> str:
    """The schema as the kept file has it."""
    return json.dumps(schema(), indent=1, sort_keys=True) + "\n"


def _object(keys: Mapping[str, Key]) -> dict[str, Any]:
    made: dict[str, Any] = {
        "type": "object",
        "additionalProperties": False,
        "properties": {name: {"description": key.meaning, **key.shape} for name, key in keys.items()},
    }
    required = [name for name, key in keys.items() if key.required]
    return made | ({"required": required} if required else {})


def _declared_output() -> dict[str, Any]:
    """An output with its statistic: each kind requires what it must declare."""
    made = _object(vocabulary.OUTPUT)
    made["properties"]["statistic"]["enum"] = list(vocabulary.KINDS)
    made["allOf"] = [
        {
            "if": {"properties": {"statistic": {"const": name}}, "required": ["statistic"]},
            "then": {"required": list(kind.must)},
        }
        for name, kind in vocabulary.KINDS.items()
    ]
    return made
