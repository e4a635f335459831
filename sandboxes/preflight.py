"""Before jobs run on a host: each wall is tried from inside a real box of every image, and what is open is said.

It fails closed: an image whose tries did not all come back, or one of whose walls is open although the runner says that
it stands, is not fit to run jobs. Known holes of the engine's parts are told, since no wall of ours mends them.
"""

import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from sandboxes.disk import missing_walls
from sandboxes.model import Box, Input, Limits, Status, Wall
from sandboxes.probes import FOLDER
from sandboxes.runner import Clock, Runner, run

LIMITS = Limits(
    memory_bytes=96 << 20,
    cpus=0.2,
    wall_seconds=120,
    pids=32,
    tmp_bytes=8 << 20,
    output_bytes=1 << 20,
    output_files=20,
    log_bytes=64 << 10,
)
DISK_BYTES = 8 << 20
_TRIED = ("memory_bytes", "cpus", "pids", "tmp_bytes", "output_bytes")
_LINE = re.compile(r"([a-z-]+)\t([a-z0-9_-]+)\t(held|open)")


class Versioned(Runner, Protocol):
    """A runner that can name its parts."""

    def versions(self) -> Mapping[str, str]:
        """Each part and its version."""
        ...


@dataclass(frozen=True)
class Hole:
    """A published weakness of a part, by the version that mended it."""

    part: str
    mended_in: tuple[int, ...]
    ids: str
    sentence: str


HOLES = (
    Hole(
        "runc", (1, 1, 12), "CVE-2024-21626", "a leaked file descriptor opens the host's files to a container"
    ),
    Hole(
        "runc",
        (1, 2, 8),
        "CVE-2025-31133, -52565, -52881",
        "masked paths and consoles can be redirected by races",
    ),
    Hole(
        "containerd", (1, 4, 3), "CVE-2020-15257", "the shim's socket is open to the host's network namespace"
    ),
    Hole(
        "kernel",
        (5, 16, 11),
        "CVE-2022-0847, CVE-2022-0492, CVE-2022-0185",
        "a program can write to files it may only read, or leave its namespaces",
    ),
    Hole("kernel", (6, 7, 3), "CVE-2024-1086", "a program with namespaces of its own can become root"),
    Hole("bubblewrap", (0, 4, 1), "CVE-2020-5291", "a setuid bubblewrap with user namespaces gives root"),
)


@dataclass(frozen=True)
class Tried:
    """One try of one wall in one image."""

    image: str
    wall: str
    name: str
    is_open: bool


@dataclass(frozen=True)
class Report:
    """What is known of this host's sandboxes."""

    runner: str
    versions: Mapping[str, str]
    holes: tuple[str, ...]
    walls: tuple[Wall, ...]
    missing: tuple[Wall, ...]
    images: Mapping[str, str]
    tried: tuple[Tried, ...]
    silent: tuple[str, ...]
    """Images whose tries did not all come back."""

    @property
    def breaches(self) -> tuple[Tried, ...]:
        """Tries that got through a wall which the runner says is there."""
        standing = {wall.name for wall in self.walls}
        return tuple(one for one in self.tried if one.is_open and one.wall in standing)

    @property
    def fit(self) -> bool:
        """Whether jobs may run here."""
        return bool(self.images) and not self.breaches and not self.silent

    def as_dict(self) -> dict[str, Any]:
        """Plain data, for machines."""
        return {
            "fit": self.fit,
            "runner": self.runner,
            "versions": dict(self.versions),
            "known_holes": list(self.holes),
            "walls": [wall.name for wall in self.walls],
            "missing_walls": [wall.name for wall in self.missing],
            "images": dict(self.images),
            "tries": len(self.tried),
            "breaches": [{"image": one.image, "wall": one.wall, "try": one.name} for one in self.breaches],
            "silent_images": list(self.silent),
        }


def inspect_host(runner: Versioned, work: Path, *, clock: Clock | None = None) -> Report:
    """Try every wall in every image of a runner. `work` is a folder for this. Raises RunnerUnavailable, BoxRefused."""
    versions, images = runner.versions(), dict(runner.images())
    # Each image's tries use a fifth of a processor, so that what holds them to it can be seen: they can go on together.
    with ThreadPoolExecutor() as pool:
        asked = {
            name: pool.submit(try_walls, runner, name, content_id, work / name, clock=clock)
            for name, content_id in sorted(images.items())
        }
    found = {name: one.result() for name, one in asked.items()}
    return Report(
        runner=runner.name,
        versions=versions,
        holes=known_holes(versions),
        walls=runner.walls(),
        missing=runner.missing_walls(),
        images=images,
        tried=tuple(one for tries in found.values() for one in tries),
        silent=tuple(name for name, tries in found.items() if not tries),
    )


def try_walls(
    runner: Runner, name: str, content_id: str, work: Path, *, clock: Clock | None = None
) -> tuple[Tried, ...]:
    """Try every wall in one image. Empty when the tries did not all come back."""
    data = work / "data"
    data.mkdir(parents=True, exist_ok=True)
    (data / "try.txt").write_text("not to be changed\n", encoding="utf-8")
    # Anyone may write there, so that only the wall is in the way.
    (data / "try.txt").chmod(0o666)
    data.chmod(0o777)
    # A folder on disk is tried where the host can bound one: elsewhere no box has any.
    limits = LIMITS if missing_walls() else replace(LIMITS, disk_bytes=DISK_BYTES)
    tried = (*_TRIED, *(("disk_bytes",) if limits.disk_bytes else ()))
    words = tuple(f"{limit}={getattr(limits, limit)}" for limit in tried)
    box = Box(
        job=f"preflight-{name}",
        image=content_id,
        argv=("python3", "-I", "/code/try_walls.py", *words),
        inputs=(Input(FOLDER, "/code"), Input(data, "/data")),
        limits=limits,
    )
    # What tries that were killed have left: their folder is gone, and their box would stand in the way for ever.
    runner.discard(box.job)
    receipt = run(runner, box, (), work / "kept", clock=clock)
    # The memory try is ended by the kernel when the wall holds, which is then how the whole box ends.
    if receipt.status not in {Status.OK, Status.OUT_OF_MEMORY} or receipt.exit_code != 0:
        return ()
    return read_tries(name, receipt.log.read_text(encoding="utf-8", errors="replace"))


def read_tries(image: str, said: str) -> tuple[Tried, ...]:
    """What the program said, if it said all of it: nothing otherwise, for half an answer is none."""
    *lines, count = said.splitlines() or [""]
    matches = [_LINE.fullmatch(line) for line in lines]
    tried = [Tried(image, one[1], one[2], one[3] == "open") for one in matches if one]
    return tuple(tried) if tried and len(tried) == len(lines) and count == f"tries\t{len(tried)}" else ()


def known_holes(versions: Mapping[str, str]) -> tuple[str, ...]:
    """A sentence for each published weakness that a part's version may have."""
    told = []
    for part, said in sorted(versions.items()):
        name, number = _named(part, said)
        told += [
            f"{name} {said}: {hole.ids}: {hole.sentence}. Mended in {'.'.join(map(str, hole.mended_in))}; your "
            "distribution may have mended it in an older version: look in its security tracker."
            for hole in HOLES
            if hole.part == name and number < hole.mended_in
        ]
    return tuple(told)


def _named(part: str, said: str) -> tuple[str, tuple[int, ...]]:
    words = said.split()
    name = words[0] if part == "engine" and len(words) > 1 else part
    return name, tuple(int(number) for number in re.findall(r"\d+", words[-1] if words else "")[:3])
