"""A machine stops in the middle of a write to the file. The ledger holds; `tests/contract` kills the writers."""

from pathlib import Path

import pytest

from tests.records.examples import STUDY, tell
from tre.records.ledger import Ledger


@pytest.mark.parametrize("garbage", [b"", b"\0" * 32, b"x" * 5000])
def test_a_torn_write_ahead_log_loses_no_more_than_what_was_never_kept(
    ledger: Ledger, path: Path, garbage: bytes
) -> None:
    tell(ledger, "application", "waning", STUDY)
    log = path.with_name(f"{path.name}-wal")
    copy = path.with_name("copy.db")
    copy.write_bytes(path.read_bytes())
    copy.with_name("copy.db-wal").write_bytes(log.read_bytes() + garbage)
    survivor = Ledger.open(f"sqlite:///{copy}")
    assert survivor.verify().hash == ledger.head().hash
    survivor.close()
