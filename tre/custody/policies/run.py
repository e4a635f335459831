"""Whether an action may start, and whether what is said of it can be true [P6] [P9].

Refuses an action whose needs have not landed, a stale or missing opt-out list, and a finish while something still runs.
"""

from job_specs.model import Purpose, Sensitivity
from tre.custody.commands import Check, Fail, Finish, Land, Start, Submit, View
from tre.custody.errors import Refusal
from tre.custody.outputs import Output
from tre.custody.policies.question import Question
from tre.custody.requests import ActionAsked, Job, JobRequest, JobState, Outcome, Submission


def actions_stand_in_order(q: Question) -> Refusal | None:
    """A request asks for something, and every action comes after the actions it needs."""
    if isinstance(q.command, Submit) and _in_order(q.command.submission.actions):
        return None
    return Refusal(
        "actions-out-of-order",
        "The request asks for no action, or for one before another that it needs.",
        "Plan the spec again with `tre spec check` and submit the plan it gives.",
        "P13",
    )


def continues_its_own_study(q: Question) -> Refusal | None:
    """A request continues none, or one that is known and of the same study."""
    if isinstance(q.command, Submit) and _own_earlier(q.command.submission, q.context.earlier):
        return None
    return Refusal(
        "continues-unknown",
        "The request says that it continues another, which is not known or is another study's.",
        "Name a job request of this study, or none.",
        "P13",
    )


def action_can_start(q: Question) -> Refusal | None:
    """An action starts once, after everything it needs has landed."""
    job = _job(q)
    if job is not None and job.state is JobState.ASKED and _needs_landed(q, job):
        return None
    return Refusal(
        "action-not-ready",
        "This action is unknown, has started already, or needs another that has not landed.",
        "Wait for what it needs; `tre job show` gives the order.",
        "P13",
    )


def opt_outs_are_fresh(q: Question) -> Refusal | None:
    """No run without a store whose opt-out list is there and recent [P6]."""
    store = q.context.store
    fresh_for = q.context.rules.opt_outs_fresh_for
    if store is not None and q.day - store.opt_outs.dated <= fresh_for and store.opt_outs.dated <= q.day:
        return None
    return Refusal(
        "opt-outs-stale",
        f"There is no store built with an opt-out list of the last {fresh_for.days} days.",
        "A maintainer must load the current list and rebuild the store: `tre data ingest`.",
        "P6",
    )


def opt_outs_are_in_force(q: Question) -> Refusal | None:
    """The store shows the very lists that the ledger says are in force: none deleted, altered or put back [P6].

    A maintenance job may read canaries instead, who are nobody and have no list on the ledger.
    """
    of_nobody = q.context.store is not None and q.context.store.canaries
    if (of_nobody and q.purpose is Purpose.PLATFORM_MAINTENANCE) or _shows_what_is_in_force(q):
        return None
    return Refusal(
        "opt-outs-not-in-force",
        "The store does not show the lists of opt-outs that are in force: one is missing, older, or not the same.",
        "A maintainer applies the newest signed list again (`tre data opt-outs apply`), or builds the store anew with it.",
        "P6",
    )


def needs_left_out_the_same_people(q: Question) -> Refusal | None:
    """What an action is given was made under the list of today: nobody who has opted out since is in it [P6]."""
    job, store = _job(q), q.context.store
    if job is None or store is None or not isinstance(q.case, JobRequest):
        return None
    needed = [q.case.job(name) for name in job.action.needs]
    if all(other is None or other.opt_outs == store.opt_outs.digest for other in needed):
        return None
    return Refusal(
        "opt-outs-moved",
        "What this action needs was made under another list of opt-outs than the one in force.",
        "Cancel the request and submit it again: its extracts are then made anew.",
        "P6",
    )


def action_is_running(q: Question) -> Refusal | None:
    """Only an action that was started can land; only one that has not ended can fail."""
    job = _job(q)
    expected = {JobState.STARTED} if isinstance(q.command, Land) else {JobState.ASKED, JobState.STARTED}
    if job is not None and job.state in expected:
        return None
    return Refusal(
        "action-not-running",
        "This action is not running, so it cannot end.",
        "Nothing is to be done: the ledger already holds how it ended.",
        "P13",
    )


def failure_is_not_a_success(q: Question) -> Refusal | None:
    """An action that failed did not succeed [P13]."""
    if isinstance(q.command, Fail) and q.command.outcome is not Outcome.SUCCEEDED:
        return None
    return Refusal(
        "not-a-failure",
        "An action cannot fail by succeeding.",
        "A maintainer must look at the platform: this should not happen.",
        "P13",
    )


