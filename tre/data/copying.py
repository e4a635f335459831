"""Whether a table is rows of an extract under other names: which of its rows repeat one single person's record.

It answers with the numbers of rows. It refuses nothing: a table that matches no column of the extract repeats nobody.
"""

from collections.abc import Iterator, Sequence

from output_checks.labels import canonical
from tre.data.extracted import Extract
from tre.data.grouping import quoted

_MOST_COLUMNS = 30
_FEW_VALUES = 5
_NEARLY_ALL = 0.9
_NUMBERS = ("INT", "DOUBLE", "FLOAT", "DECIMAL")

Columns = Sequence[Sequence[str]]


def copied(extract: Extract, columns: Columns) -> frozenset[int]:
    """The rows of a table, given column by column as its file shows it, that are the record of exactly one person.

    A column of the table is laid over the column of the extract that has nearly all its different values.
    """
    _offer(extract, columns[:_MOST_COLUMNS])
    matched = list(_matched(extract, columns[:_MOST_COLUMNS]))
    if not matched:
        return frozenset()
    same = " AND ".join(f"{_compared(extract, name)} = c{place}" for place, name in matched)
    rows = extract.connection.execute(
        f"SELECT row FROM offered JOIN people ON {same} GROUP BY row HAVING count(*) = 1"  # noqa: S608 - names are quoted
    ).fetchall()
    return frozenset(int(row) for (row,) in rows)


def _offer(extract: Extract, columns: Columns) -> None:
    """The table as `offered`, each cell as it is compared."""
    cells = [list(map(canonical, column)) for column in columns]
    shown = "".join(f", unnest(${place + 2}::VARCHAR[]) AS c{place}" for place in range(len(cells)))
    numbered = list(range(len(cells[0]))) if cells else []
    extract.connection.execute(
        f"CREATE OR REPLACE TEMP TABLE offered AS SELECT unnest($1::INT[]) AS row{shown}",
        [numbered, *cells],
    )


def _matched(extract: Extract, columns: Columns) -> Iterator[tuple[int, str]]:
    different = [len({canonical(cell) for cell in column if cell}) for column in columns]
    taken: set[int] = set()
    for name in extract.columns:
        for place, there in enumerate(_found(extract, name, len(columns))):
            enough = different[place] >= _FEW_VALUES and there >= _NEARLY_ALL * different[place]
            if enough and place not in taken:
                taken.add(place)
                yield place, name
                break


def _found(extract: Extract, name: str, width: int) -> Sequence[int]:
    """How many different values of each column of the table a column of the extract has."""
    here = ", ".join(
        f"count(DISTINCT c{place}) FILTER (WHERE c{place} IN (FROM own))" for place in range(width)
    )
    own = f"SELECT DISTINCT {_compared(extract, name)} FROM people WHERE {quoted(name)} IS NOT NULL"  # noqa: S608 - names are quoted
    rows = extract.connection.execute(f"WITH own AS ({own}) SELECT {here} FROM offered").fetchall()  # noqa: S608 - names are quoted
    return [int(each) for each in rows[0]]


def _compared(extract: Extract, name: str) -> str:
    """A column of the extract as `canonical` writes labels: numbers without trailing noughts, truths as 1 and 0."""
    kind = extract.columns[name]
    if kind == "BOOLEAN":
        return f"{quoted(name)}::INT::VARCHAR"
    if any(word in kind for word in _NUMBERS):
        return f"regexp_replace({quoted(name)}::DOUBLE::VARCHAR, '[.]0$', '')"
    return f"{quoted(name)}::VARCHAR"
