"""Catalogue 33-37: ends in each way that could be taken for something else."""

import os
import signal
import sys
from pathlib import Path

from attempt import say

how = sys.argv[1]
if how == "well":
    Path("/out/other.csv").write_text("a\n1\n")
elif how == "segfault":
    os.kill(os.getpid(), signal.SIGSEGV)
    say("survived", "GOT")
elif how == "killed":
    os.kill(os.getpid(), signal.SIGKILL)
elif how == "abort":
    os.abort()
else:
    os._exit(int(how) % 256)
