"""Catalogue 1: as many processes as it can, 300 at most."""

import os
import signal

from attempt import say

children = []
try:
    for _ in range(300):
        child = os.fork()
        if child == 0:
            signal.alarm(20)
            signal.pause()
            os._exit(0)
        children.append(child)
except OSError:
    pass
say("processes", "GOT" if len(children) == 300 else f"STOPPED:{len(children)}")
for child in children:
    os.kill(child, signal.SIGKILL)
