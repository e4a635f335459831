"""Files out of a box that has stopped: never follows, never trusts, always bounded.

It refuses links, special files, other owners' files, holes, deep trees and odd names; it reads nothing that was not
declared, and unpacks nothing. One bad entry and nothing is kept: outputs are a whole, and a program that plants a link
beside its table is not one whose table should be believed.
"""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sandboxes.collect_copy import Reason, Refused, copy, require_plain
from sandboxes.collect_names import Declared, Parts, declared, keepable, shown
from sandboxes.collect_open import FILE, FOLDER, NotOpened, Opener, opened_root, special
from sandboxes.model import Collected, Limits

DEEPEST = 6
MOST_ENTRIES = 20_000
MOST_LISTED = 100


@dataclass(frozen=True)
class Collection:
    """What was in the output folder of a stopped box.

    `collected` is empty whenever `refused` is not. `undeclared` names were seen, never read. `refused` holds
    "escaped name: reason", a declared pattern that nothing matched included. Both lists are bounded.
    """

    collected: tuple[Collected, ...]
    undeclared: tuple[str, ...]
    refused: tuple[str, ...]


@dataclass
class _Hunt:
    """One pass over one output folder: its rules, and what it has found so far."""

    opener: Opener
    patterns: Declared
    into: Path
    owner: int
    limits: Limits
    collected: list[Collected] = field(default_factory=list)
    undeclared: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    matched: set[Parts] = field(default_factory=set)
    entries: int = 0
    total: int = 0


class _Enough(Exception):
    """The folder is too large to look at any further."""


def collect(root: Path, *, patterns: tuple[str, ...], into: Path, owner: int, limits: Limits) -> Collection:
    """Copies the declared outputs of a stopped job from `root` to new files in `into`.

    `root` is the job's own output mount, `owner` its uid; nothing may be running that can write there. `into` is ours:
    it is made if need be, mode 0700, and copies get names of our own; copies of an earlier, interrupted call go.
    Raises BoxRefused for a pattern that is none and OSError if `root` or `into` cannot be used.
    """
    wanted = declared(patterns)
    _prepare(into)
    with opened_root(root) as (folder, opener):
        hunt = _Hunt(opener, wanted, into, owner, limits)
        try:
            _visit(hunt, folder, ())
            _missing(hunt)
        except _Enough:
            _refuse(hunt, (), Reason.ENTRIES)
    return _outcome(hunt)


def _missing(hunt: _Hunt) -> None:
    for pattern in hunt.patterns.patterns:
        if pattern not in hunt.matched:
            _refuse(hunt, pattern, Reason.MISSING)


def _outcome(hunt: _Hunt) -> Collection:
    """All or nothing: one refusal takes every copy with it."""
    if hunt.refused:
        for kept in hunt.collected:
            kept.stored.unlink()
        hunt.collected.clear()
    return Collection(tuple(hunt.collected), _bounded(hunt.undeclared), _bounded(hunt.refused))


def _visit(hunt: _Hunt, folder: int, above: Parts) -> None:
    """Everything in one open folder, in the order of names."""
    for name in sorted(_names(hunt, folder)):
        parts = (*above, name)
        try:
            _entry(hunt, folder, parts)
        except Refused as refused:
            _refuse(hunt, parts, refused.reason)
        except (NotOpened, FileNotFoundError):
            _refuse(hunt, parts, Reason.UNREADABLE)


def _names(hunt: _Hunt, folder: int) -> Iterator[str]:
    with os.scandir(folder) as listing:
        for entry in listing:
            hunt.entries += 1
            if hunt.entries > MOST_ENTRIES:
                raise _Enough
            yield entry.name


def _entry(hunt: _Hunt, folder: int, parts: Parts) -> None:
    found = os.stat(parts[-1], dir_fd=folder, follow_symlinks=False)
    if stat.S_ISLNK(found.st_mode):
        raise Refused(Reason.LINK)
    if special(found.st_mode):
        raise Refused(Reason.SPECIAL)
    if stat.S_ISDIR(found.st_mode):
        _folder(hunt, folder, parts)
    elif not (patterns := hunt.patterns.matching(parts)):
        hunt.undeclared.append(shown(parts))
    else:
        hunt.matched |= patterns
        require_plain(found, owner=hunt.owner, most=hunt.limits.output_bytes)
        _file(hunt, folder, parts, found.st_size)


def _folder(hunt: _Hunt, folder: int, parts: Parts) -> None:
    """Descends, unless no pattern can reach into a folder that we would not want to name."""
    if not keepable(parts[-1]):
        if hunt.patterns.reaches(parts):
            raise Refused(Reason.NAME)
        hunt.undeclared.append(shown(parts) + "/")
        return
    if len(parts) >= DEEPEST:
        raise Refused(Reason.TOO_DEEP)
    with hunt.opener.opened(folder, parts[-1], FOLDER) as inner:
        if os.fstat(inner).st_uid != hunt.owner:
            raise Refused(Reason.OWNER)
        _visit(hunt, inner, parts)


def _file(hunt: _Hunt, folder: int, parts: Parts, size: int) -> None:
    """Keeps one declared file, within what a job may have altogether."""
    if not keepable(parts[-1]):
        raise Refused(Reason.NAME)
    folded = "/".join(parts).casefold()
    if folded in hunt.seen:
        raise Refused(Reason.COLLISION)
    hunt.seen.add(folded)
    if len(hunt.seen) > hunt.limits.output_files:
        raise Refused(Reason.TOO_MANY)
    if hunt.total + size > hunt.limits.output_bytes:
        raise Refused(Reason.TOTAL)
    hunt.total += size
    if hunt.refused:
        return  # nothing will be kept: no more bytes are read, only reasons gathered
    with hunt.opener.opened(folder, parts[-1], FILE) as source:
        copied = copy(source, owner=hunt.owner, most=size, into=hunt.into / f"{len(hunt.collected):06d}")
    hunt.collected.append(Collected("/".join(parts), copied.size, copied.sha256, copied.stored))


def _refuse(hunt: _Hunt, parts: Parts, reason: Reason) -> None:
    hunt.refused.append(f"{shown(parts) or '.'}: {reason.value}")


def _bounded(lines: list[str]) -> tuple[str, ...]:
    if len(lines) <= MOST_LISTED:
        return tuple(lines)
    return (*lines[:MOST_LISTED], f"... and {len(lines) - MOST_LISTED} more")


def _prepare(into: Path) -> None:
    """Our own folder, without what an interrupted call left in it."""
    into.mkdir(mode=0o700, parents=True, exist_ok=True)
    for left_over in sorted(into.glob("[0-9]" * 6)):
        left_over.unlink()
