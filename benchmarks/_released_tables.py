"""A verdict on every file of a folder, as a table, and how many would need a person and why.

Started by hand: `python benchmarks/_released_tables.py FOLDER`. The files are judged as they lie there, with no declaration.
Refuses nothing; the checks do.
"""

import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from output_checks.check import check
from output_checks.model import Offered, Report, Severity
from output_checks.policy import load_policy

_DECIDING = {"refused": Severity.REFUSE, "person": Severity.REVIEW}


def reasons(report: Report) -> str:
    """The checks that decided."""
    weight = _DECIDING.get(report.verdict, Severity.SUPPRESS)
    return (
        ", ".join(sorted({f"{each.check}: {each.message}" for each in report.of_severity(weight)}))
        or "nothing"
    )


def main(folder: Path) -> None:
    """Print the table and the shares."""
    policy = load_policy()
    reports = [
        check(Offered(path.name, path.read_bytes()), policy)
        for path in sorted(folder.iterdir())
        if path.is_file()
    ]
    print("| file | verdict | why |\n|---|---|---|")
    for report in reports:
        print(f"| {report.file} | {report.verdict} | {reasons(report)} |")
    shares = Counter(str(report.verdict) for report in reports)
    print(
        "\n" + "; ".join(f"{verdict}: {many} of {len(reports)}" for verdict, many in sorted(shares.items()))
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
