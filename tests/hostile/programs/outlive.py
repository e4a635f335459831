"""Catalogue 29, 30: a daemon and a mapped file go on writing after the program has ended; 4 seconds at most."""

import mmap
import os
import sys
import time
from pathlib import Path

folder = Path(sys.argv[1])
counter, mapped = folder / "counter.csv", folder / "mapped.csv"
mapped.write_bytes(b"0" * 4096)
counter.write_bytes(b"start\n")
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        with mapped.open("r+b") as file, mmap.mmap(file.fileno(), 4096) as memory, counter.open("ab") as log:
            ends = time.monotonic() + 4
            while time.monotonic() < ends:
                memory[:16] = f"{time.monotonic_ns():016d}"[:16].encode()
                log.write(b"more\n")
                log.flush()
                time.sleep(0.01)
    os._exit(0)
time.sleep(0.3)
