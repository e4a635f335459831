"""Runs every benchmark and prints one JSON line each: ``name, ours, reference, ratio, bar, ok``.

A benchmark is a file in this folder that prints such lines. The driver refuses a line without all six keys, a file that
prints none, a file that fails, and a folder without benchmarks: a claim about speed that was not measured is not made.
"""

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

KEYS = {"name", "ours", "reference", "ratio", "bar", "ok"}
SECONDS = 900


class BadBenchmarkError(Exception):
    """A benchmark that measured nothing, or did not say what."""


def benchmarks(folder: Path) -> tuple[Path, ...]:
    """Every benchmark of a folder; names with an underscore in front are shared code.

    Raises:
        BadBenchmarkError: when there is none.
    """
    found = tuple(sorted(path for path in folder.glob("*.py") if not path.name.startswith("_")))
    if not found:
        raise BadBenchmarkError(f"there is no benchmark in {folder}")
    return found


def measure(benchmark: Path) -> tuple[dict[str, Any], ...]:
    """Run one benchmark in a process of its own.

    Raises:
        BadBenchmarkError: when it fails, takes too long, or prints no result.
    """
    command = (sys.executable, str(benchmark))
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=SECONDS, check=True)
    except subprocess.SubprocessError as error:
        raise BadBenchmarkError(f"{benchmark.name} did not finish: {error}") from error
    results = tuple(parsed(done.stdout, benchmark.name))
    if not results:
        raise BadBenchmarkError(f"{benchmark.name} printed no result")
    return results


def parsed(untrusted_text: str, benchmark: str) -> Iterator[dict[str, Any]]:
    """The results among the lines that a benchmark printed.

    Raises:
        BadBenchmarkError: for a line of JSON that lacks one of the six keys.
    """
    for line in untrusted_text.splitlines():
        if line.startswith("{"):
            result = json.loads(line)
            if not result.keys() >= KEYS:
                raise BadBenchmarkError(f"{benchmark} left out {', '.join(sorted(KEYS - result.keys()))}")
            yield result


def main(arguments: Sequence[str]) -> int:
    """Run the benchmarks whose name holds any of the arguments, all without; 1 when one misses its bar or fails."""
    missed = False
    for benchmark in benchmarks(Path(__file__).parent):
        if arguments and not any(word in benchmark.stem for word in arguments):
            continue
        began = time.monotonic()
        try:
            results = measure(benchmark)
        except BadBenchmarkError as error:
            results = ()
            missed = True
            print(f"[bench] {error}", file=sys.stderr)
        for result in results:
            missed = missed or not result["ok"]
            print(json.dumps(result), flush=True)
        print(f"[bench] {benchmark.stem}: {time.monotonic() - began:.1f} s", file=sys.stderr)
    return int(missed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
