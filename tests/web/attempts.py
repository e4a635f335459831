"""How each route that takes a step is asked, so that nothing but who asks, and where the case stands, can be wrong.

A route that takes a step and is not here fails `tests/web/test_authorisation_matrix.py`: add a line, and its rule is tried everywhere.
"""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.web.authorisation import APPLICATIONS, JOBS, Asker
from tests.web.stages import Told
from tests.web.test_job_pages import zipped

Sent = dict[str, Any]


@dataclass(frozen=True)
class Attempt:
    """A route's step, and what is sent with it.

    ``desk``: it is on the checkers' side, where no member of the study comes. ``files``: how many are on offer. ``heard``: it is answered
    well whether or not there is anything to stop, because a report is never blocked [P15]; it stops the study, so it comes last.
    """

    kind: str
    step: str
    sends: Callable[["Trial"], Sent] = lambda _: {}
    desk: bool = False
    files: int = 1
    heard: bool = False


@dataclass(frozen=True)
class Trial:
    """One attempt: the site, who asks, and the case."""

    site: Any
    told: Told
    asker: Asker
    case: str


def words(_: Trial) -> Sent:
    return {"note": "Words.", "words": "Words.", "do": "agree"}


def approval(trial: Trial) -> Sent:
    asked = trial.told.proposal
    columns = [f"{scope.table}.{column}" for scope in asked.datasets for column in scope.columns]
    return {"starts": asked.starts.isoformat(), "ends": asked.ends.isoformat(), "column": columns}


def breach(trial: Trial) -> Sent:
    return {"because": "suspected-breach", "about": trial.case, "note": "Words."}


def drafted(trial: Trial) -> Sent:
    """Words on each file, kept as the review page keeps them until they are handed in."""
    case = trial.site.common.service.request(trial.case)
    body = {
        path: {"digest": trial.told.raw, "decision": "approve", "note": "Fine."} for path in trial.told.paths
    }
    trial.site.common.accounts.keep_draft(
        f"review-{trial.asker.name}-{case.id}-{case.round}",
        trial.asker.name,
        about="review",
        body=json.dumps(body),
        now=int(trial.site.now().timestamp()),
    )
    return {}


def word(trial: Trial) -> Sent:
    return {"file": "0", "digest": trial.told.raw, "decision": "approve", "words": "Words.", "note": "Words."}


PAGES: Mapping[str, Attempt] = {
    **{
        f"POST /studies/{{case_id:str}}/{verb}": Attempt(APPLICATIONS, verb, sends)
        for verb, sends in {
            "approve": approval, "return": words, "reject": words, "suspend": words, "reinstate": words, "withdraw": words,
        }.items()
    },
    "POST /studies/{case_id:str}/sections/{section:str}/assess": Attempt(APPLICATIONS, "assess", words),
    "POST /studies/{case_id:str}/sections/{section:str}/discuss": Attempt(APPLICATIONS, "discuss", words),
    "POST /jobs/{case_id:str}/cancel": Attempt(JOBS, "cancel", words),
    "POST /jobs/{case_id:str}/describe": Attempt(JOBS, "describe", lambda _: {"population-0": "Everybody."}),
    "POST /jobs/{case_id:str}/remark": Attempt(
        JOBS, "comment", lambda trial: {"path": trial.told.paths[0], "words": "Words."}
    ),
    "POST /jobs/{case_id:str}/resubmit": Attempt(JOBS, "resubmit", words),
    "POST /review/{job:str}/vote": Attempt(JOBS, "vote", drafted, desk=True),
    "POST /review/{job:str}/change": Attempt(JOBS, "vote", word, desk=True),
    "POST /review/{job:str}/remark": Attempt(JOBS, "comment", word, desk=True),
    "POST /review/{job:str}/return": Attempt(JOBS, "request-changes", words, desk=True),
    "POST /review/{job:str}/sign-off": Attempt(JOBS, "sign-off", words, desk=True),
    "POST /review/{job:str}/sign-off-part": Attempt(JOBS, "sign-off-part", words, desk=True, files=2),
    "POST /review/{job:str}/refuse": Attempt(JOBS, "refuse", words, desk=True),
    "POST /incidents/new": Attempt(JOBS, "recall", breach, heard=True),
}  # fmt: skip


