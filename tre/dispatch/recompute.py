"""Declared tables of study code, asked of the extracts they were made from: evidence for the checks.

Refuses nothing itself: where the data cannot be asked it says why, in a sentence for the researcher, and the table is
only declared. Only extracts of the same request are asked, and a `where` only as the SQL guard admits it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from job_specs.sql.guard import guard_extract
from job_specs.sql.model import SqlRefused
from output_checks.check import subject_of
from output_checks.formats.cells import Reading
from output_checks.formats.refusal import Unreadable
from output_checks.model import Evidence, Offered
from output_checks.numerals import decimal
from output_checks.policy import Policy
from output_checks.question import Unaskable, question_of
from output_checks.read import read
from output_checks.subject import Subject
from tre.dispatch.ports import DataRoom

_FROM_EXTRACT = "Declare in `of` an action of this study that makes an extract."
_WHERE = "Write `where` in the SQL that extracts are written in, over the columns of the extract."
_OF_ITS_OWN = "Write `where` of each person's own row, without asking about others."
_PLAIN = "extract"


@dataclass(frozen=True)
class Kept:
    """The people that a declaration's `where` keeps."""

    table: str
    sql: str
    parameters: Mapping[str, Any]


def evident(
    offered: Offered,
    extracts: Mapping[str, bytes],
    data: DataRoom,
    *,
    policy: Policy,
    parameters: Mapping[str, Any],
) -> Offered:
    """The offered file with what the data says of it. `extracts` are the request's, by the action that made them."""
    subject = subject_of(offered, policy)
    if subject.table is None:
        return offered
    columns = [subject.table.column(name) for name in subject.table.columns]
    found = [data.copied(content, columns) for content in extracts.values()]
    offered = replace(offered, copied=frozenset().union(*found))
    try:
        return replace(offered, evidence=_measured(subject, extracts, data, parameters))
    except Unaskable as why:
        return replace(offered, unmeasured=str(why))


def _measured(
    subject: Subject, extracts: Mapping[str, bytes], data: DataRoom, parameters: Mapping[str, Any]
) -> Evidence:
    question = question_of(subject)
    said = subject.offered.declaration or {}
    name = str(said.get("of"))
    if name not in extracts:
        raise Unaskable(_FROM_EXTRACT)
    kept = kept_by(said, extracts[name], data, parameters=parameters)
    return data.measure(extracts[name], question, kept)


def kept_by(
    said: Mapping[str, Any], extract: bytes, data: DataRoom, *, parameters: Mapping[str, Any]
) -> Kept | None:
    """The people of an extract that a declaration's `where` keeps; nothing where it has none.

    Raises:
        Unaskable: the guard refuses it.
    """
    where = said.get("where")
    return (
        _kept(str(said.get("of")), str(where), extract, data=data, parameters=parameters) if where else None
    )


def _kept(name: str, where: str, content: bytes, *, data: DataRoom, parameters: Mapping[str, Any]) -> Kept:
    table = name if name.isidentifier() and name.islower() else _PLAIN
    scope = data.extract_scope(table, content)
    # The guard reads the text before anything runs; what runs is what the guard wrote.
    text = f"SELECT {scope.tables[0].patient} FROM {table} WHERE ({where}\n)"  # noqa: S608
    try:
        guarded = guard_extract(text, scope, parameters=parameters)
    except SqlRefused as refused:
        raise Unaskable(_WHERE) from refused
    if guarded.mixes:
        # Whether anybody is counted at all could then be what is true of one person.
        raise Unaskable(_OF_ITS_OWN)
    return Kept(table, guarded.sql, guarded.parameters)


def numbers_shown(path: str, twin: bytes) -> frozenset[str]:
    """Every number that a table shows as it may be released; none where it is no table."""
    try:
        found = read(path, twin)
    except Unreadable:
        return frozenset()
    cells = (cell for row in found.table.rows for cell in row) if isinstance(found, Reading) else ()
    return frozenset(cell for cell in cells if decimal(cell) is not None)
