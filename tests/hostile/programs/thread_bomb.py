"""Catalogue 2: as many threads as it can, 300 at most."""

import threading

from attempt import say

ending = threading.Event()
threads = []
try:
    for _ in range(300):
        thread = threading.Thread(target=ending.wait, args=(20,), daemon=True)
        thread.start()
        threads.append(thread)
except RuntimeError:
    pass
say("threads", "GOT" if len(threads) == 300 else f"STOPPED:{len(threads)}")
ending.set()
