"""Two backends, one study: a table put together from what each backend has already released, and from nothing else [P7] [P10].

Each part ran, was checked, rounded and signed off inside its own boundary; only those released bytes are read here. A cell is
the sum of the parts' shown numbers, and hidden wherever any part hides it or lacks it: the combined table is computed from
the parts alone, so that whoever holds all three knows no more than whoever holds the parts, and no part's small cell is the
difference of two shown numbers. Then the policy is held to the sum as to any other table, and what it still hides is hidden.

It refuses parts that are not of released grade: a number that is not rounded as the policy rounds, a column that is neither a
dimension nor a count, two rows of one place; and parts of two studies, two specs, two policies, or one backend.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from output_checks.check import check
from output_checks.model import Offered, Verdict
from output_checks.policy import Policy
from tre.data.errors import CombinationRefused, Reason

Key = tuple[str, ...]
Cells = Mapping[Key, Mapping[str, int | None]]
"""Shown numbers by place and column; None where a part hides one."""


@dataclass(frozen=True)
class Released:
    """One part: the backend it is from, what its signed statement says, and the table's bytes."""

    backend: str
    study: str
    spec: str
    code: str
    policy: str
    content: bytes


@dataclass(frozen=True)
class Combined:
    """The combined table, and how many of its numbers are hidden."""

    content: bytes
    hidden: int


def part_of(statement: Mapping[str, Any], content: bytes) -> Released:
    """A part, from a statement whose signature has been checked.

    Raises:
        CombinationRefused: the statement does not say what it must.
    """
    try:
        return Released(
            backend=str(statement["backend"]),
            study=str(statement["study"]["id"]),
            spec=str(statement["spec"]),
            code=str(statement["code"]),
            policy=str(statement["disclosurePolicy"]),
            content=content,
        )
    except (KeyError, TypeError) as error:
        raise _refused("part-unclear", "A release does not say which backend and study it is of.") from error


def combine(
    parts: Sequence[Released], *, by: Sequence[str], counts: Sequence[str], policy: Policy, path: str
) -> Combined:
    """The sum of the parts' tables, by these dimensions.

    Args:
        parts: one release of each backend.
        by: the columns that are dimensions.
        counts: the columns that are counts of people.
        policy: the disclosure policy in force; the parts must have been released under it.
        path: what the table is called.

    Raises:
        CombinationRefused: the parts do not belong together, are not of released grade, or the sum may not leave.
    """
    _check_together(parts, policy)
    tables = [_cells(part.content, by=by, counts=counts, policy=policy) for part in parts]
    places = dict.fromkeys(key for table in tables for key in table)
    summed = {key: {count: _sum(tables, key, count) for count in counts} for key in places}
    content = _written(summed, by=by, counts=counts, mark=policy.mark)
    declaration = {
        "statistic": "frequencies",
        "of": "released parts",
        "by": list(by),
        "columns": dict.fromkeys(counts, "count"),
    }
    report = check(Offered(path, content, declaration), policy)
    if report.twin is None or report.verdict not in {Verdict.CLEAN, Verdict.SUPPRESSED}:
        rules = ", ".join(sorted({finding.check for finding in report.findings}))
        raise _refused("combination-unsafe", f"The combined table may not leave, by {rules}.")
    return Combined(report.twin, report.twin.decode().count(policy.mark))


def _check_together(parts: Sequence[Released], policy: Policy) -> None:
    if len({part.backend for part in parts}) != len(parts) or len(parts) < 2:  # noqa: PLR2004 - two parts
        raise _refused("parts-not-of-two-backends", "The releases are not of two different backends.")
    if len({(part.study, part.spec, part.code) for part in parts}) != 1:
        raise _refused("parts-of-two-studies", "The releases are not of one study, one spec and one code.")
    if {part.policy for part in parts} != {policy.digest}:
        raise _refused(
            "parts-of-another-policy", "A release was made under another disclosure policy than today's."
        )


def _cells(content: bytes, *, by: Sequence[str], counts: Sequence[str], policy: Policy) -> Cells:
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8")), strict=True))
    if not rows or set(rows[0]) != {*by, *counts}:
        sentence = "A table has other columns than the dimensions and counts that were named."
        raise _refused("part-other-columns", sentence)
    table = {
        tuple(row[name] for name in by): {count: _number(row[count], policy) for count in counts}
        for row in rows
    }
    if len(table) != len(rows):
        raise _refused("part-repeats", "A table has two rows of one place.")
    return table


def _number(text: str | None, policy: Policy) -> int | None:
    if text == policy.mark:
        return None
    if text is None or not (text.isascii() and text.isdigit()) or not _of_released_grade(int(text), policy):
        raise _refused(
            "part-not-of-released-grade", "A number in a release is not rounded as the policy rounds."
        )
    return int(text)


def _of_released_grade(number: int, policy: Policy) -> bool:
    """Sums of multiples of the base are multiples again; of midpoints they are not midpoints."""
    if policy.rounding not in ("nearest", "controlled"):
        raise _refused("rounding-cannot-be-summed", "Counts released under this policy cannot be summed.")
    return number == 0 or (number % policy.rounding_base == 0 and number > policy.small_max)


def _sum(tables: Sequence[Cells], key: Key, count: str) -> int | None:
    numbers = [table[key][count] if key in table else None for table in tables]
    shown = [number for number in numbers if number is not None]
    return sum(shown) if len(shown) == len(numbers) else None


def _written(
    summed: Mapping[Key, Mapping[str, int | None]], *, by: Sequence[str], counts: Sequence[str], mark: str
) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*by, *counts])
    for key, numbers in summed.items():
        writer.writerow([*key, *(mark if numbers[count] is None else numbers[count] for count in counts)])
    return out.getvalue().encode()


def _refused(code: str, sentence: str) -> CombinationRefused:
    fix = "Combine whole releases of one study, one from each backend, made under today's policy."
    return CombinationRefused(Reason(code, sentence, fix))
