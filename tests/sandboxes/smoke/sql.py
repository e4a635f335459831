"""Every package of the `sql` image does a small piece of its own work. Run in a box."""

import duckdb

assert duckdb.sql("select count(*) from range(7)").fetchall() == [(7,)]
print("duckdb")
