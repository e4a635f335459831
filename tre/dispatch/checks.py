"""The automatic checks over what landed: bytes from the quarantine, the declaration from the spec, people from the units.

Refuses to offer an output without a report. Reports, and the canonical twins that may leave, are kept by digest.
"""

from collections.abc import Callable, Mapping
from typing import Any

from job_specs.model import Action, JobSpec
from output_checks.check import check
from output_checks.model import Confidence, Evidence, Report
from output_checks.model import Offered as ForCheck
from output_checks.policy import Policy
from tre.custody.outputs import Offered, Output
from tre.custody.policies.run import to_offer
from tre.custody.requests import ActionKind, JobRequest
from tre.dispatch.actions import matches, units_path
from tre.dispatch.code import fetch
from tre.dispatch.intake import SPEC
from tre.dispatch.ports import DataRoom, Shelf

Parse = Callable[[str], JobSpec]


class Checks:
    """Runs the disclosure checks for the platform."""

    def __init__(
        self, documents: Shelf, quarantine: Shelf, data: DataRoom, policy: Policy, parse: Parse
    ) -> None:
        """``policy`` is the disclosure policy in force; its digest goes on every report [P10]."""
        self._documents = documents
        self._quarantine = quarantine
        self._data = data
        self._policy = policy
        self._parse = parse

    def over(self, case: JobRequest) -> tuple[Offered, ...]:
        """Check every output that is asked to leave."""
        spec = self._parse(fetch(case.submission.code, self._documents.get).text(SPEC))
        return tuple(self._offer(case, spec.action(output.action), output) for output in to_offer(case))

    def _offer(self, case: JobRequest, action: Action, output: Output) -> Offered:
        content = self._quarantine.get(output.digest)
        report = check(
            ForCheck(
                path=output.path,
                content=content,
                declaration=declaration(action, output.path),
                evidence=self._evidence(case, action),
                pseudonyms=self._pseudonyms(case, action),
            ),
            self._policy,
        )
        offered = self._quarantine.put(report.twin if report.twin is not None else content)
        return Offered(
            path=output.path,
            raw=output.digest,
            digest=offered,
            report=self._quarantine.put(report.to_json()),
            level=report.level,
            verdict=report.verdict,
        )

    def _evidence(self, case: JobRequest, action: Action) -> Evidence | None:
        """People behind each row, where the engine counted them beside the numbers."""
        job = case.job(action.name)
        counted = [o for o in (job.outputs if job else ()) if o.path == units_path(action.name)]
        if not counted:
            return None
        people = self._data.people(self._quarantine.get(counted[0].digest))
        return Evidence(people=people.per_row, source=Confidence.PROVED, roles=people.roles)

    def _pseudonyms(self, case: JobRequest, action: Action) -> frozenset[str] | None:
        """The pseudonyms that the action could read, to be looked for in what it offers."""
        needed = [case.job(need) for need in action.needs]
        extracts = [job for job in needed if job is not None and job.action.kind is ActionKind.EXTRACT]
        found = [
            self._data.pseudonyms(self._quarantine.get(output.digest))
            for job in extracts
            for output in job.outputs
        ]
        return frozenset().union(*found) if found else None


def declaration(action: Action, path: str) -> Mapping[str, Any] | None:
    """What the spec says this output is, in the vocabulary of the statistics."""
    for output in action.outputs:
        if output.statistic is not None and matches(path, output.pattern):
            return output.statistic.as_dict()
    return None


def read_report(content: bytes) -> Report:
    """A report as it was kept."""
    return Report.from_json(content)