def outputs_are_the_actions_own(q: Question) -> Refusal | None:
    """What lands was made by the action that lands, one file a path across the whole request."""
    if isinstance(q.command, Land) and isinstance(q.case, JobRequest):
        paths = [output.path for output in (*q.case.outputs, *q.command.outputs)]
        own = all(output.action == q.command.action for output in q.command.outputs)
        if own and len(set(paths)) == len(paths):
            return None
    return Refusal(
        "outputs-not-its-own",
        "An output is claimed by two actions, or by another action than the one that ended.",
        "Give each action's outputs paths of their own in the spec.",
        "P13",
    )


def everything_has_landed(q: Question) -> Refusal | None:
    """A request is finished when each of its actions has landed."""
    if isinstance(q.command, Finish) and isinstance(q.case, JobRequest):
        states = {job.state for job in q.case.jobs}
        if states == {JobState.LANDED}:
            return None
    return Refusal("still-running", "An action has not landed yet.", "Wait for it.", "P13")


def checks_cover_what_landed(q: Question) -> Refusal | None:
    """Every moderately sensitive output is checked, from the bytes that landed, and nothing else is [P9].

    Nothing to check is a refusal, never a pass.
    """
    if isinstance(q.command, Check) and isinstance(q.case, JobRequest):
        landed = sorted((output.path, output.digest) for output in to_offer(q.case))
        if landed and landed == sorted((offered.path, offered.raw) for offered in q.command.offered):
            return None
    return Refusal(
        "checks-incomplete",
        "The checks do not cover exactly the outputs that are asked to leave.",
        "Declare at least one moderately sensitive output; if one is declared, the platform must check again.",
        "P9",
    )


def checked_under_the_policy_in_force(q: Question) -> Refusal | None:
    """What is signed off was checked under today's disclosure policy [P10]."""
    policy = q.command.policy if isinstance(q.command, Check) else _checked_under(q)
    if policy == q.context.rules.check_policy:
        return None
    return Refusal(
        "policy-changed",
        "The outputs were checked under another version of the disclosure policy.",
        "The platform checks them again by itself; then vote on the new report.",
        "P10",
    )


def file_is_of_this_case(q: Question) -> Refusal | None:
    """A checker opens only files of the case they are checking [P13]."""
    if isinstance(q.command, View) and isinstance(q.case, JobRequest):
        known = {output.digest for output in q.case.outputs if output.sensitivity is Sensitivity.MODERATE}
        known |= {
            digest for offered in q.case.offered for digest in (offered.raw, offered.digest, offered.report)
        }
        known |= {job.log for job in q.case.jobs if job.log}
        known |= {file.digest for statement in q.case.statements for file in statement.files}
        if q.command.digest in known:
            return None
    return Refusal(
        "file-not-of-this-case",
        "This file does not belong to the job request.",
        "List its files with `tre review show`.",
        "P13",
    )


def to_offer(case: JobRequest) -> tuple[Output, ...]:
    """The outputs that are asked to leave: moderately sensitive, not withheld by their author, and not gone already."""
    moderate = (output for output in case.outputs if output.sensitivity is Sensitivity.MODERATE)
    return tuple(output for output in moderate if output.path not in {*case.withheld, *case.left})


def _in_order(actions: tuple[ActionAsked, ...]) -> bool:
    earlier: set[str] = set()
    for action in actions:
        if not earlier.issuperset(action.needs):
            return False
        earlier.add(action.name)
    return bool(actions)


def _own_earlier(wanted: Submission, earlier: JobRequest | None) -> bool:
    if not wanted.continues:
        return True
    known = earlier is not None and earlier.id == wanted.continues and earlier.submissions
    return bool(known) and earlier is not None and earlier.submission.application == wanted.application


def _shows_what_is_in_force(q: Question) -> bool:
    if q.context.store is None or not isinstance(q.case, JobRequest):
        return False
    return q.context.lists.allow(q.case.submission.backend, q.context.store.shown)


def _job(q: Question) -> Job | None:
    asked = q.command.action if isinstance(q.command, Start | Land | Fail) else ""
    return q.case.job(asked) if isinstance(q.case, JobRequest) else None


def _needs_landed(q: Question, job: Job) -> bool:
    if not isinstance(q.case, JobRequest):
        return False
    needed = [q.case.job(name) for name in job.action.needs]
    return all(other is not None and other.state is JobState.LANDED for other in needed)


def _checked_under(q: Question) -> str:
    return q.case.policy if isinstance(q.case, JobRequest) else ""
