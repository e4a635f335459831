"""The expressions that count the people behind a cell, in terms of the rows that the cell is made from.

For each measured part of a cell the group that it says something about is counted: the people whose rows took part and
weigh something. A sum or mean in which only three people are not zero describes those three; a rate describes those
who have the condition and those who have not. Where a cell is made of several parts, the smallest group counts.
It refuses to take a count of rows for a count of people unless lineage shows that they are the same.
"""

from collections.abc import Iterable

from job_specs.sql.choices import ZERO, alternatives, baseline, indicator, is_of_its_own
from job_specs.sql.facts import Source, Traces
from job_specs.sql.ir import NULL, Call, Case, Cast, Column, Constant, Expr
from job_specs.sql.model import PEOPLE
from job_specs.sql.roles import leaves, role_of

_POSITIONS = frozenset({"median", "quantile_cont", "quantile_disc"})


class Evidence:
    """Counts people over the rows of one FROM: exactly, or from below in one cheap pass."""

    def __init__(self, source: Source, traces: Traces, *, exact: bool = True) -> None:
        self._source = source
        self._traces = traces
        self._exact = exact

    def row(self) -> Expr:
        """The people behind a whole group of rows."""
        return self.people(())

    def least(self, counts: list[Expr]) -> Expr:
        """The smallest of some counts: of people nobody of whom there are none; of a bound, whatever is least."""
        return smallest(counts) if self._exact else lowest(counts)

    def people(self, conditions: Iterable[Expr]) -> Expr:
        """The distinct people among the rows for which all conditions hold."""
        where = _all(tuple(conditions))
        if self._source.unique and not self._source.nullable:
            return Call("count_star", (), where=where)
        return self._distinct(where) if self._exact else _at_least(self._source.person or NULL, where)

    def _distinct(self, where: Expr | None) -> Expr:
        return Call("count", (self._source.person or NULL,), distinct=True, where=where)

    def cell(self, value: Expr) -> Expr:
        """The smallest group of people that a grouped cell says something about."""
        rate = self._is_rate(value)
        groups = [self._leaf(leaf.expr, rate=rate) for leaf in leaves(value, self._source, self._traces)]
        return groups[0] if len(groups) == 1 else self.least(groups)

    def _is_rate(self, value: Expr) -> bool:
        """Whether one measure stands over another, whatever may be said of either."""
        match value:
            case Call("/" | "//", (over, under)):
                return all(any(leaves(each, self._source, self._traces)) for each in (over, under))
            case Call("round" | "coalesce", (first, *_)) | Cast(first):
                return self._is_rate(first)
            case _:
                return role_of(value, self._source, self._traces) == "ratio"

    def _leaf(self, leaf: Expr, *, rate: bool) -> Expr:
        if not isinstance(leaf, Call):
            return ZERO
        given = (leaf.where,) if leaf.where is not None else ()
        match leaf.name:
            case "count_star":
                return self._counted_where(given, rate=rate)
            case "count_if":
                return self._counted_where((*given, leaf.args[0]), rate=rate)
            case "count":
                return self._count(leaf, given, rate=rate)
            case "sum" | "avg":
                return self._weighed(leaf, given, rate=rate or leaf.name == "avg")
            case _:
                known = (*given, *(_present(arg) for arg in leaf.args if not isinstance(arg, Constant)))
                ways = self._ways(leaf) if leaf.name in _POSITIONS else []
                return self._few_or_none([self.people(known), *ways])

    def _count(self, leaf: Call, given: tuple[Expr, ...], *, rate: bool) -> Expr:
        conditions = (*given, _present(leaf.args[0]))
        if not (rate and leaf.distinct):
            return self._counted_where(conditions, rate=rate)
        # Of distinct people, those left out are everybody else, not those with some row left out.
        # What is left of a bound from below is no bound: this difference is always counted exactly.
        inside = self._distinct(_all(conditions))
        return self.least([inside, Call("-", (self._distinct(None), inside))])

    def _counted_where(self, conditions: tuple[Expr, ...], *, rate: bool) -> Expr:
        inside = self.people(conditions)
        return self.least([inside, self._others(conditions)]) if rate and conditions else inside

    def _weighed(self, leaf: Call, given: tuple[Expr, ...], *, rate: bool) -> Expr:
        """A sum or mean: those who weigh something; for an indicator in a rate, those who do not as well."""
        value = leaf.args[0]
        known = (*given, _present(value))
        condition = indicator(value)
        if condition is not None:
            with_it, without = self.people((*given, condition)), self.people((*known, _not_true(condition)))
            return self.least([with_it, without]) if rate else self._unless_zero(with_it, known)
        return self._any_value(leaf, given, known, rate=rate)

    def _any_value(self, leaf: Call, given: tuple[Expr, ...], known: tuple[Expr, ...], *, rate: bool) -> Expr:
        """Those who weigh something, and those for whom the value comes about in each of its ways."""
        value, nothing = leaf.args[0], baseline(leaf.args[0])
        apart = (*given, Call("<>", (value, nothing)))
        heavy = self.people(apart)
        counts = [heavy, *self._ways(leaf)]
        if rate or nothing != ZERO:
            light = self.people((*known, Call("=", (value, nothing))))
            counts.append(Case(((_all_the_same(value, apart), light),), heavy))
        return self._few_or_none(counts)

    def _ways(self, leaf: Call) -> list[Expr]:
        """The people of each way in which a value comes about, and those whom its FILTER leaves out.

        Those left out for a gap in the value itself are not: nobody chose them.
        """
        given = () if leaf.where is None else (leaf.where,)
        ways = [self.people((*given, *way)) for way in alternatives(leaf.args[0])]
        if leaf.where is None or is_of_its_own(leaf.where, leaf.args[0]):
            return ways
        return [*ways, self.people((_not_true(leaf.where),))]

    def _few_or_none(self, counts: list[Expr]) -> Expr:
        """The smallest of some groups. Of nobody as of a few: whether there is anybody must not be told apart."""
        found = counts[0] if len(counts) == 1 else lowest(counts)
        return Call("greatest", (found, Constant("integer", "1"))) if self._exact else found

    def _unless_zero(self, count: Expr, known: tuple[Expr, ...]) -> Expr:
        """Where nobody weighs anything, those who are known to weigh nothing; of a bound nobody knows that."""
        return Case(((Call("=", (count, ZERO)), self.people(known)),), count) if self._exact else count

    def _others(self, conditions: tuple[Expr, ...]) -> Expr:
        both = _all(conditions)
        return self.people((_not_true(both),) if both is not None else ())


