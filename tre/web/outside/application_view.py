"""An application as people read it: section by section, with what was said of each, and what changed between two revisions.

Refuses to decide anything: who may agree, approve or comment is the core's to say.
"""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tre.custody.lifecycle import APPLICATION
from tre.custody.people import Person
from tre.custody.policies import BY_JUDGES
from tre.custody.studies import SECTIONS, Application, Proposal
from tre.data.catalogue import Catalogue
from tre.records.read_models import StudyRow, Wanted
from tre.web.look import words
from tre.web.outside.doors import Outside

MOST_OTHERS = 200
LABELS: Mapping[str, str] = {
    "title": "Title",
    "lay_summary": "Lay summary",
    "public_benefit": "Public benefit",
    "organisation": "Lead organisation",
    "organisations": "Other organisations",
    "members": "People",
    "purpose": "Purpose",
    "legal_basis": "Legal basis",
    "exemption": "Opt-out exemption asked for",
    "datasets": "Tables and columns",
    "outputs": "Intended outputs",
    "starts": "Starts",
    "ends": "Ends",
    "funding": "Funding",
}


@dataclass(frozen=True)
class ColumnAsked:
    """A column that is asked for: how it could harm, why it is needed, and which other studies have it."""

    name: str
    meaning: str
    sensitivity: str
    controller: str
    why: str
    others: tuple[str, ...]


@dataclass(frozen=True)
class FieldChange:
    """A field that differs between two revisions, as words taken out and put in."""

    label: str
    words: tuple[tuple[str, str], ...]


def sections_of(study: Application, read: Any) -> list[dict[str, Any]]:
    """Every section with its fields, the approver's last word on it, and the conversation about it."""
    assessed = {word.section: word for word in study.assessed}
    return [
        {
            "name": section.value,
            "fields": [(LABELS[name], shown(study.proposal, name)) for name in names if name in LABELS],
            "assessed": assessed.get(section),
            "note": _words(assessed[section].note, read) if section in assessed else "",
            "comments": [
                {"person": said.person, "words": _words(said.note, read)}
                for said in study.comments
                if said.section is section
            ],
        }
        for section, names in SECTIONS.items()
    ]


def shown(proposal: Proposal, name: str) -> str:
    """A field of a proposal as text."""
    value = getattr(proposal, name)
    if name == "purpose":
        return words(value)
    if name == "datasets":
        return "\n".join(f"{scope.table}: {', '.join(scope.columns)}" for scope in value)
    return "\n".join(map(str, value)) if isinstance(value, tuple) else str(value)


def columns_asked(outside: Outside, study: Application) -> tuple[ColumnAsked, ...]:
    """Every column asked for, with the catalogue's own word on how it could harm, and who else uses it [P8]."""
    whys = {(each.table, each.column): each.why for each in study.proposal.why}
    return tuple(
        _column(
            outside,
            study.id,
            table=scope.table,
            column=column,
            why=whys.get((scope.table, column), ""),
        )
        for scope in study.proposal.datasets
        for column in scope.columns
    )


def _column(outside: Outside, study: str, *, table: str, column: str, why: str) -> ColumnAsked:
    catalogue: Catalogue = outside.common.catalogue
    known = catalogue.table(table)
    found = known.column(column) if known else None
    return ColumnAsked(
        name=f"{table}.{column}",
        meaning=found.meaning if found else "not in the catalogue",
        sensitivity=found.sensitivity.value if found else "unknown",
        controller=known.controller if known else "unknown",
        why=why,
        others=_others(outside, study, f"{table}.{column}"),
    )


def _others(outside: Outside, study: str, column: str) -> tuple[str, ...]:
    wanted = Wanted("changed_at", {"stage": "approved"}, {"approved_columns": column}, size=MOST_OTHERS)
    return tuple(each for each in outside.common.read_models.ids(StudyRow, wanted) if each != study)


def changes_between(before: Proposal, after: Proposal) -> tuple[FieldChange, ...]:
    """What differs from one revision to another, field by field, word by word."""
    pairs = ((LABELS[name], shown(before, name), shown(after, name)) for name in LABELS)
    return tuple(FieldChange(label, tuple(_diff(old, new))) for label, old, new in pairs if old != new)


def _diff(old: str, new: str) -> list[tuple[str, str]]:
    before, after = old.split(), new.split()
    parts: list[tuple[str, str]] = []
    for kind, b1, b2, a1, a2 in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind == "equal":
            parts.append(("same", " ".join(before[b1:b2])))
            continue
        parts += [("gone", " ".join(before[b1:b2]))] * (b1 < b2) + [("new", " ".join(after[a1:a2]))] * (
            a1 < a2
        )
    return parts


def steps_for(person: Person, study: Application) -> set[str]:
    """The steps that lead on and that this person's roles and place may let them take; the core has the last word."""
    member = person.id in study.members
    return {
        step.value
        for step, (owners, _) in APPLICATION[study.stage].items()
        if owners & person.roles and not (member and step in BY_JUDGES)
    }


def _words(digest: str, read: Any) -> str:
    return read(digest).decode("utf-8") if digest else ""
