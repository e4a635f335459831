"""The automatic checks over what landed: bytes from the quarantine, the declaration from the spec, people from the units.

Refuses to offer an output without a report. Reports, and the canonical twins that may leave, are kept by digest.
"""

import csv
import io
from collections.abc import Mapping
from typing import Any

from job_specs.model import Action
from output_checks.check import check
from output_checks.model import Confidence, Evidence
from output_checks.model import Offered as ForCheck
from output_checks.policy import Policy
from tre.custody.outputs import Offered, Output
from tre.custody.policies.run import to_offer
from tre.custody.requests import ActionKind, JobRequest
from tre.dispatch.actions import matches
from tre.dispatch.code import fetch
from tre.dispatch.intake import OUTPUTS, Intake, question, read_study
from tre.dispatch.ports import DataRoom, Shelf, inside_path

UNITS = "units.json"
"""The engine's own count of people beside an aggregate."""


class Checks:
    """Runs the disclosure checks for the platform."""

    def __init__(
        self,
        documents: Shelf,
        quarantine: Shelf,
        data: DataRoom,
        *,
        policy: Policy,
        images: Mapping[str, str],
    ) -> None:
        """``policy`` is the disclosure policy in force; its digest goes on every report [P10]."""
        self._documents = documents
        self._quarantine = quarantine
        self._data = data
        self._policy = policy
        self._images = images

    def over(self, case: JobRequest) -> tuple[Offered, ...]:
        """Check every output that is asked to leave."""
        intake = read_study(fetch(case.submission.code, self._documents.get), self._data, self._images)
        return tuple(self._offer(case, intake, output) for output in to_offer(case))

    def _offer(self, case: JobRequest, intake: Intake, output: Output) -> Offered:
        action = intake.spec.action(output.action)
        content = self._quarantine.get(output.digest)
        offer = ForCheck(
            path=output.path,
            content=content,
            declaration=declaration(action, output.path),
            evidence=self._evidence(case, intake, action, content),
            pseudonyms=self._pseudonyms(case),
        )
        report = check(offer, self._policy)
        return Offered(
            path=output.path,
            raw=output.digest,
            digest=self._quarantine.put(report.twin) if report.twin is not None else output.digest,
            report=self._quarantine.put(report.to_json(inside=True).encode()),
            level=report.level,
            verdict=report.verdict,
        )

    def _evidence(self, case: JobRequest, intake: Intake, action: Action, content: bytes) -> Evidence | None:
        """People behind each row, where the engine counted them beside the numbers."""
        job = case.job(action.name)
        kept_as = inside_path(action.name, UNITS)
        counted = [output for output in (job.outputs if job else ()) if output.path == kept_as]
        if not counted:
            return None
        asked = question(intake, action, self._data)
        untrusted = self._quarantine.get(counted[0].digest)
        people = self._data.people(untrusted, asked, rows=_rows(content))
        return Evidence(people=people.per_row, source=Confidence.PROVED, roles=people.roles)

    def _pseudonyms(self, case: JobRequest) -> frozenset[str] | None:
        """The pseudonyms in every extract of the request, however far upstream, to be looked for in what is offered."""
        extracts = (job for job in case.jobs if job.action.kind is ActionKind.EXTRACT)
        files = [output for job in extracts for output in job.outputs if output.path.startswith(OUTPUTS)]
        found = [self._data.pseudonyms(self._quarantine.get(output.digest)) for output in files]
        return frozenset().union(*found) if found else None


def declaration(action: Action, path: str) -> Mapping[str, Any] | None:
    """What the spec says this output is, in the vocabulary of the statistics."""
    for output in action.outputs:
        if output.statistic is not None and matches(path, output.pattern):
            return output.statistic.as_dict()
    return None


def _rows(content: bytes) -> int:
    """How many rows an aggregate's own CSV has below its header; the engine wrote it."""
    return max(sum(1 for _ in csv.reader(io.StringIO(content.decode("utf-8")))) - 1, 0)
