"""The lists of who is behind a table of study code, as one file: kept in the place of the rows that they were made of [P10].

What is compared with the next release is then read from it, and is the same, to the byte, as what the rows would have
said. Refuses a file that is not such lists.
"""

import base64
import json
from collections.abc import Sequence
from typing import Any

from output_checks.ledger import Listed, Question
from tre.dispatch.errors import DispatchError

KIND = "tre/people-behind/1"


def written(lists: Sequence[Listed]) -> bytes:
    """Lists of one table as a file."""
    told = {"kind": KIND, "lists": [_told(each) for each in lists]}
    return json.dumps(told, sort_keys=True, separators=(",", ":")).encode()


def read(content: bytes) -> tuple[Listed, ...]:
    """The lists of a file.

    Raises:
        DispatchError: it is not such a file.
    """
    try:
        told = json.loads(content)
        if told["kind"] == KIND:
            return tuple(_listed(each) for each in told["lists"])
    except (ValueError, KeyError, TypeError) as error:
        raise _unreadable() from error
    raise _unreadable()


def _told(listed: Listed) -> dict[str, Any]:
    places = None if listed.places is None else sorted(listed.places.items())
    return {
        "release": listed.release,
        "population": listed.question.population,
        "by": sorted(listed.question.by),
        "shown": sorted(listed.shown),
        "places": places,
        "members": base64.b64encode(listed.members).decode(),
    }


def _listed(told: dict[str, Any]) -> Listed:
    places = told["places"]
    return Listed(
        release=str(told["release"]),
        members=base64.b64decode(told["members"], validate=True),
        question=Question(str(told["population"]), frozenset(map(str, told["by"]))),
        shown=frozenset(map(int, told["shown"])),
        places=None if places is None else {int(row): int(place) for row, place in places},
    )


def _unreadable() -> DispatchError:
    return DispatchError(
        "lists-unreadable",
        "Who is behind an earlier release was listed, and the lists cannot be read.",
        where="the quarantine",
        fix="Bring this host to the version that wrote them, or restore them from a backup: nothing leaves until then.",
    )
