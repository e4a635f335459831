"""What the core must answer, written down a second time: the manual's tables and plain conditions, no policy objects.

For each step: from which stages, by whom, and which questions are asked in which order; for each question: when the answer
is no. It shares the nouns with the core and nothing else: no map, no rule, no decision. It is slow and obvious on purpose.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any

from tre.custody.context import Context
from tre.custody.requests import JobRequest
from tre.custody.studies import Application

# Which step leads where: "step > stage" for every stage; whose step it is, in brackets.
STUDY = """
new:        apply[author] > applied
applied:    revise[author] > applied, approve[approver] > approved, return[approver] > returned,
            assess[approver] > applied, discuss[author approver] > applied, reject[approver] > rejected, withdraw[author] > withdrawn
returned:   revise[author] > applied, discuss[author approver] > returned, withdraw[author] > withdrawn
approved:   suspend[anyone] > suspended, withdraw[author approver] > withdrawn, expire[platform] > expired
suspended:  reinstate[approver] > approved, withdraw[author approver] > withdrawn, expire[platform] > expired
rejected:
withdrawn:
expired:
"""
JOB = """
new:        submit[author] > submitted
submitted:  start[platform] > running, fail[platform] > failed, cancel[author] > cancelled
running:    start[platform] > running, land[platform] > running, fail[platform] > failed, finish[platform] > landed,
            cancel[author] > cancelled
landed:     check[platform] > checked, cancel[author] > cancelled, recall[anyone] > recalled
checked:    check[platform] > checked, view[checker] > checked, vote[checker] > voted, describe[author] > checked,
            comment[author checker] > checked, sign-off[checker] > signed-off, recall[anyone] > recalled,
            request-changes[checker] > returned, refuse[checker] > refused, cancel[author] > cancelled
voted:      check[platform] > checked, view[checker] > voted, vote[checker] > reviewed,
            comment[author checker] > voted, recall[anyone] > recalled,
            request-changes[checker] > returned, refuse[checker] > refused, cancel[author] > cancelled
reviewed:   check[platform] > checked, view[checker] > reviewed, vote[checker] > reviewed, sign-off[checker] > signed-off,
            sign-off-part[checker] > part-signed-off, comment[author checker] > reviewed, recall[anyone] > recalled,
            request-changes[checker] > returned, refuse[checker] > refused, cancel[author] > cancelled
returned:   view[checker] > returned, resubmit[author] > landed, cancel[author] > cancelled, describe[author] > returned,
            comment[author checker] > returned, recall[anyone] > recalled
part-signed-off: check[platform] > checked, view[checker] > part-signed-off, release-part[platform] > reviewed,
            refuse[checker] > refused, recall[anyone] > recalled
signed-off: check[platform] > checked, view[checker] > signed-off, release[platform] > released, refuse[checker] > refused,
            recall[anyone] > recalled
