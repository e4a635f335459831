"""Every package of the `sql` image does a small piece of its own work. Run in a box."""

import duckdb
import pyarrow as pa

assert duckdb.sql("select count(*) from range(7)").fetchall() == [(7,)]
print("duckdb")

handed = pa.RecordBatchReader.from_stream(duckdb.sql("select range as n from range(7)"))
with pa.OSFile("/out/numbers.arrow", "wb") as file, pa.ipc.new_file(file, handed.schema) as writer:
    for batch in handed:
        writer.write_batch(batch)
with pa.ipc.open_file("/out/numbers.arrow") as written:
    assert written.read_all()["n"].to_pylist() == list(range(7))
print("pyarrow")
