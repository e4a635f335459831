"""The checker on a command line: `python -m output_checks check FILE --declare decl.json [--json]`.

Refuses to write the twin over anything. The exit code is the verdict: 0 clean, 3 suppressed, 4 a person, 5 refused.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from output_checks.check import check
from output_checks.manual import manual
from output_checks.model import Offered, Report, Verdict
from output_checks.policy import PolicyError, load_policy, pack_names

EXIT = {Verdict.CLEAN: 0, Verdict.SUPPRESSED: 3, Verdict.PERSON: 4, Verdict.REFUSED: 5}
_UNUSABLE = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Judge a file and say so; returns the exit code."""
    asked = _parser().parse_args(arguments)
    if asked.command == "manual":
        sys.stdout.write(manual())
        return 0
    try:
        declaration = json.loads(asked.declare.read_text(encoding="utf-8")) if asked.declare else None
        policy = load_policy(asked.policy, pack=asked.pack)
        content = asked.file.read_bytes()
    except (OSError, ValueError, PolicyError) as wrong:
        sys.stderr.write(f"{wrong}\n")
        return _UNUSABLE
    report = check(Offered(asked.file.name, content, declaration), policy)
    sys.stdout.write(report.to_json() + "\n" if asked.json else in_words(report))
    if asked.twin and report.twin is not None:
        with asked.twin.open("xb") as out:
            out.write(report.twin)
    return EXIT[report.verdict]


def in_words(report: Report) -> str:
    """A report for a terminal."""
    lines = [f"{report.file}: {report.verdict} ({report.level}, {report.policy})"]
    for each in report.findings:
        where = f" [{each.column}]" if each.column else ""
        many = f" {len(each.cells)} cell(s)." if each.cells else ""
        lines.append(
            f"  {each.severity}: {each.check}{where}: {each.message}{many} {each.fix} [{each.promise}]"
        )
    return "\n".join(lines) + "\n"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m output_checks", description="What may leave.")
    commands = parser.add_subparsers(required=True, dest="command")
    commands.add_parser("manual", help="what is checked, and by which numbers")
    one = commands.add_parser("check", help="judge one file")
    one.add_argument("file", type=Path)
    one.add_argument("--declare", type=Path, help="the file's declaration, as JSON")
    one.add_argument("--policy", type=Path, help="a policy file; ours when left out")
    one.add_argument("--pack", help=f"a policy pack: {', '.join(pack_names())}")
    one.add_argument("--json", action="store_true", help="the report as JSON")
    one.add_argument("--twin", type=Path, help="write what may be offered to this new file")
    return parser


if __name__ == "__main__":
    sys.exit(main())
