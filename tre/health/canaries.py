"""What must have become of the canaries: each planted thing found, nobody who opted out seen, no pseudonym that links.

The platform reads what it planted itself, among people who are made up; it says words and numbers of canaries, and never a
pseudonym. Refuses to be content with an empty answer: an extract without a row has proved nothing.
"""

import csv
import io
from dataclasses import dataclass, replace

from output_checks.model import Verdict
from tre.custody.commands import SignOff
from tre.custody.context import Context, Moment
from tre.custody.policies.question import Question
from tre.custody.policies.study import purpose_may_leave
from tre.custody.releases import ReleasedFile, Statement
from tre.custody.requests import JobRequest, RequestStage
from tre.health.corridor import PAIR_FIRST, PAIR_SECOND, Corridor, Walked, offer_of, output_of, report_of
from tre.health.found import Found
from tre.service import By

EXTRACT, EVERYONE, ALL_BUT_THREE = "output/canaries.csv", "output/everyone.csv", "output/all_but_three.csv"
DIFFERENCING = "differencing"
OPTED_OUT_SEX = "unknown"
"""Canaries who have opted out, and they alone, carry this."""
STOP = "Pause the worker (`tre worker pause`) and let nothing leave until this is explained."
Row = dict[str, str]


@dataclass(frozen=True)
class Planted:
    """Something planted in the canaries: where it is offered, which rule must see it, and what must become of its file."""

    check: str
    path: str
    rule: str
    verdict: Verdict


PLANTED = (
    Planted("small-number", "output/small_number.csv", "small_count", Verdict.SUPPRESSED),
    Planted("identifier", "output/planted_identifier.csv", "identifiers", Verdict.REFUSED),
    Planted("pseudonym", "output/planted_pseudonym.csv", "identifiers", Verdict.REFUSED),
)


def judge(corridor: Corridor, walked: Walked, by: By) -> tuple[Found, ...]:
    """What is said of the canaries."""
    return (
        ran(walked),
        *(planted_is_found(corridor, walked, each) for each in PLANTED),
        pair_is_refused(corridor, walked),
        opted_out_are_not_seen(corridor, walked),
        pseudonyms_do_not_link(corridor, walked),
        never_leaves(corridor, walked, by),
    )


def ran(walked: Walked) -> Found:
    """Every spec ran to its end and was checked."""
    stopped = {name: case for name, case in walked.requests.items() if case.stage is not RequestStage.CHECKED}
    said = ", ".join(f"{name} is {case.stage}" for name, case in stopped.items())
    fix = "See why with `tre worker run --until-idle`, and the engine's own log."
    return Found("corridor", not said, said or f"{len(walked.requests)} specs ran and were checked", fix)


def planted_is_found(corridor: Corridor, walked: Walked, planted: Planted) -> Found:
    """What was planted is found by the very rule that is for it, and its file may not leave as it is [P10] [P11]."""
    offered = offer_of(walked.planted, planted.path)
    if offered is None:
        return Found(planted.check, False, "the file is not there", STOP)
    rules = {finding.check for finding in report_of(corridor, offered).findings}
    if planted.rule not in rules:
        return Found(planted.check, False, f"the rule {planted.rule} did not see it: {offered.verdict}", STOP)
    said = f"{offered.verdict}, by the rule {planted.rule}"
    return Found(planted.check, offered.verdict is planted.verdict, said, STOP)


def pair_is_refused(corridor: Corridor, walked: Walked) -> Found:
    """A table that is fine alone is not, once another that differs from it by three people has left [P10]."""
    first, second = walked.requests[PAIR_FIRST], walked.requests[PAIR_SECOND]
    alone, left = _differs(corridor, second, ()), as_if_left(first, EVERYONE)
    if left is None or alone is None:
        return Found("differencing", False, "the pair is not there", STOP)
    if alone:
        return Found("differencing", False, "the second table was refused before the first had left", STOP)
    found = bool(_differs(corridor, second, (left,)))
    said = "the second table is held back once the first has left"
    return Found("differencing", found, said if found else "both tables would leave", STOP)


def as_if_left(case: JobRequest, path: str) -> JobRequest | None:
    """The request as it would be had this file been released: asked about, and kept nowhere."""
    offered = offer_of(case, path)
    if offered is None:
        return None
    statement = Statement(offered.report, "nobody's", (ReleasedFile(path, offered.digest),))
    return replace(case, statements=(statement,))


def _differs(corridor: Corridor, case: JobRequest, others: tuple[JobRequest, ...]) -> bool | None:
    """Whether the checker holds back a row of the pair's second table beside these; nothing where it is not there."""
    checked = replace(case, offered=corridor.checks.over(case, others)) if case.outputs else case
    offered = offer_of(checked, ALL_BUT_THREE)
    if offered is None:
        return None
    return any(
        finding.check == DIFFERENCING and finding.cells for finding in report_of(corridor, offered).findings
    )


def opted_out_are_not_seen(corridor: Corridor, walked: Walked) -> Found:
    """Canaries who have opted out are in no extract, and everybody else is [P6]."""
    rows, fix = _extract(corridor, walked.planted), f"{STOP} Treat it as a breach: `tre incident report`."
    if not walked.canaries.opted_out:
        return Found("opt-outs", False, "no canary has opted out, so nothing was tried", STOP)
    seen = sum(row["sex"] == OPTED_OUT_SEX for row in rows)
    if seen:
        return Found("opt-outs", False, f"{seen} canaries were seen who have opted out", fix)
    if len(rows) != walked.canaries.people:
        return Found(
            "opt-outs", False, f"{len(rows)} canaries were seen; {walked.canaries.people} may be", fix
        )
    return Found("opt-outs", True, f"{walked.canaries.opted_out} have opted out, and none was seen")


def pseudonyms_do_not_link(corridor: Corridor, walked: Walked) -> Found:
    """The same canaries under two studies share no pseudonym, and do not stand in the same order [P2]."""
    one = _extract(corridor, walked.planted)
    two = _extract(corridor, walked.requests[PAIR_FIRST])
    fix = f"{STOP} Every extract that was made since may be linked."
    if not one or len(one) != len(two):
        return Found("pseudonyms", False, "the two extracts are not of the same people", STOP)
    shared = {row["patient_id"] for row in one} & {row["patient_id"] for row in two}
    if shared:
        return Found("pseudonyms", False, f"two studies share {len(shared)} pseudonyms", fix)
    if [_without(row) for row in one] == [_without(row) for row in two]:
        return Found("pseudonyms", False, "two studies' extracts stand in the same order", fix)
    return Found("pseudonyms", True, f"{len(one)} canaries have nothing in common under two studies")


def _without(row: Row) -> Row:
    return {name: value for name, value in row.items() if name != "patient_id"}


def _extract(corridor: Corridor, case: JobRequest) -> list[Row]:
    content = output_of(corridor, case, EXTRACT)
    return [] if content is None else [*csv.DictReader(io.StringIO(content.decode("utf-8")))]


def never_leaves(corridor: Corridor, walked: Walked, by: By) -> Found:
    """Nothing made under this purpose can be signed off: asked of the very rule that guards the door [P3]."""
    context = Context(actor=by.person, rules=corridor.service.rules, bases=corridor.service.law.now().bases)
    refusals = [
        purpose_may_leave(Question(case, SignOff(), context, Moment(by.now)))
        for case in walked.requests.values()
    ]
    held = all(refusals)
    said = next((refusal.code for refusal in refusals if refusal), "")
    return Found("never-leaves", held, said if held else "what a health job made could be signed off", STOP)
