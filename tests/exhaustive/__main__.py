"""`python -m tests.exhaustive`: how many cases can be reached, and how many steps are attempted at them."""

import json
import sys

from tests.exhaustive.test_every_reachable_case import WORLDS, cases, everything


def main() -> int:
    """Print one JSON line for each kind of case."""
    for kind in WORLDS:
        attempted = allowed = 0
        for attempt in everything(kind, slice(None)):
            attempted += 1
            allowed += bool(attempt.events)
        line = {
            "kind": kind,
            "reachable_cases": len(cases(kind)),
            "attempted_steps": attempted,
            "allowed": allowed,
        }
        print(json.dumps(line), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
