"""Which relations of a FROM speak of the same patient: the one rule of joining people.

Two relations are tied when the conditions make a patient identifier of one equal to a patient identifier of the other.
Anything looser (a shared practice, a date range, nothing at all) puts two people into one row, and no count of people
can be trusted after that; the join then says so.
"""

from collections.abc import Iterable
from dataclasses import replace

from job_specs.sql.facts import Level, Source, Traces
from job_specs.sql.ir import (
    Call,
    Column,
    Constant,
    Derived,
    Expr,
    Join,
    JoinKind,
    Named,
    Relation,
    Rows,
    Series,
    conjuncts,
)

_TWO_PEOPLE = (
    "This join can put two different people into one row: it does not link their patient identifiers."
)
_OTHERS_FILTER = (
    "Whether a row is kept depends on other people's rows: the join does not link patient identifiers."
)
_FED_BACK = "A result about groups of people is joined back to single people."


class Sources:
    """Works out the facts of joined relations; every leaf relation's own facts are already in `traces`."""

    def __init__(self, traces: Traces, own: frozenset[str]) -> None:
        self._traces = traces
        self._own = own

    def of(self, relation: Relation | None, given: tuple[Expr, ...]) -> Source:
        """The facts of a FROM, where the `given` conditions hold for every row that is kept."""
        if relation is None:
            return Source(Level.NOBODY, single=True)
        if isinstance(relation, Join):
            return self._join(relation, given)
        return self._with_outer(self._leaf(relation), given)

    def _leaf(self, relation: Named | Derived | Rows | Series) -> Source:
        facts = self._traces.by_alias[relation.alias]
        return Source(
            facts.level,
            Column(relation.alias, facts.person) if facts.person else None,
            facts.unique,
            facts.nullable,
            facts.single,
            # One row for each patient is one for each of their records, whichever way it was made.
            facts.records or (facts.unique and facts.level is Level.ONE),
            same=frozenset(Column(relation.alias, c.name) for c in facts.columns if c.patient),
            sure=frozenset(Column(relation.alias, c.name) for c in facts.columns if c.sure),
            aliases=frozenset({relation.alias}),
            tied=facts.tied,
            doubts=facts.doubts,
        )

    def _with_outer(self, source: Source, given: tuple[Expr, ...]) -> Source:
        """A relation of an inner query is tied where a condition links its patient to the outer row's."""
        linked = linked_to(source.same, given)
        return replace(source, tied=source.tied | {c for c in linked if self._is_outer_patient(c)})

    def _is_outer_patient(self, column: Column) -> bool:
        known = self._traces.by_alias.get(column.source or "")
        return known is not None and column.source not in self._own and known.column(column.name).patient

    def _join(self, join: Join, given: tuple[Expr, ...]) -> Source:
        on = tuple(conjuncts(join.on))
        to_left, to_right = _conditions_for(join.kind, given, on)
        left, right = self.of(join.left, to_left), self.of(join.right, to_right)
        plain_left, plain_right = replace(left, doubts=()), replace(right, doubts=())
        holds = (*given, *on) if join.kind in {"inner", "cross"} else on
        met = self._meet(join, plain_left, plain_right, holds)
        aliases = left.aliases if join.kind in {"semi", "anti"} else left.aliases | right.aliases
        tied = {column for column in _tied(join.kind, left, right) if column.source not in self._own}
        doubts = (*left.doubts, *right.doubts, *met.doubts)
        return replace(met, aliases=aliases, tied=frozenset(tied), doubts=doubts)

    def _meet(self, join: Join, left: Source, right: Source, holds: tuple[Expr, ...]) -> Source:
        if join.kind in {"semi", "anti"}:
            return _filtered(join, left, right, holds)
        levels = {left.level, right.level}
        if Level.MIXED in levels:
            return _product(left, right)
        if Level.NOBODY in levels:
            return self._beside_nobody(join, left, right, holds)
        return (
            _with_groups(join, left, right) if Level.MANY in levels else _two_people(join, left, right, holds)
        )

    def _beside_nobody(self, join: Join, left: Source, right: Source, holds: tuple[Expr, ...]) -> Source:
        """A calendar, a lookup, a single row of settings: people keep their identity, maybe more than once."""
        other_is_right = right.level is Level.NOBODY
        people, other, side = (left, right, join.right) if other_is_right else (right, left, join.left)
        kept = join.kind in {"full", "right" if other_is_right else "left"}
        once = other.single or self._matches_once(side, people, holds)
        return replace(
            people,
            unique=people.unique and once,
            single=people.single and other.single,
            records=people.records and (once or not isinstance(side, Join)),
            fanned=people.fanned if once else people.fanned | other.aliases,
            nullable=people.nullable or kept,
        )

    def _matches_once(self, side: Relation, people: Source, holds: tuple[Expr, ...]) -> bool:
        """An equality of a people's column with a column in which no value repeats can match one row at most.

        The other column must be the people's own: made equal to a third relation's, each row could match many.
        """
        if isinstance(side, Join):
            return False
        keys = {Column(side.alias, name) for name in self._traces.by_alias[side.alias].keys}
        pairs = [pair for condition in holds if (pair := _equal_columns(condition))]
        ordered = (pair for a, b in pairs for pair in ((a, b), (b, a)))
        return any(key in keys and other.source in people.aliases for key, other in ordered)


