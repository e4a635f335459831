"""Output patterns: relative paths with at most the * wildcard, which can name nothing outside the job's own folder.

Refuses absolute paths, `..`, hidden folders, the platform's `metadata` folder however it is spelt, and two patterns
that could claim one file where that would leave its meaning or its sensitivity open.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from job_specs.complaints import Complaints
from job_specs.model import Sensitivity
from job_specs.reading import Text

LONGEST_PATH = 500
LONGEST_SEGMENT = 200
RELEASABLE = (".csv", ".jpg", ".jpeg", ".png", ".svg", ".svgz", ".html", ".txt", ".log", ".json", ".md")
"""File types of moderately sensitive outputs, as OpenSAFELY has them."""

_ALLOWED = re.compile(r"[A-Za-z0-9_.\-*/ '+=@,()%]+")
_WILD = re.compile(r"\*\*|[?\[\]{}]")
_USUAL = re.compile(r"output(?:/[A-Za-z0-9_*](?:[A-Za-z0-9_.\-*]*[A-Za-z0-9_*])?)+")
"""Nearly every path: it breaks none of the rules below, which a test holds it to."""
_DRIVE = re.compile(r"[A-Za-z]:")
_EXTENSION = re.compile(r".+\.[A-Za-z0-9]{1,12}")


def output_pattern(untrusted: Text, sensitivity: Sensitivity, complaints: Complaints) -> str | None:
    """An accepted pattern, or None with the reason noted."""
    text = untrusted.text
    if len(text) > LONGEST_PATH:
        complaints.add("too-long", untrusted, text=text, fix=f"Shorten it to {LONGEST_PATH} characters.")
        return None
    if _WILD.search(text):
        fix = "Use * within one folder or file name, such as output/model_*.csv."
        complaints.add("output-wildcard", untrusted, text=text, fix=fix)
        return None
    fix_path = path_fault(text)
    if fix_path is not None:
        complaints.add("output-path", untrusted, text=text, fix=fix_path)
        return None
    return _extension_checked(untrusted, sensitivity, complaints)


def _extension_checked(untrusted: Text, sensitivity: Sensitivity, complaints: Complaints) -> str | None:
    text = untrusted.text
    if not _EXTENSION.fullmatch(text.rpartition("/")[2]):
        fix = "End it in the type of the file that is written, such as .csv."
        complaints.add("output-extension", untrusted, text=text, fix=fix)
        return None
    if sensitivity is Sensitivity.MODERATE and not text.endswith(RELEASABLE):
        fix = f"Write one of {', '.join(RELEASABLE)}; or, if it holds rows of patients, declare it highly_sensitive."
        complaints.add("output-type", untrusted, text=text, fix=fix)
        return None
    return text


def path_fault(text: str) -> str | None:
    """What to do about a path that could leave the folder it is meant for; None when it cannot."""
    if len(text) <= LONGEST_SEGMENT and _USUAL.fullmatch(text):
        return None
    return next((fix for refused, fix in _PATH_RULES if refused(text, text.split("/"))), None)


_PathRule = Callable[[str, list[str]], object]

_PATH_RULES: tuple[tuple[_PathRule, str], ...] = (
    (
        lambda text, _: not _ALLOWED.fullmatch(text),
        "Use letters, digits, '_', '-', '.' and '/' (forward slashes), such as output/deaths_by_age.csv.",
    ),
    (
        lambda text, _: text.startswith("/") or _DRIVE.match(text),
        "Make it relative to the study's folder: no leading slash or drive.",
    ),
    (
        lambda _, parts: not {"", ".", ".."}.isdisjoint(parts),
        "Write each folder once: no '..', no '.', no double or trailing slash.",
    ),
    (
        lambda _, parts: any(p.startswith((".", "-", " ")) or p.endswith((".", " ")) for p in parts),
        "Begin and end each part with a letter, a digit or an underscore: no hidden folders.",
    ),
    (
        lambda _, parts: any(len(part) > LONGEST_SEGMENT for part in parts),
        f"Keep each part within {LONGEST_SEGMENT} characters.",
    ),
    (
        lambda _, parts: _segments_meet(parts[0].casefold(), "metadata"),
        "Choose another first folder: metadata/ belongs to the platform.",
    ),
)


def overlap(one: str, other: str) -> bool:
    """Whether some file name matches both patterns. `*` matches any characters but a slash."""
    if "*" not in one and "*" not in other:
        return one == other
    ours, theirs = one.split("/"), other.split("/")
    return len(ours) == len(theirs) and all(map(_segments_meet, ours, theirs))


def matches(pattern: str, path: str) -> bool:
    """Whether a plain path (no wildcard) matches the pattern."""
    return "*" not in path and overlap(pattern, path)


def _segments_meet(one: str, other: str) -> bool:
    """Walk `other` through the positions of `one` at once, as bits of an integer: linear in both lengths."""
    if "*" not in one and "*" not in other:
        return one == other
    literal, stars, end = _positions(one)
    at = _past_stars(1, stars)
    for character in other:
        if character == "*":
            at = (end << 1) - (at & -at)
        else:
            at = _past_stars(((at & literal.get(character, 0)) << 1) | (at & stars), stars)
        if not at:
            return False
    return bool(at & end)


def _past_stars(at: int, stars: int) -> int:
    while (further := at | ((at & stars) << 1)) != at:
        at = further
    return at


@lru_cache(maxsize=4096)
def _positions(segment: str) -> tuple[dict[str, int], int, int]:
    """For each character the positions where it stands; the positions of stars; the bit past the end."""
    literal: dict[str, int] = {}
    stars = 0
    for index, character in enumerate(segment):
        if character == "*":
            stars |= 1 << index
        else:
            literal[character] = literal.get(character, 0) | (1 << index)
    return literal, stars, 1 << len(segment)
