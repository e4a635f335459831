"""Every reason a query is refused: a code for machines, a rule and a way out for people.

A refusal shows the researcher's own text and names of this study's scope, never anything else: no message of an
engine or a parser is passed on unread. A query is refused for everything wrong with it at once, up to a bound.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from types import MappingProxyType

from job_specs.errors import Problem, Where, shown
from job_specs.sql.model import SqlRefused

_MOST_PROBLEMS = 25
_NEAREST_AMONG = 400

_ONE = "Write one SELECT; set nothing, create nothing, change nothing."
_READ = {
    "sql-empty": ("A query must say something.", "Write one SELECT over the study's tables."),
    "sql-too-long": ("A query is at most 1 MiB of text.", "Give long codelists as parameters."),
    "sql-too-deep": ("A query nests too deeply to be understood.", "Split it into WITH steps."),
    "sql-too-big": ("A query has too many parts to be understood.", "Give long lists as parameters."),
    "sql-character": ("A query holds no control characters.", "Remove the character; type it again."),
    "sql-syntax": ("This is not SQL in DuckDB's dialect.", "Look just before the place that is named."),
    "sql-one-statement": ("A query is exactly one statement.", _ONE),
    "sql-not-select": ("A query only reads: one SELECT.", _ONE),
    "sql-changes-data": ("A query only reads: nothing inside it may change data or write files.", _ONE),
    "sql-construct": ("This construct is not among those that are understood.", "Say it with SELECT, JOIN and GROUP BY."),
    "sql-star": ("Columns are named one by one.", "List the columns that are needed."),
    "sql-from-first": ("SELECT comes before FROM.", "Write SELECT ... FROM ..."),
    "sql-position-reference": ("A column is named, never numbered with #.", "Write the column's name."),
    "sql-describe": ("A query returns data, never a description of tables.", "See the catalogue for what a table holds."),
    "sql-sample": ("Sampling gives another answer each time.", "Use everybody; sample in a later step, with a seed."),
    "sql-recursive": ("Recursion is not understood.", "Use range() for a calendar."),
    "sql-join-kind": ("Joins are INNER, LEFT, RIGHT, FULL, CROSS, SEMI or ANTI, with ON or USING.", "Write ON a.x = b.x."),
    "sql-type": ("A value may be cast to simple types only.", "Use one of: BOOLEAN, INTEGER, BIGINT, DOUBLE, DECIMAL(p,s), VARCHAR, DATE, TIMESTAMP."),
    "sql-literal": ("Literals are numbers, texts, dates, true, false and NULL.", "Write the value as one of these."),
    "sql-interval": ("An interval is a whole number of one unit.", "Write INTERVAL 3 MONTH."),
    "sql-dialect": ("A query is written in a dialect that is read here: duckdb, or tsql that can be translated.", "Write it in DuckDB's dialect."),
    "sql-parsers-differ": ("Two parsers read this text differently, so what it means is in doubt.", "Write it more plainly: parentheses, simple names, one step per WITH."),
}  # fmt: skip
_NAMES = {
    "sql-function": ("This function is not on the list of reviewed functions.", "Use a listed function, or ask for a review."),
    "sql-function-schema": ("Functions are called by their plain name.", "Write max(x), neither x.max() nor main.max(x)."),
    "sql-arity": ("The function is not used with that number of arguments here.", "See the list of functions."),
    "sql-aggregate-form": ("Aggregates are used plainly: no ORDER BY inside, DISTINCT only in count.", "Use arg_max(value, date) or count(DISTINCT x)."),
    "sql-unit": ("A calendar unit is a plain word.", "Use year, quarter, month, week or day."),
    "sql-table": ("The study may not touch this table.", "Use a table of the approval, or apply for this one [P8]."),
    "sql-table-path": ("Tables are named plainly: no schema, catalogue, file or version.", "Write the table's name alone."),
    "sql-column": ("There is no such column in reach.", "Use a column of the approval [P8]."),
    "sql-source": ("There is no such table or alias in FROM.", "Use an alias that FROM defines."),
    "sql-ambiguous": ("The name could mean two things.", "Put the table's alias before it, or rename."),
    "sql-name": ("Names are letters, digits and underscores, starting with a letter; `tre_` and `__` are kept for the system.", "Rename it."),
    "sql-name-taken": ("Two things would have the same name.", "Rename one of them."),
    "sql-shadow": ("A step of WITH may not have the name of a table.", "Rename the step."),
    "sql-parameter": ("A parameter is used only when it is given a value.", "Declare it under parameters, and write $name."),
    "sql-position": ("The position is outside the select list.", "Name the column instead."),
    "sql-columns-count": ("The two sides do not have the same number of columns.", "Give both the same columns."),
    "sql-binds-not": ("DuckDB cannot make sense of this query over the study's tables.", "Check the types of what is compared and computed; TRY_CAST where a text may not fit."),
}  # fmt: skip
_PEOPLE = {
    "sql-patient-use": ("The patient's identifier only links rows and counts people; it is not compared, computed or chosen by.", "Join ON a.patient_id = b.patient_id, GROUP BY it in a step, or count(DISTINCT patient_id) [P2]."),
    "sql-rows-of-people": ("A result that may leave has a row for each group, never for a person.", "Group at the outermost SELECT and return counts [P9]."),
    "sql-dimension": ("A result that may leave is not broken down by this column's own values.", "Group it coarser: a CASE over a codelist, bands by floor(x / 10), a lookup of categories [P11]."),
    "sql-having": ("HAVING in a result may only keep the larger groups.", "Keep HAVING count(*) > n, of everybody in the row, where n is 7, 8 or a multiple of 5; or filter in a step before [P10]."),
    "sql-order": ("The order of a result's rows may not tell of what is not shown in them.", "Order by what the rows are, or by count(*); with LIMIT, by how many people are in a row. Sort by a number when it has been released [P10]."),
    "sql-limit": ("Cutting rows off by LIMIT singles people out.", "Filter by a condition; LIMIT only orders a finished table."),
    "sql-single-row": ("A subquery used as a value may not pick one person's value.", "Aggregate it, or join it on the patient."),
    "sql-series-args": ("range() and generate_series() take constants only.", "Write the bounds out, or give parameters."),
    "sql-extract-first": ("An extract's first column is `patient_id`, the patient's own.", "SELECT p.patient_id, ... from a patients table or a GROUP BY patient_id."),
    "sql-extract-patient-once": ("An extract holds the patient's identifier once.", "Remove the other columns that repeat it [P2]."),
    "sql-extract-rows": ("Each row of an extract is one patient.", "GROUP BY patient_id, or keep row_number() = 1 per patient."),
}  # fmt: skip

RULES: Mapping[str, tuple[str, str]] = MappingProxyType({**_READ, **_NAMES, **_PEOPLE})


@dataclass(frozen=True)
class SqlProblem(Problem):
    """A Problem whose code is one of this room's."""

    def __post_init__(self) -> None:
        if self.code not in RULES:
            raise ValueError(f"no such rule: {self.code}")
        object.__setattr__(self, "text", shown(self.text))


