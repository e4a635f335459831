"""An aggregate, and the people behind each of its rows: proved from a part of the patients first, counted where that fails.

Distinct people among events cost many times what the aggregate does. So a part of the patients is asked first: however few
they are, those found in a row are never more than those who are there. Rows in which enough are found need no count; the
others are counted exactly, alone where they can be picked out and with everything else where they cannot.

It refuses to guess: a row that is not found again, or found twice, is counted exactly, and its sums taken for one person's.
"""

from typing import Any

import duckdb

from .listing import Listing
from .query import PEOPLE, UNCLEAR, Refused, word, write_json
from .readings import Readings, parsed
from .telling import Telling
from .walls import show
from .writing import HANDED, copy, described, handed_over

_DONE_AFTER = {"answer": 60, "part": 70, "few": 80, "held": 90}
"""How much of the work is done, in hundredths, once that is taken."""
_SHARES = ("__top1", "__top2")


def answer_aggregate(readings: Readings, writer: duckdb.DuckDBPyConnection, tell: Telling) -> dict[str, Any]:
    """Write an aggregate's table, and beside it how many people are behind each row of it."""
    query = readings.query
    result = _Result(readings, writer, tell)
    if not (query.bound and result.proved()):
        result.take_answer(query.units_sql if query.counted else query.sql)
    rows, columns = result.rows("answer"), described(writer, result.shown)
    copy(writer, result.shown, query, {"rows": rows, "columns": columns})
    if query.counted:
        write_json(query.out / query.units, result.units())
    told = {"listed": Listing(readings, writer).write()} if query.members else {}
    return {"status": "ok", "rows": rows, "columns": columns} | told


class _Result:
    """The result in the writer's hands, and what is laid beside its rows."""

    def __init__(self, readings: Readings, writer: duckdb.DuckDBPyConnection, tell: Telling) -> None:
        self._readings = readings
        self._tell = tell
        self._writer = writer
        self._query = readings.query

    @property
    def shown(self) -> str:
        """The researcher's columns."""
        return f"SELECT {', '.join(map(word, self._query.columns))} FROM answer"  # noqa: S608 - every word is checked

    def take_answer(self, sql: str) -> None:
        """Run the query itself, with people beside its rows or without. Raises Refused for columns nobody declared."""
        self._take("answer", sql)
        found = set(self._columns("answer"))
        wanted = {*self._query.columns, PEOPLE} if sql == self._query.units_sql else {*self._query.columns}
        if not wanted <= found:
            raise Refused("columns that are not those that were declared")
        # Where the query gives no order, ours makes equal answers equal bytes.
        if not _ordered(self._writer, self._query.sql):
            self._writer.execute("CREATE OR REPLACE TABLE answer AS FROM answer ORDER BY ALL")

    def proved(self) -> bool:
        """Take the answer and know its people without counting all of them; False where that fails for some row."""
        query, patients = self._query, self._readings.patients
        self.take_answer(query.sql)
        show(patients, query, below=query.part)
        self._take("part", query.bound)
        show(patients, query)
        enough = int(query.limits["clear"])
        self._lay("part", f"CASE WHEN found.{PEOPLE} >= {enough} THEN found.{PEOPLE} END")
        if self._unclear() and query.narrow:
            self._count_few()
        return not self._unclear()

    def units(self) -> dict[str, Any]:
        """What is known of the people behind the rows, in the order of the rows."""
        beside = [name for name in self._columns("answer") if name not in self._query.columns]
        found = {name: self._values(f"answer.{word(name)}::DOUBLE") for name in beside}
        people = [int(count) for count in found.pop(PEOPLE)]
        return {"format": "tre-units-1", "people": people, "shares": found | self._shares_apart()}

    def rows(self, table: str) -> int:
        """How many rows a table of the writer's has."""
        return int(self._writer.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0])  # noqa: S608 - our word

    def _take(self, into: str, sql: str, *, beside: frozenset[str] = frozenset()) -> None:
        self._tell.now(self._readings.patients, until=_DONE_AFTER[into])
        most = int(self._query.limits["rows"])
        with handed_over(self._readings.answer(sql, beside=beside), self._writer):
            self._writer.execute(f"CREATE OR REPLACE TABLE {into} AS FROM {HANDED} LIMIT {most + 1}")
        if self.rows(into) > most:
            raise Refused("more rows than an aggregate may have")

    def _count_few(self) -> None:
        """Count the people of the unclear rows alone."""
        names = ", ".join(map(word, self._query.dimensions))
        unclear = self._writer.sql(f"SELECT DISTINCT {names} FROM answer WHERE {PEOPLE} IS NULL")  # noqa: S608
        with handed_over(unclear, self._readings.patients):
            self._readings.patients.execute(f"CREATE TABLE {UNCLEAR} AS FROM {HANDED}")
        self._take("few", self._query.narrow, beside=frozenset({UNCLEAR}))
        self._lay("few", f"coalesce(answer.{PEOPLE}, found.{PEOPLE})")

    def _shares_apart(self) -> dict[str, list[Any]]:
        """Who holds how much of each sum over events; of a row that is not found again, one person holds all."""
        if not self._query.shares:
            return {}
        self._take("held", self._query.shares)
        names = [name for name in self._columns("held") if name.endswith(_SHARES)]
        known = "CASE WHEN found.times = 1 THEN found.{}::DOUBLE ELSE 1 END"
        return {name: self._values(known.format(word(name)), self._found_in("held")) for name in names}

    def _lay(self, table: str, people: str) -> None:
        """Write people beside each row."""
        kept = ", ".join(f"answer.{word(name)}" for name in self._columns("answer") if name != PEOPLE)
        self._writer.execute(
            f"CREATE OR REPLACE TABLE answer AS SELECT {kept}, {people} AS {PEOPLE} FROM {self._found_in(table)} "  # noqa: S608
            "ORDER BY answer.place"
        )

    def _found_in(self, table: str) -> str:
        """Each row of the result, beside the row of a table that alone has the same dimensions, where there is one."""
        names = [word(name) for name in self._query.dimensions]
        alike = f"count(*) OVER (PARTITION BY {', '.join(names) or '1'})"
        same = "".join(f" AND answer.{name} IS NOT DISTINCT FROM found.{name}" for name in names)
        return (
            f"(SELECT *, rowid AS place, {alike} AS times FROM answer) AS answer "  # noqa: S608 - every word is checked
            f"LEFT JOIN (SELECT *, {alike} AS times FROM {table}) AS found ON answer.times = 1 AND found.times = 1{same}"
        )

    def _values(
        self, what: str, source: str = "(SELECT *, rowid AS place FROM answer) AS answer"
    ) -> list[Any]:
        rows = self._writer.execute(f"SELECT {what} FROM {source} ORDER BY answer.place").fetchall()  # noqa: S608
        return [row[0] for row in rows]

    def _unclear(self) -> bool:
        return None in self._values(f"answer.{PEOPLE}")

    def _columns(self, table: str) -> list[str]:
        return [one["name"] for one in described(self._writer, table)]


def _ordered(writer: duckdb.DuckDBPyConnection, sql: str) -> bool:
    """Whether the query itself says in which order its rows come."""
    statement = parsed(writer, sql)["statements"][0]["node"]
    return any(modifier.get("type") == "ORDER_MODIFIER" for modifier in statement.get("modifiers", ()))
