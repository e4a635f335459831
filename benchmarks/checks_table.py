"""A 30 x 20 table of a million rows, judged: the evidence query, every check and the twin, beside the query alone.

The reference is the bare evidence query (rows, people, sums and the two largest people of each cell) in the same run.
The well-known Python checker takes 66 to 106 seconds for a table of this shape; see the notes on disclosure control.
"""

import json
import time
from collections.abc import Callable

import duckdb

from output_checks.check import check
from output_checks.model import Confidence, Evidence, Offered, Report, Shares, Verdict
from output_checks.policy import load_policy

ROWS, BAR = 1_000_000, 2.0
MADE = f"""
CREATE TABLE visits AS
SELECT (hash(i) % 300_000)::INTEGER AS patient_id,
       'r' || lpad(((hash(i * 7 + 1) % 1000) ** 2 // 33_334)::INTEGER::VARCHAR, 2, '0') AS region,
       'd' || lpad(((hash(i * 13 + 2) % 1000) ** 3 // 50_000_001)::INTEGER::VARCHAR, 2, '0') AS diag,
       (hash(i * 31 + 3) % 10_000) / 10.0 AS cost
FROM range({ROWS}) t(i)
"""  # noqa: S608  # a number of ours
EVIDENCE = """
WITH each AS (SELECT region, diag, patient_id, count(*) AS n, sum(abs(cost)) AS own FROM visits GROUP BY ALL)
SELECT region, diag, count(*) AS people, sum(n)::BIGINT AS rows_counted, sum(own) AS total, max(own, 2) AS top
FROM each GROUP BY region, diag ORDER BY region, diag
"""
COLUMNS = {"people": "count", "cost": "sum"}
DECLARED = {
    "statistic": "linear_aggregation",
    "of": "visits",
    "by": ["region", "diag"],
    "value": "cost",
    "n": "people",
}


def best(times: int, run: Callable[[], object]) -> float:
    """The shortest of some runs, in seconds."""
    spent = []
    for _ in range(times):
        start = time.perf_counter()
        run()
        spent.append(time.perf_counter() - start)
    return min(spent)


def judged(database: duckdb.DuckDBPyConnection) -> Report:
    """Evidence, checks and twin."""
    rows = database.execute(EVIDENCE).fetchall()
    text = "region,diag,people,cost\n" + "".join(f"{r[0]},{r[1]},{r[2]},{r[4]:.1f}\n" for r in rows)
    shares = {"cost": tuple(Shares(max(r[4], sum(r[5])), *(*r[5], 0.0)[:2]) for r in rows)}
    evidence = Evidence(tuple(r[2] for r in rows), Confidence.RECOMPUTED, {}, shares)
    return check(Offered("t.csv", text.encode(), DECLARED | {"columns": COLUMNS}, evidence), load_policy())


def main() -> None:
    """Print the line."""
    with duckdb.connect(config={"threads": 2}) as database:
        database.execute(MADE)
        report = judged(database)
        if report.verdict is not Verdict.SUPPRESSED:
            raise SystemExit(f"the table should have been suppressed, not {report.verdict}")
        bare = best(5, lambda: database.execute(EVIDENCE).fetchall())
        ours = best(5, lambda: judged(database))
    line = {"name": "checks: a 30 x 20 table of 1e6 rows, evidence, checks and twin", "ours": round(ours, 3)}
    line |= {
        "reference": round(bare, 3),
        "ratio": round(ours / bare, 2),
        "bar": BAR,
        "ok": ours <= BAR * bare,
    }
    print(json.dumps(line))


if __name__ == "__main__":
    main()
