"""Reports as SARIF 2.1.0, which code scanning shows beside the file.

Refuses to hold a value: a result has a rule, a sentence, and places by row.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterable, Mapping
from typing import Any

from output_checks.check import CHECKS
from output_checks.model import Finding, Report, Severity

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS: Mapping[Severity, str] = {
    Severity.REFUSE: "error",
    Severity.SUPPRESS: "error",
    Severity.REVIEW: "warning",
    Severity.NOTE: "note",
}
_MOST_PLACES = 100


def sarif(reports: Iterable[Report]) -> str:
    """One run over all the files."""
    several = tuple(reports)
    driver = {"name": "output_checks", "rules": [*map(_rule, _names(several))]}
    results = [_result(finding) for report in several for finding in report.findings]
    policies = sorted({f"{report.policy} {report.policy_digest}" for report in several})
    run = {"tool": {"driver": driver}, "results": results, "properties": {"policies": policies}}
    return json.dumps(
        {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, sort_keys=True, ensure_ascii=False
    )


def _names(reports: Iterable[Report]) -> list[str]:
    found = {finding.check for report in reports for finding in report.findings}
    return sorted(found | {rule.name for rule in CHECKS})


def _rule(name: str) -> dict[str, Any]:
    rule = next((each for each in CHECKS if each.name == name), None)
    text = (inspect.getdoc(inspect.getmodule(rule.look)) or name) if rule else "No number by subtraction."
    promise = {"promise": rule.promise} if rule else {}
    return {
        "id": name,
        "shortDescription": {"text": text.splitlines()[0]},
        "fullDescription": {"text": text},
        "properties": promise,
    }


def _result(finding: Finding) -> dict[str, Any]:
    lines = sorted({cell.row + 2 for cell in finding.cells})[:_MOST_PLACES] or [1]
    column = {"column": finding.column} if finding.column else {}
    return {
        "ruleId": finding.check,
        "level": _LEVELS[finding.severity],
        "message": {"text": f"{finding.message} {finding.fix}"},
        "locations": [_place(finding.file, line) for line in lines],
        "properties": {"confidence": finding.confidence.value, "promise": finding.promise, **column},
    }


def _place(file: str, line: int) -> dict[str, Any]:
    return {"physicalLocation": {"artifactLocation": {"uri": file}, "region": {"startLine": line}}}
