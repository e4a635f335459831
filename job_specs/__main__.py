"""`python -m job_specs check FILE…`: read specs, queries and the files they name, and say what is wrong.

Refuses to touch anything but the named files and their studies' folders; exit status 1 when any is refused.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from job_specs import schema
from job_specs.errors import SpecError
from job_specs.sql.command import sql_command
from job_specs.tools import check, explain, text_graph


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; 0 when every spec is accepted, 1 otherwise."""
    parser = argparse.ArgumentParser(prog="python -m job_specs", description="Check job specs.")
    commands = parser.add_subparsers(dest="command", required=True)
    checking = commands.add_parser("check", help="say whether specs are accepted, and what to put right")
    checking.add_argument("files", nargs="+", type=Path)
    graphing = commands.add_parser("graph", help="show the actions in the order they run")
    graphing.add_argument("file", type=Path)
    explaining = commands.add_parser("explain", help="say everything about one action")
    explaining.add_argument("file", type=Path)
    explaining.add_argument("action")
    commands.add_parser("schema", help="print the JSON Schema that editors use")
    commands.add_parser("sql", help="judge one query: `sql FILE --scope scope.toml [--json]`", add_help=False)
    arguments, rest = parser.parse_known_args(argv)
    if arguments.command == "sql":
        return sql_command(rest)
    if rest:
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    if arguments.command == "check":
        return max(_say(partial(_checked, path)) for path in arguments.files)
    if arguments.command == "graph":
        return _say(lambda: text_graph(check(arguments.file).spec))
    if arguments.command == "schema":
        return _say(lambda: schema.text().rstrip())
    return _say(lambda: explain(check(arguments.file), arguments.action))


def _checked(path: Path) -> str:
    return f"{path}: {check(path).summary}"


def _say(work: Callable[[], str]) -> int:
    try:
        sys.stdout.write(f"{work()}\n")
    except SpecError as error:
        sys.stdout.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
