"""The accounts' tables. Refuses a column for a password, a code or a token that is not a hash; the second factor's key is the exception, and is sealed."""

from sqlalchemy import Column, Index, Integer, MetaData, Table, Text

ACCOUNTS = MetaData()

CREDENTIALS = Table(
    "account_credentials",
    ACCOUNTS,
    Column("person", Text, primary_key=True),
    Column("password", Text, nullable=False),
    Column("secret", Text, nullable=False),
    Column("last_step", Integer, nullable=False),
    Column("changed", Integer, nullable=False),
)

RECOVERY = Table(
    "account_recovery",
    ACCOUNTS,
    Column("person", Text, primary_key=True),
    Column("code", Text, primary_key=True),
)

INVITATIONS = Table(
    "account_invitations",
    ACCOUNTS,
    Column("code", Text, primary_key=True),
    Column("person", Text, nullable=False),
    Column("expires", Integer, nullable=False),
)

SESSIONS = Table(
    "account_sessions",
    ACCOUNTS,
    Column("key", Text, primary_key=True),
    Column("person", Text, nullable=False, index=True),
    Column("began", Integer, nullable=False),
    Column("used", Integer, nullable=False),
    Column("confirmed", Integer, nullable=False),
)

TOKENS = Table(
    "account_tokens",
    ACCOUNTS,
    Column("key", Text, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("person", Text, nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("scopes", Text, nullable=False),
    Column("made", Integer, nullable=False),
    Column("expires", Integer, nullable=False),
    Column("used", Integer, nullable=False),
)

FAILURES = Table(
    "account_failures",
    ACCOUNTS,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("key", Text, nullable=False),
    Column("at", Integer, nullable=False),
    Index("failures_of_a_key", "key", "at"),
)

DRAFTS = Table(
    "account_drafts",
    ACCOUNTS,
    Column("id", Text, primary_key=True),
    Column("person", Text, nullable=False, index=True),
    Column("about", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("saved", Integer, nullable=False),
)

SEEN = Table(
    "account_seen",
    ACCOUNTS,
    Column("person", Text, primary_key=True),
    Column("position", Integer, nullable=False),
)

LINKS = Table(
    "account_links",
    ACCOUNTS,
    Column("issuer", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("person", Text, nullable=False, index=True),
    Column("approved_by", Text, nullable=False),
    Column("at", Integer, nullable=False),
)
"""Which identity, vouched for by whom else, is which account here."""

BEGUN = Table(
    "account_begun",
    ACCOUNTS,
    Column("state", Text, primary_key=True),
    Column("browser", Text, nullable=False),
    Column("back", Text, nullable=False),
    Column("began", Integer, nullable=False),
    Column("again", Text, nullable=False),
)
"""Sign-ins that somebody has begun at the identity provider: digests, and the page to come back to."""
