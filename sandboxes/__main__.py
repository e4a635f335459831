"""`python -m sandboxes report`: what walls this host can build, tried from inside, and whether jobs may run here.

Exit status 0: fit to run jobs. 1: a wall that should stand is open, so no job may run. 2: no runner, or no image.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import cast

from sandboxes import choose
from sandboxes.model import BoxRefused, RunnerUnavailable, Wall
from sandboxes.preflight import Report, Versioned, inspect_host

FIT, OPEN, NOTHING_TO_RUN = 0, 1, 2


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; the exit status is said above."""
    options = _options(argv)
    try:
        with tempfile.TemporaryDirectory(prefix="tre-report-") as work:
            runner = choose.available(Path(work) / "state", allowed=options.runner or tuple(choose.RUNNERS))
            report = inspect_host(cast("Versioned", runner), Path(work) / "tries")
    except (RunnerUnavailable, BoxRefused) as refusal:
        sys.stderr.write(f"{refusal.code}: {refusal.sentence}\n{refusal.fix}\n")
        return NOTHING_TO_RUN
    text = json.dumps(report.as_dict(), indent=1) if options.json else "\n".join(lines(report))
    sys.stdout.write(text + "\n")
    if not report.images:
        return NOTHING_TO_RUN
    return FIT if report.fit else OPEN


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sandboxes", description="Sandboxes of this host.")
    commands = parser.add_subparsers(dest="command", required=True)
    report = commands.add_parser("report", help="try every wall in every image, and say what holds")
    report.add_argument("--runner", action="append", choices=tuple(choose.RUNNERS), help="only this runner")
    report.add_argument("--json", action="store_true", help="for machines")
    return parser.parse_args(argv)


def lines(report: Report) -> list[str]:
    """The report for a person."""
    versions = (f"  {part}: {said}" for part, said in sorted(report.versions.items()))
    images = (f"  {name}: {content_id}" for name, content_id in sorted(report.images.items()))
    return [
        f"Runner: {report.runner}",
        *versions,
        *(f"  known hole: {hole}" for hole in report.holes),
        "Images:",
        *(list(images) or ["  none: build them with `python -m sandboxes.images build`"]),
        *_walls(f"Walls that stand ({len(report.walls)}):", report.walls),
        *_walls(f"Walls that are missing here ({len(report.missing)}):", report.missing),
        *_verdict(report),
    ]


def _walls(title: str, walls: tuple[Wall, ...]) -> list[str]:
    return (
        [title, *(f"  {wall.name}: against {wall.threat} ({wall.setting})" for wall in walls)]
        if walls
        else []
    )


def _verdict(report: Report) -> list[str]:
    if not report.images:
        return ["There is no image to run a job in."]
    if report.fit:
        return [f"All {len(report.tried)} tries were held by the walls that stand: jobs may run here."]
    open_walls = (f"  OPEN in image {one.image}: {one.wall} ({one.name})" for one in report.breaches)
    silent = (f"  NO ANSWER from image {name}: its tries did not all come back" for name in report.silent)
    return ["No job may run here:", *open_walls, *silent]


if __name__ == "__main__":
    sys.exit(main())