released:   view[checker] > released, recall[anyone] > recalled
failed:     view[checker] > failed
cancelled:  recall[anyone] > recalled
refused:    recall[anyone] > recalled
recalled:   view[checker] > recalled
"""
ROLES = {
    "author": {"researcher", "maintainer"},
    "approver": {"approver"},
    "checker": {"output-checker"},
    "platform": {"platform"},
    "anyone": {
        "researcher", "approver", "output-checker", "maintainer", "information-governance", "caldicott-guardian",
        "data-protection-officer",
    },
}  # fmt: skip

FIRST = "step-not-on-map not-your-role training-lapsed"
STUDY_LIVE = "purpose-mismatch not-approved approval-lapsed"
LAW = "basis-unknown purpose-not-permitted basis-lapsed basis-does-not-cover"
QUESTIONS = {
    "apply": f"{FIRST} not-a-member purpose-not-yours {LAW}",
    "revise": f"{FIRST} not-a-member purpose-not-yours {LAW}",
    "approve": f"{FIRST} own-study {LAW} approval-too-wide section-open",
    "assess": f"{FIRST} own-study words-needed",
    "discuss": f"{FIRST} not-yours-to-discuss",
    "return": f"{FIRST} own-study",
    "reject": f"{FIRST} own-study",
    "withdraw": f"{FIRST} not-a-member",
    "suspend": f"{FIRST} suspension-not-yours",
    "reinstate": f"{FIRST} own-study {LAW}",
    "expire": f"{FIRST} not-yet-expired",
    "submit": f"{FIRST} study-unknown not-a-member purpose-not-yours {STUDY_LIVE} {LAW} columns-not-approved actions-out-of-order"
    " continues-unknown",
    "start": f"{FIRST} study-unknown {STUDY_LIVE} {LAW} columns-not-approved submitter-training-lapsed action-not-ready opt-outs-stale"
    " national-opt-outs-stale opt-outs-not-in-force law-not-adopted opt-outs-moved",
    "land": f"{FIRST} study-unknown action-not-running outputs-not-its-own",
    "fail": f"{FIRST} study-unknown action-not-running not-a-failure",
    "finish": f"{FIRST} study-unknown still-running",
    "cancel": f"{FIRST} study-unknown not-a-member",
    "check": f"{FIRST} study-unknown checks-incomplete policy-changed",
    "view": f"{FIRST} study-unknown own-study file-not-of-this-case",
    "vote": f"{FIRST} study-unknown own-study {STUDY_LIVE} {LAW} context-missing vote-not-on-these-bytes already-voted"
    " file-refused-by-checks reason-needed answer-needed",
    "describe": f"{FIRST} study-unknown not-a-member context-of-no-file",
    "comment": f"{FIRST} study-unknown not-yours-to-discuss remark-on-no-file",
    "sign-off-part": f"{FIRST} study-unknown own-study purpose-mismatch purpose-never-leaves not-approved approval-lapsed {LAW}"
    " policy-changed signer-has-not-voted not-a-part not-enough-votes refused-file-offered",
    "release-part": f"{FIRST} study-unknown purpose-mismatch purpose-never-leaves not-approved approval-lapsed {LAW}"
    " submitter-training-lapsed policy-changed not-enough-votes refused-file-offered not-the-signed-bytes",
    "request-changes": f"{FIRST} study-unknown own-study note-needed",
    "resubmit": f"{FIRST} study-unknown not-a-member {STUDY_LIVE} {LAW} nothing-offered",
    "sign-off": f"{FIRST} study-unknown own-study purpose-mismatch purpose-never-leaves not-approved approval-lapsed {LAW}"
    " policy-changed signer-has-not-voted not-enough-votes refused-file-offered",
    "release": f"{FIRST} study-unknown purpose-mismatch purpose-never-leaves not-approved approval-lapsed {LAW}"
    " submitter-training-lapsed policy-changed not-enough-votes refused-file-offered not-the-signed-bytes",
    "refuse": f"{FIRST} study-unknown own-study",
    "recall": f"{FIRST} study-unknown nothing-left",
}  # fmt: skip

LASTING = {"moderately_sensitive"}
COVID_19 = {
    "covid-19-research", "covid-19-clinical-audit", "covid-19-service-evaluation", "covid-19-health-surveillance",
}  # fmt: skip


def parse(table: str) -> dict[tuple[str, str], tuple[frozenset[str], str]]:
    """The cells of a table: (stage, step) -> (roles, next stage)."""
    cells: dict[tuple[str, str], tuple[frozenset[str], str]] = {}
    for line in table.strip().replace(",\n", ",").splitlines():
        stage, _, ways = line.partition(":")
        for way in filter(None, (each.strip() for each in ways.split(","))):
            left, _, end = way.partition(" > ")
            step, _, owners = left.rstrip("]").partition("[")
            roles = frozenset().union(*(ROLES[owner] for owner in owners.split()))
            cells[stage.strip(), step] = (roles, end)
    return cells


CELLS = {"application": parse(STUDY), "request": parse(JOB)}


class Asked:
    """Everything that an answer may rest on."""

    def __init__(self, case: Application | JobRequest, command: Any, context: Context, now: datetime) -> None:
        self.case = case
        self.command = command
        self.context = context
        self.step = str(command.step)
        self.day: date = now.astimezone(UTC).date()
        self.who = context.actor.id
        self.roles = {str(role) for role in context.actor.roles}
        kind = "application" if isinstance(case, Application) else "request"
        self.cell = CELLS[kind].get((str(case.stage), self.step))

    @property
    def study(self) -> Application | None:
        return self.case if isinstance(self.case, Application) else self.context.application

    @property
    def proposal(self) -> Any:
        """What the study is, or would be once the step is taken."""
        if self.step in {"apply", "revise"}:
            return self.command.proposal
        return self.study.proposals[-1] if self.study and self.study.proposals else None

    @property
    def submission(self) -> Any:
        if self.step == "submit":
            return self.command.submission
        submissions = self.case.submissions if isinstance(self.case, JobRequest) else ()
        return submissions[-1] if submissions else None

    @property
    def purpose(self) -> str:
        return str((self.submission or self.proposal).purpose.value)

    @property
    def basis(self) -> Any:
        return self.context.bases.get(self.proposal.legal_basis)

    @property
    def tables(self) -> set[str]:
        """The tables that the step is about."""
        if self.step == "approve":
            scopes = self.command.datasets
        elif self.submission is not None:
            scopes = self.submission.datasets
        else:
            scopes = self.proposal.datasets
        return {scope.table for scope in scopes}

    @property
    def breach(self) -> bool:
        return self.step in {"suspend", "recall"} and self.command.reason.code.value == "suspected-breach"

    @property
    def job(self) -> Any:
        named = [job for job in self.case.jobs if job.action.name == self.command.action]  # type: ignore[union-attr]
        return named[0] if named else None


def members_now(study: Application | None) -> set[str]:
    """Who is on the study by its last proposal."""
    return set(study.proposals[-1].members) if study and study.proposals else set()


def members_ever(study: Application | None) -> set[str]:
    """Who is or was on the study."""
    return {name for proposal in (study.proposals if study else ()) for name in proposal.members}


def columns(scopes: Any) -> set[tuple[str, str]]:
    """Pairs of table and column."""
    return {(scope.table, column) for scope in scopes for column in scope.columns}


def not_a_member(a: Asked) -> bool:
    """Members act for a study; approvers take back approvals; maintainers stop runs."""
    if a.step == "apply":
        return a.who not in a.command.proposal.members
    if a.step == "revise":
        return not (a.who in members_now(a.study) and a.who in a.command.proposal.members)
    if a.step == "withdraw" and "approver" in a.roles and a.case.stage.value in {"approved", "suspended"}:
        return False
    if a.step == "cancel" and "maintainer" in a.roles:
        return False
    return a.who not in members_now(a.study)


def study_unknown(a: Asked) -> bool:
    """The job's study is there, has been applied for, and is the one the job names."""
    return not (a.study and a.study.proposals and a.submission and a.study.id == a.submission.application)


