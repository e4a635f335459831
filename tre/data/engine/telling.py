"""How far the engine is, told in two digits of a file beside the results: DuckDB's own estimate, which only grows.

Whoever runs the box reads it while the query runs. It refuses to tell anything else, and to be told by the query: its text
never reaches the disk.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

SAID = "progress"
"""As the sandbox's reader names it."""
_MOST = 99
_SECONDS = 0.25


class Telling:
    """Tells of one query after another, each of which is a stretch of the whole."""

    def __init__(self, file: int) -> None:
        """`file` is open for writing."""
        self._file = file
        self._told = -1
        self._watched: tuple[duckdb.DuckDBPyConnection | None, int, int] = (None, 0, 0)

    def now(self, connection: duckdb.DuckDBPyConnection, *, until: int) -> None:
        """What runs from now on runs in that connection, and once it has run so many hundredths are done."""
        self._watched = (connection, self._watched[2], until)

    def tell(self) -> None:
        """Write how far it is, if that is further than before."""
        connection, begin, end = self._watched
        share = begin + int((end - begin) * _done(connection) / 100)
        if self._told < share <= _MOST:
            self._told = share
            os.pwrite(self._file, b"%02d" % share, 0)


def _done(connection: duckdb.DuckDBPyConnection | None) -> float:
    """How much of its query a connection has done, in hundredths; DuckDB says -1 where it cannot tell."""
    if connection is None:
        return 0.0
    try:
        return min(max(connection.query_progress(), 0.0), 100.0)
    except duckdb.Error:
        return 0.0


@contextmanager
def telling(out: Path) -> Iterator[Telling]:
    """Tell how far the work is until it is over, and leave nothing of that behind."""
    out.mkdir(parents=True, exist_ok=True)
    place, over = out / SAID, threading.Event()
    file = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    told = Telling(file)

    def keep_telling() -> None:
        while not over.wait(_SECONDS):
            told.tell()

    teller = threading.Thread(target=keep_telling, daemon=True)
    teller.start()
    try:
        yield told
    finally:
        over.set()
        teller.join()
        os.close(file)
        place.unlink()
