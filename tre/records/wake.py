"""Telling sleepers that something was written: LISTEN and NOTIFY on PostgreSQL, named pipes beside an SQLite file.

A ring carries nothing, and one may be lost without harm: who wakes looks at the ledger, and looks now and then anyway.
Refuses to keep a writer waiting: a pipe that is full has been rung already, and one that nobody reads is removed.
"""

import contextlib
import errno
import os
import select
from itertools import count
from pathlib import Path
from typing import Any

from psycopg import Error as DriverError
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from tre.records.database import file_of

_CHANNEL = "tre_ledger"
_SOONEST_AGAIN = 1.0
_NUMBERS = count()


def announce(connection: Connection) -> None:
    """Inside a write, where a server keeps the ledger: the server rings when the write is kept, and not if it is not."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"NOTIFY {_CHANNEL}")


def ring(engine: Engine) -> None:
    """After a write, where a file keeps the ledger: wake every bell beside it."""
    path = file_of(engine.url)
    for pipe in _folder(path).glob("*.pipe") if path is not None else ():
        _ring_pipe(pipe)


def _ring_pipe(pipe: Path) -> None:
    try:
        handle = os.open(pipe, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as failed:
        if failed.errno == errno.ENXIO:  # its reader has ended, however it ended
            pipe.unlink(missing_ok=True)
        return
    try:
        with contextlib.suppress(BlockingIOError):
            os.write(handle, b"!")
    finally:
        os.close(handle)


def _folder(ledger: Path) -> Path:
    return ledger.with_name(ledger.name + ".bells")


class Bell:
    """Sleeps until the ledger was written to. `strike` wakes it from another thread; `close` takes it down."""

    def __init__(self, engine: Engine) -> None:
        """A bell of the ledger in that database."""
        self._engine = engine
        self._struck, self._strike = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._source: _Pipe | _Listener | None = None

    def close(self) -> None:
        """Take it down; nothing is left in the ledger's folder."""
        if self._source is not None:
            self._source.close()
            self._source = None
        os.close(self._struck)
        os.close(self._strike)

    def strike(self) -> None:
        """Wake the sleeper; safe from any thread and from a signal."""
        with contextlib.suppress(BlockingIOError, OSError):
            os.write(self._strike, b"!")

    def wait(self, seconds: float) -> None:
        """Sleep until something was written, the bell was struck, or so many seconds have passed."""
        source = self._open()
        if source is None:
            seconds = min(seconds, _SOONEST_AGAIN)
        handles = [self._struck, *([source.handle] if source else [])]
        ready, _, _ = select.select(handles, [], [], max(0.0, seconds))
        if self._struck in ready:
            _drain(self._struck)
        if source is not None and source.handle in ready and not source.heard():
            source.close()
            self._source = None

    def listen(self) -> None:
        """Begin to listen now, so that nothing that is written from here on is missed."""
        self._open()

    def _open(self) -> "_Pipe | _Listener | None":
        if self._source is None:
            path = file_of(self._engine.url)
            with contextlib.suppress(OSError, SQLAlchemyError):
                self._source = _Listener(self._engine) if path is None else _Pipe(_folder(path))
        return self._source


class _Pipe:
    """A named pipe of our own that writers of the ledger ring."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, exist_ok=True)
        self._path = folder / f"{os.getpid()}-{next(_NUMBERS)}.pipe"
        draft = self._path.with_suffix(".new")
        os.mkfifo(draft, 0o600)
        # Opened before it has its name, so that no writer ever finds it without a reader.
        self.handle = os.open(draft, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        draft.rename(self._path)

    def heard(self) -> bool:
        """Forget the rings; always well."""
        _drain(self.handle)
        return True

    def close(self) -> None:
        """Take the pipe away."""
        self._path.unlink(missing_ok=True)
        os.close(self.handle)


class _Listener:
    """A connection of our own that listens."""

    def __init__(self, engine: Engine) -> None:
        pooled = engine.raw_connection()
        driven: Any = pooled.driver_connection
        pooled.detach()
        self._connection = driven
        self._connection.autocommit = True
        self._connection.execute(f"LISTEN {_CHANNEL}")
        self.handle: int = self._connection.fileno()

    def heard(self) -> bool:
        """Forget the rings; whether the connection still stands."""
        try:
            for _ in self._connection.notifies(timeout=0):
                pass
        except DriverError:
            return False
        return True

    def close(self) -> None:
        """Let the connection go."""
        with contextlib.suppress(DriverError):
            self._connection.close()


def _drain(handle: int) -> None:
    with contextlib.suppress(BlockingIOError):
        while os.read(handle, 4096):
            pass
