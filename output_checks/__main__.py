"""The checker on a command line: `python -m output_checks check FILE --declare decl.yaml [--as sarif]`.

Refuses to write over anything. The exit code of a check is the verdict: 0 clean, 3 suppressed, 4 a person, 5 refused;
of an ACRO session, the gravest of its files.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from output_checks.changes import changes, written
from output_checks.check import check, check_together
from output_checks.figures.charts import CannotDraw, Chart, Kind, draw
from output_checks.formats.cells import Reading
from output_checks.manual import manual
from output_checks.model import Offered, Report, Table, Verdict
from output_checks.policy import Policy, PolicyError, load_policy, pack_names, sources
from output_checks.read import read
from output_checks.reports import acro
from output_checks.reports.page import fragment
from output_checks.reports.record import record
from output_checks.reports.sarif import sarif
from output_checks.reports.schema import schema
from output_checks.reports.words import in_words

EXIT = {Verdict.CLEAN: 0, Verdict.SUPPRESSED: 3, Verdict.PERSON: 4, Verdict.REFUSED: 5}
FORMS: Mapping[str, Callable[[Report], str]] = {
    "words": in_words,
    "json": lambda report: report.to_json() + "\n",
    "html": lambda report: fragment(report) + "\n",
    "sarif": lambda report: sarif([report]) + "\n",
}
_UNUSABLE = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Judge what was asked for and say so; returns the exit code."""
    asked = _parser().parse_args(arguments)
    if asked.command in ("manual", "schema"):
        sys.stdout.write(manual() if asked.command == "manual" else schema())
        return 0
    try:
        policy = load_policy(asked.policy, pack=asked.pack)
        return _COMMANDS[asked.command](asked, policy)
    except (OSError, ValueError, yaml.YAMLError, PolicyError, acro.NotAcro, CannotDraw) as wrong:
        sys.stderr.write(f"{wrong}\n")
        return _UNUSABLE


def _check(asked: argparse.Namespace, policy: Policy) -> int:
    declaration = _declared(asked.declare) if asked.declare else None
    content = asked.file.read_bytes()
    report = check(Offered(asked.file.name, content, declaration), policy)
    sys.stdout.write(FORMS["json" if asked.json else asked.form](report))
    if asked.twin and report.twin is not None:
        with asked.twin.open("xb") as out:
            out.write(report.twin)
    if asked.changes and report.twin is not None:
        with asked.changes.open("x", encoding="utf-8") as told:
            told.write(_changed(report, content, declaration))
    return EXIT[report.verdict]


def _changed(report: Report, content: bytes, declaration: Mapping[str, Any] | None) -> str:
    tables = (_table(report.file, each, declaration) for each in (content, report.twin or b""))
    before, after = tables
    return written(changes(before, after, report.findings)) if before and after else ""


def _draw(asked: argparse.Namespace, policy: Policy) -> int:
    """The figure of what may be shown of a table, as the new file's name says: SVG or PNG."""
    declaration = _declared(asked.declare)
    report = check(Offered(asked.file.name, asked.file.read_bytes(), declaration), policy)
    chart = Chart(Kind(asked.kind), asked.x, tuple(asked.y), asked.series, asked.title)
    canvas = draw(report, declaration, chart)
    with asked.into.open("xb") as out:
        out.write(canvas.png() if asked.into.suffix == ".png" else canvas.svg())
    return EXIT[report.verdict]


def _table(name: str, content: bytes, declaration: Mapping[str, Any] | None) -> Table | None:
    document = read(name, content, declaration)
    return document.table if isinstance(document, Reading) else None


def _declared(path: Path) -> Mapping[str, Any]:
    """A declaration in YAML or JSON, which is YAML too."""
    declaration = yaml.safe_load(path.read_text(encoding="utf-8"))
    if not isinstance(declaration, dict):
        raise ValueError(f"{path.name}: a declaration is `statistic:` and what goes with it.")  # noqa: TRY004  # bad input, told as such
    return declaration


def _session(asked: argparse.Namespace, policy: Policy) -> int:
    """Check every file of an ACRO session; write what may be offered as a session of its own."""
    path = asked.folder / acro.RESULTS
    results, when = path.read_bytes(), datetime.fromtimestamp(path.stat().st_mtime, UTC)
    names = acro.declarations(results, {})
    files = {name: (asked.folder / name).read_bytes() for name in names if Path(name).name == name}
    declared = acro.declarations(results, files)
    offered = [Offered(name, content, declared[name]) for name, content in files.items()]
    reports = check_together(offered, policy)
    made = dict(acro.session(reports, policy, when))
    made |= {each.file: each.twin for each in reports if each.twin is not None}
    made["record.json"] = record(reports, policy, sources(asked.policy, pack=policy.name)).encode()
    _write(asked.into, made)
    sys.stdout.write("".join(map(in_words, reports)))
    return max((EXIT[report.verdict] for report in reports), default=0)


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    folder.mkdir(parents=True)
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)


_COMMANDS: Mapping[str, Callable[[argparse.Namespace, Policy], int]] = {
    "check": _check,
    "draw": _draw,
    "acro": _session,
}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m output_checks", description="What may leave.")
    commands = parser.add_subparsers(required=True, dest="command")
    commands.add_parser("manual", help="what is checked, and by which numbers")
    commands.add_parser("schema", help="the JSON Schema of a report")
    one = commands.add_parser("check", help="judge one file")
    one.add_argument("file", type=Path)
    one.add_argument("--declare", type=Path, help="the file's declaration, as YAML or JSON")
    one.add_argument("--as", dest="form", choices=FORMS, default="words", help="how to report")
    one.add_argument("--json", action="store_true", help="the same as --as json")
    one.add_argument(
        "--changes", type=Path, help="write what the twin changes, and why, to this new file (CSV)"
    )
    one.add_argument("--twin", type=Path, help="write what may be offered to this new file")
    figure = commands.add_parser("draw", help="draw what may be shown of a table")
    figure.add_argument("file", type=Path)
    figure.add_argument("--declare", type=Path, required=True, help="the file's declaration, as YAML or JSON")
    figure.add_argument("--kind", choices=Kind, type=Kind, required=True)
    figure.add_argument("--x", required=True, help="the column along which to draw: labels, times or regions")
    figure.add_argument(
        "--y", nargs="+", required=True, help="the column of numbers; or the low, middle and high one"
    )
    figure.add_argument("--series", default="", help="one colour for each value of this column")
    figure.add_argument("--title", default="")
    figure.add_argument("--into", type=Path, required=True, help="a new file, .svg or .png")
    session = commands.add_parser("acro", help="judge every file of an ACRO session")
    session.add_argument("folder", type=Path, help="the folder with its results.json")
    session.add_argument("--into", type=Path, required=True, help="a new folder, which SACRO-Viewer opens")
    for each in (one, figure, session):
        each.add_argument("--policy", type=Path, help="a policy file; ours when left out")
        each.add_argument("--pack", help=f"a policy pack: {', '.join(pack_names())}")
    return parser


if __name__ == "__main__":
    sys.exit(main())
