"""A worker of today's version or of the next, as a process: `python -m tests.records.versions SITE NAME VERSION`.

What tells them apart is what they know of the tables beside the ledger: `next` has one step more, which adds a column to every
table and a table of its own, as any step may. So the older of the two is today's code, whole, beside what a release may do.
"""

import sys
from collections.abc import Mapping, Sequence

from sqlalchemy import Column, Connection, MetaData, Table, Text

from tests.torture import stand
from tre.records import beside
from tre.records.beside import BESIDE, LAYOUT, STEPS, Step

NEW_TABLE = "of_the_next_version"


def next_step(connection: Connection) -> None:
    """What a later version might add: to every table a column with a default, and a table."""
    for table in BESIDE.sorted_tables:
        if table is not LAYOUT:
            connection.exec_driver_sql(
                f"ALTER TABLE {table.name} ADD COLUMN of_the_next TEXT NOT NULL DEFAULT 'nothing'"
            )
    Table(NEW_TABLE, MetaData(), Column("name", Text, primary_key=True)).create(connection)


VERSIONS: Mapping[str, Sequence[Step]] = {
    "today": STEPS,
    "next": (*STEPS, next_step),
}


def main() -> int:
    """One worker of that version."""
    beside.STEPS = tuple(VERSIONS[sys.argv.pop()])
    return stand.main()


if __name__ == "__main__":
    sys.exit(main())
