"""Catalogue 21: spins in as many processes as asked, for as many seconds as asked, and says what it was given.

The share is of one processor; it is an attack that worked when it is above the third argument. With a fourth, seconds
are of the processor and not of the clock, 30 by the clock at most.
"""

import os
import resource
import sys
import time

from attempt import say

processes, seconds = int(sys.argv[1]), float(sys.argv[2])
by_processor = len(sys.argv) > 4
began = time.monotonic()


def going_on():
    if by_processor:
        return time.process_time() < seconds and time.monotonic() < began + 30
    return time.monotonic() < began + seconds


children = []
for _ in range(processes):
    child = os.fork()
    if child == 0:
        while going_on():
            pass
        os._exit(0)
    children.append(child)
statuses = [os.waitpid(child, 0)[1] for child in children]
used = resource.getrusage(resource.RUSAGE_CHILDREN)
share = (used.ru_utime + used.ru_stime) / (time.monotonic() - began)
say("processor_share", f"{'GOT:' if share > float(sys.argv[3]) else ''}{share:.2f}")
say("spun", "killed" if any(statuses) else "GOT")
