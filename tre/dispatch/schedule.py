"""Which action starts next, and the one good reason why another does not yet. Pure: the whole queue is handed in.

First by the site's priority, then the study that has the least running, then by age; never past a limit of the host, of a
pool or of a study. Data actions and compute actions have pools of their own, because they compete for different things.
Refuses to start anything while the house is paused, and a data action in a maintenance window.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tre.custody.requests import ActionKind

Place = tuple[str, str]
"""A request and one of its actions."""


@dataclass(frozen=True)
class Weight:
    """What an action takes of its host while it runs."""

    memory_mb: int = 0
    cpus: float = 0.0


@dataclass(frozen=True)
class Ready:
    """An action that could start: everything that it needs has landed.

    ``asked`` is its place in the order of asking.
    """

    place: Place
    kind: ActionKind
    study: str
    asked: tuple[int, int]
    priority: int = 0
    weight: Weight = Weight()

    @property
    def is_data(self) -> bool:
        """Whether it reads the store."""
        return self.kind is not ActionKind.CODE


@dataclass(frozen=True)
class Limits:
    """The most that runs at one time: by pool, by study, and by what the host has; 0 of the last two is no limit."""

    data: int = 2
    compute: int = 2
    per_study: int = 4
    memory_mb: int = 0
    cpus: float = 0.0


@dataclass(frozen=True)
class Reason:
    """Why an action waits, and what to do about it."""

    code: str
    sentence: str
    fix: str = "Nothing is to be done: it starts by itself."


@dataclass(frozen=True)
class Gate:
    """What the people who keep the house have closed: everything, or data actions; ``None`` is open."""

    everything: Reason | None = None
    data: Reason | None = None


@dataclass
class Load:
    """What runs on this host now."""

    data: int = 0
    compute: int = 0
    memory_mb: int = 0
    cpus: float = 0.0
    studies: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, running: Iterable[Ready]) -> "Load":
        """The load that these make together."""
        load = cls()
        for each in running:
            load.add(each)
        return load

    def add(self, started: Ready) -> None:
        """One more runs."""
        self.data += started.is_data
        self.compute += not started.is_data
        self.memory_mb += started.weight.memory_mb
        self.cpus += started.weight.cpus
        self.studies[started.study] += 1


@dataclass(frozen=True)
class Rules:
    """What a choice is made by, at one moment (seconds since 1970); ``later`` is when to try again after a fault."""

    limits: Limits
    gate: Gate
    now: float
    later: Mapping[Place, float] = field(default_factory=dict)


POOL_FULL = Reason("pool-full", "As many actions of this kind run as this host takes at one time.")
STUDY_FULL = Reason("study-full", "As many actions of this study run as one study may have running here.")
HOST_FULL = Reason("host-full", "What runs here leaves too little memory or too few processors for it.")
AFTER_FAULT = Reason("after-a-fault", "The platform failed at it, and tries again in a little while.")


def reason_to_wait(ready: Ready, load: Load, rules: Rules) -> Reason | None:
    """The one good reason why it does not start now; ``None`` where there is none."""
    gate, limits = rules.gate, rules.limits
    if gate.everything is not None:
        return gate.everything
    if ready.is_data and gate.data is not None:
        return gate.data
    if rules.later.get(ready.place, 0.0) > rules.now:
        return AFTER_FAULT
    if (load.data >= limits.data) if ready.is_data else (load.compute >= limits.compute):
        return POOL_FULL
    if load.studies[ready.study] >= limits.per_study:
        return STUDY_FULL
    return HOST_FULL if _too_heavy(ready.weight, load, limits) else None


def _too_heavy(weight: Weight, load: Load, limits: Limits) -> bool:
    """Whether the host has too little left. What is heavier than the whole host starts when nothing else runs."""
    if load.data + load.compute == 0:
        return False
    memory = limits.memory_mb and load.memory_mb + weight.memory_mb > limits.memory_mb
    return bool(memory or (limits.cpus and load.cpus + weight.cpus > limits.cpus))


OF_ONE_ALONE = frozenset({AFTER_FAULT, HOST_FULL})
"""Reasons that hold for one action and need not hold for the next of its request."""


def choose(groups: Iterable[Iterable[Ready]], load: Load, rules: Rules) -> Ready | None:
    """The action to start next, if any may start now.

    A group is what one request has ready for one pool, oldest first: what holds back one of a group mostly holds back all,
    and the first that may start is the best of its group, so that a long queue is not looked through whole.
    """
    firsts = (first for group in groups if (first := _first(group, load, rules)) is not None)
    return min(firsts, key=lambda ready: order(ready, load.studies), default=None)


def _first(group: Iterable[Ready], load: Load, rules: Rules) -> Ready | None:
    for ready in group:
        reason = reason_to_wait(ready, load, rules)
        if reason is None:
            return ready
        if reason not in OF_ONE_ALONE:
            return None
    return None


def order(ready: Ready, running_by_study: Mapping[str, int]) -> tuple[int, int, tuple[int, int]]:
    """Priority, then the study with the least running, then age."""
    return (-ready.priority, running_by_study.get(ready.study, 0), ready.asked)