class Refusals:
    """The problems found in one text so far."""

    def __init__(self, text: str, file: str = "query.sql") -> None:
        self.text = text
        self.file = file
        self._bytes = text.encode("utf-8", "surrogatepass")
        self._found: list[Problem] = []

    def add(
        self, code: str, at: int = 0, *, text: str = "", fix: str = "", among: Iterable[str] | None = None
    ) -> None:
        """Note a problem at a byte offset. With `among`, the nearest of those names is offered.

        Raises:
            SqlRefused: when there are so many that more would not help.
        """
        rule, way_out = RULES[code]
        near = nearest(text, among) if among is not None else None
        excerpt = text or self._excerpt(at)
        self._found.append(SqlProblem(code, self.where(at), excerpt, rule, fix or way_out, near))
        if len(self._found) >= _MOST_PROBLEMS:
            self.settle()

    def stop(self, code: str, at: int = 0, *, text: str = "", fix: str = "") -> SqlRefused:
        """Note a problem and return the refusal to raise at once."""
        self.add(code, at, text=text, fix=fix)
        return SqlRefused(self._found)

    def settle(self) -> None:
        """Raise SqlRefused when anything was noted."""
        if self._found:
            raise SqlRefused(sorted(set(self._found), key=lambda each: each.where))

    def where(self, at: int) -> Where:
        """A byte offset as a line and a column, both from 1."""
        before = self._bytes[: max(at, 0)].decode("utf-8", "replace")
        return Where(self.file, before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1)

    def _excerpt(self, at: int) -> str:
        return self._bytes[max(at, 0) : max(at, 0) + 60].decode("utf-8", "replace").split("\n")[0]


def nearest(written: str, names: Iterable[str]) -> str | None:
    """The name most likely meant, or None; bounded, so that a long text costs nothing."""
    pool = [name for name, _ in zip(names, range(_NEAREST_AMONG), strict=False)]
    close = get_close_matches(written.lower()[:64], pool, n=1, cutoff=0.6)
    return close[0] if close else None
