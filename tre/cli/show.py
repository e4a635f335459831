"""How answers look on a terminal. Draws what ``views`` gives and nothing else; every word from outside is escaped."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

STAGE_STYLE = {"released": "green", "approved": "green", "refused": "red", "failed": "red", "rejected": "red"}
PLACES = 6
MOST_CHARACTERS = 100_000
VERDICT_STYLE = {"clean": "green", "suppressed": "yellow", "person": "yellow", "refused": "red"}

Row = tuple[str, ...]
Pair = tuple[Row, Row | None]
"""A row that landed, and the one that leaves in its place, if any."""


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
    table = _drawn()
    first = next(iter(listed[0]))
    for name in listed[0]:
        table.add_column(plain(name.replace("_", " ")), no_wrap=name == first, overflow="fold")
    for value in listed:
        table.add_row(*(_cell(item) for item in value.values()))
    console.print(table)


def grid(
    console: Console,
    table: tuple[Row, ...],
    *,
    title: str,
    marked: Mapping[tuple[int, str], str],
    most: int,
) -> None:
    """A table of strings, its first row the header, with some cells marked by a style."""
    header, *body = table
    drawn = _drawn(title)
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
    raw: tuple[Row, ...],
    offered: tuple[Row, ...],
    *,
    title: str,
    most: int,
) -> None:
    """Two tables as one: what leaves stands beside what landed, where it is not the same."""
    pairs = _paired(raw[1:], offered[1:])
    changed = {place for place, _ in enumerate(raw[0]) if any(_other(pair, place) for pair in pairs)}
    table = _drawn(f"{title}: landed → leaves")
    for name in (*raw[0], *(["row"] if not changed else [])):
        table.add_column(plain(name))
    for before, after in pairs[:most]:
        gone = ["[red]left out[/]"] if after is None and not changed else []
        table.add_row(*(_beside(before, after, place, changed) for place, _ in enumerate(before)), *gone)
    console.print(table)
    if len(pairs) > most:
        console.print(f"… and {len(pairs) - most} more rows")


def _paired(raw: tuple[Row, ...], offered: tuple[Row, ...]) -> list[Pair]:
    """Each row that landed with the one that leaves, which has the same labels: as many of the first columns as all rows
    that leave share with rows that landed. A row that is left out has none.
    """
    width = len(raw[0]) if raw else 0
    shared = max(
        (k for k in range(width + 1) if {row[:k] for row in offered} <= {row[:k] for row in raw}), default=0
    )
    kept = {row[:shared]: row for row in offered}
    return [(row, kept.get(row[:shared])) for row in raw]


def _other(pair: Pair, place: int) -> bool:
    before, after = pair
    return after is not None and before[place] != after[place]


def _beside(before: Row, after: Row | None, place: int, changed: Collection[int]) -> str:
    value = plain(before[place])
    if place not in changed or (after is not None and after[place] == before[place]):
        return value
    return f"[red]{value}[/] → " + (
        "[red]left out[/]" if after is None else f"[green]{plain(after[place])}[/]"
    )


def _drawn(title: str = "") -> Table:
    """An empty table that leaves the width of a terminal to its words."""
    return Table(
        title=plain(title) or None,
        title_justify="left",
        header_style="bold",
        box=box.SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        collapse_padding=True,
    )


def finding_lines(console: Console, findings: Iterable[Mapping[str, Any]]) -> None:
    """Findings, one line each: the rule, where, how many cells, why, and what to do."""
    for finding in findings:
        where = plain(finding["file"]) + (f", column {plain(finding['column'])}" if finding["column"] else "")
        many = _cells(str(finding["cells"]))
        console.print(f"  [bold]{plain(finding['rule'])}[/] [{finding['promise']}] {where}{many}")
        console.print(f"    {plain(finding['why'])} {plain(finding['fix'])}", style="dim")
        if finding.get("places"):
            console.print(f"    {_places(finding)}", style="dim")


def _cells(many: str) -> str:
    """How many cells, as far as the reader may know; nothing for a finding about a whole file."""
    return {"0": "", "1": ": 1 cell"}.get(many, f": {plain(many)} cells")


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
