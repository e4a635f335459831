"""The record that SATRE 3.3.09 asks for: every criterion that files were judged by, and what came of it, for machines.

Refuses to hold a value or a label of the data. It names each report and each file that may leave by digest, so that the
record can be kept beside the package of outputs and compared with it.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any

from output_checks.check import CHECKS
from output_checks.model import Report, sha256
from output_checks.policy import Policy

FORMAT = "output-checks-record-1"


def record(reports: Iterable[Report], policy: Policy, where: Mapping[str, str]) -> str:
    """The record of some reports under one policy, as canonical JSON; `where` says where each number comes from.

    Raises:
        ValueError: a report is of another policy.
    """
    several = tuple(reports)
    if any(report.policy_digest != policy.digest for report in several):
        raise ValueError("a record is of one policy")
    made = {
        "format": FORMAT,
        "meets": "SATRE 3.3.09",
        "policy": {"label": policy.label, "digest": policy.digest, "criteria": _criteria(policy, where)},
        "checks": [{"name": rule.name, "promise": rule.promise} for rule in CHECKS],
        "tool": {"name": "output_checks", "digest": _tool(), "python": platform.python_version()},
        "files": [_file(report) for report in several],
    }
    return json.dumps(made, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _criteria(policy: Policy, where: Mapping[str, str]) -> dict[str, Any]:
    names = [each.name for each in fields(Policy) if each.name not in ("name", "version", "title")]
    return {name: {"value": getattr(policy, name), "source": where[name]} for name in names}


def _tool() -> str:
    """The rules that were in force, by what they say of themselves."""
    return sha256("\n".join(f"{rule.name} {rule.promise} {rule.look.__module__}" for rule in CHECKS).encode())


def _file(report: Report) -> dict[str, Any]:
    findings = [[each.check, each.severity.value, len(each.cells)] for each in report.findings]
    return {
        "file": report.file,
        "offered": report.raw_digest,
        "released_form": report.twin_digest,
        "report": report.digest,
        "verdict": report.verdict.value,
        "level": report.level.value,
        "findings": findings,
    }
