"""A report for a terminal. Refuses to print a value or a label of the data: it has none to print [P1]."""

from __future__ import annotations

from output_checks.model import Finding, Report


def in_words(report: Report) -> str:
    """The verdict, and one line for each finding."""
    lines = [f"{report.file}: {report.verdict} ({report.level}, {report.policy})"]
    lines += [f"  {line}" for line in map(_line, report.findings)]
    return "\n".join(lines) + "\n"


def _line(finding: Finding) -> str:
    where = f" [{finding.column}]" if finding.column else ""
    many = f" {len(finding.cells)} cell(s)." if finding.cells else ""
    return f"{finding.severity}: {finding.check}{where}: {finding.message}{many} {finding.fix} [{finding.promise}]"
