"""Catalogue 22-26: stays past its time, in each way that a watcher might not expect; 25 seconds at most."""

import contextlib
import os
import signal
import sys
import time

ENDS = time.monotonic() + 25


def ignore_signals():
    for number in signal.valid_signals():
        with contextlib.suppress(OSError, ValueError):
            signal.signal(number, signal.SIG_IGN)
    wait()


def stop_self():
    signal.alarm(25)
    os.kill(os.getpid(), signal.SIGSTOP)
    wait()


def stop_parent():
    """Stops whoever watches from inside."""
    with contextlib.suppress(OSError):
        os.kill(os.getppid(), signal.SIGSTOP)
    wait()


def close_streams():
    for descriptor in (0, 1, 2):
        os.close(descriptor)
    wait()


def stopped_crowd():
    for _ in range(5):
        if os.fork() == 0:
            os.setsid()
            ignore_signals()
    ignore_signals()


def wait():
    while time.monotonic() < ENDS:
        time.sleep(0.2)


print("lingering", flush=True)
globals()[sys.argv[1]]()