def approval_too_wide(a: Asked) -> bool:
    """Something, and no more than was asked."""
    given, asked = a.command, a.study.proposals[-1]  # type: ignore[union-attr]
    something = bool(given.datasets) and given.starts <= given.ends
    within = (
        columns(given.datasets) <= columns(asked.datasets)
        and asked.starts <= given.starts
        and given.ends <= asked.ends
    )
    return not (something and within)


def actions_out_of_order(a: Asked) -> bool:
    """Something is asked, and each action's needs stand before it."""
    names = [action.name for action in a.submission.actions]
    lists = [
        need in names[:place] for place, action in enumerate(a.submission.actions) for need in action.needs
    ]
    return not names or not all(lists)


def action_not_ready(a: Asked) -> bool:
    """Asked, not yet begun, and all its needs have landed."""
    if a.job is None or a.job.state.value != "asked":
        return True
    landed = {job.action.name for job in a.case.jobs if job.state.value == "landed"}  # type: ignore[union-attr]
    return not set(a.job.action.needs) <= landed


def national_stale(a: Asked) -> bool:
    """The law honours national opt-outs, and the store has no list of them of the last so many days."""
    if not a.basis.honours_national:
        return False
    if a.context.store is None or a.context.store.national is None:
        return True
    return not 0 <= (a.day - a.context.store.national).days <= a.context.rules.opt_outs_fresh_for.days


def opt_outs_stale(a: Asked) -> bool:
    """A store is there, and its list is of today or of the last so many days."""
    if a.context.store is None:
        return True
    age = (a.day - a.context.store.opt_outs.dated).days
    return not 0 <= age <= a.context.rules.opt_outs_fresh_for.days


def opt_outs_not_in_force(a: Asked) -> bool:
    """What the store shows is, kind by kind, what the ledger names for the backend, or what it names after the coming build."""
    if a.purpose not in COVID_19 and a.context.store.canaries:  # type: ignore[union-attr]
        return False
    backend = a.case.submissions[-1].backend  # type: ignore[union-attr]
    standing = {each.kind: each for each in dict(a.context.lists.in_force).get(backend, ())}
    coming = {
        each.kind: each
        for each in dict(a.context.lists.coming).get(backend, ())
        if each.kind not in standing or each.dated > standing[each.kind].dated
    }
    shown = {(each.kind, each.dated, each.digest) for each in a.context.store.shown}  # type: ignore[union-attr]
    wanted = [
        {(each.kind, each.dated, each.digest) for each in lists.values()}
        for lists in (standing, standing | coming)
    ]
    return not shown or shown not in wanted