def _conditions_for(
    kind: JoinKind, given: tuple[Expr, ...], on: tuple[Expr, ...]
) -> tuple[tuple[Expr, ...], tuple[Expr, ...]]:
    """The conditions that hold for the rows each side contributes."""
    match kind:
        case "inner" | "cross":
            return (*given, *on), (*given, *on)
        case "semi":
            return (*given, *on), on
        case "left" | "anti":
            return given, on
        case "right":
            return on, given
        case "full":
            return (), ()


def _tied(kind: JoinKind, left: Source, right: Source) -> frozenset[Column]:
    match kind:
        case "inner" | "cross":
            return left.tied | right.tied
        case "right":
            return right.tied
        case "full":
            return frozenset()
        case _:
            return left.tied


def _filtered(join: Join, left: Source, right: Source, holds: tuple[Expr, ...]) -> Source:
    if right.level is Level.NOBODY:
        return left
    if right.level is Level.ONE and left.level is Level.ONE and are_tied(left, right, holds):
        return left
    return left.doubting(_OTHERS_FILTER, join.at)


def _two_people(join: Join, left: Source, right: Source, holds: tuple[Expr, ...]) -> Source:
    if not are_tied(left, right, holds):
        return _product(left, right).doubting(_TWO_PEOPLE, join.at)
    met = _tied_people(join, left, right, holds)
    # A record of one side stands once where the other side has one row for its patient; FULL gives a row to each side's own.
    once = (left.records and right.unique) or (right.records and left.unique)
    return replace(met, records=once and join.kind != "full", fanned=left.fanned | right.fanned)


def _tied_people(join: Join, left: Source, right: Source, holds: tuple[Expr, ...]) -> Source:
    unique, same = left.unique and right.unique, left.same | right.same
    match join.kind:
        case "left":
            return Source(Level.ONE, left.person, unique, left.nullable, same=same, sure=left.sure)
        case "right":
            return Source(Level.ONE, right.person, unique, right.nullable, same=same, sure=right.sure)
        case "full":
            both = Call("coalesce", tuple(person for person in (left.person, right.person) if person))
            nullable = left.nullable or right.nullable
            # A patient whom a further condition keeps from matching has a row from each side.
            unique = unique and len(holds) == 1
            return Source(Level.ONE, both, unique, nullable, same=same, sure=frozenset({both}))
        case _:
            return Source(
                Level.ONE, left.person or right.person, unique, same=same, sure=left.sure | right.sure
            )


def are_tied(left: Source, right: Source, conditions: Iterable[Expr]) -> bool:
    """Whether the conditions make the two sides' patients equal (or one side is already tied to the other's)."""
    return bool(linked_to(left.same, conditions) & right.same or right.tied & left.same)


def linked_to(columns: frozenset[Column], conditions: Iterable[Expr]) -> frozenset[Column]:
    """The columns that the conditions make equal to any of these, those included."""
    pairs = [pair for condition in conditions if (pair := _equal_columns(condition))]
    linked, before = set(columns), -1
    while before != len(linked):
        before = len(linked)
        linked |= {other for a, b in pairs for one, other in ((a, b), (b, a)) if one in linked}
    return frozenset(linked)


def constant_keys(rows: Rows) -> frozenset[str]:
    """The columns of a VALUES list whose values are all constants and all different."""
    columns = zip(rows.columns, zip(*rows.rows, strict=True), strict=True) if rows.rows else ()
    return frozenset(name for name, cells in columns if _all_different(cells))


def _all_different(cells: tuple[Expr, ...]) -> bool:
    texts = [cell for cell in cells if isinstance(cell, Constant) and cell.kind != "null"]
    # Kinds are not mixed: 1 and '1' differ here and might compare equal there.
    return (
        len(texts) == len(cells) == len({cell.text for cell in texts}) and len({c.kind for c in texts}) == 1
    )


def _equal_columns(condition: Expr) -> tuple[Column, Column] | None:
    match condition:
        case Call("=", (Column() as left, Column() as right)):
            return left, right
        case _:
            return None


def _product(left: Source, right: Source) -> Source:
    return Source(Level.MIXED, left.person or right.person, same=left.same | right.same)


def _with_groups(join: Join, left: Source, right: Source) -> Source:
    if left.level is right.level:
        return Source(Level.MANY, single=left.single and right.single)
    people, groups = (left, right) if left.level is Level.ONE else (right, left)
    fed_back = replace(
        people, unique=people.unique and groups.single, nullable=join.kind not in {"inner", "cross"}
    )
    return fed_back.doubting(_FED_BACK, join.at)
