"""Whether it may leave: every file voted on, by independent people, on the same bytes, and nothing that the checks refuse [P9].

Refuses emptiness: no files, no votes or no named level is never "all approved".
"""

from output_checks.model import Verdict
from tre.custody.commands import CastVote, Release, RequestChanges, Resubmit
from tre.custody.errors import Refusal
from tre.custody.outputs import Decision, FileVote, Offered
from tre.custody.policies.question import Question
from tre.custody.requests import JobRequest


def vote_covers_the_same_bytes(q: Question) -> Refusal | None:
    """A vote names every offered file once, by the digest of the bytes on offer [P9] [P13]."""
    if isinstance(q.command, CastVote) and isinstance(q.case, JobRequest):
        offered = sorted((file.path, file.digest) for file in q.case.offered)
        voted = sorted((file.path, file.digest) for file in q.command.files)
        if offered and offered == voted:
            return None
    return Refusal(
        "vote-not-on-these-bytes",
        "A vote must name each offered file once, with the digest of the bytes that are on offer now.",
        "Read the files again with `tre review show`, then vote on all of them.",
        "P9",
    )


def one_vote_each(q: Question) -> Refusal | None:
    """A checker votes once in a round: two votes are two people [P9]."""
    if isinstance(q.case, JobRequest) and q.actor.id not in {vote.checker for vote in q.case.votes}:
        return None
    return Refusal(
        "already-voted",
        "You have voted on this offer already; the second vote is another checker's.",
        "Wait for the other vote, or send the request back with changes.",
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


def signer_has_voted(q: Question) -> Refusal | None:
    """Whoever signs off has voted on this very offer [P9]."""
    if isinstance(q.case, JobRequest) and q.actor.id in {vote.checker for vote in q.case.votes}:
        return None
    return Refusal(
        "signer-has-not-voted",
        "You have not voted on this offer, so you cannot sign it off.",
        "Vote first, or let one of the two checkers who voted sign off.",
        "P9",
    )


def every_file_has_enough_votes(q: Question) -> Refusal | None:
    """Each file has the approvals that its level needs, all from checkers independent of the study, and no other vote [P9]."""
    if isinstance(q.case, JobRequest) and q.case.offered:
        needed = q.context.rules.votes
        short = [
            file
            for file in q.case.offered
            if file.level not in needed or _approvals(q, file) < needed[file.level]
        ]
        if not short and not _objections(q):
            return None
    return Refusal(
        "not-enough-votes",
        "A file lacks the approvals that its level needs, or a checker objects.",
        "Get the missing vote; or request changes, so that the author can answer the objection.",
        "P9",
    )


def nothing_refused_is_offered(q: Question) -> Refusal | None:
    """A file that the checks refuse does not leave, whoever voted for it [P9] [P10]."""
    if isinstance(q.case, JobRequest) and not any(file.verdict is Verdict.REFUSED for file in q.case.offered):
        return None
    return Refusal(
        "refused-file-offered",
        "A file among those offered is refused by the checks.",
        "Request changes; its author can withhold it.",
        "P10",
    )


def statement_names_the_signed_bytes(q: Question) -> Refusal | None:
    """What leaves is exactly what was signed off, byte for byte [P13]."""
    if isinstance(q.command, Release) and isinstance(q.case, JobRequest):
        signed = [(file.path, file.digest) for file in q.case.offered]
        if signed and signed == [(file.path, file.digest) for file in q.command.statement.files]:
            return None
    return Refusal(
        "not-the-signed-bytes",
        "The release does not name exactly the files that were signed off.",
        "Nothing left. A maintainer must look at the platform: this should not happen.",
        "P13",
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


def _votes(q: Question) -> tuple[FileVote, ...]:
    return q.command.files if isinstance(q.command, CastVote) else ()


def _approved_now(q: Question) -> tuple[Offered, ...]:
    approved = {file.path for file in _votes(q) if file.decision is Decision.APPROVE}
    offered = q.case.offered if isinstance(q.case, JobRequest) else ()
    return tuple(file for file in offered if file.path in approved)


def _approvals(q: Question, offered: Offered) -> int:
    if not isinstance(q.case, JobRequest) or q.study is None:
        return 0
    wanted = (offered.path, offered.digest, Decision.APPROVE)
    checkers = {
        vote.checker
        for vote in q.case.votes
        for file in vote.files
        if (file.path, file.digest, file.decision) == wanted
    }
    return len(checkers - q.study.members - {q.case.submitter})


def _objections(q: Question) -> bool:
    votes = q.case.votes if isinstance(q.case, JobRequest) else ()
    return any(file.decision is not Decision.APPROVE for vote in votes for file in vote.files)
