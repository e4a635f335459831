"""What a request needs that is not an action: finishing, checking, releasing, delivering, leaving a tombstone.

Each is claimed like an action, so that of several workers one does it; each may be repeated after a crash. Refuses to
check again what was checked under the policy in force.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tre.custody.policies.run import to_offer
from tre.custody.requests import JobRequest, JobState, RequestStage
from tre.service import Service
from tre.worker.board import ENDED, Board
from tre.worker.tools import Tools

UNDER_REVIEW = frozenset(
    {
        RequestStage.CHECKED,
        RequestStage.VOTED,
        RequestStage.REVIEWED,
        RequestStage.PART_SIGNED_OFF,
        RequestStage.SIGNED_OFF,
    }
)
"""Where a change of the disclosure policy means that everything is checked, and voted on, again [P10]."""

Work = Callable[[JobRequest, int], object]


@dataclass(frozen=True)
class Errand:
    """Something to be done for a request: its name among the claims, how, and whether something leaves by it."""

    name: str
    work: Work
    lets_out: bool = False


class Errands:
    """Knows what a request needs next."""

    def __init__(self, service: Service, tools: Tools, board: Board) -> None:
        """Errands for the requests of one service, as far as a board has seen them."""
        self._service = service
        self._tools = tools
        self._board = board
        self._by_stage: Mapping[RequestStage, Errand] = {
            RequestStage.RELEASED: Errand("@deliver", self._deliver),
            RequestStage.RECALLED: Errand("@entomb", self._entomb),
        }

    def are_done(self, case: JobRequest) -> bool:
        """Whether a release, or its tombstone, lies where it belongs, and nothing is left to do."""
        if case.stage is RequestStage.RELEASED or case.stage in ENDED:
            return self._tools.push.is_delivered(case)
        return case.stage is RequestStage.RECALLED and self._tools.push.is_entombed(case)

    def of(self, case: JobRequest) -> Errand | None:
        """What this request needs next, if anything."""
        if case.stage is RequestStage.RUNNING:
            landed = all(job.state is JobState.LANDED for job in case.jobs)
            return Errand("@finish", self._finish) if landed else None
        if case.stage is RequestStage.LANDED:
            return Errand(f"@check-{case.round}", self._check) if to_offer(case) else None
        if case.stage is not RequestStage.RECALLED and not self._tools.push.is_delivered(case):
            return Errand(f"@deliver-{len(case.statements)}", self._deliver)
        if case.stage in UNDER_REVIEW and case.policy != self._service.rules.check_policy:
            return Errand(f"@check-{case.round}", self._check)
        return self._to_let_out(case) or self._by_stage.get(case.stage)

    def _to_let_out(self, case: JobRequest) -> Errand | None:
        """The release of what was signed off. A second release is refused by the core."""
        if case.stage is RequestStage.PART_SIGNED_OFF:
            return self._leaving(f"@release-{len(case.statements)}", self._service.release_part)
        if case.stage is RequestStage.SIGNED_OFF:
            return self._leaving("@release", self._service.release)
        return None

    def _leaving(self, name: str, release: Callable[..., object]) -> Errand:
        """Compare once more with everything that has left; what may not leave any more is checked anew instead [P10]."""

        def let_out(case: JobRequest, token: int) -> None:
            compared = self._board.position
            left = self._left_before(case)
            if self._tools.checks.overtaken(case, left):
                self._check_under(name, case, token)
            else:
                release(self._tools.clock(), case.id, compared=compared)

        return Errand(name, let_out, lets_out=True)

    def _finish(self, case: JobRequest, token: int) -> None:
        del token  # a second finish is refused by the core
        self._service.finish(self._tools.clock(), case.id)

    def _check(self, case: JobRequest, token: int) -> None:
        self._check_under(f"@check-{case.round}", case, token)

    def _check_under(self, errand: str, case: JobRequest, token: int) -> None:
        offered = self._tools.checks.over(case, self._left_before(case))
        self._service.check(self._tools.clock(), case.id, offered, errand=errand, token=token)

    def _left_before(self, case: JobRequest) -> tuple[JobRequest, ...]:
        """Every other request of which something has left, recalled or not: what was seen is known [P10]."""
        return tuple(each for each in list(self._board.left.values()) if each.id != case.id)

    def _deliver(self, case: JobRequest, token: int) -> None:
        del token  # delivering twice writes the same bytes
        self._tools.push.deliver(case)
        now = self._service.request(case.id)
        if now.stage is RequestStage.RECALLED:
            # Recalled while it was being laid out, and perhaps entombed by another worker before the last file was [P15].
            self._tools.push.entomb(now)

    def _entomb(self, case: JobRequest, token: int) -> None:
        del token  # a tombstone stands once
        self._tools.push.entomb(case)
