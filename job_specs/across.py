"""Whether the actions of one project fit together: names, needs, cycles, claims on files, references.

Refuses a cycle by naming every link of it, two outputs that claim one file, a file of two sensitivities, and a
statistic of something that its action cannot see.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from job_specs.complaints import Complaints
from job_specs.errors import Where
from job_specs.graph import ancestors, cycles
from job_specs.model import Action, JobSpec, OutputSpec, RunBody, Sensitivity, SqlBody
from job_specs.patterns import overlap

MOST_COMPARISONS = 300_000


class Claim(NamedTuple):
    """An output and the action that promises it."""

    action: Action
    output: OutputSpec


def check_needs(actions: Sequence[Action], known: Mapping[str, object], complaints: Complaints) -> None:
    """Every need is an action of this project, and no action waits for itself."""
    for action in actions:
        for need in action.needs:
            if need not in known:
                fix = f"Name an action of this project in the needs of {action.name}."
                complaints.add("unknown-need", action.where, text=need, fix=fix, among=known)
    places = {action.name: action.where for action in actions}
    for cycle in cycles({action.name: action.needs for action in actions}):
        links = " needs ".join([*cycle, cycle[0]])
        fix = f"Delete one of these needs: {links}."
        complaints.add("cycle", places[cycle[0]], text=cycle[0], fix=fix)


def check_bodies(actions: Sequence[Action], complaints: Complaints) -> None:
    """No two actions run the same command with the same settings."""
    seen: dict[object, Action] = {}
    for action in actions:
        body = action.body
        if isinstance(body, RunBody):
            first = seen.setdefault((body.image, body.argv, str(body.config)), action)
            if first is not action:
                fix = f"Delete one of the two: {first.name} on line {first.where.line} already does this."
                complaints.add("same-run", action.where, text=action.name, fix=fix)


def check_claims(actions: Sequence[Action], complaints: Complaints) -> None:
    """No file is promised twice, and none has two sensitivities."""
    claims = [Claim(action, output) for action in actions for output in action.outputs]
    _refuse_same_pattern(claims, complaints)
    for compared, (one, other) in enumerate(_candidates(claims)):
        if compared >= MOST_COMPARISONS:
            fix = "Use fewer wildcards, or a folder for each action."
            complaints.add("output-clash", one.action.where, text=one.output.pattern, fix=fix)
            return
        if _may_meet(one.output.pattern, other.output.pattern) and overlap(
            one.output.pattern, other.output.pattern
        ):
            _refuse_overlap(one, other, complaints)


def _refuse_same_pattern(claims: list[Claim], complaints: Complaints) -> None:
    seen: dict[str, Claim] = {}
    for claim in claims:
        first = seen.setdefault(claim.output.pattern, claim)
        if first is not claim:
            fix = f"Change one of the paths: {first.action.name} on line {first.action.where.line} writes it too."
            complaints.add("output-clash", claim.action.where, text=claim.output.pattern, fix=fix)


def _candidates(claims: list[Claim]) -> Iterator[tuple[Claim, Claim]]:
    """Pairs worth comparing: of one action, or of two sensitivities, at least one of them with a wildcard.

    Two actions may write files of one sensitivity that match each other's wildcards, as many projects do: each
    action's files are collected from its own box.
    """
    for _, mine in itertools.groupby(claims, key=lambda claim: claim.action.name):
        starred, plain_paths = _by_star(mine)
        yield from itertools.combinations(starred, 2)
        yield from itertools.product(starred, plain_paths)
    plain: dict[tuple[str, str, Sensitivity], list[Claim]] = defaultdict(list)
    wild: dict[tuple[str, Sensitivity], list[Claim]] = defaultdict(list)
    for claim in claims:
        folder, _, file = claim.output.pattern.rpartition("/")
        kind, level = file.rpartition(".")[2], claim.output.sensitivity
        (wild[kind, level] if "*" in folder else plain[folder, kind, level]).append(claim)
    high, moderate = Sensitivity.HIGH, Sensitivity.MODERATE
    for (folder, kind, level), group in plain.items():
        if level is high:
            yield from _starred_pairs(group, plain.get((folder, kind, moderate), ()))
            yield from itertools.product(group, wild.get((kind, moderate), ()))
        else:
            yield from itertools.product(wild.get((kind, high), ()), group)
    for (kind, level), group in wild.items():
        if level is high:
            yield from itertools.product(group, wild.get((kind, moderate), ()))


def _starred_pairs(ones: Iterable[Claim], others: Iterable[Claim]) -> Iterator[tuple[Claim, Claim]]:
    """One of each, at least one of the two with a wildcard; pairs without one are never even looked at."""
    starred, plain = _by_star(ones)
    starred_others, plain_others = _by_star(others)
    yield from itertools.product(starred, [*starred_others, *plain_others])
    yield from itertools.product(plain, starred_others)


def _by_star(claims: Iterable[Claim]) -> tuple[list[Claim], list[Claim]]:
    starred: list[Claim] = []
    plain: list[Claim] = []
    for claim in claims:
        (starred if "*" in claim.output.pattern else plain).append(claim)
    return starred, plain


def _may_meet(one: str, other: str) -> bool:
    """A cheap no for most pairs: what stands before the first * and after the last must fit."""
    before, before_other = one.partition("*")[0], other.partition("*")[0]
    after, after_other = one.rpartition("*")[2], other.rpartition("*")[2]
    return (before.startswith(before_other) or before_other.startswith(before)) and (
        after.endswith(after_other) or after_other.endswith(after)
    )


def _refuse_overlap(one: Claim, other: Claim, complaints: Complaints) -> None:
    differ = one.output.sensitivity is not other.output.sensitivity
    code = "output-sensitivity" if differ else "output-clash"
    fix = (
        f"Change this pattern or {other.output.pattern} of {other.action.name}, "
        "so that no file can match both."
    )
    complaints.add(code, one.action.where, text=one.output.pattern, fix=fix)


def check_references(spec: JobSpec, complaints: Complaints) -> None:
    """Statistics are of things their action can see; SQL says for which purpose and of which data."""
    tables = {scope.table for scope in spec.data}
    needs = {action.name: action.needs for action in spec.actions}
    patterns = {output.pattern for action in spec.actions for output in action.outputs}
    for action in spec.actions:
        if isinstance(action.body, SqlBody):
            _check_question(spec, action.where, complaints)
        if any(output.statistic for output in action.outputs):
            visible = tables | (ancestors(needs, action.name) if isinstance(action.body, RunBody) else set())
            _check_statistics(action, visible, patterns, complaints)


def _check_question(spec: JobSpec, place: Where, complaints: Complaints) -> None:
    if spec.purpose is None:
        fix = "Add `purpose:` at the top of the file, such as covid-19-research."
        complaints.add("purpose-needed", place, text="", fix=fix)
    if not spec.data:
        fix = "Add `data:` at the top of the file, with each table and the columns that are needed of it."
        complaints.add("data-needed", place, text="", fix=fix)


def _check_statistics(action: Action, visible: set[str], patterns: set[str], complaints: Complaints) -> None:
    own = {output.name for output in action.outputs}
    for output in action.outputs:
        if output.statistic is None:
            continue
        of = output.statistic.of
        if of is not None and of not in visible:
            fix = "Name an action that this one needs, or a table under `data:`."
            complaints.add("statistic-of", action.where, text=of, fix=fix, among=sorted(visible))
        extra = output.statistic.extra
        shown = [extra["underlying"]] if "underlying" in extra else extra.get("tables", ())
        for name in shown:
            if name not in own and name not in patterns:
                fix = "Name another output of this action, or the path of an output of this project."
                complaints.add("statistic-of", action.where, text=name, fix=fix, among=sorted(own | patterns))
