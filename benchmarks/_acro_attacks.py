"""The twelve attacks that ACRO lets through, on ACRO and on us, side by side, on the same people.

Started by hand: `python benchmarks/_acro_attacks.py PYTHON`, where PYTHON is the interpreter of an environment of its own
that has `acro` (see `scripts/set_up_acro`). The peer runs in a process of its own and says what its files show; what each
attack recovers is worked out here, from files alone. Prints one line of JSON for each attack and one of the sum; fails when
we recover anything.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from output_checks.check import check
from output_checks.model import Confidence, Evidence, Offered, Report, Verdict
from output_checks.policy import load_policy

POLICY = load_policy()
PEER = Path(__file__).with_name("_acro_peer.py")
COUNTS = {"statistic": "frequencies", "of": "c", "by": ["region", "diag"], "columns": {"n": "count"}}


def taken(report: Report) -> str:
    """What leaves without a person's decision."""
    alone = report.verdict in (Verdict.CLEAN, Verdict.SUPPRESSED)
    return report.twin.decode() if alone and report.twin is not None else ""


def ours(text: str, declaration: Mapping[str, Any] | None, people: tuple[int, ...] = (), **roles: str) -> str:
    """What leaves of one table, checked by us; with the people behind each row where the engine counted them."""
    evidence = Evidence(people, Confidence.PROVED, roles) if people else None
    return taken(check(Offered("t.csv", text.encode(), declaration, evidence), POLICY))


def crossed(numbers: Mapping[str, tuple[int, ...]]) -> str:
    """A crosstab with its margins, as a long table."""
    lines = [
        f"{region},{diag},{n}"
        for region, cells in numbers.items()
        for diag, n in zip("abc", cells, strict=True)
    ]
    lines += [f"{region},Total,{sum(cells)}" for region, cells in numbers.items()]
    columns = [sum(cells) for cells in zip(*numbers.values(), strict=True)]
    lines += [f"Total,{diag},{n}" for diag, n in zip("abc", columns, strict=True)] + [
        f"Total,Total,{sum(columns)}"
    ]
    return "region,diag,n\n" + "\n".join(lines) + "\n"


def by_subtraction() -> bool:
    """Whether the small cells of a crosstab follow from what is shown: one unknown in a sum is known."""
    shown = ours(crossed({"N": (40, 3, 57), "S": (35, 1, 64)}), COUNTS)
    known = {tuple(line.split(",")[:2]): line.split(",")[2] for line in shown.splitlines()[1:]}
    for line in (("N", "a b c Total"), ("S", "a b c Total")):
        cells = [known.get((line[0], diag), "") for diag in line[1].split()]
        if sum(not cell.isdigit() for cell in cells) == 1:
            return True
    return any(known.get((region, "b"), "").isdigit() for region in "NS")


def model(regressor: str) -> dict[str, Any]:
    """A regression's declaration."""
    return {
        "statistic": "correlation", "of": "c", "model": f"v ~ {regressor}", "n": 2000, "residual_df": 1998,
        "regressors": [regressor], "columns": {"term": "dimension", "b": "coefficient"},
    }  # fmt: skip


def survival(text: str) -> str:
    """A survival table."""
    columns = {"day": "time", "at_risk": "at_risk", "events": "events"}
    declared = {
        "statistic": "survival",
        "of": "c",
        "time": "day",
        "event": "died",
        "by": [],
        "columns": columns,
    }
    return ours(text, declared)


OURS: Mapping[int, tuple[str, Callable[[], bool]]] = {
    1: ("twelve rows of one patient", lambda: "North,12" in ours("region,rows\nNorth,12\nSouth,400\n", None, (1, 90), region="dimension", rows="count_rows")),
    2: ("a crosstab and its margins", by_subtraction),
    3: ("a total made smaller tells how many are hidden", lambda: "1996" in ours("diag,n\na,996\nb,4\nc,1000\nTotal,2000\n", COUNTS | {"by": ["diag"]})),
    4: ("eleven and ten", lambda: ours("n\n11\n", COUNTS | {"by": []}) != ours("n\n10\n", COUNTS | {"by": []})),
    5: ("a maximum", lambda: "826.86" in ours("region,top\nNorth,826.86\n", None, (500,), region="dimension", top="extreme")),
    6: ("a regressor that is one person", lambda: "3.2" in ours("term,b\nIntercept,5.1\nx,3.2\n", model("I(pid == 7)"))),
    7: ("rows of patients as a custom output", lambda: bool(ours("agg,value,day\n" + "".join(f"g{i},{i * 1.37},d{i}x\n" for i in range(60)), None))),
    8: ("exact numbers at risk", lambda: "998" in survival("day,at_risk,events\n0,1000,0\n1,998,2\n")),
    9: ("proportions of a suppressed table", lambda: "0.2765" in ours("region,n,ill,pct\nNorth,47,13,0.276595744680851\nSouth,203,3,0.014778\n", COUNTS | {"by": ["region"], "columns": {"n": "count", "ill": "count", "pct": {"ratio": ["ill", "n"]}}})),
    10: ("a label with a quotation mark ends it", lambda: '"Say ""ah""",40' not in ours('diag,n\n"Say ""ah""",40\nother,3\nthird,30\nfourth,60\n', COUNTS | {"by": ["diag"]})),
    11: ("a column that is not understood empties it", lambda: bool(ours("region,thing\nNorth,1.5\n", None, (50,), region="dimension", thing="other"))),
    12: ("a group in which everybody is the same", lambda: bool(ours("age,ill,n,total\nold,yes,40,40\nold,no,0,40\nyoung,yes,30,90\nyoung,no,60,90\n", COUNTS | {"by": ["age", "ill"], "columns": {"n": "count", "total": "margin"}}))),
}  # fmt: skip
"""For each attack: its name, and whether it works on us."""


def theirs(interpreter: str) -> dict[int, str]:
    """What each attack brings on ACRO: `leaks`, `fails` (an error, or an empty table), or `holds`."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [interpreter, str(PEER)], cwd=folder, capture_output=True, text=True, check=True
        )
    return {int(number): word for number, word in json.loads(done.stdout.strip().splitlines()[-1]).items()}


def main(interpreter: str) -> int:
    """Print the lines; 1 where an attack works on us."""
    peer = theirs(interpreter)
    found = {number: attack() for number, (_, attack) in OURS.items()}
    for number, (name, _) in OURS.items():
        sys.stdout.write(
            json.dumps(
                {
                    "attack": number,
                    "name": name,
                    "acro": peer[number],
                    "ours": "leaks" if found[number] else "holds",
                }
            )
            + "\n"
        )
    line = {
        "name": "checks: twelve attacks",
        "ours": sum(found.values()),
        "reference": sum(word == "leaks" for word in peer.values()),
    }
    line |= {"fails": sum(word == "fails" for word in peer.values()), "bar": 0, "ok": not any(found.values())}
    sys.stdout.write(json.dumps(line) + "\n")
    return int(any(found.values()))


if __name__ == "__main__":
    raise SystemExit(main(str(Path(sys.argv[1]).absolute())))
