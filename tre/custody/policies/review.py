"""How files are judged: described by their study, remarked on, and voted on by the bytes that are on offer [P9].

Refuses to let a vote, or a refusal's words, show another checker's vote before both are in.
"""

from output_checks.model import Verdict
from tre.custody.commands import (
    CastVote,
    Comment,
    Describe,
    RequestChanges,
    Resubmit,
)
from tre.custody.errors import Refusal
from tre.custody.outputs import Decision, FileVote, Offered
from tre.custody.policies.question import Question
from tre.custody.requests import JobRequest, RequestStage


def vote_covers_the_same_bytes(q: Question) -> Refusal | None:
    """A vote names offered files, each once, by the digest of the bytes on offer; while blind, every file that needs it [P9] [P13]."""
    if isinstance(q.command, CastVote) and isinstance(q.case, JobRequest):
        offered = {(file.path, file.digest) for file in q.case.offered}
        voted = [(file.path, file.digest) for file in q.command.files]
        paths = {path for path, _ in voted}
        once = len(paths) == len(voted)
        if voted and once and offered.issuperset(voted) and paths.issuperset(_needing_a_look(q, q.case)):
            return None
    return Refusal(
        "vote-not-on-these-bytes",
        "A first vote names each file that needs a look once, with the digest of the bytes that are on offer now.",
        "Read the files again with `tre review show`, then vote on all of them.",
        "P9",
    )


def context_is_there(q: Question) -> Refusal | None:
    """Where the site says so, nobody is asked to judge a file before a member has said what it is."""
    if not q.context.rules.context_needed:
        return None
    if isinstance(q.case, JobRequest) and all(q.case.context_of(file.path) for file in q.case.offered):
        return None
    return Refusal(
        "context-missing",
        "The study has not yet said what each of these files is.",
        "Wait for it: its members are asked to describe every file before a checker looks.",
        "P12",
    )


def context_is_of_offered_files(q: Question) -> Refusal | None:
    """A description is of files that are on offer or left out, each once; one file at least stays on offer."""
    if isinstance(q.command, Describe) and isinstance(q.case, JobRequest):
        paths = [each.path for each in q.command.contexts]
        once = bool(paths) and len(set(paths)) == len(paths)
        if once and {f.path for f in q.case.asked}.issuperset(paths) and _stay(q.case, q.command):
            return None
    return Refusal(
        "context-of-no-file",
        "A description must be of files that are on offer or left out, each once, and leave one at least on offer.",
        "See which files there are with `tre job show`; to leave all of them out, cancel the request.",
        "P12",
    )


def remark_is_on_these_bytes(q: Question) -> Refusal | None:
    """A remark is on the bytes of one offered file: as it landed, or as it would leave [P13]."""
    if isinstance(q.command, Comment) and isinstance(q.case, JobRequest):
        remark = q.command.remark
        if any(f.path == remark.path and remark.digest in {f.raw, f.digest} for f in q.case.offered):
            return None
    return Refusal(
        "remark-on-no-file",
        "A remark must name an offered file and the digest of the bytes it is about.",
        "Read the files again with `tre review show`.",
        "P13",
    )


def one_vote_each(q: Question) -> Refusal | None:
    """A checker votes once while votes are blind: two votes are two people. Once both are in, a mind may be changed [P9]."""
    if isinstance(q.case, JobRequest):
        blind = q.case.stage is not RequestStage.REVIEWED
        if not blind or q.actor.id not in {vote.checker for vote in q.case.votes}:
            return None
    return Refusal(
        "already-voted",
        "You have voted on this offer already; the second vote is another checker's.",
        "Wait for the other vote; once both are in, you may change yours. Or send the request back with changes.",
        "P9",
    )


def refused_files_are_not_approved(q: Question) -> Refusal | None:
    """What the automatic checks refuse, no vote can let out [P9] [P10]."""
    if not any(file.verdict is Verdict.REFUSED for file in _approved_now(q)):
        return None
    return Refusal(
        "file-refused-by-checks",
        "The automatic checks refuse a file that you approve.",
        "Vote to request changes on it; its author can withhold it or fix the code.",
        "P10",
    )


def opaque_files_need_words(q: Question) -> Refusal | None:
    """A file that only a person can judge is approved with a written reason [P9]."""
    needing = {file.path for file in _approved_now(q) if file.verdict is Verdict.PERSON}
    if not any(file.path in needing and not file.note for file in _votes(q)):
        return None
    return Refusal(
        "reason-needed",
        "A file that the checks could not read needs your reason in words before you approve it.",
        "Add it with --note.",
        "P9",
    )


def contested_files_need_words(q: Question) -> Refusal | None:
    """Who approves what another checker objects to says why, once both votes are in [P9]."""
    if isinstance(q.case, JobRequest) and q.case.stage is RequestStage.REVIEWED:
        approved = {file.path for file in _votes(q) if file.decision is Decision.APPROVE and not file.note}
        objected = {path for who, path in objections(q.case) if who != q.actor.id}
        if not approved & objected:
            return None
    elif isinstance(q.case, JobRequest):
        return None
    return Refusal(
        "answer-needed",
        "Another checker objects to a file that you approve: say why it may leave all the same.",
        "Talk it over in the request's remarks, then add your reason with --note.",
        "P9",
    )


def changes_are_explained(q: Question) -> Refusal | None:
    """Whoever asks for changes says which [P12]."""
    if isinstance(q.command, RequestChanges) and q.command.reason.note:
        return None
    return Refusal("note-needed", "Say what must change.", "Add it with --note.", "P12")


def something_is_still_offered(q: Question) -> Refusal | None:
    """A resubmission answers in words and still offers something; it withholds only what was offered."""
    if isinstance(q.command, Resubmit) and isinstance(q.case, JobRequest):
        paths = {file.path for file in q.case.offered}
        if q.command.note and paths > set(q.command.withheld):
            return None
    return Refusal(
        "nothing-offered",
        "A resubmission answers the checkers in words, withholds only files that were offered, and leaves at least one.",
        "Add --note; to withhold everything, cancel the request.",
        "P9",
    )


def _stay(case: JobRequest, command: Describe) -> frozenset[str]:
    """The paths that are on offer after such a description."""
    out = {each.path for each in command.contexts if each.left_out}
    back = {each.path for each in command.contexts} - out
    return frozenset({file.path for file in case.offered} - out | back)


def _votes(q: Question) -> tuple[FileVote, ...]:
    return q.command.files if isinstance(q.command, CastVote) else ()


def _approved_now(q: Question) -> tuple[Offered, ...]:
    approved = {file.path for file in _votes(q) if file.decision is Decision.APPROVE}
    offered = q.case.offered if isinstance(q.case, JobRequest) else ()
    return tuple(file for file in offered if file.path in approved)


def objections(case: JobRequest) -> tuple[tuple[str, str], ...]:
    """Who objects to which path, by their latest word."""
    return tuple(key for key, word in case.words.items() if word.decision is not Decision.APPROVE)


def _needing_a_look(q: Question, case: JobRequest) -> frozenset[str]:
    """The paths that a first vote must name: all but those that approvals of the very same bytes have settled already."""
    if case.stage is RequestStage.REVIEWED:
        return frozenset()
    approvals = [(vote.checker, file.path) for vote in case.carried for file in vote.files]
    needed = q.context.rules.votes
    settled = {
        file.path
        for file in case.offered
        if file.level in needed and sum(path == file.path for _, path in approvals) >= needed[file.level]
    }
    mine = {path for checker, path in approvals if checker == q.actor.id}
    return frozenset(file.path for file in case.offered) - settled - mine
