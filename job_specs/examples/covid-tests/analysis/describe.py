"""People with a positive test, by age band and by whether they were admitted with COVID-19.

Every combination is written, with a zero where there is nobody. Small counts are left as they are: the output checker
suppresses and rounds by the site's policy, and refuses what was altered by hand.
"""

import pandas as pd

cohort = pd.read_csv("output/cohort.csv", usecols=["age_band", "admitted"])
every = pd.MultiIndex.from_product(
    [sorted(cohort["age_band"].dropna().unique()), ["no", "yes"]], names=["age_band", "admitted"]
)
counts = cohort.value_counts(["age_band", "admitted"]).reindex(every, fill_value=0)
counts.rename("people").reset_index().to_csv("output/admissions_by_age_band.csv", index=False)
