"""What is evidence of a suspected breach, and may not be deleted by anybody until the incident is closed [P15]. Pure.

An incident freezes its study: every request of it, and every file that an event of theirs names. Refuses to let go of a file
because another study, which is not frozen, names the same bytes.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tre.custody.encoding import encode
from tre.custody.events import Event
from tre.custody.outputs import is_digest


@dataclass(frozen=True)
class Freeze:
    """One incident that is open: its name, the study that it froze, and since when, as ISO text."""

    incident: str
    study: str
    since: str


def why_frozen(freezes: Iterable[Freeze], study: str) -> Freeze | None:
    """The incident for which everything of a study is kept; nothing where none is open."""
    return next((each for each in freezes if each.study == study), None)


def is_frozen(freezes: Iterable[Freeze], study: str) -> bool:
    """Whether nothing of a study may be deleted."""
    return why_frozen(freezes, study) is not None


def frozen_digests(freezes: Iterable[Freeze], told: Iterable[tuple[str, Event]]) -> frozenset[str]:
    """The digests of all files that are evidence, whoever else names them; ``told`` are events with their study."""
    studies = {each.study for each in freezes}
    return frozenset(digest for study, event in told if study in studies for digest in digests_of(event))


def digests_of(event: Event) -> frozenset[str]:
    """Every digest that an event names: outputs, twins, reports, logs, specs, code, notes, statements."""
    return frozenset(_digests(encode(event)))


def _digests(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield from (value,) if is_digest(value) else ()
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _digests(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _digests(each)
