"""Why a program of a researcher's own did not end well, from its log and its source: for synthetic data alone.

A pure function over text: the error as the program said it, the researcher's own lines that led to it, and what most
often causes such an error in a box. It refuses to be clever: the first cause of an ordered table that fits is told, and
none where none does. Nothing here may be shown of a run on real data: there a log is an output like any other [P1].
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import PurePosixPath

from sandboxes.causes import BY_STATUS, Cause, likely
from sandboxes.model import Status

Source = Callable[[str], str | None]
"""The text of one of the researcher's own files by its path in the study; None for anything that is not theirs."""

_WORKSPACE = "/workspace/"
_MOST_FRAMES = 5
_LAST_ROWS = 6
_MOST_LETTERS = 400
_FRAME = re.compile(r'^  File "(?P<path>[^"]+)", line (?P<line>\d+)')
_TRACEBACK = "Traceback (most recent call last):"
_IGNORED = "Exception ignored in"
_FORBIDDEN = "Operation not permitted"
_PYTHON_PARSE = re.compile(r"(?:Syntax|Indentation|Tab)Error\b")
_R_ERROR = re.compile(r"Error(?: in (?P<call>.+?))?(?: \(from (?P<path>[^#)]*)#(?P<line>\d+)\))? ?:(?: .*)?$")
_R_STOPS = "Execution halted"
_R_CALLS = "Calls: "
_R_NAME = re.compile(r"[A-Za-z.][\w.]*(?=\()")


@dataclass(frozen=True)
class Line:
    """One line of the researcher's own source."""

    path: str
    number: int
    text: str


@dataclass(frozen=True)
class Explanation:
    """What went wrong, where in their own code, and what to try. Empty words mean that nothing could be said."""

    error: str
    lines: tuple[Line, ...]
    cause: str
    fix: str


def explain(status: Status, log: str, source: Source, *, script: str = "") -> Explanation | None:
    """The explanation of a run that did not end well; None for one that did. `script` is the file that was run."""
    if status is Status.OK:
        return None
    rows = log.splitlines()
    said = _said(rows, source, script) if status is Status.FAILED else _Said("", ())
    cause = BY_STATUS.get(status) or _cause(said, rows) or Cause("", "", "")
    return Explanation(said.error[:_MOST_LETTERS], said.lines[-_MOST_FRAMES:], cause.sentence, cause.fix)


@dataclass(frozen=True)
class _Said:
    """An error, the author's own lines, and the rows just before the error."""

    error: str
    lines: tuple[Line, ...]
    before: str = ""


def _cause(said: _Said, rows: list[str]) -> Cause | None:
    # What the kernel forbids is all one to it: only who asked says what for. R says a reason in a warning further down.
    text = f"{said.error}\n{said.before}" if _FORBIDDEN in said.error else said.error
    return likely(text) or likely("\n".join(rows[-_LAST_ROWS:]))


def _said(rows: list[str], source: Source, script: str) -> _Said:
    return _python(rows, source) or _python_syntax(rows, source) or _r(rows, source, script) or _Said("", ())


def _python(rows: list[str], source: Source) -> _Said | None:
    """The last traceback: it ends with the exception, which is the first row after it that is not indented.

    One of a destructor's is not what ended the program.
    """
    told = pairwise(["", *rows])
    starts = [
        n for n, (above, row) in enumerate(told) if row == _TRACEBACK and not above.startswith(_IGNORED)
    ]
    if not starts:
        return None
    below = rows[starts[-1] + 1 :]
    length = next((number for number, row in enumerate(below) if not row.startswith(" ")), len(below))
    frames = below[:length]
    return _Said(_paragraph(below[length:]), tuple(_own(frames, source)), "\n".join(frames[-_LAST_ROWS:]))


def _python_syntax(rows: list[str], source: Source) -> _Said | None:
    """A file that does not parse has no traceback: its place, the row, a caret, and the error."""
    for number, row in enumerate(rows):
        if _PYTHON_PARSE.match(row):
            return _Said(row, tuple(_own(rows[:number], source))[-1:])
    return None


def _own(rows: list[str], source: Source) -> Iterator[Line]:
    for found in filter(None, map(_FRAME.match, rows)):
        yield from _line(found["path"], int(found["line"]), source)


def _line(untrusted_path: str, number: int, source: Source) -> Iterator[Line]:
    path = untrusted_path.removeprefix(_WORKSPACE)
    text = None if path.startswith("/") else source(str(PurePosixPath(path)))
    rows = (text or "").splitlines()
    if 0 < number <= len(rows):
        yield Line(path, number, rows[number - 1].strip())


def _r(rows: list[str], source: Source, script: str) -> _Said | None:
    """R's own report, which goes on over the rows below it. Where R names no line, the script is looked through."""
    for number, row in enumerate(rows):
        if found := _R_ERROR.match(row):
            below = rows[number:]
            path = (found["path"] or "").strip() or PurePosixPath(script).name
            told = _line(_path_of(path, script), int(found["line"]), source) if found["line"] else ()
            guessed = _r_guessed(found["call"] or "", below, (source(script) or "").splitlines(), script)
            return _Said(_paragraph(below), tuple(dict.fromkeys((*guessed, *told))))
    return None


def _path_of(name: str, script: str) -> str:
    """R names a file without its folders: the script's own name is its path."""
    return script if PurePosixPath(script).name == name else name


def _r_guessed(call: str, below: list[str], code: list[str], script: str) -> Iterator[Line]:
    """The lines of the script that alone hold what R names: the outermost call, the failed one, the text it quotes."""
    names = [row.removeprefix(_R_CALLS).split(" -> ")[0] + "(" for row in below if row.startswith(_R_CALLS)]
    quoted = [row.strip('"') for row in below[1:] if row.endswith('"')]
    plain = call.replace("`", "")
    for wanted in (*names, plain, *(f"{name}(" for name in _R_NAME.findall(plain)[:1]), *quoted):
        squeezed = "".join(wanted.split())
        holding = [
            number for number, row in enumerate(code, 1) if squeezed and squeezed in "".join(row.split())
        ]
        if len(holding) == 1:
            yield Line(script, holding[0], code[holding[0] - 1].strip())


def _paragraph(rows: list[str]) -> str:
    """The rows up to an empty one or to where R goes on to something else, as one."""
    ends = (_R_CALLS, _R_STOPS, "Backtrace:", "In addition: ")
    length = next(
        (number for number, row in enumerate(rows) if not row.strip() or row.startswith(ends)), len(rows)
    )
    return " ".join(row.strip() for row in rows[:length])
