"""A ledger in a file of its own, empty or with a history that could have happened."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.records.examples import tell_everything
from tre.records.ledger import Ledger


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "records" / "ledger.db"


@pytest.fixture
def ledger(path: Path) -> Iterator[Ledger]:
    ledger = Ledger.create(f"sqlite:///{path}")
    yield ledger
    ledger.close()


@pytest.fixture
def told(ledger: Ledger) -> Ledger:
    tell_everything(ledger)
    return ledger
