"""The command line of this room: `python -m job_specs.sql FILE --scope scope.toml [--extract] [--dialect tsql] [--json]`.

Prints the verdict of the guard, where each output column comes from, its class, and the units query. It refuses to read
anything but the two files it is given, and connects to no database.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from job_specs.sql.explain import explain
from job_specs.sql.model import Shape
from job_specs.sql.scope_file import ScopeUnreadable, read_scope
from job_specs.sql.second import DIALECTS

_MISUSED = 2


def sql_command(argv: Sequence[str] | None = None) -> int:
    """Judge one query. 0 when it is admitted, 1 when it is refused, 2 when it cannot be judged."""
    arguments = _arguments(argv)
    try:
        scope, parameters = read_scope(arguments.scope.read_text(encoding="utf-8"))
        text = arguments.file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError, ScopeUnreadable) as reason:
        sys.stderr.write(f"{reason}\n")
        return _MISUSED
    shape = Shape.EXTRACT if arguments.extract else Shape.AGGREGATE
    report = explain(
        text, scope, parameters=parameters, shape=shape, dialect=arguments.dialect, file=arguments.file.name
    )
    sys.stdout.write(json.dumps(report, indent=2) + "\n" if arguments.json else readable(report))
    return 0 if report["verdict"] == "admitted" else 1


def readable(report: dict[str, Any]) -> str:
    """A report as text for a terminal."""
    if report["verdict"] == "refused":
        return "refused\n" + "".join(_refusal(refusal) for refusal in report["refusals"])
    columns = "".join(_column(column) for column in report["columns"])
    cautions = "".join(f"caution: {caution}\n" for caution in report["cautions"])
    translation = f"translated:\n  {report['translated']}\n" if "translated" in report else ""
    return f"admitted ({report['shape']})\n{columns}{cautions}{translation}{_people(report)}runs:\n  {report['sql']}\n"


def _refusal(refusal: dict[str, Any]) -> str:
    where = refusal["where"]
    nearest = f" Did you mean {refusal['nearest']}?" if "nearest" in refusal else ""
    return (
        f"{where['file']}:{where['line']}:{where['column']}: {refusal['rule']} [{refusal['code']}]\n"
        f"  written: {refusal['text']}\n  to fix:  {refusal['fix']}{nearest}\n"
    )


def _column(column: dict[str, Any]) -> str:
    kind = f" ({column['class']})" if "class" in column else ""
    return f"  {column['name']}{kind} <- {', '.join(column['from']) or 'no column'}\n"


def _people(report: dict[str, Any]) -> str:
    if "units" not in report:
        return f"one row for each patient: {report['one_row_per_patient']}\n"
    counted = report["units"]
    if counted["proved"]:
        return f"people behind each cell: proved, counted by:\n  {counted['sql']}\n"
    return f"people behind each cell: not proved. {counted['reason']}\n"


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m job_specs sql", description="Judge a query before it is run."
    )
    parser.add_argument("file", type=Path, help="the query")
    parser.add_argument(
        "--scope", type=Path, required=True, help="the tables and columns it may touch, as TOML"
    )
    parser.add_argument("--extract", action="store_true", help="it gives one row for each patient")
    parser.add_argument("--dialect", choices=DIALECTS, default="duckdb", help="what it is written in")
    parser.add_argument("--json", action="store_true", help="for machines")
    return parser.parse_args(argv)
