"""The peer's side of `_acro_attacks.py`: each attack on ACRO, run by an interpreter that has it. Prints one line of JSON.

Not part of the product or its tests: it imports what is not among our requirements.
"""

# mypy: ignore-errors

import contextlib
import io
import json
import logging
import sys

import numpy as np
import pandas as pd
from acro import ACRO

logging.disable(logging.CRITICAL)


def people(seed=1, many=2000):
    """Some people with a region, a diagnosis and a value."""
    chance = np.random.default_rng(seed)
    frame = {
        "pid": np.arange(many),
        "region": chance.choice(list("NS"), many),
        "diag": chance.choice(list("ac"), many),
        "v": chance.lognormal(3, 1, many),
    }
    table = pd.DataFrame(frame)
    table.loc[:2, ["region", "diag"]] = ["N", "b"]
    table.loc[3, ["region", "diag"]] = ["S", "b"]
    return table


def session():
    return ACRO(suppress=True)


def twelve_rows():
    one = pd.DataFrame({"pid": [0] * 12 + list(range(1, 401)), "region": ["N"] * 12 + ["S"] * 400})
    shown = session().crosstab(one.region, one.pid > -1)
    return float(shown.loc["N"].iloc[0]) == 12


def margins():
    table = people()
    acro = session()
    cells = acro.crosstab(table.region, table.diag)
    totals = acro.pivot_table(table, index=["region"], values=["v"], aggfunc=["count"])
    rest = {r: float(totals.loc[r].iloc[0]) - float(cells.loc[r].fillna(0).sum()) for r in "NS"}
    return rest == {"N": 3.0, "S": 1.0}


def shrunken():
    table = people()
    shown = session().crosstab(table.region, table.diag, margins=True)
    return float(shown.iloc[-1, -1]) == len(table) - 4


def eleven_and_ten():
    table = people().assign(g="x")
    sizes = [float(session().crosstab(part.g, part.g).iloc[0, 0]) for part in (table[:11], table[:10])]
    return sizes[0] - sizes[1] == 1


def maximum():
    table = people()
    shown = session().pivot_table(table, index=["region"], values=["v"], aggfunc=["max"])
    return bool(np.isclose(shown.to_numpy().max(), table.v.max()))


def one_regressor():
    table = people()
    acro = session()
    fitted = acro.olsr("v ~ I((pid == 7).astype(int))", table)
    status = next(iter(acro.results.results.values())).status
    return status != "fail" and bool(np.isclose(sum(fitted.params), table.v[7]))


def custom():
    people().to_csv("rows.csv", index=False)
    acro = session()
    acro.custom_output("rows.csv", "aggregates")
    return next(iter(acro.results.results.values())).status != "fail"


def at_risk():
    table = people()
    chance = np.random.default_rng(2)
    shown = session().surv_func(
        chance.integers(1, 60, len(table)), chance.integers(0, 2, len(table)), output="table"
    )
    return any(
        "num at risk" in str(name).lower() and "rounded" not in str(name).lower() for name in shown.columns
    )


def proportions():
    table = people()
    shown = session().crosstab(table.region, table.diag, normalize="index")
    return bool(shown.size) and bool(np.isfinite(shown.to_numpy(float)).any())


def quotation():
    table = people().replace({"diag": {"b": 'Say "ah"'}})
    shown = session().crosstab(table.region, table.diag)
    return False if shown.size else None


def unknown():
    table = people()
    shown = session().crosstab(table.region, table.diag, values=table.v, aggfunc=lambda v: v.iloc[0])
    return None if not shown.size else True


def whole_group():
    table = people().assign(age="young", ill="no")
    table.loc[:39, ["age", "ill"]] = ["old", "yes"]
    acro = session()
    shown = acro.crosstab(table.age, table.ill)
    return float(shown.loc["old"].fillna(0).max()) == 40


ATTACKS = [
    twelve_rows,
    margins,
    shrunken,
    eleven_and_ten,
    maximum,
    one_regressor,
    custom,
    at_risk,
    proportions,
    quotation,
    unknown,
    whole_group,
]


def outcome(attack):
    """`leaks`, `holds`, or `fails` where it ends in an error or in an empty table."""
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            worked = attack()
    except Exception:  # whatever the peer's error is, that it has one is the finding
        return "fails"
    return "fails" if worked is None else "leaks" if worked else "holds"


if __name__ == "__main__":
    found = {number: outcome(attack) for number, attack in enumerate(ATTACKS, start=1)}
    sys.stdout.write(json.dumps(found) + "\n")
