"""An application's form: from what was filled in to a proposal, and back again for a revision.

Refuses a purpose that is not the service's, a table or column that the catalogue does not hold, and a date that is no date;
a draft may hold anything, because it is nobody's word yet.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from job_specs.model import Purpose, TableScope
from tre.custody.errors import Malformed, Refusal
from tre.custody.studies import ColumnReason, Proposal
from tre.data.catalogue import Catalogue
from tre.web.asking import Form, unclear

TEXTS = ("title", "lay_summary", "public_benefit", "organisation", "exemption", "funding")
LINES = ("organisations", "members", "outputs")
CHOICES = ("purpose", "legal_basis", "starts", "ends")
MOST_LINES = 50
COLUMN = "column"
WHY = "why:"

Filled = Mapping[str, list[str]]


def filled_in(form: Form) -> dict[str, list[str]]:
    """What a draft keeps of a form: its own fields, each cut to what a field may hold."""
    kept = {name: [form.text(name)] for name in (*TEXTS, *LINES, *CHOICES) if name in form.values}
    whys = {
        name: [form.text(name, most=500)] for name in form.values if name.startswith(WHY) and form.text(name)
    }
    return kept | whys | {COLUMN: list(form.every(COLUMN))}


def as_body(filled: Filled) -> str:
    """A draft as it is kept."""
    return json.dumps(filled, ensure_ascii=False, sort_keys=True)


def from_body(body: str) -> dict[str, list[str]]:
    """A draft that was kept so."""
    kept: dict[str, list[str]] = json.loads(body)
    return kept


def of_proposal(proposal: Proposal) -> dict[str, list[str]]:
    """A proposal as its form was filled in: where a revision begins."""
    texts = {name: [str(getattr(proposal, name))] for name in TEXTS}
    lines = {name: ["\n".join(getattr(proposal, name))] for name in LINES}
    columns = [f"{scope.table}.{column}" for scope in proposal.datasets for column in scope.columns]
    whys = {f"{WHY}{each.table}.{each.column}": [each.why] for each in proposal.why}
    choices = {
        "purpose": [proposal.purpose.value],
        "legal_basis": [proposal.legal_basis],
        "starts": [proposal.starts.isoformat()],
        "ends": [proposal.ends.isoformat()],
    }
    return texts | lines | choices | whys | {COLUMN: columns}


def proposal_of(filled: Filled, catalogue: Catalogue) -> Proposal:
    """The proposal that a filled-in form makes.

    Raises:
        Refusal: a field that is needed is empty, or says what cannot be.
    """
    columns = filled.get(COLUMN, [])
    try:
        return Proposal(
            title=_needed(filled, "title"),
            lay_summary=_needed(filled, "lay_summary"),
            organisation=_needed(filled, "organisation"),
            purpose=_purpose(_text(filled, "purpose")),
            legal_basis=_needed(filled, "legal_basis"),
            members=_lines(filled, "members"),
            datasets=datasets_of(columns, catalogue),
            starts=_day(filled, "starts"),
            ends=_day(filled, "ends"),
            public_benefit=_text(filled, "public_benefit"),
            organisations=_lines(filled, "organisations"),
            why=_reasons(filled, columns),
            outputs=_lines(filled, "outputs"),
            funding=_text(filled, "funding"),
            exemption=_text(filled, "exemption"),
        )
    except Malformed as error:
        raise Refusal(
            "form-unclear", f"The application cannot be: {error}.", "Mend it and send it again.", "P4"
        ) from error


def datasets_of(columns: Iterable[str], catalogue: Catalogue) -> tuple[TableScope, ...]:
    """Ticked columns as tables and columns, in the catalogue's own order.

    Raises:
        Refusal: one is not in the catalogue, or none was ticked [P8].
    """
    wanted = set(columns)
    scopes = [
        TableScope(table.name, ticked)
        for table in catalogue.tables
        if (ticked := tuple(c.name for c in table.columns if f"{table.name}.{c.name}" in wanted))
    ]
    known = {f"{scope.table}.{column}" for scope in scopes for column in scope.columns}
    if not scopes or known != wanted:
        raise unclear("columns", "names no column, or one that is not in the catalogue")
    return tuple(scopes)


def _reasons(filled: Filled, columns: Iterable[str]) -> tuple[ColumnReason, ...]:
    said = ((name, _text(filled, WHY + name)) for name in columns)
    named = ((*name.split(".", 1), why) for name, why in said if why)
    return tuple(ColumnReason(table, column, why) for table, column, why in named)


def _purpose(untrusted: str) -> Purpose:
    if untrusted in set(Purpose):
        return Purpose(untrusted)
    raise Refusal(
        "form-unclear",
        "That is not a purpose that this service may be used for: all of them are COVID-19 [P3].",
        f"Choose one of: {', '.join(Purpose)}.",
        "P3",
    )


def _text(filled: Filled, name: str) -> str:
    return (filled.get(name) or [""])[0].strip()


def _needed(filled: Filled, name: str) -> str:
    text = _text(filled, name)
    if not text:
        raise unclear(name, "is empty")
    return text


def _lines(filled: Filled, name: str) -> tuple[str, ...]:
    lines = [line.strip() for line in _text(filled, name).splitlines() if line.strip()]
    if len(lines) > MOST_LINES:
        raise unclear(name, f"has more than {MOST_LINES} lines")
    return tuple(dict.fromkeys(lines))


def _day(filled: Filled, name: str) -> date:
    try:
        return date.fromisoformat(_text(filled, name))
    except ValueError as error:
        raise unclear(name, "is not a day, written as 2026-01-31") from error


def as_data(filled: Filled) -> dict[str, Any]:
    """A filled-in form for a template: one text a field, and the ticked columns as a set."""
    return {name: (values or [""])[0] for name, values in filled.items() if name != COLUMN} | {
        COLUMN: set(filled.get(COLUMN, []))
    }
