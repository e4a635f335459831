"""An ordinary study script: reads a table, models, counts, writes a table. Nothing in it knows of a sandbox."""

import multiprocessing
import subprocess
import threading

import duckdb
import numpy as np
import pandas as pd

people = pd.read_csv("analysis/people.csv")
people["band"] = pd.cut(people["age"], [0, 40, 65, 120], labels=["young", "middle", "old"])
table = people.groupby(["sex", "band"], observed=True).size().rename("count").reset_index()
table.to_csv("output/table.csv", index=False)

counted = duckdb.sql("select sex, count(*) as n from people group by sex order by sex").df()
duckdb.sql("copy (select * from counted) to 'output/counted.parquet' (format parquet)")
assert duckdb.sql("select sum(n) from 'output/counted.parquet'").fetchall()[0][0] == len(people)

slope, _ = np.polyfit(people["age"], people["weight"], 1)
with multiprocessing.get_context("fork").Pool(2) as pool:
    squares = pool.map(abs, range(-20, 0))
thread = threading.Thread(target=np.linalg.inv, args=(np.eye(200),))
thread.start()
thread.join()
uname = subprocess.run(["uname", "-s"], capture_output=True, text=True, check=True).stdout.strip()
pd.DataFrame({"slope": [round(slope, 3)], "squares": [sum(squares)], "system": [uname]}).to_csv(
    "output/model.csv"
)
