"""What the three panes of a review show: files with verdicts, the data with its marks, and all that is known around it.

Pure reading: refuses to take a step, and to hand a page anything but text to be escaped.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from output_checks.model import CellRef, Finding, Report, Severity
from tre.custody.outputs import Offered
from tre.custody.remarks import Said
from tre.records.errors import NotInVault
from tre.records.read_models import RegisteredRelease
from tre.records.read_models.listing import Wanted
from tre.views import visible_remarks
from tre.web.file_context import DescribedFile, read
from tre.web.inside.desk import MOST_FILES, OFFERED, RAW, Desk, digest_of
from tre.web.inside.differences import Difference, difference
from tre.web.inside.drawn import is_picture, text_of
from tre.web.inside.windows import Grid

FIRST_ROWS = 50
MOST_COMPARED = 5000
HEAVIEST = (Severity.REFUSE, Severity.SUPPRESS, Severity.REVIEW, Severity.NOTE)


@dataclass(frozen=True)
class FileLine:
    """A file in the left pane."""

    number: int
    path: str
    verdict: str
    level: str
    said: str
    left: bool = False


@dataclass(frozen=True)
class Mark:
    """Why a cell is marked: how heavy it weighs, which rules, and how many people, where that is known."""

    severity: str
    rules: tuple[str, ...]
    people: str


@dataclass(frozen=True)
class DataPane:
    """The middle pane: a table's first rows, a picture, or text."""

    kind: str
    digest: str
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    total: int = 0
    text: str = ""
    cut: bool = False


