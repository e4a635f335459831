"""Whether a query that gives a row for each person makes that row of other people's rows.

`max(flag) OVER ()`, `(SELECT max(flag) FROM patients WHERE <one person>)` and a join with the sums of a group put what is
true of one person into the rows of all: every count of those rows is then about enough people, and tells of one. Medians
and quintiles of everybody are made so too, honestly: nothing is refused here, it is said. Refuses to overlook a step
whose rows it cannot tie to the person.
"""

from job_specs.sql.facts import Level, Traces
from job_specs.sql.ir import Among, Column, Exists, Expr, Query, Select, SetOp, Single, Window, walk


def mixes(query: Query, traces: Traces) -> bool:
    """Whether some person's row, or their being there, may depend on rows of others."""
    return any(_mixes(node, traces) for node in walk(query))


def _mixes(node: object, traces: Traces) -> bool:
    match node:
        case Select() | SetOp():
            return traces.queries[id(node)].level in {Level.MANY, Level.MIXED}
        case Window():
            return not any(_is_patient(each, traces) for each in node.partition)
        case Among():
            return not _is_patient(node.value, traces) and _is_about_others(node.query, traces)
        case Exists() | Single():
            return _is_about_others(node.query, traces)
        case _:
            return False


def _is_patient(expr: Expr, traces: Traces) -> bool:
    return isinstance(expr, Column) and traces.column(expr).patient


def _is_about_others(query: Query, traces: Traces) -> bool:
    facts = traces.queries[id(query)]
    return facts.level is not Level.NOBODY and not facts.tied
