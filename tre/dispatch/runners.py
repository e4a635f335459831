"""Which runner a site runs on: the first that it allows and that answers here. Refuses to run bare."""

from pathlib import Path

from sandboxes.bubblewrap import BubblewrapRunner
from sandboxes.docker import DockerRunner
from sandboxes.model import RunnerUnavailable
from sandboxes.runner import Clock, Runner


def choose(allowed: tuple[str, ...], state: Path, clock: Clock) -> Runner:
    """The first allowed runner that this host can give.

    Raises:
        RunnerUnavailable: none of them answers, with what a person must do.
    """
    state.mkdir(parents=True, exist_ok=True)
    found: list[RunnerUnavailable] = []
    for name in allowed:
        try:
            return _open(name, state / name, clock)
        except RunnerUnavailable as error:
            found.append(error)
    raise found[-1] if found else _none_allowed()


def _open(name: str, state: Path, clock: Clock) -> Runner:
    if name == "docker":
        return DockerRunner(state_dir=state, clock=clock)
    if name == "bubblewrap":
        return BubblewrapRunner(state_dir=state, clock=clock)
    raise RunnerUnavailable(
        "RUNNER_UNKNOWN",
        f"The site's rules name a runner that does not exist: {name[:40]!a}.",
        fix="Name docker or bubblewrap under [sandboxes] in site.toml.",
    )


def _none_allowed() -> RunnerUnavailable:
    return RunnerUnavailable(
        "RUNNER_NONE",
        "The site's rules allow no runner, and nothing is ever run bare.",
        fix="Name docker or bubblewrap under [sandboxes] in site.toml.",
    )
