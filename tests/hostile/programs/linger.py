"""Catalogue 22-26: stays past its time, in each way that a watcher might not expect; 25 seconds at most."""

import contextlib
import os
import signal
import sys
import time
from pathlib import Path

from attempt import call

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


def stop_first():
    """Attaches to the first process, which stops it, and ends: nothing is left to say that the program has ended."""
    call("ptrace", 16, 1, 0, 0)
    os._exit(0)


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


def until_a_second_program():
    """Waits, 4 seconds at most, for the file that a health check of the image would make."""
    ends = time.monotonic() + 4
    while time.monotonic() < ends and not Path("/dev/shm/second").exists():  # noqa: S108 - in the box
        time.sleep(0.1)
    print("second_program=" + ("GOT" if time.monotonic() < ends else "absent"), flush=True)


def wait():
    while time.monotonic() < ENDS:
        time.sleep(0.2)


print("lingering", flush=True)
globals()[sys.argv[1]]()