def opt_outs_moved(a: Asked) -> bool:
    """Something that the action needs was made under another list than today's."""
    under = {job.opt_outs for job in a.case.jobs if job.action.name in a.job.action.needs}  # type: ignore[union-attr]
    return bool(under - {a.context.store.opt_outs.digest})  # type: ignore[union-attr]


def action_not_running(a: Asked) -> bool:
    """Only what runs can land; only what has not ended can fail."""
    may = {"started"} if a.step == "land" else {"started", "asked"}
    return a.job is None or a.job.state.value not in may


def outputs_not_its_own(a: Asked) -> bool:
    """An action lands its own files, each path once in the whole request."""
    before = [output.path for job in a.case.jobs for output in job.outputs]  # type: ignore[union-attr]
    paths = before + [output.path for output in a.command.outputs]
    strange = any(output.action != a.command.action for output in a.command.outputs)
    return strange or len(paths) != len(set(paths))


def to_leave(case: Any) -> list[tuple[str, str]]:
    """Path and digest of each file that is asked to leave."""
    outputs = [output for job in case.jobs for output in job.outputs]
    gone = {file.path for statement in case.statements for file in statement.files}
    wanted = [o for o in outputs if o.sensitivity.value in LASTING and o.path not in {*case.withheld, *gone}]
    return sorted((output.path, output.digest) for output in wanted)


def checks_incomplete(a: Asked) -> bool:
    """Each file that is asked to leave is checked, once, from the bytes that landed; nothing is never enough."""
    checked = sorted((offered.path, offered.raw) for offered in a.command.offered)
    return not checked or checked != to_leave(a.case)


def file_not_of_this_case(a: Asked) -> bool:
    """Moderately sensitive outputs, logs, and what the checks made of them."""
    case: Any = a.case
    files = {o.digest for job in case.jobs for o in job.outputs if o.sensitivity.value in LASTING}
    logs = {job.log for job in case.jobs} - {""}
    made = {digest for offered in case.offered for digest in (offered.raw, offered.digest, offered.report)}
    left = {file.digest for statement in case.statements for file in statement.files}
    return a.command.digest not in files | logs | made | left


def offers(case: Any) -> list[tuple[str, str]]:
    """Path and digest of each file on offer."""
    return [(offered.path, offered.digest) for offered in case.offered]


def approved_by(a: Asked, verdict: str) -> list[Any]:
    """The votes for files on which the checks came to that verdict."""
    case: Any = a.case
    paths = {offered.path for offered in case.offered if offered.verdict.value == verdict}
    return [vote for vote in a.command.files if vote.path in paths and vote.decision.value == "approve"]


def voters(a: Asked) -> set[str]:
    """Who has voted on this offer."""
    return {vote.checker for vote in a.case.votes}  # type: ignore[union-attr]


def last_words(case: Any, path: str) -> dict[str, Any]:
    """Each checker's last word on one path: what carried over, unless something was said since."""
    words = {}
    for vote in [*case.carried, *case.votes]:
        for file in vote.files:
            if file.path == path:
                words[vote.checker] = file
    return words


def leaving(a: Asked) -> list[Any]:
    """The offered files that are in question."""
    case: Any = a.case
    if a.step == "sign-off-part":
        return [offered for offered in case.offered if offered.path in a.command.paths]
    if a.step == "release-part":
        return [offered for offered in case.offered if offered.path in case.signed]
    return list(case.offered)


def not_enough_votes(a: Asked) -> bool:
    """Every file has as many yeses as its level needs, from independent people, and more of them than of anything else."""
    for offered in leaving(a):
        needed = a.context.rules.votes.get(offered.level)
        yeses, others = set(), 0
        for checker, word in last_words(a.case, offered.path).items():
            if word.decision.value != "approve":
                others += 1
            elif word.digest == offered.digest and checker not in near(a):
                yeses.add(checker)
        if needed is None or len(yeses) < needed or len(yeses) <= others:
            return True
    return not leaving(a)


def vote_not_on_these_bytes(a: Asked) -> bool:
    """Offered files, each once and at least one; a first vote leaves out only what is settled or has the voter's own yes."""
    case: Any = a.case
    named = [(vote.path, vote.digest) for vote in a.command.files]
    if not named or len({path for path, _ in named}) < len(named) or set(named) - set(offers(case)):
        return True
    if case.stage.value == "reviewed":
        return False
    for offered in case.offered:
        carried = [vote.checker for vote in case.carried for file in vote.files if file.path == offered.path]
        settled = (
            offered.level in a.context.rules.votes and len(carried) >= a.context.rules.votes[offered.level]
        )
        if not settled and a.who not in carried and offered.path not in {path for path, _ in named}:
            return True
    return False


