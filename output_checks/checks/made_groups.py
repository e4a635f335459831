"""Groups that a query makes by a condition of its own, and in which there is nobody, or a few [P10].

Whether a group of one person's making is empty is what its maker wants to know, and what has to be hidden beside a total would tell.
Leaves to a person, alike, tables in which a label that the query's text could give has nobody or a few people; and labels that
a condition chose between columns, of which nobody can say what there could have been. A table whose people were compared with all
that left, itself included, is left to that: a total that tells is withheld there, whoever is in the group.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from output_checks.declare import LABELS
from output_checks.labels import folded
from output_checks.model import Evidence, Table
from output_checks.rule import Because, Rule, review
from output_checks.subject import Subject

_READ = "Read the query: could a condition be true of one person? Merge the group with another, or leave the totals out."


def _look(subject: Subject) -> Iterator[Because]:
    table, evidence = subject.table, subject.evidence
    if table is None or evidence is None or subject.offered.compared:
        return
    for name in (each for each in table.columns if subject.columns[each].role in LABELS):
        if name in evidence.unsure:
            reason = "Labels were chosen between columns by a condition: it could be true of one person."
            yield review(reason, _READ, column=name)
        elif _has_few(subject, table, evidence, name):
            reason = "A group that the query makes has nobody or a few people in it: what is hidden could tell which."
            yield review(reason, _READ, column=name)


def _has_few(subject: Subject, table: Table, evidence: Evidence, name: str) -> bool:
    people = _most(table, evidence, name)
    labels = (people.get(folded(label), 0) for label in evidence.made.get(name, ()))
    return any(not most or subject.policy.is_small(most) for most in labels)


def _most(table: Table, evidence: Evidence, name: str) -> Mapping[str, int]:
    """For each label, the people of the largest row that bears it."""
    found: dict[str, int] = {}
    for label, people in zip(table.column(name), evidence.people, strict=True):
        found[folded(label)] = max(found.get(folded(label), 0), people)
    return found


RULE = Rule("made_groups", "P10", _look)