def file_lines(desk: Desk, number: int) -> tuple[FileLine, ...]:
    """The files around one, so that a request of ten thousand is as quick as one of ten."""
    first = max(0, min(number - MOST_FILES // 2, len(desk.case.offered) - MOST_FILES))
    said = desk.said()
    return tuple(
        FileLine(place, each.path, each.verdict.value, each.level.value, said.get(each.path, ""))
        for place, each in enumerate(desk.case.offered[first : first + MOST_FILES], start=first)
    )


def data_pane(desk: Desk, offered: Offered, side: str) -> DataPane:
    """The bytes of one side, once the look is on the ledger."""
    digest = digest_of(offered, side)
    desk.look(digest)
    content = desk.inside.quarantine.get(digest)
    if is_picture(content) and desk.inside.drawing(digest) is not None:
        return DataPane("picture", digest)
    grid = desk.inside.grid(digest) if offered.path.endswith(".csv") else None
    if grid is None:
        text, cut = text_of(content)
        return DataPane("text", digest, text=text, cut=cut)
    rows = tuple(tuple(row) for row in grid.window(0, FIRST_ROWS))
    return DataPane("table", digest, grid.columns, rows, grid.rows)


def marks_of(report: Report, rows: Iterable[int]) -> Mapping[tuple[int, str], Mark]:
    """The marked cells of some rows."""
    wanted, found = set(rows), dict[tuple[int, str], list[tuple[Finding, str]]]()
    for finding in report.findings:
        people = list(finding.people) if len(finding.people) == len(finding.cells) else []
        for place, cell in enumerate(finding.cells):
            if cell.row in wanted:
                behind = str(people[place]) if people else ""
                found.setdefault((cell.row, cell.column), []).append((finding, behind))
    return {key: _mark(each) for key, each in found.items()}


def _mark(found: list[tuple[Finding, str]]) -> Mark:
    heaviest = min((finding.severity for finding, _ in found), key=HEAVIEST.index)
    people = next((behind for _, behind in found if behind), "")
    return Mark(heaviest.value, tuple(dict.fromkeys(finding.check for finding, _ in found)), people)


def level_of(report: Report, row: int, column: str) -> str:
    """How sure we are of one cell; of what the report does not know, as sure as of the file."""
    levels = report.levels.get(column, ())
    return report.level_of(CellRef(row, column)).value if row < len(levels) else report.level.value


def window_of(grid: Grid, report: Report | None, start: int) -> dict[str, Any]:
    """Some rows as data for a page: their cells, and for each marked cell why.

    A report speaks of the rows as they landed: there is none for a twin, whose rows are others.
    """
    rows = grid.window(start)
    marks = marks_of(report, range(start, start + len(rows))) if report else {}
    places = {name: number for number, name in enumerate(grid.columns)}
    return {
        "start": start,
        "rows": rows,
        "marks": [
            [row, places[column], mark.severity, ", ".join(mark.rules), mark.people]
            for (row, column), mark in sorted(marks.items())
            if column in places
        ],
    }


def context_pane(desk: Desk, offered: Offered) -> dict[str, Any]:
    """The right pane: what the study says the file is, what it is for, what it was made from, what left before."""
    return {
        "context": _context(desk, offered),
        "described": _described(desk, offered),
        "job": next((job for job in desk.case.jobs if _made(job.outputs, offered)), None),
        "releases": releases_before(desk, offered.path),
        "remarks": [(said, _words(desk, said.remark.note)) for said in remarks_on(desk, offered)],
    }


def remarks_on(desk: Desk, offered: Offered) -> tuple[Said, ...]:
    """The remarks on one file that this person may see."""
    visible = visible_remarks(desk.ask.person, desk.case, desk.study)
    return tuple(said for said in visible if said.remark.path == offered.path)


def releases_before(desk: Desk, path: str) -> tuple[tuple[RegisteredRelease, str], ...]:
    """The study's earlier releases of a file with the same path, the newest first, each with that file's digest."""
    wanted = Wanted(newest="released_at", where={"study": desk.study.id}, size=50)
    found = desk.inside.common.read_models.listing(RegisteredRelease, wanted).rows
    named = (
        (release, dict(file.rsplit(" ", 1) for file in release.files).get(path, "")) for release in found
    )
    return tuple(each for each in named if each[1])


def compared(desk: Desk, offered: Offered) -> tuple[str, Difference] | None:
    """What changed since the file was last reviewed or, failing that, last released; and which of the two."""
    for name, digest in _baselines(desk, offered):
        older, newer = _rows(desk, digest), _rows(desk, offered.digest)
        if older is not None and newer is not None:
            return name, difference(older, newer)
    return None


def _baselines(desk: Desk, offered: Offered) -> Iterable[tuple[str, str]]:
    continues = desk.case.submission.continues
    earlier = desk.ask.common.service.request(continues) if continues else None
    if earlier is not None:
        known = [*earlier.offered, *(each.offered for each in earlier.standing)]
        yield from (("last reviewed", each.digest) for each in known if each.path == offered.path)
    yield from (("last released", digest) for _, digest in releases_before(desk, offered.path))


def _rows(desk: Desk, digest: str) -> list[list[str]] | None:
    try:
        grid = desk.inside.grid(digest)
    except NotInVault:
        return None
    if grid is None or grid.rows > MOST_COMPARED:
        return None
    body = [row for start in range(0, grid.rows, 200) for row in grid.window(start)]
    return [list(grid.columns), *body]


def _made(outputs: Iterable[Any], offered: Offered) -> bool:
    return any(output.path == offered.path for output in outputs)


def _described(desk: Desk, offered: Offered) -> DescribedFile | None:
    """What the study says the file is, in the words that its pages ask for; nothing where it has not said anything."""
    digest = desk.case.context_of(offered.path)
    return read(_words(desk, digest).encode()) if digest else None


def _context(desk: Desk, offered: Offered) -> Any:
    digest = desk.case.context_of(offered.path)
    words = _words(desk, digest) if digest else ""
    try:
        return json.loads(words) if words else None
    except ValueError:
        return {"said": words}


def _words(desk: Desk, digest: str) -> str:
    try:
        return desk.ask.common.documents.get(digest).decode("utf-8", "backslashreplace")
    except NotInVault:
        return ""


SIDES = ((OFFERED, "As it would leave"), (RAW, "As it landed"))
