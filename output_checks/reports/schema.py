"""The JSON Schema of a report, written from the model so that the two cannot drift.

Refuses nothing itself: whoever reads reports holds them to it.
"""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Any

from output_checks.model import Confidence, Remedy, Severity, Verdict

_TEXT = {"type": "string"}
_DIGEST = {"type": "string", "pattern": "^[0-9a-f]{64}$"}


def schema() -> str:
    """The schema, as JSON."""
    return json.dumps(_report(), indent=2, sort_keys=True) + "\n"


def _words(kind: type[StrEnum]) -> dict[str, Any]:
    return {"enum": [each.value for each in kind]}


def _object(required: dict[str, Any], **optional: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": required | optional,
        "required": sorted(required),
        "additionalProperties": False,
    }


def _finding() -> dict[str, Any]:
    place = {
        "type": "array",
        "prefixItems": [{"type": "integer", "minimum": 0}, _TEXT],
        "minItems": 2,
        "maxItems": 2,
    }
    return _object(
        {
            "check": _TEXT,
            "severity": _words(Severity),
            "confidence": _words(Confidence),
            "file": _TEXT,
            "column": {"type": ["string", "null"]},
            "cells": {
                "type": "array",
                "items": place,
                "description": "Row below the header, from 0, and column.",
            },
            "message": _TEXT,
            "fix": _TEXT,
            "promise": {"type": "string", "pattern": "^P[0-9]+$"},
            "remedy": _words(Remedy),
        },
        people={"type": "array", "items": {"type": "integer", "minimum": 0}, "description": "Inside only."},
    )


def _report() -> dict[str, Any]:
    runs = {"type": "array", "prefixItems": [_words(Confidence), {"type": "integer", "minimum": 1}]}
    levels = {"type": "object", "additionalProperties": {"type": "array", "items": runs}}
    made = _object(
        {
            "file": _TEXT,
            "raw_digest": _DIGEST,
            "policy": _TEXT,
            "policy_digest": _DIGEST,
            "level": _words(Confidence),
            "verdict": _words(Verdict),
            "findings": {"type": "array", "items": _finding()},
            "twin_digest": {"anyOf": [_DIGEST, {"type": "null"}]},
        },
        levels=levels
        | {"description": "For each column of numbers: runs of cells, each a level and how many."},
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "The judgement of one file",
    } | made
