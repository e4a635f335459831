"""Which runner this host can give: containers first, then namespaces, and otherwise none.

There is no third way: where neither can be built, nothing is run, and a person is told exactly what to do. A site says
which runners it allows, and which walls it will not do without.
"""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from sandboxes.bubblewrap import BubblewrapRunner
from sandboxes.docker import DockerRunner
from sandboxes.model import RunnerUnavailable
from sandboxes.profile import Profile
from sandboxes.runner import Clock, Runner

Open = Callable[[Path, Profile | None, Clock | None], Runner]

RUNNERS: Mapping[str, Open] = {
    "docker": lambda state, site, clock: DockerRunner(state_dir=state, site=site, clock=clock),
    "bubblewrap": lambda state, site, clock: BubblewrapRunner(state_dir=state, site=site, clock=clock),
}
"""The runners with walls, the one with the most first."""


def available(
    state_dir: Path,
    *,
    allowed: Iterable[str] = tuple(RUNNERS),
    required_walls: frozenset[str] = frozenset(),
    site: Profile | None = None,
    clock: Clock | None = None,
) -> Runner:
    """The first allowed runner that this host can give with every required wall, its state below `state_dir`.

    Raises RunnerUnavailable when there is none, with what a person must do about each.
    """
    refusals: list[RunnerUnavailable] = []
    for name in allowed:
        try:
            return _with_walls(open_runner(name, state_dir / name, site=site, clock=clock), required_walls)
        except RunnerUnavailable as refusal:
            refusals.append(refusal)
    raise _none(refusals)


def open_runner(name: str, state: Path, *, site: Profile | None = None, clock: Clock | None = None) -> Runner:
    """The runner of this name. Raises RunnerUnavailable when it does not exist or this host can not give it."""
    if name not in RUNNERS:
        raise RunnerUnavailable(
            "RUNNER_UNKNOWN",
            f"There is no runner named {name[:40]!a}.",
            fix=f"Allow one or more of: {', '.join(RUNNERS)}.",
        )
    return RUNNERS[name](state, site, clock)


def _with_walls(runner: Runner, required: frozenset[str]) -> Runner:
    if missing := sorted({wall.name for wall in runner.missing_walls()} & required):
        raise RunnerUnavailable(
            "WALLS_MISSING",
            f"The runner {runner.name} can not build walls that this site requires: {', '.join(missing)}.",
            fix="Run as root beside a container engine, or require fewer walls.",
        )
    return runner


def _none(refusals: list[RunnerUnavailable]) -> RunnerUnavailable:
    reasons = " ".join(refusal.sentence for refusal in refusals) or "No runner is allowed here."
    steps = (
        " Or: ".join(refusal.fix for refusal in refusals) or f"Allow one or more of: {', '.join(RUNNERS)}."
    )
    return RunnerUnavailable("RUNNER_NONE", f"{reasons} Nothing is ever run bare.", fix=steps)
