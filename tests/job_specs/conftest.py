"""What the tests of specs share: a limit on processor time, so that a slow judgement fails instead of hanging."""

import signal
from contextlib import contextmanager

import pytest


@pytest.fixture
def hurry():
    """`with hurry(seconds=10):` raises TimeoutError when the block takes more of the processor than that."""

    @contextmanager
    def limited(*, seconds):
        def expire(_signal, _frame):
            raise TimeoutError(f"more than {seconds} seconds of the processor")

        before = signal.signal(signal.SIGPROF, expire)
        signal.setitimer(signal.ITIMER_PROF, seconds)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
            signal.signal(signal.SIGPROF, before)

    return limited
