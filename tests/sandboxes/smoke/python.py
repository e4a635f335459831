"""Every package of the `python` image does a small piece of its own work, and says its name. Run in a box."""

import io
from pathlib import Path

import acro
import duckdb
import great_tables
import lifelines
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet
import scipy.stats
import seaborn as sns
import sklearn.linear_model
import statsmodels.api as sm
import statsmodels.formula.api as smf

OUT = Path("/out")
chance = np.random.default_rng(7)
people = pd.DataFrame(
    {
        "sex": np.where(np.arange(400) % 2, "F", "M"),
        "age": chance.integers(18, 95, 400),
        "weeks": chance.exponential(20, 400),
        "died": chance.integers(0, 2, 400),
    }
)
people["band"] = pd.cut(people["age"], [0, 50, 120], labels=["under 50", "50 and over"]).astype(str)


def use_numpy() -> None:
    assert np.allclose(np.linalg.inv(np.eye(50) * 2), np.eye(50) / 2)


def use_pandas() -> None:
    people.to_csv(OUT / "people.csv", index=False)
    assert pd.read_csv(OUT / "people.csv").shape == people.shape


def use_polars() -> None:
    counted = pl.read_csv(OUT / "people.csv").group_by("sex").len().sort("sex")
    assert counted["len"].to_list() == [200, 200]


def use_scipy() -> None:
    assert 0 <= scipy.stats.ttest_ind(people["age"], people["weeks"]).pvalue <= 1


def use_statsmodels() -> None:
    assert smf.logit("died ~ age", people).fit(disp=0).nobs == 400
    assert sm.OLS(people["age"], sm.add_constant(people["weeks"])).fit().nobs == 400


def use_lifelines() -> None:
    curve = lifelines.KaplanMeierFitter().fit(people["weeks"], people["died"])
    model = lifelines.CoxPHFitter().fit(people[["weeks", "died", "age"]], "weeks", "died")
    assert curve.median_survival_time_ > 0
    assert "age" in model.params_


def use_scikit_learn() -> None:
    model = sklearn.linear_model.LogisticRegression().fit(people[["age"]], people["died"])
    assert model.predict_proba(people[["age"]]).shape == (400, 2)


def use_matplotlib() -> None:
    figure, axis = plt.subplots()
    axis.plot([1, 2, 3])
    figure.savefig(OUT / "figure.png")
    figure.savefig(OUT / "figure.svg")


def use_seaborn() -> None:
    sns.histplot(people, x="age", hue="sex").figure.savefig(OUT / "ages.png")


def use_pyarrow() -> None:
    pa.parquet.write_table(pa.Table.from_pandas(people), OUT / "people.parquet")
    assert pa.parquet.read_table(OUT / "people.parquet").num_rows == 400


def use_duckdb() -> None:
    assert duckdb.sql("select count(*) from '/out/people.parquet'").fetchall() == [(400,)]


def use_great_tables() -> None:
    counted = people.groupby("sex").size().rename("people").reset_index()
    assert "people" in great_tables.GT(counted).tab_header("By sex").as_raw_html()


def use_acro() -> None:
    session = acro.ACRO(suppress=True)
    table = session.crosstab(people["sex"], people["band"])
    assert table.to_numpy().sum() == 400
    session.print_outputs()


def use_openpyxl() -> None:
    people.head().to_excel(io.BytesIO())


for name, use in list(globals().items()):
    if name.startswith("use_"):
        use()
        print(name.removeprefix("use_").replace("_", "-"))
