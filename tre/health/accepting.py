"""What a maintainer has looked into and lives with: an illness in the very words in which it was accepted, and in no others.

Refuses to accept what protects a patient: a wall, a rule, an opt-out, the ledger are mended, or the platform waits.
"""

from collections.abc import Iterable
from dataclasses import replace

from tre.custody.errors import Refusal
from tre.health.found import Found
from tre.records.daybook import Daybook, Facts
from tre.records.errors import RecordsError
from tre.records.looks import board_of
from tre.service import By

ACCEPTED = "health-accepted"
MAY_BE = frozenset({"kernel", "tables", "freshness", "round-trip", "throughput"})


def with_accepted(found: Iterable[Found], daybook: Daybook) -> tuple[Found, ...]:
    """What was found, where what was accepted counts as well, and says so."""
    known = _accepted(daybook)
    return tuple(
        replace(each, healthy=True, found=f"accepted by {known[each.check, each.found]}: {each.found}")
        if not each.healthy and (each.check, each.found) in known
        else each
        for each in found
    )


def _accepted(daybook: Daybook) -> dict[tuple[str, str], str]:
    try:
        entries = daybook.entries(ACCEPTED)
    except RecordsError:
        # A daybook that was changed vouches for nothing; that it was is a finding of its own.
        return {}
    return {(str(e.facts["check"]), str(e.facts["said"])): e.actor for e in entries}


def accept(daybook: Daybook, by: By, check: str, why: str) -> dict[str, str]:
    """Accept what a check said when it was last looked at; what was accepted.

    Raises:
        Refusal: it is well, or may not be accepted.
    """
    if check not in MAY_BE:
        raise _refused(
            f"What '{check}' looks at cannot be accepted.", f"One may accept: {', '.join(sorted(MAY_BE))}."
        )
    standing = next((each for each in board_of(daybook).ill if each.check == check), None)
    if standing is None or not standing.said:
        raise _refused(f"'{check}' is not ill.", "Look again: `tre health check`, or `tre health run`.")
    facts: Facts = {"check": check, "said": standing.said, "why": why}
    daybook.note(ACCEPTED, actor=by.person.id, at=by.now, facts=facts)
    return {"check": check, "said": standing.said, "why": why}


def _refused(sentence: str, fix: str) -> Refusal:
    return Refusal("not-accepted", sentence, fix, "P13")
