"""A long fuzz of the spec parser, started by hand: `python tests/job_specs/fuzz_specs.py --seconds 3600 --seed 1`.

Cuts, joins, repeats and scribbles on the specs that this project keeps, and judges each result. Anything but a spec or a
SpecError, or a judgement that takes more than --slow seconds, is written to --keep and counted. Prints one JSON line;
exit status 1 when anything was found. The same seed makes the same inputs.
"""

import argparse
import json
import random
import sys
import time
import traceback
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from job_specs import vocabulary  # noqa: E402 - after the path
from job_specs.errors import SpecError  # noqa: E402 - after the path
from job_specs.parse import parse  # noqa: E402 - after the path
from job_specs.plan import plan  # noqa: E402 - after the path

TOKENS = [
    *[word.encode() for word in (*vocabulary.ACTION, *vocabulary.PROJECT, *vocabulary.OUTPUT, *vocabulary.ROLES)],
    *[word.encode() for word in (*vocabulary.PURPOSES, *vocabulary.KINDS, "{x}", "../", "python:v2 a.py", "a.sql")],
    *[b"\n", b"\n  ", b"\n    ", b": ", b"- ", b"*a", b"&a ", b"<<: *a", b"{", b"}", b"[", b"]", b"'", b'"', b"|", b">"],
    *[b"!!int ", b"\\x00", b"\xe2\x80\xae", b"\xff", b"0x10", b"1e999", b".nan", b"~", b"\t", b"%TAG ! a", b"---\n", b"?"],
]  # fmt: skip


def corpus() -> list[bytes]:
    """Every spec of this project, accepted or refused, below 20 kB."""
    found = (path.read_bytes() for path in sorted((ROOT / "job_specs").rglob("*.yaml")))
    return [seed for seed in found if len(seed) < 20_000]


def mutant(seeds: list[bytes], chance: random.Random) -> bytes:
    """One input."""
    text = chance.choice(seeds)
    for _ in range(chance.choice([1, 1, 2, 3, 6])):
        start = chance.randrange(len(text) + 1)
        end = min(len(text), start + chance.choice([0, 0, 1, 2, 8, 40, 200]))
        text = text[:start] + _inserted(text, seeds, chance) + text[end:]
    return text


def _inserted(text: bytes, seeds: list[bytes], chance: random.Random) -> bytes:
    kind = chance.randrange(6)
    if kind == 0:
        return b""
    if kind == 1:
        return chance.randbytes(chance.randrange(1, 5))
    if kind == 2:
        other = chance.choice(seeds)
        start = chance.randrange(len(other) + 1)
        return other[start : start + chance.randrange(1, 120)]
    if kind == 3:
        start = chance.randrange(len(text) + 1)
        return text[start : start + 30] * chance.choice([1, 2, 50])
    return chance.choice(TOKENS) * chance.choice([1, 1, 1, 3, 300])


def fault(text: bytes, slow: float) -> str | None:
    """What is wrong with the judgement of this input, or None."""
    started = time.process_time()
    try:
        plan(parse(text))
    except SpecError as refusal:
        if not str(refusal).replace("\n", "").isprintable():
            return "an unprintable report"
    except Exception:  # noqa: BLE001 - what a fuzzer is for
        return traceback.format_exc()
    taken = time.process_time() - started
    return f"{taken:.1f} seconds" if taken > slow else None


def main() -> int:
    """Fuzz until the time or the number of executions is up."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--executions", type=int, default=10_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--slow", type=float, default=5)
    parser.add_argument("--keep", type=Path, default=Path("fuzz-found"))
    options = parser.parse_args()
    chance, seeds = random.Random(options.seed), corpus()  # noqa: S311 - repeatable, not secret
    began, done, found = time.monotonic(), 0, 0
    while done < options.executions and time.monotonic() - began < options.seconds:
        text = mutant(seeds, chance)
        done += 1
        wrong = fault(text, options.slow)
        if wrong:
            found += 1
            options.keep.mkdir(exist_ok=True)
            (options.keep / f"{options.seed}-{done}.yaml").write_bytes(text)
            (options.keep / f"{options.seed}-{done}.txt").write_text(wrong, encoding="utf-8")
    seconds = round(time.monotonic() - began, 1)
    print(json.dumps({"name": "specs_fuzz", "executions": done, "seconds": seconds, "found": found}))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
