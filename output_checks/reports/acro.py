"""ACRO's `results.json`: read as declarations, and written so that SACRO-Viewer opens it.

Refuses to take an ACRO session's word for anything: its statuses are not read, only what it says its files are. What is
written holds places and rules and no value.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from output_checks.model import Finding, Report, Verdict, sha256
from output_checks.policy import Policy

VERSION = "1.0.2"
"""The version of ACRO whose form this is; the viewer asks for at least its own."""
RESULTS, CONFIG, CHECKSUMS = "results.json", "config.json", "checksums"
_STATUS: Mapping[Verdict, str] = {
    Verdict.CLEAN: "pass",
    Verdict.SUPPRESSED: "review",
    Verdict.PERSON: "review",
    Verdict.REFUSED: "fail",
}
_COUNTED = ("crosstab",)
_MODELS = ("ols", "olsr", "logit", "logitr", "probit", "probitr")
_TYPES: Mapping[str, str] = {
    ".csv": "table",
    ".json": "table",
    ".tsv": "table",
    ".png": "figure",
    ".svg": "figure",
}


class NotAcro(Exception):
    """A file that is not ACRO's `results.json`, in one sentence."""


def declarations(untrusted: bytes, files: Mapping[str, bytes]) -> Mapping[str, Mapping[str, Any] | None]:
    """What an ACRO session says each of its files is; None where that is nothing we have a word for.

    Args:
        untrusted: the session's `results.json`.
        files: the session's files by name; a table's header says which of its columns are groups.

    Raises:
        NotAcro: it is not what ACRO writes.
    """
    found: dict[str, Mapping[str, Any] | None] = {}
    for result in _results(untrusted).values():
        for each in result["files"]:
            found[str(each["name"])] = _declaration(result, files.get(str(each["name"]), b""))
    return found


def _results(untrusted: bytes) -> Mapping[str, Any]:
    try:
        results = json.loads(untrusted)["results"]
        if all(
            isinstance(result["files"], list) and all(each["name"] for each in result["files"])
            for result in results.values()
        ):
            return dict(results)
    except (ValueError, KeyError, TypeError, AttributeError) as wrong:
        raise NotAcro("This is not a results.json that ACRO writes. Finalise the session as JSON.") from wrong
    raise NotAcro("This is not a results.json that ACRO writes. Finalise the session as JSON.")


def _declaration(result: Mapping[str, Any], content: bytes) -> Mapping[str, Any] | None:
    method = str((result.get("properties") or {}).get("method", ""))
    said = result.get("fair") or {}
    header = next(csv.reader(io.StringIO(content.decode("utf-8", "replace"))), [])
    if result.get("type") == "table" and header:
        return _table(method, said, header)
    if result.get("type") == "regression" and method in _MODELS:
        return _model(result, header)
    if result.get("type") == "survival plot":
        return {"statistic": "figure", "underlying": "survival_table"}
    return None


def _table(method: str, said: Mapping[str, Any], header: Sequence[str]) -> Mapping[str, Any] | None:
    """A crosstab in ACRO's wide form: its first columns are groups, each other one a count of one more group."""
    known = [str(name) for name in said.get("independent", []) if name in header]
    by = known or header[:1]
    base = {"of": "acro", "by": by}
    rest = [name for name in header if name not in by]
    if method in _COUNTED and said.get("statbarn") == "Frequencies":
        return base | {"statistic": "frequencies", "columns": dict.fromkeys(rest, "count")}
    if said.get("statbarn") == "LinearAggregations":
        columns = dict.fromkeys(rest, "mean")
        return base | {
            "statistic": "linear_aggregation",
            "value": str(said.get("dependent")),
            "n": "all",
            "columns": columns,
        }
    return None


def _model(result: Mapping[str, Any], header: Sequence[str]) -> Mapping[str, Any]:
    properties = result.get("properties") or {}
    said = result.get("fair") or {}
    return {
        "statistic": "correlation",
        "of": "acro",
        "model": str(result.get("command", "")),
        "n": properties.get("nobs", "not said"),
        "residual_df": properties.get("dof", "not said"),
        "regressors": [str(name) for name in said.get("independent", [])] or ["not said"],
        "columns": dict.fromkeys(header[1:], "coefficient") | dict.fromkeys(header[:1], "dimension"),
    }


def session(reports: Iterable[Report], policy: Policy, when: datetime) -> Mapping[str, bytes]:
    """A session that SACRO-Viewer opens: `results.json`, `config.json` and the checksums, by path.

    The files themselves are the reports' twins, under the names that the reports give them.
    """
    several = tuple(reports)
    results = {f"output_{at}": _result(f"output_{at}", report, when) for at, report in enumerate(several)}
    made = {RESULTS: _json({"version": VERSION, "results": results}), CONFIG: _json(_config(policy))}
    sums = {report.file: report.twin_digest for report in several if report.twin_digest}
    made |= {f"{CHECKSUMS}/{name}.txt": digest.encode() for name, digest in sums.items()}
    return made | {f"{CHECKSUMS}/{name}.txt": sha256(made[name]).encode() for name in (RESULTS, CONFIG)}


def _json(content: Any) -> bytes:
    return json.dumps(content, indent=4, ensure_ascii=False).encode()


def _result(uid: str, report: Report, when: datetime) -> Mapping[str, Any]:
    suffix = report.file[report.file.rfind(".") :].casefold()
    return {
        "uid": uid,
        "status": _STATUS[report.verdict],
        "type": _TYPES.get(suffix, "custom"),
        "properties": {"method": "output_checks", "level": report.level.value, "policy": report.policy},
        "files": [{"name": report.file, "sdc": _sdc(report)}],
        "outcome": {},
        "command": f"python -m output_checks check {report.file}",
        "summary": _summary(report),
        "timestamp": when.isoformat(),
        "comments": [f"{each.check}: {each.message} {each.fix} [{each.promise}]" for each in report.findings],
        "exception": "",
    }


def _summary(report: Report) -> str:
    counted = [f"{each.check}: {each.severity} - {len(each.cells)} cells" for each in report.findings]
    return "; ".join((f"{_STATUS[report.verdict]} ({report.verdict})", *counted))


def _sdc(report: Report) -> Mapping[str, Any]:
    """Cells as the viewer counts them: rows below the header, columns after the first."""
    order = {name: at for at, name in enumerate(report.levels)}
    cells: dict[str, list[list[int]]] = {}
    for finding in report.findings:
        cells.setdefault(finding.check, []).extend(_cells(finding, order))
    return {"summary": {name: len(each) for name, each in cells.items()}, "cells": cells}


def _cells(finding: Finding, order: Mapping[str, int]) -> list[list[int]]:
    return [[cell.row, order[cell.column]] for cell in finding.cells if cell.column in order]


def _config(policy: Policy) -> Mapping[str, Any]:
    """The policy in ACRO's words, and its digest."""
    return {
        "safe_threshold": policy.small_max + 1,
        "safe_dof_threshold": policy.df_min,
        "safe_nk_n": 2,
        "safe_nk_k": policy.top_two_max,
        "safe_pratio_p": policy.rest_min,
        "survival_safe_threshold": policy.small_max + 1,
        "zeros_are_disclosive": policy.zero_is_small,
        "safe_round_base": policy.rounding_base,
        "suppress": True,
        "policy": policy.label,
        "policy_digest": policy.digest,
    }
