"""One file, judged: read it, hold every rule to it, and make the twin that may be offered in its place.

Refuses to judge by no rules. What is not plainly fine goes to a person; what cannot be read, or cannot be protected, is
refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from output_checks.agreement import levels, weakest
from output_checks.changes import alternatives
from output_checks.checks import (
    clusters,
    copied_rows,
    declaration_mismatch,
    differencing,
    dominance,
    extracts,
    extremes,
    figures,
    file_names,
    file_size,
    file_type,
    fine_geography,
    free_text,
    full_cells,
    hidden_content,
    histograms,
    hypothesis_tests,
    identifiers,
    inequality,
    linked_tables,
    made_groups,
    means,
    models,
    modes,
    positions,
    ratios,
    recomputed,
    row_level_shape,
    shapes,
    small_count,
    survival,
    totals_reveal,
    undeclared,
    unrounded_count,
)
from output_checks.consistent import as_before
from output_checks.declare import Declaration, Undeclarable, declared
from output_checks.formats.cells import Reading
from output_checks.formats.refusal import Unreadable
from output_checks.left_out import left_out
from output_checks.linked import Part, patterns
from output_checks.losses import losses
from output_checks.model import Confidence, Finding, Offered, Opaque, Report, Severity, Verdict, sha256
from output_checks.order import ordered
from output_checks.policy import Policy
from output_checks.read import read
from output_checks.restated import restated
from output_checks.rule import Rule
from output_checks.subject import Subject
from output_checks.suppress.complement import Pattern
from output_checks.twin import hidden_by, make_twin, shows_small, written

CHECKS: tuple[Rule, ...] = (
    file_type.RULE,
    file_size.RULE,
    file_names.RULE,
    hidden_content.RULE,
    undeclared.RULE,
    declaration_mismatch.RULE,
    recomputed.RULE,
    extracts.RULE,
    identifiers.RULE,
    row_level_shape.RULE,
    copied_rows.RULE,
    fine_geography.RULE,
    free_text.RULE,
    extremes.RULE,
    histograms.RULE,
    small_count.RULE,
    differencing.RULE,
    unrounded_count.RULE,
    totals_reveal.RULE,
    full_cells.RULE,
    made_groups.RULE,
    ratios.RULE,
    means.RULE,
    dominance.RULE,
    inequality.RULE,
    positions.RULE,
    modes.RULE,
    shapes.RULE,
    models.RULE,
    hypothesis_tests.RULE,
    clusters.RULE,
    linked_tables.RULE,
    survival.RULE,
    figures.RULE,
)


class NoChecks(Exception):
    """Somebody asked for a judgement by no rules at all."""


def check(offered: Offered, policy: Policy, *, checks: tuple[Rule, ...] = CHECKS) -> Report:
    """Judge one offered file.

    Returns:
        A report whose `twin` is what may be offered: the table written again with what must go gone and counts rounded
        (CLEAN, SUPPRESSED, PERSON), a picture or words stripped of everything else (PERSON), or None (REFUSED).

    Raises:
        NoChecks: the tuple of checks is empty.
    """
    return check_together((offered,), policy, checks=checks)[0]


def check_together(
    offered: Sequence[Offered], policy: Policy, *, checks: tuple[Rule, ...] = CHECKS
) -> tuple[Report, ...]:
    """Judge files that are offered at once: what one of them hides is not in the sums of another.

    Returns:
        A report on each, in their order, as `check` gives it.

    Raises:
        NoChecks: the tuple of checks is empty.
    """
    if not checks:
        raise NoChecks("A file is not judged by no rules. Give at least one check.")
    subjects = [subject_of(each, policy) for each in offered]
    found = [tuple(finding for rule in checks for finding in rule.findings(each)) for each in subjects]
    parts = {
        at: Part(restated(subject), hidden_by(findings))
        for at, (subject, findings) in enumerate(zip(subjects, found, strict=True))
        if subject.table is not None and _verdict(subject, findings) is not Verdict.REFUSED
    }
    chosen = dict(zip(parts, patterns(tuple(parts.values()), policy), strict=True))
    shown = {at: (part.subject, chosen[at]) for at, part in parts.items()}
    return tuple(_report(each, found[at], shown.get(at)) for at, each in enumerate(subjects))


def _report(subject: Subject, findings: tuple[Finding, ...], shown: tuple[Subject, Pattern] | None) -> Report:
    twin: bytes | None = None
    if _verdict(subject, findings) is not Verdict.REFUSED:
        twin, more = _opaque(subject) if shown is None else _twin(*shown, findings)
        findings += more
    verdict, known = _verdict(subject, findings), levels(subject)
    return Report(
        file=subject.path,
        raw_digest=sha256(subject.offered.content),
        policy=subject.policy.label,
        policy_digest=subject.policy.digest,
        level=weakest(known, subject.confidence),
        levels=known,
        verdict=verdict,
        findings=findings,
        twin=None if verdict is Verdict.REFUSED else twin,
    )


def subject_of(offered: Offered, policy: Policy) -> Subject:
    """The offered file, read. A file or a declaration that is not understood becomes part of the subject."""
    document: Reading | Opaque | Unreadable
    try:
        document = read(offered.path, offered.content, offered.declaration)
    except Unreadable as refusal:
        document = refusal
    declaration, fault = _declared(offered)
    return Subject(offered, policy, document, declaration, fault)


def _declared(offered: Offered) -> tuple[Declaration | None, str | None]:
    if offered.declaration is None:
        return None, None
    try:
        return declared(offered.declaration), None
    except Undeclarable as wrong:
        return None, str(wrong)


def _verdict(subject: Subject, findings: tuple[Finding, ...]) -> Verdict:
    weights = {finding.severity for finding in findings}
    if Severity.REFUSE in weights or isinstance(subject.document, Unreadable):
        return Verdict.REFUSED
    if Severity.REVIEW in weights or subject.confidence is Confidence.OPAQUE:
        return Verdict.PERSON
    return Verdict.SUPPRESSED if Severity.SUPPRESS in weights else Verdict.CLEAN


def _opaque(subject: Subject) -> tuple[bytes | None, tuple[Finding, ...]]:
    return (subject.document.clean if isinstance(subject.document, Opaque) else None), ()


def _twin(
    subject: Subject, pattern: Pattern, findings: tuple[Finding, ...]
) -> tuple[bytes | None, tuple[Finding, ...]]:
    """What may be offered, and what making it found; nothing where it could not be made safe."""
    if subject.table is None:
        return None, ()
    twin = make_twin(subject, subject.table, findings, pattern)
    if twin.table is None:
        return None, twin.findings
    kept, other = as_before(subject, twin.table)
    found = twin.findings if other is None else (*twin.findings, other)
    left = left_out(subject, kept)
    if left.table is None:
        return None, (*found, *left.findings)
    content = written(ordered(subject, left.table), subject.path)
    again = replace(subject.offered, content=content, evidence=None, left_before=())
    if shows_small(subject_of(again, subject.policy)):
        return None, (*found, *left.findings, _still_small(subject))
    better = alternatives(subject, hidden_by(findings), pattern)
    lost = losses(subject, kept)
    return content, (*found, *left.findings, *((lost,) if lost else ()), *better)


def _still_small(subject: Subject) -> Finding:
    return Finding(
        check=small_count.RULE.name,
        severity=Severity.REFUSE,
        confidence=subject.confidence,
        file=subject.path,
        message="A small number is left after hiding and rounding.",
        fix="Leave out the totals of very small groups, or merge groups.",
        promise=small_count.RULE.promise,
    )