def answer_needed(a: Asked) -> bool:
    """Once both votes are in, a bare yes to what somebody else objects to."""
    if a.case.stage.value != "reviewed":
        return False
    bare = [vote.path for vote in a.command.files if vote.decision.value == "approve" and not vote.note]
    return any(
        word.decision.value != "approve"
        for path in bare
        for checker, word in last_words(a.case, path).items()
        if checker != a.who
    )


def not_yours_to_discuss(a: Asked) -> bool:
    """A member who writes for all to read; or the judge of that kind of case, who is apart from the study."""
    for_all = a.step == "discuss" or a.command.remark.audience.value == "everyone"
    judge = "approver" if a.step == "discuss" else "output-checker"
    if a.who in members_now(a.study) and for_all:
        return False
    return judge not in a.roles or own_study(a)


def continues_unknown(a: Asked) -> bool:
    """What it continues is known, by that name, and of the same study."""
    name, earlier = a.submission.continues, a.context.earlier
    if not name:
        return False
    if earlier is None or earlier.id != name or not earlier.submissions:
        return True
    return earlier.submissions[-1].application != a.submission.application


def not_a_part(a: Asked) -> bool:
    """Some, not all, each once."""
    paths, offered = list(a.command.paths), [path for path, _ in offers(a.case)]
    return not paths or len(paths) != len(set(paths)) or not set(paths) < set(offered)


def context_missing(a: Asked) -> bool:
    """Where it is needed, each offered file has been described."""
    described = {each.path for each in a.case.contexts}  # type: ignore[union-attr]
    return a.context.rules.context_needed and any(path not in described for path, _ in offers(a.case))


def context_of_no_file(a: Asked) -> bool:
    """Files on offer or left out, each once; and something stays on offer."""
    paths = [each.path for each in a.command.contexts]
    on, out = {path for path, _ in offers(a.case)}, {each.path for each in a.case.left_out}  # type: ignore[union-attr]
    if not paths or len(paths) != len(set(paths)) or set(paths) - on - out:
        return True
    choice = dict.fromkeys(on, False) | dict.fromkeys(out, True)
    choice |= {each.path: each.left_out for each in a.command.contexts}
    return all(choice.values())


def remark_on_no_file(a: Asked) -> bool:
    """Either bytes of an offered file."""
    remark = a.command.remark
    return not any(o.path == remark.path and remark.digest in (o.raw, o.digest) for o in a.case.offered)  # type: ignore[union-attr]


def nothing_offered(a: Asked) -> bool:
    """An answer in words, withholding only what was offered, leaving something."""
    offered = {path for path, _ in offers(a.case)}
    withheld = set(a.command.withheld)
    return not a.command.note or not withheld <= offered or not offered - withheld


def submitter_lapsed(a: Asked) -> bool:
    """The submitter is known and trained today."""
    submitter = a.context.people.get(a.case.submitter)  # type: ignore[union-attr]
    return submitter is None or submitter.trained_until < a.day


def near(a: Asked) -> set[str]:
    """Whoever is or was on the study, handed the job in, wrote its code or, where that counts, shares a team with one of them."""
    close = set(members_ever(a.study))
    if isinstance(a.case, JobRequest):
        close.add(a.case.submitter)
        for submission in a.case.submissions[-1:]:
            close |= set(submission.code_authors)
    if a.context.rules.team_is_conflict:
        teams = {
            a.context.people[name].team
            for name in close
            if name in a.context.people and a.context.people[name].team
        }
        close |= {name for name, person in a.context.people.items() if person.team in teams}
    return close


def own_study(a: Asked) -> bool:
    """Whoever judges is not near the study."""
    return a.who in near(a)


def wrong_author(a: Asked) -> bool:
    """Maintenance is for maintainers; everything else for researchers."""
    return ("maintainer" if a.purpose == "platform-maintenance" else "researcher") not in a.roles


