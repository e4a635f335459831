"""A random search for sequences of counts that get a person out: thousands, through the checks and the ledger.

`ours` is the sequences that get somebody out through checks and differencing, `reference` those that do through the same
checks without the ledger, which is all that others have. Under the default policy the bar is none at all. Under a pack
without rounding, where an attacker who knows how many people there are of each age, sex and region can subtract what is
shown from that, the bar is one in a hundred of the reference: what is left there only rounding is against.

The sequences come in eight searches with their own lots; `--parts 1 2` runs some of them, for a machine that is shared.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from output_checks.policy import load_policy  # noqa: E402 - the path comes first
from tests.output_checks.random_search import (  # noqa: E402
    Answers,
    Gate,
    Lot,
    Mask,
    checked_alone,
    checked_and_compared,
    search,
)

SEQUENCES = {"opensafely": 3_000, "sdap-10": 1_000}
PARTS = 8
BARS = {"opensafely": 0.0, "sdap-10": 0.01}


@dataclass
class Tally:
    """A gate, and how many counts were asked of it and how many it answered."""

    gate: Gate
    asked: int = 0
    answered: int = 0

    def __call__(self, asked: Sequence[Mask]) -> Answers:
        """The gate's own answers."""
        answers = self.gate(asked)
        self.asked += len(answers)
        self.answered += sum(each is not None for each in answers)
        return answers


def measure(pack: str, parts: Sequence[int]) -> bool:
    """Search through both gates and print the line."""
    policy, each = load_policy(pack=pack), SEQUENCES[pack] // PARTS
    gates = [Tally(checked_and_compared(policy)), Tally(checked_alone(policy))]
    ours, reference = (
        sum(found.out for part in parts for found in search(gate, Lot(part), each)) for gate in gates
    )
    ratio = ours / max(reference, 1)
    line = {
        "name": f"random search, {each * len(parts)} sequences of counts, {pack}",
        "ours": ours,
        "reference": reference,
        "ratio": round(ratio, 4),
        "bar": BARS[pack],
        "ok": reference > 0 and ratio <= BARS[pack],
        "counts_asked": gates[0].asked,
        "counts_answered": gates[0].answered,
        "prior": 0.5,
    }
    print(json.dumps(line), flush=True)
    return bool(line["ok"])


def main() -> int:
    """0 when both bars are met."""
    words = argparse.ArgumentParser()
    words.add_argument("--parts", type=int, nargs="+", default=range(1, PARTS + 1))
    words.add_argument("--packs", nargs="+", choices=[*SEQUENCES], default=[*SEQUENCES])
    said = words.parse_args()
    met = [measure(pack, said.parts) for pack in said.packs]
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main())
