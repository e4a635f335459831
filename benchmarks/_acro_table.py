"""A 30 x 20 table of a million rows, suppressed by ACRO, for comparing with `checks_table.py`.

Started by hand with the interpreter of an environment that has `acro`: `build/acro/bin/python benchmarks/_acro_table.py`.
Not part of the product: it imports what is not among our requirements. Prints one line of JSON.
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

ROWS = 1_000_000
logging.disable(logging.CRITICAL)


def main():
    """Print the line."""
    chance = np.random.default_rng(1)
    region = (chance.random(ROWS) ** 2 * 30).astype(int)
    diag = (chance.random(ROWS) ** 3 * 20).astype(int)
    diag[:150], region[:150] = np.arange(150) % 20, 29
    table = pd.DataFrame({"region": region, "diag": diag})
    started = time.perf_counter()
    with contextlib.redirect_stdout(io.StringIO()):
        ACRO(suppress=True).crosstab(table.region, table.diag)
    spent = round(time.perf_counter() - started, 1)
    sys.stdout.write(
        json.dumps({"name": "acro: a suppressed 30 x 20 table of 1e6 rows; seconds", "reference": spent})
        + "\n"
    )


if __name__ == "__main__":
    main()