def reason(trial: Trial) -> Sent:
    del trial
    return {"because": "needs-changes", "note": "Words."}


def given(trial: Trial) -> Sent:
    asked = trial.told.proposal
    datasets = {scope.table: list(scope.columns) for scope in asked.datasets}
    return {"starts": asked.starts.isoformat(), "ends": asked.ends.isoformat(), "datasets": datasets}


def proposed(trial: Trial) -> Sent:
    asked = trial.told.proposal
    said = {"title": asked.title, "lay_summary": asked.lay_summary, "organisation": asked.organisation}
    known = {"purpose": asked.purpose.value, "legal_basis": asked.legal_basis, "members": list(asked.members)}
    return said | known | given(trial)


def section(_: Trial) -> Sent:
    return {"section": "about", "note": "Words."}


def described(trial: Trial) -> Sent:
    return {"files": [{"path": trial.told.paths[0], "population": "Everybody."}]}


def on_a_file(trial: Trial) -> Sent:
    return {"path": trial.told.paths[0], "digest": trial.told.raw, "decision": "approve", "note": "Words."}


def remarked(trial: Trial) -> Sent:
    return {
        "path": trial.told.paths[0],
        "digest": trial.told.raw,
        "because": "needs-changes",
        "note": "Words.",
    }


API: Mapping[str, Attempt] = {
    **{
        f"POST /api/studies/{{case_id:str}}/{verb}": Attempt(APPLICATIONS, verb, sends)
        for verb, sends in {
            "revise": proposed, "approve": given, "return": reason, "reject": reason, "suspend": reason,
            "reinstate": reason, "withdraw": reason, "discuss": section,
            "assess": lambda trial: {**section(trial), "agreed": True},
        }.items()
    },
    "POST /api/jobs/{case_id:str}/cancel": Attempt(JOBS, "cancel", lambda _: {"note": "Words."}),
    "POST /api/jobs/{case_id:str}/resubmit": Attempt(JOBS, "resubmit", lambda _: {"note": "Words."}),
    "POST /api/jobs/{case_id:str}/remark": Attempt(
        JOBS, "comment", lambda trial: {"path": trial.told.paths[0], "note": "Words."}
    ),
    "POST /api/jobs/{case_id:str}/describe": Attempt(JOBS, "describe", described),
    "POST /api/review/{job:str}/vote": Attempt(JOBS, "vote", lambda trial: {"files": [on_a_file(trial)]}, desk=True),
    "POST /api/review/{job:str}/change": Attempt(JOBS, "vote", on_a_file, desk=True),
    "POST /api/review/{job:str}/remark": Attempt(JOBS, "comment", remarked, desk=True),
    "POST /api/review/{job:str}/return": Attempt(JOBS, "request-changes", reason, desk=True),
    "POST /api/review/{job:str}/sign-off": Attempt(JOBS, "sign-off", desk=True),
    "POST /api/review/{job:str}/sign-off-part": Attempt(JOBS, "sign-off-part", desk=True, files=2),
    "POST /api/review/{job:str}/refuse": Attempt(JOBS, "refuse", reason, desk=True),
    "POST /api/incidents": Attempt(JOBS, "recall", lambda trial: {"about": trial.case}, heard=True),
}  # fmt: skip

STARTING = {
    "POST /studies/new": "apply",
    "POST /studies/{case_id:str}/revise": "revise",
    "POST /studies/drafts/{draft:str}": "apply",
    "POST /studies/drafts/{draft:str}/drop": "apply",
    "POST /api/studies": "apply",
    "POST /api/drafts": "apply",
    "POST /api/drafts/{draft:str}": "apply",
    "POST /api/drafts/{draft:str}/drop": "apply",
    "POST /jobs/new": "submit",
    "POST /jobs/{case_id:str}/again": "submit",
    "POST /api/jobs": "submit",
    "POST /api/jobs/{case_id:str}/again": "submit",
}
"""Routes that begin a case, or a draft of one: there is no stage yet to try them at."""


def code() -> Sent:
    """The example study, as each face takes it."""
    return {"files": {"code": ("study.zip", zipped())}, "base64": base64.b64encode(zipped()).decode()}
