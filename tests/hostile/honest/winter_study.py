"""An ordinary study script of the kind that researchers publish: extract in, tables, models and figures out."""

from pathlib import Path

import duckdb
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import polars as pl
import seaborn as sns
import statsmodels.formula.api as smf
from lifelines import CoxPHFitter, KaplanMeierFitter
from scipy import stats
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

OUTPUT = Path("output")
COHORT = OUTPUT / "people.csv"


def load() -> pd.DataFrame:
    people = pd.read_csv(COHORT)
    people["band"] = pd.cut(people["age"], [0, 40, 65, 120], labels=["under 40", "40 to 64", "65 and over"])
    rng = np.random.default_rng(2021)
    people["weeks"] = rng.exponential(26, len(people)).clip(0.1, 52).round(1)
    people["admitted"] = (people["weeks"] < 20).astype(int)
    return people


def tables(people: pd.DataFrame) -> None:
    table = people.groupby(["sex", "band"], observed=True).agg(
        people=("age", "size"), admitted=("admitted", "sum")
    )
    (table / 5).round().astype(int).mul(5).to_csv(OUTPUT / "table.csv")
    pl.from_pandas(people[["sex", "admitted"]]).group_by("sex").mean().sort("sex").write_csv(
        OUTPUT / "by_sex.csv"
    )
    people.to_parquet("/tmp/people.parquet")  # noqa: S108 - where such scripts put what they throw away
    duckdb.sql(
        "copy (select band, count(*) as people from '/tmp/people.parquet' group by band order by band)"
        " to 'output/bands.csv' (header)"
    )


def models(people: pd.DataFrame) -> None:
    logit = smf.logit("admitted ~ age + C(sex)", people).fit(disp=0)
    cox = CoxPHFitter().fit(people[["weeks", "admitted", "age"]], "weeks", "admitted")
    scaled = make_pipeline(StandardScaler(), LogisticRegression()).fit(
        people[["age", "weight"]], people["admitted"]
    )
    welch = stats.ttest_ind(*(group["age"] for _, group in people.groupby("admitted")), equal_var=False)
    rows = {
        "odds ratio for age": np.exp(logit.params["age"]),
        "hazard ratio for age": cox.hazard_ratios_["age"],
        "accuracy": scaled.score(people[["age", "weight"]], people["admitted"]),
        "p": welch.pvalue,
    }
    pd.Series(rows, name="value").round(3).to_csv(OUTPUT / "models.csv")


def figures(people: pd.DataFrame) -> None:
    figure, axis = plt.subplots(figsize=(5, 4))
    for sex, group in people.groupby("sex"):
        KaplanMeierFitter(label=sex).fit(group["weeks"], group["admitted"]).plot_survival_function(ax=axis)
    figure.savefig(OUTPUT / "survival.png")
    sns.displot(people, x="age", hue="sex", kind="hist").savefig(OUTPUT / "ages.svg")


if __name__ == "__main__":
    cohort = load()
    tables(cohort)
    models(cohort)
    figures(cohort)
