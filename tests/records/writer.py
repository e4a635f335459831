"""A process of its own that appends: started, raced and killed by the tests of crashes."""

import itertools
import sys

from tests.records.examples import EXAMPLES, NOW, POLICY, STUDY
from tre.records.errors import CaseMoved
from tre.records.ledger import Ledger

SUSPENDED, REINSTATED = EXAMPLES["application.suspended"], EXAMPLES["application.reinstated"]


def forever(ledger: Ledger) -> None:
    """Append a new case of two events again and again; say so after each."""
    events = tuple(event for _, event in STUDY[:2])
    begun = ledger.head().position
    for number in itertools.count(begun):
        ledger.append("application", f"s{number}", events, expected_seq=0, actor="ada", at=NOW, policy=POLICY)
        print("kept", flush=True)


def race(ledger: Ledger) -> None:
    """Twenty times: append the case's next event as decided at a place agreed beforehand."""
    sys.stdin.readline()
    for seq in range(len(STUDY), len(STUDY) + 20):
        while ledger.case("application", "waning")[1] < seq:
            pass
        event = (SUSPENDED, REINSTATED)[seq % 2]
        try:
            ledger.append(
                "application", "waning", (event,), expected_seq=seq, actor="mary", at=NOW, policy=POLICY
            )
            print("won", flush=True)
        except CaseMoved:
            print("moved", flush=True)


if __name__ == "__main__":
    opened = Ledger.open(sys.argv[1])
    print("ready", flush=True)
    {"forever": forever, "race": race}[sys.argv[2]](opened)
