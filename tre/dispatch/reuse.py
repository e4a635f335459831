"""When an earlier result may stand for a new one: when everything that it was made of is the same, to the byte. Pure.

The key covers the study, the action and the code it sees, the bytes of every input, the image by content, the store and
its opt-out list by version, and our own code that lays a query out. Refuses a key for maintenance: a health job that did
not run has proved nothing; and for an action whose inputs have not all landed.
"""

import hashlib

from job_specs.model import Purpose
from tre.custody.encoding import canonical
from tre.custody.requests import Job, JobRequest, JobState, RequestStage

NEVER_FROM = frozenset({RequestStage.RECALLED, RequestStage.REFUSED, RequestStage.CANCELLED})
"""Requests whose results nobody should build on."""


def reuse_key(case: JobRequest, job: Job, made_with: str) -> str:
    """What the action's result is known by; empty where it must be made anew.

    Args:
        case: the request.
        job: its job of the action, started: its image, store and opt-out list are known.
        made_with: the digest of our own code that lays queries out.
    """
    needed = [case.job(name) for name in job.action.needs]
    landed = all(other is not None and other.state is JobState.LANDED for other in needed)
    if case.submission.purpose is Purpose.PLATFORM_MAINTENANCE or not landed or not job.action.content_key:
        return ""
    inputs = {output.path: output.digest for other in needed if other for output in other.outputs}
    parts = [
        case.submission.application,
        case.submission.backend,
        job.action.name,
        job.action.content_key,
        inputs,
    ]
    return hashlib.sha256(canonical([*parts, job.image, job.store, job.opt_outs, made_with])).hexdigest()
