"""A job that does nothing, behind every wall and with its outputs collected, beside the engine with nothing of ours.

One job at a time beside a bare `docker run` of its image; then a hundred jobs by eight at a time, beside the command line
and beside the engine's own interface without a network, which is as fast as it goes. Ours and the reference take turns,
so that the load of the machine falls on both. It refuses to measure where no engine answers.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import count
from pathlib import Path

from docker import APIClient

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from sandboxes.docker import DockerRunner
from sandboxes.model import Box, Limits, Status
from sandboxes.runner import run

SINGLE, SINGLE_BAR = 15, 1.15
TOGETHER, AT_ONCE, TURNS, TOGETHER_BAR = 100, 8, 4, 1.1
PROGRAM = ("python3", "-I", "-S", "-c", "pass")
NUMBERS = count()


def bare(image: str) -> None:
    """The engine's own command line, with nothing of ours."""
    subprocess.run(
        ["docker", "run", "--rm", "--pull", "never", image, *PROGRAM], check=True, capture_output=True
    )


def alone(api: APIClient, image: str) -> None:
    """What the engine must do for any container, asked for directly: made, started, waited for, removed."""
    host = api.create_host_config(network_mode="none")
    made = api.create_container(image, list(PROGRAM), host_config=host)["Id"]
    api.start(made)
    api.wait(made)
    api.remove_container(made)


def ours(runner: DockerRunner, image: str, folder: Path) -> None:
    """The whole way: made, compared, started, watched, collected, removed."""
    number = next(NUMBERS)
    box = Box(f"bench-{number}", image, PROGRAM, limits=Limits(wall_seconds=60))
    if run(runner, box, (), folder / str(number)).status is not Status.OK:
        raise SystemExit("a job that does nothing did not end well")


def seconds(work: Callable[[], None]) -> float:
    """How long it takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def by_eight(work: Callable[[], None], times: int) -> None:
    """Do it so many times, eight at a time."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for done in [pool.submit(work) for _ in range(times)]:
            done.result()


def result(name: str, mine: float, reference: float, bar: float) -> None:
    """Print one line."""
    ratio = mine / reference
    line = {"name": name, "ours": round(mine, 3), "reference": round(reference, 3), "ratio": round(ratio, 3)}
    print(json.dumps({**line, "bar": bar, "ok": ratio <= bar, "unit": "s"}), flush=True)


def main() -> None:
    """Both measurements."""
    with tempfile.TemporaryDirectory(prefix="tre-bench-") as folder:
        runner = DockerRunner(state_dir=Path(folder) / "state")
        image = runner.images()["sql"]

        def mine() -> None:
            ours(runner, image, Path(folder))

        def theirs() -> None:
            bare(image)

        mine(), theirs()
        pairs = [(seconds(mine), seconds(theirs)) for _ in range(SINGLE)]
        result("sandbox.no-op", *(statistics.median(side) for side in zip(*pairs, strict=True)), SINGLE_BAR)
        together("sandbox.100-by-8", mine, theirs)
        with closing(APIClient(version="auto")) as api:
            together("sandbox.100-by-8-beside-its-interface", mine, lambda: alone(api, image))
        runner.sweep()


def together(name: str, mine: Callable[[], None], theirs: Callable[[], None]) -> None:
    """A hundred of each by eight at a time, in turns."""
    each = TOGETHER // TURNS
    turns = [
        (seconds(lambda: by_eight(mine, each)), seconds(lambda: by_eight(theirs, each))) for _ in range(TURNS)
    ]
    result(name, *(sum(side) for side in zip(*turns, strict=True)), TOGETHER_BAR)


if __name__ == "__main__":
    main()
