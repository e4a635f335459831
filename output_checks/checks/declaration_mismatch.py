"""A file is what its declaration says it is, column for column.

Refuses a file with columns that are not declared or without columns that are, counts that are no counts, margins that
are no totals, ratios that are no ratios, and evidence of another table.
"""

from __future__ import annotations

from collections.abc import Iterator

from output_checks.declare import COUNTED, KINDS, LABELS, Declaration, Role
from output_checks.facts import settled
from output_checks.model import CellRef, Evidence, Table
from output_checks.numerals import is_hidden, whole
from output_checks.rule import Because, Rule, refuse
from output_checks.structure import unexplained_margins
from output_checks.subject import Subject

_DECLARE = "Declare the columns as they are in the file, or write the file as it is declared."


def _look(subject: Subject) -> Iterator[Because]:
    if subject.fault is not None:
        yield refuse("The declaration cannot be understood.", subject.fault)
    table, declaration = subject.table, subject.declaration
    if table is None:
        return
    if declaration is not None:
        yield from _columns(table, declaration)
        yield from _labels(declaration)
        yield from _groups(subject, table)
    yield from _numbers(subject, table)
    if subject.offered.evidence is not None:
        yield from _evidence(subject, table, subject.offered.evidence)
    for name in unexplained_margins(subject):
        fix = "A margin is the sum of a declared count over one or more dimensions; declare what this column is."
        yield refuse("A column is declared a margin and is not the total of any count.", fix, column=name)


def _columns(table: Table, declaration: Declaration) -> Iterator[Because]:
    said = {*declaration.by, *declaration.columns}
    for name in said.difference(table.columns):
        yield refuse("A declared column is not in the file.", _DECLARE, column=name)
    if set(table.columns) - said:
        # An undeclared column's name is the file's own word, and could carry anything: it is not repeated.
        yield refuse("The file has columns that are not declared.", _DECLARE)


def _labels(declaration: Declaration) -> Iterator[Because]:
    """Columns of labels that no group is made by: nothing holds their words to anything."""
    if "by" not in KINDS[declaration.kind].must:
        return
    times = [column.name for column in declaration.columns.values() if column.role is Role.TIME]
    allowed = {*declaration.by, *(times[:1] if declaration.kind == "survival" else ())}
    for name, column in declaration.columns.items():
        if column.role in LABELS and name not in allowed:
            fix = "Name every column of labels in `by`; the one column of times of a survival table has the role `time`."
            yield refuse(
                "A column of labels is not among those that the groups are made by.", fix, column=name
            )


def _groups(subject: Subject, table: Table) -> Iterator[Because]:
    # `2020` and `2020.0` are one group: where the data was asked, it says which groups the labels are.
    said = subject.evidence.labels if subject.evidence else {}
    labels = [said.get(name) or table.column(name) for name in subject.dimensions]
    combinations = list(zip(*labels, strict=True)) if labels else [()] * len(table.rows)
    if len(set(combinations)) < len(combinations):
        fix = "Declare every dimension in `by`, and write one row for each combination of them."
        yield refuse("Several rows are about the same group.", fix)


def _numbers(subject: Subject, table: Table) -> Iterator[Because]:
    for column in subject.with_role(*COUNTED):
        cells = [
            CellRef(row, column.name)
            for row, text in enumerate(table.column(column.name))
            if not is_hidden(text) and (whole(text) is None or (whole(text) or 0) < 0)
        ]
        if cells:
            fix = "Write whole numbers of people, and one mark where a number is hidden."
            yield refuse("A count is not a whole number.", fix, column=column.name, cells=cells)


def _evidence(subject: Subject, table: Table, evidence: Evidence) -> Iterator[Because]:
    unfit = len(evidence.people) != len(table.rows)
    if unfit or (evidence.roles and set(evidence.roles) != set(table.columns)):
        fix = "Run the query again; if it happens twice, tell the maintainers."
        yield refuse("What the data says of this table is about another table.", fix)
    claims = {**subject.declaration.columns} if subject.declaration else {}
    for name, claimed in claims.items():
        known = subject.columns.get(name)
        if known is not None and name in evidence.roles and settled(claimed, known) is not claimed:
            fix = "Declare the column as what the query computes."
            yield refuse(
                "A column is declared as something that its query does not compute.", fix, column=name
            )


RULE = Rule("declaration_mismatch", "P9", _look)
