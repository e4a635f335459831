"""One table of a million rows, suppressed by ACRO: timed beside ours by `checks_table.py`, on the same rows.

Run by the interpreter of an environment that has `acro`: `build/acro/bin/python benchmarks/_acro_table.py ROWS.npz`, with
the arrays `region`, `diag` (numbers of groups) and `cost`. Not part of the product: it imports what is not among our
requirements. Prints one line of JSON: seconds without margins, as it suppresses counts and sums.
"""

# mypy: ignore-errors

import contextlib
import io
import json
import logging
import sys
import time

import numpy as np
import pandas as pd
from acro import ACRO

logging.disable(logging.CRITICAL)


def main(path):
    """Print the line."""
    with np.load(path, allow_pickle=False) as kept:
        table = pd.DataFrame({name: kept[name] for name in ("region", "diag", "cost")})
    spent = {}
    for name, asked in (("count", {}), ("sum", {"values": table.cost, "aggfunc": "sum"})):
        started = time.perf_counter()
        with contextlib.redirect_stdout(io.StringIO()):
            ACRO(suppress=True).crosstab(table.region, table.diag, **asked)
        spent[name] = round(time.perf_counter() - started, 1)
    sys.stdout.write(json.dumps(spent) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
