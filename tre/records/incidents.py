"""The incidents that the daybook tells of: which are open, and what is evidence for them [P15].

A drill is none, and freezes nothing. Refuses to call an incident closed that nobody closed.
"""

from collections.abc import Iterator

from tre.custody.events import Event
from tre.custody.frozen import Freeze, frozen_digests
from tre.custody.requests import JobRequest
from tre.records.daybook import Daybook, Entry
from tre.records.ledger import Ledger

OPENED, STOPPED, CLOSED, DRILLED = "incident", "incident-stopped", "incident-closed", "incident-drill"
APPLICATION, REQUEST = "application", "request"


def freezes(daybook: Daybook) -> tuple[Freeze, ...]:
    """The incidents that are open, oldest first."""
    closed = {str(entry.facts["incident"]) for entry in daybook.entries(CLOSED)}
    opened = (entry for entry in daybook.entries(OPENED) if not entry.facts.get("drill"))
    return tuple(
        Freeze(str(entry.facts["incident"]), str(entry.facts["study"]), entry.at)
        for entry in opened
        if entry.facts["incident"] not in closed
    )


def unfinished(daybook: Daybook) -> tuple[Entry, ...]:
    """The incidents that were reported, and of which nobody noted that they were stopped: whoever did it was ended in between.

    Those of before this was noted apart say in their own entry where the study stands.
    """
    stopped = {entry.facts["incident"] for entry in daybook.entries(STOPPED, CLOSED)}
    return tuple(
        entry
        for entry in daybook.entries(OPENED)
        if entry.facts["incident"] not in stopped and "study_is" not in entry.facts
    )


def evidence(ledger: Ledger, daybook: Daybook) -> frozenset[str]:
    """The digests of every file that may not be deleted now, on whichever shelf: quarantined, released, logs, reports.

    Documents (code, notes, reasons) are named by others in turn and are not all listed here: they are never deleted.
    """
    open_now = freezes(daybook)
    return frozen_digests(open_now, _told(ledger)) if open_now else frozenset()


def _told(ledger: Ledger) -> Iterator[tuple[str, Event]]:
    """Every event of a case, with the study that it is of."""
    for request in ledger.case_ids(REQUEST):
        case = ledger.case(REQUEST, request)[0]
        study = case.submission.application if isinstance(case, JobRequest) and case.submissions else ""
        yield from ((study, envelope.event) for envelope in ledger.case_events(request))
    for study in ledger.case_ids(APPLICATION):
        yield from ((study, envelope.event) for envelope in ledger.case_events(study))
