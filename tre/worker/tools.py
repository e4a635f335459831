"""What a worker acts with, how it is set, and what it says of a request that waits. Refuses a worker without a name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from tre.dispatch.checks import Checks
from tre.dispatch.contract import Dispatch
from tre.dispatch.push import Push
from tre.dispatch.schedule import Gate, Limits
from tre.records.wake import Bell
from tre.worker.estimating import Estimate
from tre.worker.meter import Meter

Clock = Callable[[], datetime]


@dataclass(frozen=True)
class Waiting:
    """Why a request does not move: the one good reason, for the people who may see it."""

    request: str
    code: str
    sentence: str
    fix: str


@dataclass(frozen=True)
class Settings:
    """How a worker is set.

    Attributes:
        name: its own, on one host at one time; what it had claimed is its own again after a restart.
        limits: the most that runs here at one time.
        errands: how many checks and deliveries run at one time.
        lease: seconds without a sign of life after which others may take over what it runs.
        priorities: by study; 0 where nothing is said, and more comes first.
        made_with: the digest of our own code that lays queries out, for the re-use of results.
    """

    name: str = "worker"
    limits: Limits = field(default_factory=Limits)
    errands: int = 2
    lease: float = 30.0
    priorities: Mapping[str, int] = field(default_factory=dict)
    made_with: str = ""

    def __post_init__(self) -> None:
        if not self.name or self.lease <= 0:
            raise ValueError("a worker has a name and a lease")


@dataclass(frozen=True)
class Tools:
    """What the worker acts with.

    ``gate`` says what is closed at a moment, ``bell`` hears the ledger being written to, ``meter`` counts, and ``estimate``,
    where there is one, says how long a request's queries may take; ``clear`` ends what an estimate that was cut short has left.
    """

    dispatcher: Dispatch
    checks: Checks
    push: Push
    clock: Clock
    gate: Callable[[datetime], Gate]
    bell: Callable[[], Bell]
    settings: Settings = Settings()
    meter: Meter = field(default_factory=Meter)
    estimate: Estimate | None = None
    clear: Callable[[], None] = lambda: None
