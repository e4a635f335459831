"""Control groups made by hand, for boxes that no engine makes them for, and the one that holds all boxes together.

Both hierarchies of the kernel are known: version 2, and version 1 where each controller has its own tree. It refuses
nothing: a host where groups can not be made is told apart by `available`, and the runner then names the missing walls.
"""

import os
import subprocess
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

CONTROLLERS = ("memory", "pids", "cpu")
_PERIOD_MICROSECONDS = 100_000
_REMOVE_TRIES = 100
_SECONDS_TO_ANSWER = 10
_MOUNTS = Path("/proc/self/mounts")


@dataclass(frozen=True)
class Ceiling:
    """What a group may use together; 0 is no ceiling."""

    memory_bytes: int = 0
    pids: int = 0
    cpus: float = 0


@dataclass(frozen=True)
class Group:
    """One group: for each controller the folder that stands for it. In version 2 they are all the same folder."""

    folders: tuple[tuple[str, Path], ...]
    unified: bool

    def limit(self, ceiling: Ceiling) -> None:
        """Set what the group may use. Raises OSError where the kernel will not."""
        folders = dict(self.folders)
        if ceiling.memory_bytes:
            self._limit_memory(folders["memory"], ceiling.memory_bytes)
        if ceiling.pids:
            (folders["pids"] / "pids.max").write_text(str(ceiling.pids), encoding="ascii")
        if ceiling.cpus:
            self._limit_cpus(folders["cpu"], round(ceiling.cpus * _PERIOD_MICROSECONDS))

    def _limit_memory(self, folder: Path, most: int) -> None:
        if self.unified:
            (folder / "memory.max").write_text(str(most), encoding="ascii")
            _write_if_there(folder / "memory.swap.max", "0")
            return
        limits = [folder / "memory.limit_in_bytes", folder / "memory.memsw.limit_in_bytes"]
        # The first may never be above the second, so which is written first depends on whether the limit falls.
        if int(limits[0].read_text(encoding="ascii")) < most:
            limits.reverse()
        for limit in limits:
            _write_if_there(limit, str(most))

    def _limit_cpus(self, folder: Path, quota: int) -> None:
        if self.unified:
            (folder / "cpu.max").write_text(f"{quota} {_PERIOD_MICROSECONDS}", encoding="ascii")
        else:
            (folder / "cpu.cfs_quota_us").write_text(str(quota), encoding="ascii")

    def join(self) -> None:
        """Put the calling process, and what it starts from now on, into the group."""
        for folder in self._distinct():
            (folder / "cgroup.procs").write_text(str(os.getpid()), encoding="ascii")

    def out_of_memory(self) -> bool:
        """Whether the kernel ended a process of the group for want of memory."""
        folder = dict(self.folders)["memory"]
        lines = (folder / ("memory.events" if self.unified else "memory.oom_control")).read_text(
            encoding="ascii"
        )
        counts = dict(line.split() for line in lines.splitlines())
        return int(counts.get("oom_kill", "0")) > 0

    def remove(self) -> None:
        """Remove the group once its last process is gone. Raises OSError when one stays."""
        for folder in self._distinct():
            _remove(folder)

    def _distinct(self) -> Iterable[Path]:
        return dict.fromkeys(folder for _, folder in self.folders)


def available() -> bool:
    """Whether this process may make groups with every controller here."""
    return all(os.access(folder, os.W_OK) for folder in _roots().values()) and set(_roots()) == set(
        CONTROLLERS
    )


def group(name: str) -> Group:
    """The group of this name, made if it is not there. A name has one or two parts: `tre`, `tre/job-1`. Raises OSError."""
    roots = _roots()
    unified = len(set(roots.values())) == 1 and (next(iter(roots.values())) / "cgroup.controllers").exists()
    for root in set(roots.values()):
        folder = root
        for part in name.split("/"):
            if unified:
                _write_if_there(folder / "cgroup.subtree_control", " ".join(f"+{one}" for one in CONTROLLERS))
            folder = folder / part
            folder.mkdir(exist_ok=True)
    return Group(tuple((controller, root / name) for controller, root in sorted(roots.items())), unified)


def hold_together(name: str, *, memory_bytes: int, pids: int) -> bool:
    """Make one group over all boxes of this host, with a ceiling; False where this process may not.

    `memory_bytes` 0 stands for three quarters of the host's memory.
    """
    if not available():
        return False
    try:
        group(name).limit(Ceiling(memory_bytes or _three_quarters(), pids))
    except OSError:
        # A host that shows its groups and does not let them be limited, as containers often do.
        return False
    return True


def parent_of_all(name: str, ceiling: Ceiling, *, driver: str) -> str:
    """Hold all boxes of this host together, in the way of the engine's driver: the name of their group in the engine's words.

    Empty where that can not be done, which is then a missing wall. `memory_bytes` 0 is as in `hold_together`.
    """
    if driver == "cgroupfs":
        held = hold_together(name, memory_bytes=ceiling.memory_bytes, pids=ceiling.pids)
        return f"/{name}" if held else ""
    if driver == "systemd":
        return slice_of_all(name, ceiling)
    return ""


def slice_of_all(name: str, ceiling: Ceiling, *, ask: Callable[[tuple[str, ...]], str] | None = None) -> str:
    """As `parent_of_all` where systemd owns the groups: limit a slice through it, and read back what it says of it."""
    ask = ask or _systemctl
    unit = f"{name}.slice"
    memory = ceiling.memory_bytes or _three_quarters()
    wanted = {"MemoryMax": str(memory), "MemorySwapMax": "0", "TasksMax": str(ceiling.pids)}
    try:
        ask(("set-property", "--runtime", unit, *(f"{key}={value}" for key, value in wanted.items())))
        said = ask(("show", f"--property={','.join(wanted)}", unit))
    except (OSError, subprocess.SubprocessError):
        return ""
    shown = dict(line.split("=", 1) for line in said.splitlines() if "=" in line)
    return unit if shown == wanted else ""


def _systemctl(words: tuple[str, ...]) -> str:
    argv = ("systemctl", *words)
    done = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=_SECONDS_TO_ANSWER)  # noqa: S603 - the host's own, by its path
    return done.stdout


def _three_quarters() -> int:
    """Three quarters of the host's memory, in bytes."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") * 3 // 4


def _roots() -> dict[str, Path]:
    """Each controller and the top of its tree, by the kernel's own table of mounts."""
    found: dict[str, Path] = {}
    for line in _MOUNTS.read_text(encoding="utf-8", errors="replace").splitlines():
        _, place, kind, options, *_ = line.split(" ")
        if kind == "cgroup":
            found |= {one: Path(place) for one in options.split(",") if one in CONTROLLERS}
        elif kind == "cgroup2":
            here = _words(Path(place) / "cgroup.controllers")
            found |= {one: Path(place) for one in here if one in CONTROLLERS and one not in found}
    return found


def _words(path: Path) -> list[str]:
    return path.read_text(encoding="ascii").split() if path.exists() else []


def _write_if_there(path: Path, text: str) -> None:
    # Swap accounting and delegation are optional in kernels; without them there is nothing to limit.
    if path.exists():
        path.write_text(text, encoding="ascii")


def _remove(folder: Path) -> None:
    for attempt in range(_REMOVE_TRIES):
        try:
            folder.rmdir()
        except FileNotFoundError:
            return
        except OSError:
            # The last process has been killed but is not yet gone.
            if attempt == _REMOVE_TRIES - 1:
                raise
            time.sleep(0.02)
        else:
            return
