"""Who is behind each row of an aggregate, for comparing it with what was released before [P10].

People and rows are small numbers, and a person in a row is one number made of both: numbers are sorted and told apart many
times faster than a person's pseudonym beside a row's dimensions. Pseudonyms are made once for each person, by the side that
has no patients. It refuses to leave a list that is short of anybody who was counted: one that may be is none.
"""

import duckdb

from .query import FORMATS, MEMBERS, PEOPLE, Query, text, word
from .readings import Readings
from .walls import bound
from .writing import HANDED, handed_over, pseudonyms

_PLACES, _EVERYBODY = "tre_places", "tre_everybody"
_MANY_ALIKE = 4
"""Times that a person is in a row on average, from which on their lines are told apart before they are sorted."""


class Listing:
    """The list of an answer: a line for each row and person."""

    def __init__(self, readings: Readings, writer: duckdb.DuckDBPyConnection) -> None:
        """The writer has the answer as its table `answer`, with people beside its rows."""
        self._readings, self._writer, self._query = readings, writer, readings.query
        self._rows = max(1, self._number("SELECT count(*) FROM answer"))

    def write(self) -> bool:
        """Write who is behind each row, under pseudonyms that are used for nothing else; whether all of it is there.

        Where there was no room an empty file says so, and a table with no list is not shown to anybody beside earlier ones.
        """
        path = self._query.out / MEMBERS
        try:
            self.hold()
            whole = self.is_whole()
            if whole:
                self._copy(str(path))
        except duckdb.OutOfMemoryException:
            whole = False
        if not whole:
            path.write_bytes(b"")
        return whole

    def hold(self) -> None:
        """The people as the table `everybody`, and as the table `lines` each row and person once, in order."""
        often = self._hold_everybody()
        self._hand_back()
        alike = "DISTINCT " if often >= _MANY_ALIKE else ""
        sql = (
            f"SELECT {alike}everybody.tre_rank * {self._rows} + places.tre_place AS tre_line "  # noqa: S608 - every word is checked
            f"FROM ({self._query.members}) AS found JOIN {_PLACES} AS places ON {_same(self._query)} "
            f"JOIN {_EVERYBODY} AS everybody ON everybody.tre_patient = found.tre_patient ORDER BY tre_line"
        )
        beside = frozenset({_PLACES, _EVERYBODY})
        with handed_over(self._readings.answer(sql, beside=beside), self._writer):
            keep_lines(self._writer, HANDED)
        # Nothing more is asked of the store: its memory is the writer's now.
        self._readings.patients.close()
        bound(self._writer, self._query.limits, share=0.9)

    def is_whole(self) -> bool:
        """Whether nobody who was counted is missing: what is known of a row's people is never above how many they are."""
        short = self._number(
            f"SELECT count(*) FROM (SELECT rowid AS tre_place, {PEOPLE} FROM answer) AS answer LEFT JOIN "  # noqa: S608 - our words
            f"(SELECT tre_line % {self._rows} AS tre_place, count(*) AS listed FROM lines GROUP BY ALL) USING (tre_place) "
            f"WHERE coalesce(listed, 0) < {PEOPLE}"
        )
        return short == 0

    def _hold_everybody(self) -> float:
        """Everybody in the answer, in the order of their new pseudonyms; how often each is in a row, at the least."""
        pseudonyms(self._writer, self._query.pseudonym)
        asked = (
            f"SELECT tre_patient, count(*) AS tre_times FROM ({self._query.members}) AS found "  # noqa: S608 - guarded, and read as a whole
            "WHERE tre_patient IS NOT NULL GROUP BY tre_patient"
        )
        with handed_over(self._readings.answer(asked), self._writer):
            self._writer.execute(
                "CREATE OR REPLACE TABLE everybody AS SELECT tre_patient, tre_times, study_pseudonym(tre_patient) AS member "  # noqa: S608 - our words
                f"FROM {HANDED} ORDER BY member"
            )
        lines = self._number("SELECT sum(tre_times) FROM everybody")
        people = self._number("SELECT count(*) FROM everybody")
        return lines / max(1, people * self._rows)

    def _hand_back(self) -> None:
        """Give the store's side the numbers of rows and people; a row that is not alone in its dimensions has none."""
        names = [word(name) for name in self._query.dimensions]
        alike = f"count(*) OVER (PARTITION BY {', '.join(names) or '1'})"
        shown = "".join(f", {name}" for name in names)
        places = (
            f"SELECT tre_place{shown} FROM (SELECT rowid AS tre_place{shown}, {alike} AS tre_alike FROM answer) "  # noqa: S608 - every word is checked
            "WHERE tre_alike = 1"
        )
        for table, rows in (
            (_PLACES, places),
            (_EVERYBODY, "SELECT tre_patient, rowid AS tre_rank FROM everybody"),
        ):
            with handed_over(self._writer.sql(rows), self._readings.patients):
                self._readings.patients.execute(f"CREATE TABLE {table} AS FROM {HANDED}")

    def _copy(self, path: str) -> None:
        # By person and not by row: people who are in many rows then take hardly more room than those in one.
        self._writer.execute(
            f"COPY (SELECT (tre_line % {self._rows})::INTEGER AS place, member FROM lines "  # noqa: S608 - our words
            f"JOIN everybody ON everybody.rowid = tre_line // {self._rows} ORDER BY tre_line) "
            f"TO '{text(path)}' ({FORMATS['parquet']})"
        )

    def _number(self, sql: str) -> int:
        return int(self._writer.execute(sql).fetchall()[0][0] or 0)


def keep_lines(writer: duckdb.DuckDBPyConnection, source: str) -> None:
    """Keep each number of a column of numbers once, as the table `lines`; quickly where they come in order.

    Each is compared with the one before it. Had they come otherwise than in order, one might stay twice, and a person count
    for two: that is seen, and then they are told apart the slow way.
    """
    writer.execute(
        "CREATE OR REPLACE TABLE lines AS SELECT tre_line, before IS NULL OR before > tre_line AS starts FROM "  # noqa: S608 - our words
        f"(SELECT tre_line, lag(tre_line) OVER () AS before FROM {source}) WHERE tre_line IS DISTINCT FROM before"
    )
    if writer.execute("SELECT count(*) FILTER (WHERE starts) FROM lines").fetchall()[0][0] > 1:
        writer.execute("CREATE OR REPLACE TABLE lines AS SELECT DISTINCT tre_line FROM lines")


def _same(query: Query) -> str:
    """That a row found is of the place: in all dimensions, and where there is none there is one place."""
    names = [word(name) for name in query.dimensions]
    return " AND ".join(f"places.{name} IS NOT DISTINCT FROM found.{name}" for name in names) or "true"
