"""Names of outputs: which may be kept, which were declared, and how any of them may be shown.

It refuses every name outside a small ASCII alphabet, and never shows one unescaped: a name is data from a program that
nobody trusts, and it ends up in pages, logs and file systems that were not written with it in mind.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from sandboxes.model import BoxRefused

LONGEST_NAME = 100
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_PATTERN_PART = re.compile(r"[A-Za-z0-9*][A-Za-z0-9._*-]{0,99}")
_LONGEST_SHOWN = 120

Parts = tuple[str, ...]


def keepable(name: str) -> bool:
    """Whether one path component may be kept under its own name."""
    return _NAME.fullmatch(name) is not None


def shown(parts: Iterable[str]) -> str:
    """A path as printable ASCII of bounded length: no control, no direction mark, no invalid byte survives."""
    text = "/".join(ascii(part)[1:-1] for part in parts)
    return text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + "..."


@dataclass(frozen=True)
class Declared:
    """The patterns of one action: `*` stands for any characters of one path component, nothing else is special."""

    patterns: tuple[Parts, ...]

    def matching(self, parts: Parts) -> frozenset[Parts]:
        """Every pattern that declares this file."""
        return frozenset(one for one in self.patterns if len(one) == len(parts) and _all_match(one, parts))

    def reaches(self, parts: Parts) -> bool:
        """Whether a pattern could declare something inside this folder."""
        return any(len(one) > len(parts) and _all_match(one[: len(parts)], parts) for one in self.patterns)


def declared(patterns: Iterable[str]) -> Declared:
    """Reads patterns such as `figures/*.csv`. Raises BoxRefused for one that could name anything else."""
    return Declared(tuple(_pattern(one) for one in patterns))


def _pattern(untrusted_pattern: str) -> Parts:
    parts = tuple(untrusted_pattern.split("/"))
    if not all(_PATTERN_PART.fullmatch(part) and "**" not in part for part in parts):
        raise BoxRefused(
            "OUTPUT_PATTERN",
            f"`{shown(parts)}` is not a pattern of output files.",
            fix="Write a relative path of letters, digits, `.`, `_` and `-`, with `*` inside a name: tables/*.csv.",
        )
    return parts


def _all_match(pattern: Parts, parts: Parts) -> bool:
    return all(glob(one, part) for one, part in zip(pattern, parts, strict=True))


def glob(pattern: str, name: str) -> bool:
    """Whether `name` matches `pattern`, in time proportional to their lengths' product.

    Not a regular expression: `*a*a*a*b` would let a spec and a file name together stop the collector.
    """
    at, star, resume = 0, -1, 0
    here = 0
    while here < len(name):
        if at < len(pattern) and pattern[at] == "*":
            star, resume, at = at, here, at + 1
        elif at < len(pattern) and pattern[at] == name[here]:
            at, here = at + 1, here + 1
        elif star >= 0:
            resume += 1
            at, here = star + 1, resume
        else:
            return False
    return all(letter == "*" for letter in pattern[at:])
