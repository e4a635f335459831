"""Whether it may leave: enough independent people approve each file, on the same bytes, and nothing that the checks refuse [P9].

Refuses emptiness: no files, no votes or no named level is never "all approved".
"""

from output_checks.model import Verdict
from tre.custody.commands import Release, ReleasePart, SignOffPart
from tre.custody.errors import Refusal
from tre.custody.outputs import Decision, Offered
from tre.custody.policies.people import is_apart
from tre.custody.policies.question import Question
from tre.custody.policies.review import objections
from tre.custody.requests import JobRequest


def signer_has_voted(q: Question) -> Refusal | None:
    """Whoever signs off has voted on this very offer [P9]."""
    if isinstance(q.case, JobRequest) and q.actor.id in {checker for checker, _ in q.case.words}:
        return None
    return Refusal(
        "signer-has-not-voted",
        "You have not voted on this offer, so you cannot sign it off.",
        "Vote first, or let one of the two checkers who voted sign off.",
        "P9",
    )


def part_is_a_part(q: Question) -> Refusal | None:
    """A part is some of the offered files, each named once, and not all of them."""
    if isinstance(q.command, SignOffPart) and isinstance(q.case, JobRequest):
        paths = set(q.command.paths)
        offered = {file.path for file in q.case.offered}
        if paths and len(paths) == len(q.command.paths) and paths < offered:
            return None
    return Refusal(
        "not-a-part",
        "A part is some of the files on offer, each named once, and not all of them.",
        "Name files that are on offer; to let all of them leave, sign the request off.",
        "P9",
    )


def every_file_has_enough_votes(q: Question) -> Refusal | None:
    """Each file that would leave has the approvals that its level needs, from independent checkers, and more than objections [P9]."""
    if isinstance(q.case, JobRequest):
        leaving = _leaving(q, q.case)
        if leaving and all(_approved_enough(q, q.case, file) for file in leaving):
            return None
    return Refusal(
        "not-enough-votes",
        "A file lacks the approvals that its level needs, or as many checkers object as approve.",
        "Get the missing vote; or request changes, so that the author can answer the objection.",
        "P9",
    )


def nothing_refused_is_offered(q: Question) -> Refusal | None:
    """A file that the checks refuse does not leave, whoever voted for it [P9] [P10]."""
    leaving = _leaving(q, q.case) if isinstance(q.case, JobRequest) else ()
    if leaving and not any(file.verdict is Verdict.REFUSED for file in leaving):
        return None
    return Refusal(
        "refused-file-offered",
        "A file among those offered is refused by the checks.",
        "Request changes; its author can withhold it.",
        "P10",
    )


def statement_names_the_signed_bytes(q: Question) -> Refusal | None:
    """What leaves is exactly what was signed off, byte for byte [P13]."""
    if isinstance(q.command, Release | ReleasePart) and isinstance(q.case, JobRequest):
        signed = [(file.path, file.digest) for file in _leaving(q, q.case)]
        if signed and signed == [(file.path, file.digest) for file in q.command.statement.files]:
            return None
    return Refusal(
        "not-the-signed-bytes",
        "The release does not name exactly the files that were signed off.",
        "Nothing left. A maintainer must look at the platform: this should not happen.",
        "P13",
    )


def something_has_left(q: Question) -> Refusal | None:
    """Only what has left can be called back [P15]."""
    if isinstance(q.case, JobRequest) and q.case.statements:
        return None
    return Refusal(
        "nothing-left",
        "Nothing of this request has been released, so there is nothing to call back.",
        "If you suspect a breach, report it against the study: that stops everything of it.",
        "P15",
    )


def _leaving(q: Question, case: JobRequest) -> tuple[Offered, ...]:
    """The files that the step would let leave, or has signed off to."""
    match q.command:
        case SignOffPart(paths):
            return tuple(file for file in case.offered if file.path in paths)
        case ReleasePart():
            return tuple(file for file in case.offered if file.path in case.signed)
        case _:
            return case.offered


def _approved_enough(q: Question, case: JobRequest, file: Offered) -> bool:
    """Enough independent approvals of exactly these bytes, and more of them than there are objections."""
    words = {name: word for (name, path), word in case.words.items() if path == file.path}
    yes = {
        name
        for name, word in words.items()
        if word.decision is Decision.APPROVE and word.digest == file.digest
    }
    independent = {name for name in yes if is_apart(q, q.context.people.get(name))}
    against = sum(path == file.path for _, path in objections(case))
    needed = q.context.rules.votes.get(file.level)
    return needed is not None and len(independent) >= max(needed, against + 1)
