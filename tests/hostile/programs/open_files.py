"""Catalogue 19: 5,000 open files. Catalogue 20: 200 MiB held in pipes."""

import fcntl
import os
import sys

from attempt import attempt, say


def files():
    held = [os.open("/dev/null", os.O_RDONLY) for _ in range(5_000)]
    return len(held)


def pipes():
    held = []
    for _ in range(200):
        out, into = os.pipe2(os.O_NONBLOCK)
        fcntl.fcntl(into, fcntl.F_SETPIPE_SZ, 1 << 20)
        held.append((out, os.write(into, b"x" * (1 << 20))))
    return f"{sum(size for _, size in held) >> 20}MiB"


attempt(sys.argv[1], globals()[sys.argv[1]])
say("still", "here")
