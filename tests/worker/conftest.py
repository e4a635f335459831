"""The worker that most tests of this room have at work."""

from collections.abc import Iterator

import pytest

from tre.cli.house import House
from tre.worker import Worker


@pytest.fixture
def worker(house: House) -> Iterator[Worker]:
    worker = house.worker("worker")
    yield worker
    worker.close()
