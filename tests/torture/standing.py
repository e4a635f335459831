"""What a site's jobs wait for: said when a bad night does not end, so that the failure is its own explanation."""

import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.torture.stand import hands_now
from tre.cli.house import House
from tre.custody.requests import JobRequest, JobState, RequestStage

FINAL = frozenset({RequestStage.RELEASED, RequestStage.FAILED})
TOLD = 12


def stage_of(case: JobRequest) -> str:
    """A job's stage, and each of its actions with its state and outcome."""
    return "/".join((case.stage, *(f"{job.action.name}:{job.state}:{job.outcome}" for job in case.jobs)))


def is_over(house: House, case: JobRequest) -> bool:
    """Whether nothing is left to do for a job, its delivery included."""
    return case.stage in FINAL and (case.stage is not RequestStage.RELEASED or house.push.is_delivered(case))


def what_waits(house: House, cases: Mapping[str, JobRequest]) -> list[str]:
    """Every unfinished job with what it waits for, as far as claims, leases, faults, boxes and logs say."""
    open_cases = [case for case in cases.values() if not is_over(house, case)]
    said = [line for case in open_cases[:TOLD] for line in _of_a_case(house, case)]
    more = [f"and {len(open_cases) - TOLD} more"] if len(open_cases) > TOLD else []
    return [*said, *more, *_boxes(house.folders.site), *_logs(house.folders.site.parent)]


def _of_a_case(house: House, case: JobRequest) -> Iterator[str]:
    now = hands_now(house).timestamp()
    yield f"{case.id} waits: {stage_of(case)}"
    leases, faults = house.service.claims.leases(), house.service.claims.faults()
    started = {job.action.name for job in case.jobs if job.state is JobState.STARTED}
    for action, claim in house.service.claims.of(case.id).items():
        if action in started or action.startswith("@"):
            lasts = leases.get(claim.worker, 0.0) - now
            yield f"  {action}: claim {claim.token} of {claim.worker}, whose lease lasts {lasts:.1f} s more"
    for (request, action), fault in faults.items():
        if request == case.id:
            yield f"  {action}: fault {fault.number} ({fault.code}), again in {fault.again_at - now:.1f} s"


def _boxes(site: Path) -> Iterator[str]:
    for played in sorted(site.glob("work/*/boxes/boxes/*/played.json"))[:TOLD]:
        box = json.loads(played.read_text(encoding="utf-8"))
        left = box["started"] + box["seconds"] - time.time()
        yield f"box {played.parent.name}: played, {left:.1f} s left"


def _logs(folder: Path) -> Iterator[str]:
    for log in sorted(folder.glob("*.log")):
        lines = log.read_text(encoding="utf-8", errors="backslashreplace").splitlines()
        yield f"{log.name} ends: " + " | ".join(lines[-4:])
