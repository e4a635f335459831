"""What a worker asks of whatever runs its actions: boxes of this host today, a cluster's scheduler next.

    image_for, resources      before a claim: may it start here, and what would it take?
    run                       under a claim: to its end, or on from where a dead worker left it
    forget, sweep             after its end is on the ledger; after a start
    has, note                 what is kept, by digest

Whoever stands behind it is held to `tests/contract/dispatch_contract.py`; `docs/dispatch.md` says how a scheduler would.
It refuses to carry a decision: who may run what, and what an ending means, is decided by the worker, on the ledger.
"""

from collections.abc import Callable, Mapping
from typing import Protocol

from job_specs.model import Resources
from tre.custody.requests import JobRequest
from tre.dispatch.actions import Ending


class Dispatch(Protocol):
    """Takes actions to where they run. Every method may be called from any thread, and repeated after a crash.

    Any method may raise RunnerUnavailable or OSError where the place as a whole cannot run anything now: nothing is then
    counted against the action. Anything else that is raised is the platform's fault at this action: it is tried again,
    later and later, and given up after so many times.
    """

    def image_for(self, case: JobRequest, action: str) -> str:
        """The content id of the image that the action will run in; it is written to the ledger with the start.

        Raises:
            DispatchError: the image is not there.
        """
        ...

    def resources(self, case: JobRequest) -> Mapping[str, Resources]:
        """What each action of a request asks for: memory, processors, time."""
        ...

    def run(
        self,
        case: JobRequest,
        action: str,
        *,
        cancelled: Callable[[], bool],
        token: int = 0,
        told: Callable[[int], None] = lambda _share: None,
    ) -> Ending:
        """Run a started action to its end and say how it ended; what it made is in the quarantine before this returns.

        The action is known by the request, its place in it, and ``token``, the fencing token of the claim: asked for again
        with the same token, what runs already is taken up, and what has ended is told again; it is never run twice. With
        a higher token it is run anew, and what an older one still does counts for nothing: only the highest token can
        append an ending. Ends it soon after ``cancelled`` says so. An ending that may not be the action's own (it ended
        badly while nobody watched, or at a time limit that cannot have been reached) is raised as a DispatchError and
        not told. While a query runs, ``told`` may hear how many hundredths of it are done; never of a study's own code.
        """
        ...

    def forget(self, case: JobRequest, action: str, token: int = 0) -> None:
        """Remove what is left of an action whose end is on the ledger. What is not there is fine."""
        ...

    def sweep(self, keep: frozenset[str]) -> tuple[str, ...]:
        """End and remove everything of this worker's whose name (`box_name`) is not in ``keep``; the names."""
        ...

    def has(self, digest: str) -> bool:
        """Whether the quarantine holds those bytes."""
        ...

    def note(self, words: str) -> str:
        """Keep words of ours in the quarantine, as a log is kept; gives their digest."""
        ...
