"""What still counts when files are offered again: approvals of exactly the same bytes, report and context, and nothing else.

Refuses to carry a request for changes or a rejection: what was objected to is looked at again.
"""

from tre.custody.outputs import Decision, FileContext, Offered, Standing, Vote
from tre.custody.requests import JobRequest


def standing_of(case: JobRequest) -> tuple[Standing, ...]:
    """The approvals that stand in a case: those of its offer or, where nothing is on offer now, of its last one."""
    if not case.offered:
        return case.standing
    return tuple(Standing(each, case.context_of(each.path), _approvals(case, each)) for each in case.offered)


def carried_over(
    standing: tuple[Standing, ...], offered: tuple[Offered, ...], contexts: tuple[FileContext, ...]
) -> tuple[Vote, ...]:
    """The approvals that count for a new offer, checker by checker, in the order of their names."""
    said = {each.path: each.context for each in contexts}
    same = [
        each
        for each in standing
        if each.offered in offered and each.context == said.get(each.offered.path, "")
    ]
    votes = [vote for each in same for vote in each.approvals]
    return tuple(
        Vote(name, tuple(file for vote in votes if vote.checker == name for file in vote.files))
        for name in sorted({vote.checker for vote in votes})
    )


def inherited(case: JobRequest, earlier: JobRequest, offered: tuple[Offered, ...]) -> tuple[FileContext, ...]:
    """What was said, in the request that this one continues, of files offered now that nobody has described here.

    What was left out there was to be mended: of that nothing is taken over, and it is described anew.
    """
    asked = {each.path for each in offered} - {each.path for each in case.contexts}
    return tuple(each for each in earlier.contexts if each.path in asked and not each.left_out)


def _approvals(case: JobRequest, offered: Offered) -> tuple[Vote, ...]:
    words = sorted(case.words.items(), key=lambda each: each[0])
    return tuple(
        Vote(checker, (word,))
        for (checker, path), word in words
        if path == offered.path and word.digest == offered.digest and word.decision is Decision.APPROVE
    )
