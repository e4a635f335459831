"""How a file's labels meet the values of an extract: keys of groups, totals, missing values, times, and rare levels.

It refuses labels that are no values of their column, and more groups than are answered. Its sentences repeat none.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from output_checks import labels as words
from output_checks.labels import TOTAL_WORDS, TRUTHS, canonical, is_missing
from output_checks.numerals import decimal
from output_checks.question import Question, Unaskable
from tre.data.extracted import Extract

_MOST_GROUPS = 100_000
_MOST_LEVELS = 50
_CARRIED_BY_ONE = 0.5

Key = tuple[str | None, ...]
TOTAL: Final = "\0total"
"""In a key: everybody, whatever they are in this dimension. No value of an extract begins with a NUL."""


def quoted(name: str) -> str:
    """A column's name for SQL; names with quotes are refused when an extract is opened."""
    return '"' + name.replace('"', '""') + '"'


def has_totals(question: Question) -> bool:
    """Whether some label of the file is a word for a total."""
    labels = {label for group in question.groups for label in group}
    return any(label.casefold() in TOTAL_WORDS for label in labels)


def keys(question: Question, known: Sequence[Mapping[str, str]]) -> list[Key]:
    """The group of each row of the file, in the extract's own values, which are `known` for each dimension.

    Raises:
        Unaskable: a label is no value of its column.
    """
    seen: dict[tuple[int, str], str | None] = {}
    made = []
    for labels in question.groups:
        for place, label in enumerate(labels):
            if (place, label) not in seen:
                seen[place, label] = _part(question.by[place], known[place], label)
        made.append(tuple(seen[each] for each in enumerate(labels)))
    return made


def values(extract: Extract, name: str) -> Mapping[str, str]:
    """The values of a column, by how they are compared.

    Raises:
        Unaskable: there are more than are answered.
    """
    rows = extract.connection.execute(
        f"SELECT DISTINCT {quoted(name)}::VARCHAR FROM people WHERE {quoted(name)} IS NOT NULL LIMIT {_MOST_GROUPS + 1}"  # noqa: S608 - names are quoted
    ).fetchall()
    if len(rows) > _MOST_GROUPS:
        raise Unaskable("Group by columns with fewer values.")
    return {canonical(str(value)): str(value) for (value,) in rows}


def values_among(groups: Iterable[Key], place: int) -> Mapping[str, str]:
    """The values of one dimension among the groups of everybody, by how they are compared."""
    found = dict.fromkeys(key[place] for key in groups)
    return {canonical(value): value for value in found if value is not None}


def _part(name: str, known: Mapping[str, str], label: str) -> str | None:
    if canonical(label) in known:
        return known[canonical(label)]
    said = TRUTHS.get(label.casefold(), "")
    if said in known:
        return known[said]
    if label.casefold() in TOTAL_WORDS:
        return TOTAL
    if is_missing(label):
        return None
    raise Unaskable(
        f"Group `{name}` by the extract's own values, or make the groups in the SQL of the extract."
    )


def spelled(part: str | None) -> str:
    """A part of a key as a table says it, whatever the file called it."""
    return words.MISSING if part is None else words.TOTAL if part == TOTAL else part


def meant(label: str, values: Iterable[str]) -> str | None:
    """Which of some values a label means, or TOTAL where it means none of them."""
    return next((each for each in values if canonical(each) == canonical(label)), TOTAL)


def by_totals(by: Sequence[str], made: Sequence[Key]) -> Iterator[tuple[tuple[str, ...], list[int]]]:
    """The rows, taken together where the same dimensions are totals: the dimensions that are left, and the rows."""
    found: dict[tuple[bool, ...], list[int]] = defaultdict(list)
    for row, key in enumerate(made):
        found[tuple(part == TOTAL for part in key)].append(row)
    for totals, rows in found.items():
        yield tuple(name for name, total in zip(by, totals, strict=True) if not total), rows


def groups(extract: Extract, kept: Sequence[str], select: str) -> Mapping[Key, Sequence[Any]]:
    """For each group, what a SELECT without its dimensions gives.

    Raises:
        Unaskable: there are more groups than are answered.
    """
    names = "".join(f"{quoted(name)}, " for name in kept)
    shown = "".join(f"{quoted(name)}::VARCHAR, " for name in kept)
    grouped = f" GROUP BY {names.removesuffix(', ')}" if kept else ""
    rows = extract.connection.execute(f"SELECT {shown}{select}{grouped} LIMIT {_MOST_GROUPS + 1}").fetchall()
    if len(rows) > _MOST_GROUPS:
        raise Unaskable("Group by fewer columns.")
    return {tuple(row[: len(kept)]): row[len(kept) :] for row in rows}


def counts(extract: Extract, names: Sequence[str]) -> Mapping[Key, Sequence[Any]]:
    """How many people have each combination of values."""
    return groups(extract, names, "count(*) FROM people")


def timed(
    extract: Extract, kept: Sequence[str], time: str, events: str
) -> Mapping[Key, list[tuple[Decimal, int, int]]]:
    """For each group: each time, how many people's time it is, and for how many of them the event happened then."""
    found: dict[Key, list[tuple[Decimal, int, int]]] = defaultdict(list)
    # The time is one more dimension, under a name that no column of an extract has.
    source = f"count(*), {events} FROM (SELECT *, {time} AS tre_time FROM people WHERE {time} IS NOT NULL)"  # noqa: S608 - names are quoted
    for key, (people, happened) in groups(extract, (*kept, "tre_time"), source).items():
        found[key[:-1]].append((time_of(str(key[-1])), int(people), int(happened)))
    return found


def time_of(text: str) -> Decimal:
    """A time on the axis of a survival table.

    Raises:
        Unaskable: it is no number.
    """
    number = decimal(text)
    if number is None:
        raise Unaskable("Write the times of a survival table as numbers, such as days.")
    return number


def smallest(extract: Extract, name: str) -> int:
    """People at the rarest level of a column with few values; 1 where one person carries a column of numbers alone."""
    column = quoted(name)
    levels = extract.connection.execute(
        f"SELECT count(*) FROM people WHERE {column} IS NOT NULL GROUP BY {column} LIMIT {_MOST_LEVELS + 1}"  # noqa: S608 - names are quoted
    ).fetchall()
    if not levels:
        return 0
    kind = extract.columns[name]
    if len(levels) <= _MOST_LEVELS or kind in ("VARCHAR", "DATE", "BOOLEAN"):
        return min(int(people) for (people,) in levels) if len(levels) <= _MOST_LEVELS else 1
    share, people = extract.connection.execute(
        f"SELECT max(d * d) / nullif(sum(d * d), 0), count(*) FROM "  # noqa: S608 - names are quoted
        f"(SELECT {column}::DOUBLE - avg({column}::DOUBLE) OVER () AS d FROM people WHERE {column} IS NOT NULL)"
    ).fetchall()[0]
    return 1 if (share or 1.0) > _CARRIED_BY_ONE else int(people)