NO: Mapping[str, Callable[[Asked], bool]] = {
    "step-not-on-map": lambda a: a.cell is None,
    "not-your-role": lambda a: a.cell is not None and not a.cell[0] & a.roles,
    "training-lapsed": lambda a: (
        a.who != "platform" and not a.breach and a.day > a.context.actor.trained_until
    ),
    "study-unknown": study_unknown,
    "not-a-member": not_a_member,
    "own-study": own_study,
    "suspension-not-yours": lambda a: not a.breach and "approver" not in a.roles,
    "purpose-not-yours": wrong_author,
    "purpose-mismatch": lambda a: a.submission.purpose != a.study.proposals[-1].purpose,  # type: ignore[union-attr]
    "purpose-never-leaves": lambda a: a.purpose not in COVID_19,
    "not-approved": lambda a: a.study is None or a.study.stage.value != "approved",
    "approval-lapsed": lambda a: (
        not a.study.approvals[-1].starts <= a.day <= a.study.approvals[-1].ends  # type: ignore[union-attr]
    ),
    "basis-unknown": lambda a: a.basis is None or not a.basis.enabled,
    "purpose-not-permitted": lambda a: a.purpose not in {purpose.value for purpose in a.basis.purposes},
    "basis-lapsed": lambda a: not a.basis.starts <= a.day <= a.basis.ends,
    "approval-too-wide": approval_too_wide,
    "not-yet-expired": lambda a: a.day <= a.study.approvals[-1].ends,  # type: ignore[union-attr]
    "columns-not-approved": lambda a: (
        not columns(a.submission.datasets) <= columns(a.study.approvals[-1].datasets)  # type: ignore[union-attr]
    ),
    "submitter-training-lapsed": submitter_lapsed,
    "actions-out-of-order": actions_out_of_order,
    "action-not-ready": action_not_ready,
    "opt-outs-stale": opt_outs_stale,
    "basis-does-not-cover": lambda a: bool(a.tables - a.basis.datasets),
    "national-opt-outs-stale": national_stale,
    "opt-outs-not-in-force": opt_outs_not_in_force,
    "opt-outs-moved": opt_outs_moved,
    "law-not-adopted": lambda a: not a.context.law_was_adopted and a.context.store.of_real_people,  # type: ignore[union-attr]
    "action-not-running": action_not_running,
    "not-a-failure": lambda a: a.command.outcome.value == "succeeded",
    "outputs-not-its-own": outputs_not_its_own,
    "still-running": lambda a: any(job.state.value != "landed" for job in a.case.jobs),  # type: ignore[union-attr]
    "checks-incomplete": checks_incomplete,
    "policy-changed": lambda a: (
        (a.command.policy if a.step == "check" else a.case.policy) != a.context.rules.check_policy  # type: ignore[union-attr]
    ),
    "file-not-of-this-case": file_not_of_this_case,
    "vote-not-on-these-bytes": vote_not_on_these_bytes,
    "already-voted": lambda a: a.case.stage.value != "reviewed" and a.who in voters(a),
    "answer-needed": answer_needed,
    "not-yours-to-discuss": not_yours_to_discuss,
    "section-open": lambda a: any(not word.agreed for word in a.case.assessed),  # type: ignore[union-attr]
    "words-needed": lambda a: not a.command.agreed and not a.command.note,
    "continues-unknown": continues_unknown,
    "not-a-part": not_a_part,
    "context-missing": context_missing,
    "context-of-no-file": context_of_no_file,
    "remark-on-no-file": remark_on_no_file,
    "nothing-left": lambda a: not a.case.statements,  # type: ignore[union-attr]
    "file-refused-by-checks": lambda a: bool(approved_by(a, "refused")),
    "reason-needed": lambda a: any(not vote.note for vote in approved_by(a, "person")),
    "signer-has-not-voted": lambda a: (
        a.who not in voters(a) | {vote.checker for vote in a.case.carried}  # type: ignore[union-attr]
    ),
    "not-enough-votes": not_enough_votes,
    "refused-file-offered": lambda a: any(offered.verdict.value == "refused" for offered in leaving(a)),
    "not-the-signed-bytes": lambda a: (
        [(file.path, file.digest) for file in a.command.statement.files]
        != [(offered.path, offered.digest) for offered in leaving(a)]
    ),
    "note-needed": lambda a: not a.command.reason.note,
    "nothing-offered": nothing_offered,
}

IN_ORDER = {step: tuple(text.split()) for step, text in QUESTIONS.items()}


def answer(asked: Asked) -> str:
    """The code of the first question whose answer is no; ``""`` where the step is allowed."""
    return next((code for code in IN_ORDER[asked.step] if NO[code](asked)), "")


def stage_after(asked: Asked) -> str:
    """Where an allowed step leads."""
    if asked.cell is None:
        raise ValueError("the step is not on the map")
    return asked.cell[1]
