"""A report as a fragment of HTML, to be put into a page: no script, no style, nothing fetched, every word escaped.

Refuses to show a value or a label of the data: places are rows and columns [P1].
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from html import escape

from output_checks.model import Finding, Report

_MOST_PLACES = 20


def fragment(report: Report) -> str:
    """One `section` with a heading, how sure we are, and a table of findings."""
    return "".join(_parts(report))


def _parts(report: Report) -> Iterator[str]:
    yield f'<section class="report" data-verdict="{escape(report.verdict)}">'
    yield f"<h2>{escape(report.file)}: {escape(report.verdict)}</h2>"
    yield f"<p>{escape(report.policy)}, policy <code>{escape(report.policy_digest[:16])}</code>. {_sure(report)}</p>"
    if report.findings:
        yield "<table><thead><tr><th>Weight</th><th>Check</th><th>Where</th><th>Why</th><th>What would mend it</th></tr></thead><tbody>"
        yield from map(_row, report.findings)
        yield "</tbody></table>"
    else:
        yield "<p>Nothing was found.</p>"
    yield "</section>"


def _sure(report: Report) -> str:
    counted = Counter(level for levels in report.levels.values() for level in levels)
    cells = ", ".join(f"{many} {level}" for level, many in sorted(counted.items()))
    return f"How sure we are: <strong>{escape(report.level)}</strong>" + (
        f" (cells: {escape(cells)})." if cells else "."
    )


def _row(finding: Finding) -> str:
    cells = (
        finding.severity,
        f"{finding.check} [{finding.promise}], {finding.confidence}",
        places(finding),
        finding.message,
        finding.fix,
    )
    return (
        f'<tr data-severity="{escape(finding.severity)}">'
        + "".join(f"<td>{escape(c)}</td>" for c in cells)
        + "</tr>"
    )


def places(finding: Finding) -> str:
    """Where, for a person: the column, and rows as a spreadsheet counts them (the header is row 1)."""
    rows = sorted({cell.row + 2 for cell in finding.cells})
    some = ", ".join(map(str, rows[:_MOST_PLACES])) + (" …" if len(rows) > _MOST_PLACES else "")
    column = finding.column or ", ".join(sorted({cell.column for cell in finding.cells})[:_MOST_PLACES])
    return "; ".join(part for part in (column, f"rows {some}" if rows else "") if part) or "the file"
