"""The rounds of a request before checkers, for what is said of how long they take. Pure, like every fold. Refuses to say who voted how."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from tre.custody import events as e
from tre.custody.working_days import working_days
from tre.records.envelope import Envelope, spell_time
from tre.records.read_models.shapes import PART, ReviewRow

ENDS: dict[type[e.Event], str] = {
    e.SignedOff: "signed off",
    e.ChangesRequested: "returned",
    e.Refused: "refused",
    e.Cancelled: "taken back",
}


def reviews_of(request: str, study: str, history: Sequence[Envelope]) -> Iterator[ReviewRow]:
    """Every round, ended or open. A round begins when the checks have run, and checks that run again do not begin it anew."""
    row, offered, number = None, None, 0
    for envelope in history:
        if isinstance(envelope.event, e.Checked) and row is None:
            number, offered = number + 1, envelope.at.date()
            moment = spell_time(envelope.at)
            row = ReviewRow(f"{request}{PART}{number}", request, study, moment, "", "", "", "", 0)
        elif isinstance(envelope.event, e.Voted) and row is not None and not row.voted_at:
            row = replace(row, voted_at=spell_time(envelope.at))
        elif type(envelope.event) in ENDS and row is not None and offered is not None:
            reason = getattr(envelope.event, "reason", None)
            yield replace(
                row,
                ended_at=spell_time(envelope.at),
                ended=ENDS[type(envelope.event)],
                because=reason.code.value if reason else "",
                days=working_days(offered, envelope.at.date()),
            )
            row = None
    if row is not None:
        yield row
