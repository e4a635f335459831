"""Identifiers that hide where they should not be: NHS numbers, postcodes and e-mail addresses in columns that land [P2].

Each column that would land as the supplier sent it is searched before anything is written. A find refuses the load and
says where and, in a coarse band, how many; it refuses to say what.

An NHS number is ten digits with a valid check digit, written together or as 3-3-4. In a column of clinical codes such a
number may be an honest code (one in eleven of those with ten digits passes the check), so there it counts only when its
own check digit, the one SNOMED CT uses, is wrong, or when it is the number of a person in this very load.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import duckdb

from tre.data.catalogue import Catalogue, Column, Transform
from tre.data.errors import IngestRefused, Reason

BANDS = ((7, "7 or fewer"), (100, "8 to 100"), (1000, "101 to 1,000"))
_NUMBER = r"(?:^|[^0-9])([0-9]{3}[ -]?[0-9]{3}[ -]?[0-9]{4})(?:$|[^0-9])"
_POSTCODE = r"(?:^|[^A-Za-z0-9])[A-Za-z]{1,2}[0-9][A-Za-z0-9]? ?[0-9][A-Za-z]{2}(?:$|[^A-Za-z0-9])"
_EMAIL = r"[^\s@]+@[^\s@]+\.[A-Za-z]{2,}"
_VERHOEFF_D = (
    "0123456789123406789523401789563401289567401235678959876043216598710432765982104387659321049876543210"
)
_VERHOEFF_P = "01234567891576283094580379614289160435279453126870428657390127938064157046913258"


@dataclass(frozen=True)
class Hidden:
    """One find: the kind of identifier, the column it was in, and a band of how many values."""

    kind: str
    table: str
    column: str
    band: str


def prepare(connection: duckdb.DuckDBPyConnection) -> None:
    """Give a connection the check digits: `tre_mod11(text)` and `tre_verhoeff(text)`."""
    weighed = " + ".join(f"substr(digits, {place}, 1)::INTEGER * {11 - place}" for place in range(1, 10))
    connection.execute(
        f"CREATE TEMP MACRO tre_mod11(digits) AS "
        f"regexp_full_match(digits, '[0-9]{{10}}') AND "
        f"(11 - ({weighed}) % 11) % 11 = substr(digits, 10, 1)::INTEGER"
    )
    connection.execute(
        f"""
        CREATE TEMP MACRO tre_verhoeff(digits) AS 0 = list_reduce(
            list_prepend(0, list_transform(range(len(digits)), lambda place:
                substr('{_VERHOEFF_P}', 1 + (place % 8)::INTEGER * 10 + substr(reverse(digits), place::INTEGER + 1, 1)::INTEGER, 1)::INTEGER)),
            lambda so_far, digit: substr('{_VERHOEFF_D}', 1 + so_far * 10 + digit, 1)::INTEGER)
        """
    )


def refuse_hidden(
    connection: duckdb.DuckDBPyConnection, catalogue: Catalogue, *, source: str, people: str
) -> None:
    """Search every column that would land as sent.

    Args:
        connection: one that `prepare` has seen, with the supply attached as `source`.
        catalogue: which columns land.
        source: the name under which the supply is attached.
        people: a table whose `nhs_number` column holds the people of this load.

    Raises:
        IngestRefused: one reason for each column and kind of identifier.
    """
    finds = tuple(_finds(connection, catalogue, source=source, people=people))
    if finds:
        raise IngestRefused(*(_reason(find) for find in finds))


def _reason(find: Hidden) -> Reason:
    return Reason(
        "identifier-hidden",
        f"{find.kind} found in {find.table}.{find.column}: {find.band} different values.",
        "Nothing was loaded. Ask the supplier to clear that column, or leave it out of the catalogue.",
        f"{find.table}.{find.column}",
    )


def _finds(
    connection: duckdb.DuckDBPyConnection, catalogue: Catalogue, *, source: str, people: str
) -> Iterator[Hidden]:
    for table in catalogue.tables:
        for column in table.columns:
            if column.transform is not Transform.COPY:
                continue
            for kind, condition in _tests(column, people):
                found = _count(connection, f"{source}.{table.source}", column, condition)
                if found:
                    yield Hidden(kind, table.source, column.source, band(found))


def _tests(column: Column, people: str) -> Iterator[tuple[str, str]]:
    known = f"len(numbers) > 0 AND list_has_any(numbers, (SELECT list(nhs_number) FROM {people}))"  # noqa: S608 - names from the checked catalogue
    shaped = "len(list_filter(numbers, lambda number: tre_mod11(number))) > 0"
    if column.coding is None:
        yield "an NHS number", shaped
    else:
        yield "an NHS number", f"({shaped}) AND (NOT tre_verhoeff(numbers[1]) OR {known})"
    if column.type == "VARCHAR":
        yield "an e-mail address", f"regexp_matches(value, '{_EMAIL}')"
        if column.coding is None:
            yield "a postcode", f"regexp_matches(value, '{_POSTCODE}')"


def _count(connection: duckdb.DuckDBPyConnection, table: str, column: Column, condition: str) -> int:
    row = connection.execute(
        f"""
        SELECT count(*) FROM (
            SELECT value, list_transform(regexp_extract_all(value, '{_NUMBER}', 1),
                                         lambda found: regexp_replace(found, '[ -]', '', 'g')) AS numbers
            FROM ({_distinct(table, column)})
        ) WHERE {condition}
        """  # noqa: S608 - names from the checked catalogue
    ).fetchone()
    return int(row[0]) if row else 0


def _distinct(table: str, column: Column) -> str:
    """The values to search, each once: text as it is, numbers only where they could be ten digits."""
    if column.type == "VARCHAR":
        return f"SELECT DISTINCT {column.source}::VARCHAR AS value FROM {table} WHERE {column.source} IS NOT NULL"  # noqa: S608
    # A folder of CSV sends numbers as text.
    number = f"TRY_CAST({column.source} AS DOUBLE)"
    return (
        f"SELECT DISTINCT {number}::HUGEINT::VARCHAR AS value FROM {table} "  # noqa: S608
        f"WHERE {number} BETWEEN 1000000000 AND 9999999999 AND {number} = trunc({number})"
    )


def band(count: int) -> str:
    """How many, coarsely enough to be said."""
    return next((words for most, words in BANDS if count <= most), "more than 1,000")
