"""An application as a researcher writes it, in TOML. Refuses an unknown key, a missing one, and a purpose that is not COVID-19's."""

import tomllib
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from job_specs.model import Purpose, TableScope
from tre.custody.errors import Malformed, Refusal
from tre.custody.studies import Proposal

WORDS = ("title", "lay_summary", "organisation", "purpose", "legal_basis")
DATES = ("starts", "ends")
KEYS = frozenset({*WORDS, *DATES, "members", "datasets"})


def read_proposal(path: Path) -> Proposal:
    """The proposal in a file.

    Raises:
        Refusal: the file is missing or unclear, or its purpose is not one of the service's [P3].
    """
    try:
        untrusted = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise _unclear(path, "it cannot be opened") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _unclear(path, f"it is not TOML ({error})") from error
    return proposal_of(untrusted, path)


def proposal_of(untrusted: Mapping[str, Any], path: Path) -> Proposal:
    """The proposal in a mapping; see ``read_proposal``."""
    if wrong := sorted(KEYS ^ set(untrusted)):
        raise _unclear(path, f"these keys are missing or mean nothing here: {', '.join(wrong)}")
    if any(not isinstance(untrusted[key], str) for key in WORDS):
        raise _unclear(path, f"{', '.join(WORDS)} are texts")
    if any(type(untrusted[key]) is not date for key in DATES):
        raise _unclear(path, "dates are written as 2026-01-31, without quotes")
    try:
        return Proposal(
            title=untrusted["title"],
            lay_summary=untrusted["lay_summary"],
            organisation=untrusted["organisation"],
            purpose=purpose_of(untrusted["purpose"]),
            legal_basis=untrusted["legal_basis"],
            members=_texts(untrusted["members"]),
            datasets=datasets_of(untrusted["datasets"]),
            starts=untrusted["starts"],
            ends=untrusted["ends"],
        )
    except (Malformed, ValueError, TypeError, AttributeError) as error:
        raise _unclear(path, str(error)) from error


def purpose_of(untrusted_purpose: str) -> Purpose:
    """A purpose tag.

    Raises:
        Refusal: it is not one of the purposes that this service may be used for [P3].
    """
    if untrusted_purpose in set(Purpose):
        return Purpose(untrusted_purpose)
    raise Refusal(
        "purpose-not-covid-19",
        f"{untrusted_purpose[:60]!a} is not a purpose that this service may be used for: all of them are COVID-19.",
        f"Use one of: {', '.join(purpose for purpose in Purpose)}.",
        "P3",
    )


def datasets_of(untrusted: Mapping[str, Any]) -> tuple[TableScope, ...]:
    """Tables and columns."""
    return tuple(TableScope(str(table), _texts(columns)) for table, columns in untrusted.items())


def scopes(words: Sequence[str]) -> dict[str, list[str]]:
    """Tables and columns as they are written on a command line: ``table:column,column``."""
    pairs = (word.partition(":") for word in words)
    return {table: columns.split(",") for table, _, columns in pairs}


def _texts(untrusted: Any) -> tuple[str, ...]:
    if not isinstance(untrusted, list) or not all(isinstance(item, str) for item in untrusted):
        raise TypeError("a list of texts was expected")
    return tuple(untrusted)


def _unclear(path: Path, why: str) -> Refusal:
    return Refusal(
        "application-unclear",
        f"The application in {path.name!a} cannot be read: {why}.",
        "Compare it with the example that `tre demo` leaves in its folder.",
        "P4",
    )
