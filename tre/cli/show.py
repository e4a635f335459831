"""How answers look on a terminal. Draws what ``views`` gives and nothing else; every word from outside is escaped."""

from collections.abc import Iterable, Mapping
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

STAGE_STYLE = {"released": "green", "approved": "green", "refused": "red", "failed": "red", "rejected": "red"}
PLACES = 6
MOST_CHARACTERS = 100_000
VERDICT_STYLE = {"clean": "green", "suppressed": "yellow", "person": "yellow", "refused": "red"}


def plain(value: Any) -> str:
    """A value as safe text: control characters made visible, markup taken literally."""
    text = str(value)
    shown = "".join(
        letter if letter.isprintable() or letter == " " else ascii(letter)[1:-1] for letter in text
    )
    return escape(shown)


def text(untrusted: str) -> str:
    """A text of several lines as safe text, cut where nobody reads on."""
    lines = untrusted[:MOST_CHARACTERS].splitlines()
    return "\n".join(plain(line) for line in lines) + ("\n…" if len(untrusted) > MOST_CHARACTERS else "")


def facts(console: Console, value: Mapping[str, Any]) -> None:
    """A mapping as two columns."""
    table = Table.grid(padding=(0, 2))
    for name, item in value.items():
        table.add_row(f"[bold]{plain(name.replace('_', ' '))}[/]", _cell(item))
    console.print(table)


def rows(console: Console, values: Iterable[Mapping[str, Any]], *, nothing: str) -> None:
    """Mappings of one shape as a table, or the sentence that says there are none."""
    listed = list(values)
    if not listed:
        console.print(nothing)
        return
    table = Table(header_style="bold")
    first = next(iter(listed[0]))
    for name in listed[0]:
        table.add_column(plain(name.replace("_", " ")), no_wrap=name == first, overflow="fold")
    for value in listed:
        table.add_row(*(_cell(item) for item in value.values()))
    console.print(table)


def grid(
    console: Console,
    table: tuple[tuple[str, ...], ...],
    *,
    title: str,
    marked: Mapping[tuple[int, str], str],
    most: int,
) -> None:
    """A table of strings, its first row the header, with some cells marked by a style."""
    header, *body = table
    drawn = Table(title=plain(title), header_style="bold", title_justify="left")
    for name in header:
        drawn.add_column(plain(name))
    for number, row in enumerate(body[:most]):
        drawn.add_row(
            *(_marked(value, marked.get((number, name))) for name, value in zip(header, row, strict=True))
        )
    console.print(drawn)
    if len(body) > most:
        console.print(f"… and {len(body) - most} more rows")


def beside(
    console: Console,
    raw: tuple[tuple[str, ...], ...],
    offered: tuple[tuple[str, ...], ...],
    *,
    title: str,
    most: int,
) -> None:
    """Two tables as one: columns that differ stand twice, as they landed and as they leave; rows may be left out."""
    changed = [place for place, _ in enumerate(raw[0]) if _column(raw, place) != _column(offered, place)]
    table = Table(title=plain(title), header_style="bold", title_justify="left")
    for place, name in enumerate(raw[0]):
        table.add_column(plain(f"{name} (landed)" if place in changed else name))
    for place in changed:
        table.add_column(plain(f"{offered[0][place]} (leaves)"), style="green")
    for before, after in _paired(raw[1:], offered[1:])[:most]:
        kept = [
            f"[red]{plain(v)}[/]" if p in changed and v != after[p] else plain(v)
            for p, v in enumerate(before)
        ]
        table.add_row(*kept, *(plain(after[place]) for place in changed))
    console.print(table)
    if len(raw) - 1 > most:
        console.print(f"… and {len(raw) - 1 - most} more rows")


def _paired(
    raw: tuple[tuple[str, ...], ...], offered: tuple[tuple[str, ...], ...]
) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Each row that landed with the one that leaves: the first columns that all rows that leave share with one that landed
    name it. A row that is left out is paired with a word for it.
    """
    width = len(raw[0]) if raw else 0
    shared = [k for k in range(width + 1) if {row[:k] for row in offered} <= {row[:k] for row in raw}]
    kept = {row[: shared[-1]]: row for row in offered} if shared else {}
    return [(row, kept.get(row[: shared[-1]], ("left out",) * width)) for row in raw]


def _column(table: tuple[tuple[str, ...], ...], place: int) -> list[str]:
    return [row[place] for row in table]


def finding_lines(console: Console, findings: Iterable[Mapping[str, Any]]) -> None:
    """Findings, one line each: the rule, where, how many cells, why, and what to do."""
    for finding in findings:
        where = plain(finding["file"]) + (f", column {plain(finding['column'])}" if finding["column"] else "")
        console.print(
            f"  [bold]{plain(finding['rule'])}[/] [{finding['promise']}] {where}: {finding['cells']} cells"
        )
        console.print(f"    {plain(finding['why'])} {plain(finding['fix'])}", style="dim")
        if finding.get("places"):
            console.print(f"    {_places(finding)}", style="dim")


def _places(finding: Mapping[str, Any]) -> str:
    """The first places of a finding, with the people behind each: for eyes inside."""
    people = list(finding["people"]) + [None] * len(finding["places"])
    first = list(zip(finding["places"], people, strict=False))[:PLACES]
    words = [
        f"row {place['row'] + 1}" + (f" ({count} people)" if count is not None else "")
        for place, count in first
    ]
    return ", ".join(words) + (", …" if len(finding["places"]) > PLACES else "")


def _marked(value: str, style: str | None) -> str:
    return f"[{style}]{plain(value)} ◀[/]" if style else plain(value)


def _cell(item: Any) -> str:
    if isinstance(item, Mapping):
        return "\n".join(f"{plain(name)}: {_cell(value)}" for name, value in item.items()) or "-"
    if isinstance(item, list | tuple):
        between = "\n" if any(isinstance(value, Mapping) for value in item) else ", "
        return between.join(_cell(value) for value in item) or "-"
    if item is None or item == "":
        return "-"
    style = STAGE_STYLE.get(str(item)) or VERDICT_STYLE.get(str(item))
    return f"[{style}]{plain(item)}[/]" if style else plain(item)
