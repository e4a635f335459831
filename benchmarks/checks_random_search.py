"""A random search for sequences of counts that get a person out: thousands, through the checks and the ledger.

`ours` is the sequences that get somebody out through checks and differencing, `reference` those that do through the same
checks without the ledger, which is all that others have. The bar is none at all, under a policy that rounds and under one
that does not: there an attacker who knows how many people there are of each age, sex and region subtracts what is shown
from that, and the ledger is told what everybody knows.

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

from output_checks.policy import Policy, load_policy  # noqa: E402 - the path comes first
from tests.output_checks.random_search import (  # noqa: E402
    Answers,
    Gate,
    Lot,
    Mask,
    checked_alone,
    checked_and_compared,
    known_to_everybody,
    search,
)

SEQUENCES = {"opensafely": 3_000, "sdap-10": 1_000}
PARTS = 8
BAR = 0.0


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


def compared(policy: Policy, part: int) -> Gate:
    """The checks and the ledger, told how many people there are of each age, sex and region."""
    return checked_and_compared(policy, known_to_everybody(Lot(part)))


def searched(gates: dict[int, Tally], each: int) -> int:
    """How many sequences of some searches get a person out."""
    return sum(found.out for part, gate in gates.items() for found in search(gate, Lot(part), each))


def measure(pack: str, parts: Sequence[int]) -> bool:
    """Search through both gates and print the line."""
    policy, each = load_policy(pack=pack), SEQUENCES[pack] // PARTS
    gates = {part: Tally(compared(policy, part)) for part in parts}
    ours = searched(gates, each)
    reference = searched({part: Tally(checked_alone(policy)) for part in parts}, each)
    ratio = ours / max(reference, 1)
    line = {
        "name": f"random search, {each * len(parts)} sequences of counts, {pack}",
        "ours": ours,
        "reference": reference,
        "ratio": round(ratio, 4),
        "bar": BAR,
        "ok": reference > 0 and ratio <= BAR,
        "counts_asked": sum(gate.asked for gate in gates.values()),
        "counts_answered": sum(gate.answered for gate in gates.values()),
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
