"""How long work says where it is. It refuses to know who listens: a progress bar, a log line, or nobody."""

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how many steps are done, and how many there are."""


def silent(_what: str, _done: int, _total: int) -> None:
    """Nobody listens."""
