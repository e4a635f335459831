"""The loop: from what the ledger says has been asked, to what the ledger says has happened. Crash-only.

    board      every case that is not finished, folded as the ledger grows
    looking    what may start now, and who waits for what
    errands    what is not an action: finishing, checking, releasing, delivering
    acting     one action in a thread: run behind walls, its outcome appended under its claim
    loop       wake, look, start, sleep
    logs, meter, traces   what is said of all this to a machine

All that a worker knows is in the ledger, in the claims beside it and in the sandbox engine; a worker that is killed and
started again goes on where the world is. Intent is appended before an act, outcome after; every act is safe to repeat.
Refuses to invent an outcome, and to say one for an action that another worker has taken over.
"""

from tre.worker.loop import Worker
from tre.worker.tools import Settings, Tools, Waiting

__all__ = ["Settings", "Tools", "Waiting", "Worker"]
