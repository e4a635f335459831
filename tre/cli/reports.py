"""Reports on offered files, as a person may see them. Refuses to open a report for anyone before ``views`` has filtered it."""

from typing import Any

from output_checks.model import Report
from tre.cli.house import House
from tre.custody.requests import JobRequest
from tre.views import Sight, report_view


def findings_of(house: House, case: JobRequest, seen: Sight) -> list[dict[str, Any]]:
    """Every offered file with its findings, as far as this person may see them [P1]."""
    return [
        report_view(offered, Report.from_json(house.quarantine.get(offered.report).decode()), seen)
        for offered in case.offered
    ]