class GroupEvidence:
    """Counts people for cells made from relations whose rows are groups already, and carry their own counts."""

    def __init__(self, source: Source, traces: Traces, *, exact: bool = True) -> None:
        self._source = source
        self._traces = traces
        self._exact = exact

    def least(self, counts: list[Expr]) -> Expr:
        """As for rows of people."""
        return smallest(counts) if self._exact else lowest(counts)

    def row(self) -> Expr:
        """The smallest of the groups that meet in a row."""
        aliases = sorted(alias for alias in self._source.aliases if self._has_people(alias))
        # An outer join leaves no count where no group matched: there are no people there.
        return self.least([Column(alias, PEOPLE) for alias in aliases])

    def cell(self, value: Expr) -> Expr:
        """The smallest group behind any part of a cell."""
        parts = [leaf.expr for leaf in leaves(value, self._source, self._traces)]
        columns = [part for part in parts if isinstance(part, Column)]
        counts: list[Expr] = [Column(part.source, self._traces.column(part).people) for part in columns]
        return self.least(counts) if counts else self.row()

    def _has_people(self, alias: str) -> bool:
        return any(column.people for column in self._traces.by_alias[alias].columns)


def smallest(counts: list[Expr]) -> Expr:
    """The smallest count that is not zero; zero where all are."""
    distinct = list(dict.fromkeys(counts))
    if len(distinct) == 1:
        return Call("coalesce", (distinct[0], ZERO))
    ignoring_zero = tuple(Call("nullif", (count, ZERO)) for count in distinct)
    return Call("coalesce", (Call("least", ignoring_zero), ZERO))


def lowest(counts: list[Expr]) -> Expr:
    """The smallest count, zero among them: of a part of the people, none found says nothing of how many there are."""
    found = tuple(Call("coalesce", (count, ZERO)) for count in dict.fromkeys(counts))
    return found[0] if len(found) == 1 else Call("least", found)


def _at_least(person: Expr, where: Expr | None) -> Expr:
    """One hashed bit of 64 for each patient: the bits that are set are never more than the people."""
    bucket = Cast(Call("%", (Call("hash", (person,)), Constant("integer", "64"))), "UBIGINT")
    bit = Call("<<", (Cast(Constant("integer", "1"), "UBIGINT"), bucket))
    somebody = _present(person)
    seen = Call("bit_or", (bit,), where=somebody if where is None else Call("and", (somebody, where)))
    return Call("coalesce", (Cast(Call("bit_count", (seen,)), "BIGINT"), ZERO))


def shares(sums: tuple[Call, ...]) -> tuple[Expr, Expr]:
    """Of sums or means over rows that are people: the largest contributor's share, and the two largest's, by size."""
    one, two = zip(*(_shares(leaf) for leaf in sums), strict=True)
    return (one[0], two[0]) if len(sums) == 1 else (Call("greatest", one), Call("greatest", two))


def _shares(leaf: Call) -> tuple[Expr, Expr]:
    size = size_of(leaf)
    total = Call("nullif", (Call("sum", (size,), where=leaf.where), ZERO))
    largest = Call("max", (size,), where=leaf.where)
    two = Call("list_sum", (Call("max", (size, Constant("integer", "2")), where=leaf.where),))
    return Call("/", (largest, total)), Call("/", (two, total))


def size_of(leaf: Call) -> Expr:
    """How much a row weighs in a sum or mean: what makes it more, or less, than nothing measured."""
    (value, *_), nothing = leaf.args, baseline(leaf.args[0])
    return Call("abs", (value if nothing == ZERO else Call("-", (value, nothing)),))


def _all_the_same(value: Expr, conditions: tuple[Expr, ...]) -> Expr:
    """Whether all that weigh something weigh the same: a number of two values, as a flag is, tells of both."""
    where = _all(conditions)
    return Call("=", (Call("min", (value,), where=where), Call("max", (value,), where=where)))


def _present(value: Expr) -> Expr:
    return Call("not", (Call("is_null", (value,)),))


def _not_true(condition: Expr) -> Expr:
    return Call("not", (Call("coalesce", (condition, Constant("boolean", "FALSE"))),))


def _all(conditions: tuple[Expr, ...]) -> Expr | None:
    return conditions[0] if len(conditions) == 1 else Call("and", conditions) if conditions else None
