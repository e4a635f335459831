"""The ledger's two tables, in words that every database understands. Refuses anything that only one of them would know."""

from sqlalchemy import CheckConstraint, Column, Integer, MetaData, Table, Text, UniqueConstraint

FORMAT = 1
"""The layout written by this version. A ledger of another format is not opened."""

LEDGER = MetaData()

EVENTS = Table(
    "events",
    LEDGER,
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("case_id", Text, nullable=False),
    Column("case_kind", Text, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("payload", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("policy", Text, nullable=False),
    Column("previous", Text, nullable=False),
    Column("hash", Text, nullable=False),
    UniqueConstraint("case_id", "seq", name="one_event_per_place_in_a_case"),
    CheckConstraint("position >= 1", name="positions_count_from_one"),
    CheckConstraint("seq >= 1", name="cases_count_from_one"),
)

FORMATS = Table("ledger_format", LEDGER, Column("format", Integer, primary_key=True, autoincrement=False))
