"""What a legal instrument says beyond its purposes and days: over which tables, and under which opt-outs [P5] [P6].

Refuses to know any instrument by name.
"""

from job_specs.model import TableScope
from tre.custody.commands import Apply, Approve, Revise, Submit
from tre.custody.errors import Refusal
from tre.custody.policies.question import Question
from tre.custody.requests import JobRequest


def basis_covers_the_tables(q: Question) -> Refusal | None:
    """The instrument covers every table that is asked for [P5]."""
    basis = q.context.bases.get(q.proposal.legal_basis) if q.proposal else None
    outside = sorted({scope.table for scope in _asked(q)} - (basis.datasets if basis else frozenset()))
    if not outside:
        return None
    return Refusal(
        "basis-does-not-cover",
        f"The legal basis does not cover: {', '.join(outside)}.",
        "Leave these tables out, or apply under an instrument that covers them.",
        "P5",
    )


def national_opt_outs_are_fresh(q: Question) -> Refusal | None:
    """Where the basis honours national opt-outs, the store was built with a recent list of them [P6]."""
    basis = q.context.bases.get(q.proposal.legal_basis) if q.proposal else None
    dated = q.context.store.national if q.context.store else None
    if basis is not None and not basis.honours_national:
        return None
    if dated is not None and dated <= q.day and q.day - dated <= q.context.rules.opt_outs_fresh_for:
        return None
    return Refusal(
        "national-opt-outs-stale",
        "The legal basis honours national opt-outs, and the store has no recent list of them.",
        "A maintainer must load the current list and rebuild the store: `tre data ingest --national`.",
        "P6",
    )


def law_was_adopted(q: Question) -> Refusal | None:
    """Real people are asked about only under a law that two people have signed: the one that ships begins a site, and no more [P16]."""
    store = q.context.store
    if q.context.law_was_adopted or (store is not None and not store.of_real_people):
        return None
    return Refusal(
        "law-not-adopted",
        "The law stands as it ships: nobody at this site has put it in force, and this store is of real people.",
        "Two people of information governance sign it: `tre policy propose`, then `tre policy adopt`.",
        "P16",
    )


def _asked(q: Question) -> tuple[TableScope, ...]:
    match q.command:
        case Apply(proposal) | Revise(proposal):
            return proposal.datasets
        case Approve(datasets=datasets):
            return datasets
        case Submit(submission):
            return submission.datasets
    if isinstance(q.case, JobRequest):
        return q.case.submission.datasets
    return q.proposal.datasets if q.proposal else ()
