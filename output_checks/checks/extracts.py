"""What an extract was made of: whose rows, and by which conditions [P10].

A count of many people tells of one where their rows were all made of that one's: by a maximum over everybody, by a subquery, by
a join with a group. And a mean or a median tells of one where its amounts were chosen so that only that one's is not known.
Leaves to a person tables whose extract mixes people's rows, and numbers over amounts that a condition chose. The conditions are
in the study's SQL, for everybody to read; whoever reads it sees at once whether one of them is true of a few.
"""

from __future__ import annotations

from collections.abc import Iterator

from output_checks.rule import Because, Rule, review
from output_checks.subject import Subject

_READ = "Read the SQL of the extract: does anything in it pick out a few people?"


def _look(subject: Subject) -> Iterator[Because]:
    offered, declaration = subject.offered, subject.declaration
    if subject.table is None or declaration is None:
        return
    if offered.mixed:
        reason = "People's rows in the extract are made of other people's: what is true of one can be in the rows of all."
        yield review(reason, f"{_READ} Where nobody needs it, make each row of its own person's records.")
    regressors = declaration.extra.get("regressors")
    used = [declaration.extra.get("value"), *(regressors if isinstance(regressors, list | tuple) else ())]
    if offered.chosen.intersection(each for each in used if isinstance(each, str)):
        reason = (
            "The amounts were chosen by a condition in the extract's SQL: it could be true of one person."
        )
        yield review(reason, f"{_READ} Or summarise the column itself, and say whom by `where`.")


RULE = Rule("extracts", "P10", _look)
