"""From a box and its limits to the settings of a container: one pure function, built wall by wall.

A container begins bare, as `docker run` would make it, and each wall changes what it answers for. So every wall is a
name, a threat, and a few lines; taking one away (`without`, which exists for the tests that prove each wall stands)
leaves exactly what a bare container has in that place. Nothing here talks to an engine. It refuses a wall it does not
know and an architecture whose system calls it cannot list.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

from sandboxes.model import SCRATCH, Box, Wall
from sandboxes.seccomp import profile_text

MASKED = (
    "/proc/acpi",
    "/proc/asound",
    "/proc/buddyinfo",
    "/proc/bus",
    "/proc/cmdline",
    "/proc/config.gz",
    "/proc/consoles",
    "/proc/crypto",
    "/proc/devices",
    "/proc/diskstats",
    "/proc/dma",
    "/proc/driver",
    "/proc/dynamic_debug",
    "/proc/execdomains",
    "/proc/fb",
    "/proc/interrupts",
    "/proc/iomem",
    "/proc/ioports",
    "/proc/kallsyms",
    "/proc/kcore",
    "/proc/key-users",
    "/proc/keys",
    "/proc/kmsg",
    "/proc/kpagecgroup",
    "/proc/kpagecount",
    "/proc/kpageflags",
    "/proc/latency_stats",
    "/proc/loadavg",
    "/proc/locks",
    "/proc/misc",
    "/proc/modules",
    "/proc/mtrr",
    "/proc/pagetypeinfo",
    "/proc/partitions",
    "/proc/pressure",
    "/proc/sched_debug",
    "/proc/schedstat",
    "/proc/scsi",
    "/proc/slabinfo",
    "/proc/softirqs",
    "/proc/stat",
    "/proc/swaps",
    "/proc/sysrq-trigger",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/proc/tty",
    "/proc/uptime",
    "/proc/version",
    "/proc/vmallocinfo",
    "/proc/vmstat",
    "/proc/zoneinfo",
    "/sys",
)
"""What the kernel says of the host or of its other work. `/proc/cpuinfo` and `/proc/meminfo` stay: libraries read them."""

READ_ONLY_PATHS = ("/proc/fs", "/proc/irq", "/proc/sys")

ENGINE_MASKED = (
    "/proc/acpi",
    "/proc/asound",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/sys/firmware",
)
ENGINE_READ_ONLY = ("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger")
"""What an engine hides and protects when it is asked for nothing."""

HOSTNAME = "job"
OPEN_FILES = 1024
SHARED_MEMORY_BYTES = 64 << 20
SCRATCH_FILES = 20_000
SAFE_FLAGS = ("noexec", "nosuid", "nodev")
OUTPUT_FLAGS = (*SAFE_FLAGS, "nosymfollow")
LOG_FILES = 2
LOG_HEADROOM = 2
"""How many times its limit one file of an engine's log may be: the engine keeps more than text, and throws away by the
file, so only with room to spare can it be told whether lines were lost."""
STOP_SECONDS = 2


@dataclass(frozen=True)
class Bind:
    """A file or folder of the host as the box sees it."""

    source: Path
    target: str
    read_only: bool


@dataclass(frozen=True)
class Memory:
    """A file system in memory, counted to the box. A size of 0 is the kernel's own default: half of the machine."""

    target: str
    size: int = 0
    inodes: int = 0
    flags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Disk:
    """A folder on the host's disk. A size of 0: a plain folder, which is bounded by nothing."""

    size: int = 0
    flags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Place:
    """Where on this host a box is put: the runner's part of the question."""

    owner: int
    """The uid the program runs as, and that its outputs belong to."""
    output: Path
    """The host's folder that the box sees as its output folder."""
    empty: Path
    """An empty file of ours."""
    machine: str
    """The kernel's name for the architecture, `x86_64` or `aarch64`."""
    labels: Mapping[str, str] = field(default_factory=dict)
    scratch: Path = Path("/nowhere")
    """The host's folder that a box which asks for one sees as its folder on disk."""
    cgroup_parent: str = ""
    """The control group that the box is put into, in the engine's words; empty for the engine's own."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "labels", MappingProxyType(dict(self.labels)))


@dataclass(frozen=True)
class Profile:
    """A site's choices about every box."""

    runtime: str = ""
    """A stronger runtime that the engine knows, such as `runsc`; empty for the engine's own."""
    group: str = "tre"
    """The control group that holds all boxes of this host together."""
    together_bytes: int = 0
    """The memory that all boxes may use together; 0 for three quarters of the host's."""
    together_pids: int = 16_384
    entrypoints: frozenset[tuple[str, ...]] = frozenset()
    """The ENTRYPOINTs that an image of the site's own may bring; the images built here bring none."""
    without: frozenset[str] = frozenset()
    """Walls left out: by a host that cannot build them, or by a test that proves that one matters."""

    def __post_init__(self) -> None:
        if unknown := self.without - {wall.name for wall in (*WALLS, *PROCEDURES)}:
            raise ValueError(f"no such wall: {', '.join(sorted(unknown))}")


@dataclass(frozen=True)
class Settings:
    """What a container is made of. The defaults are a bare container's, which holds nothing back."""

    image: str
    argv: tuple[str, ...]
    workdir: str
    environment: Mapping[str, str]
    labels: Mapping[str, str]
    binds: tuple[Bind, ...]
    output: Memory
    """The file system the runner mounts on the host for the outputs; no flags and no size: a plain folder."""
    disk: Disk | None = None
    """The folder on disk that the runner makes on the host, for a box that asks for one."""
    scratch: tuple[Memory, ...] = (Memory("/tmp"),)  # noqa: S108 - a path inside the box, a file system of its own
    shared_memory: Memory | None = None
    hostname: str = ""
    user: str = "0:0"
    network: str = "bridge"
    ipc: str = "private"
    cgroup_namespace: str = "host"
    cgroup_parent: str = ""
    runtime: str = ""
    read_only_root: bool = False
    drop_all_capabilities: bool = False
    no_new_privileges: bool = False
    seccomp: str = ""
    """A profile as text; empty for the engine's own."""
    pids: int = 0
    memory_bytes: int = 0
    cpus: float = 0
    rlimits: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    masked: tuple[str, ...] = ENGINE_MASKED
    read_only_paths: tuple[str, ...] = ENGINE_READ_ONLY
    log_bytes: int = 0
    init: bool = False
    health_checks: bool = True


Build = Callable[[Settings, Box, Place], Settings]

_BUILDERS: dict[str, Build] = {}
_WALLS: list[Wall] = []


def _wall(name: str, *, setting: str, threat: str) -> Callable[[Build], Build]:
    def keep(build: Build) -> Build:
        _WALLS.append(Wall(name, threat, setting))
        _BUILDERS[name] = build
        return build

    return keep


def settings(box: Box, place: Place, profile: Profile | None = None) -> Settings:
    """All that a container for `box` is made of: the bare container, then each wall that is not left out."""
    profile = profile or Profile()
    made = replace(_bare(box, place), runtime=profile.runtime, cgroup_parent=place.cgroup_parent)
    for wall in WALLS:
        if wall.name not in profile.without:
            made = _BUILDERS[wall.name](made, box, place)
    return made


def _bare(box: Box, place: Place) -> Settings:
    inputs = tuple(Bind(item.source, item.target, read_only=False) for item in box.inputs)
    disks = (Bind(place.scratch, SCRATCH, read_only=False),) if box.limits.disk_bytes else ()
    return Settings(
        image=box.image,
        argv=box.argv,
        workdir=box.workdir,
        environment={"HOME": "/tmp", "PYTHONDONTWRITEBYTECODE": "1", **box.environment},  # noqa: S108 - in the box
        labels=place.labels,
        binds=(*inputs, Bind(place.output, box.output_target, read_only=False), *disks),
        output=Memory(box.output_target),
        disk=Disk() if disks else None,
    )


def _limited(made: Settings, **rlimits: tuple[int, int]) -> Settings:
    return replace(made, rlimits={**made.rlimits, **rlimits})


@_wall("network", setting="--network none", threat="sending data out, or reaching services of the host")
def _network(made: Settings, _box: Box, _place: Place) -> Settings:
    return replace(made, network="none")


@_wall(
    "system-calls",
    setting="--security-opt seccomp=profiles/seccomp-*.json",
    threat="sockets that no network namespace holds, io_uring, links and devices left among outputs, kernel holes",
)
def _system_calls(made: Settings, box: Box, place: Place) -> Settings:
    return replace(made, seccomp=profile_text(place.machine, unix_sockets=box.unix_sockets))


@_wall(
    "no-new-privileges",
    setting="--security-opt no-new-privileges",
    threat="becoming root through a setuid program of the image",
)
def _no_new_privileges(made: Settings, _box: Box, _place: Place) -> Settings:
    return replace(made, no_new_privileges=True)


@_wall(
    "no-capabilities",
    setting="--cap-drop ALL",
    threat="any of root's rights: devices, chown, raw sockets, ...",
)
def _no_capabilities(made: Settings, _box: Box, _place: Place) -> Settings:
    return replace(made, drop_all_capabilities=True)


@_wall("not-root", setting="--user UID:UID", threat="being the host's root in whatever is shared with it")
def _not_root(made: Settings, _box: Box, place: Place) -> Settings:
    return replace(made, user=f"{place.owner}:{place.owner}")


@_wall(
    "read-only-root", setting="--read-only", threat="filling the host's disk, or changing what the image runs"
)
def _read_only_root(made: Settings, _box: Box, _place: Place) -> Settings:
    return replace(made, read_only_root=True)


@_wall(
    "read-only-inputs",
    setting="readonly,bind-nonrecursive",
    threat="changing data or code, under other jobs too",
)
def _read_only_inputs(made: Settings, box: Box, _place: Place) -> Settings:
    ours = {box.output_target, SCRATCH}
    binds = (replace(item, read_only=item.target not in ours) for item in made.binds)
    return replace(made, binds=tuple(binds))


@_wall("pids", setting="--pids-limit", threat="a fork bomb")
def _pids(made: Settings, box: Box, _place: Place) -> Settings:
    return replace(made, pids=box.limits.pids)


@_wall("memory", setting="--memory M --memory-swap M", threat="taking the host's memory, or its swap")
def _memory(made: Settings, box: Box, _place: Place) -> Settings:
    return replace(made, memory_bytes=box.limits.memory_bytes)


@_wall("cpus", setting="--cpus", threat="starving other jobs of processor time")
def _cpus(made: Settings, box: Box, _place: Place) -> Settings:
    return replace(made, cpus=box.limits.cpus)


@_wall("open-files", setting="--ulimit nofile", threat="using up the host's table of open files")
def _open_files(made: Settings, _box: Box, _place: Place) -> Settings:
    return _limited(made, nofile=(OPEN_FILES, OPEN_FILES))


@_wall(
    "no-core-files", setting="--ulimit core=0", threat="a crash that writes patients' data to the host's disk"
)
def _no_core_files(made: Settings, _box: Box, _place: Place) -> Settings:
    return _limited(made, core=(0, 0))


@_wall(
    "processor-time", setting="--ulimit cpu", threat="spinning on after whoever watches the clock has died"
)
def _processor_time(made: Settings, box: Box, _place: Place) -> Settings:
    seconds = math.ceil(box.limits.wall_seconds * max(1.0, box.limits.cpus))
    return _limited(made, cpu=(seconds, seconds + 5))


@_wall("file-size", setting="--ulimit fsize", threat="one enormous sparse file that a reader would fill out")
def _file_size(made: Settings, box: Box, _place: Place) -> Settings:
    largest = max(box.limits.output_bytes, box.limits.tmp_bytes, box.limits.disk_bytes)
    return _limited(made, fsize=(largest, largest))


@_wall(
    "private-memory",
    setting="--ipc none --tmpfs /dev/shm:size=64m,noexec,nosuid,nodev",
    threat="shared memory that outlives the job, or that a neighbour can see",
)
def _private_memory(made: Settings, _box: Box, _place: Place) -> Settings:
    shared = Memory("/dev/shm", SHARED_MEMORY_BYTES, SCRATCH_FILES, SAFE_FLAGS)  # noqa: S108 - as in Settings
    return replace(made, ipc="none", shared_memory=shared)


@_wall(
    "scratch-limit",
    setting="--tmpfs /tmp:size=,nr_inodes=,noexec,nosuid,nodev",
    threat="filling memory with files, or running a program that was written at run time",
)
def _scratch_limit(made: Settings, box: Box, _place: Place) -> Settings:
    limited = (Memory(item.target, box.limits.tmp_bytes, SCRATCH_FILES, SAFE_FLAGS) for item in made.scratch)
    return replace(made, scratch=tuple(limited))


@_wall(
    "output-limit",
    setting="mount -t tmpfs -o size=,nr_inodes= on the host",
    threat="filling the host's disk or its inodes with outputs",
)
def _output_limit(made: Settings, box: Box, _place: Place) -> Settings:
    # Twice the files that may be kept: the program may have folders and temporary files beside them.
    entries = 2 * box.limits.output_files + 64
    return replace(made, output=replace(made.output, size=box.limits.output_bytes, inodes=entries))


@_wall(
    "output-flags",
    setting="mount -o nosymfollow,noexec,nosuid,nodev on the host",
    threat="a link among outputs that leads whoever reads them to a file of the host",
)
def _output_flags(made: Settings, _box: Box, _place: Place) -> Settings:
    return replace(made, output=replace(made.output, flags=OUTPUT_FLAGS))


@_wall(
    "disk-limit",
    setting="mount -o loop,nosymfollow,noexec,nosuid,nodev of a file of that size on the host",
    threat="filling the host's disk with what does not fit into memory",
)
def _disk_limit(made: Settings, box: Box, _place: Place) -> Settings:
    return replace(made, disk=made.disk and Disk(box.limits.disk_bytes, OUTPUT_FLAGS))


@_wall(
    "masked-paths",
    setting="HostConfig.MaskedPaths",
    threat="learning about the host and the other work on it",
)
def _masked_paths(made: Settings, _box: Box, _place: Place) -> Settings:
    return replace(made, masked=MASKED, read_only_paths=READ_ONLY_PATHS)


@_wall(
    "no-names",
    setting="--hostname job, an empty /etc/resolv.conf",
    threat="learning the host's name, or its network's servers",
)
def _no_names(made: Settings, _box: Box, place: Place) -> Settings:
    resolver = Bind(place.empty, "/etc/resolv.conf", read_only=True)
    return replace(made, hostname=HOSTNAME, binds=(*made.binds, resolver))


@_wall(
    "log-limit",
    setting="--log-driver local, max-size, max-file",
    threat="filling the host's disk with log lines",
)
def _log_limit(made: Settings, box: Box, _place: Place) -> Settings:
    return replace(made, log_bytes=box.limits.log_bytes)


@_wall(
    "init", setting="--init", threat="a first process that ignores every signal, or leaves its dead unburied"
)
def _init(made: Settings, _box: Box, _place: Place) -> Settings:
    return replace(made, init=True)


@_wall("own-control-groups", setting="--cgroupns private", threat="reading the control groups of the host")
def _own_control_groups(made: Settings, _box: Box, _place: Place) -> Settings:
    return replace(made, cgroup_namespace="private")


@_wall("one-program", setting="--no-healthcheck", threat="a second program of the image, run beside ours")
def _one_program(made: Settings, _box: Box, _place: Place) -> Settings:
    return replace(made, health_checks=False)


WALLS: tuple[Wall, ...] = tuple(_WALLS)
"""Every wall that is a setting, in the order in which they are built."""

PROCEDURES: tuple[Wall, ...] = (
    Wall("uid-per-job", "one job using up, reading or signalling another's", "a uid that no other box has"),
    Wall("pinned-image", "an image that changed under its name", "images by content id, never pulled"),
    Wall(
        "plain-image",
        "writable disk, a program or another's rights that the image brings in",
        "refuse VOLUME, ENTRYPOINT and set-id files",
    ),
    Wall(
        "inspected",
        "an engine that did something else than it was asked",
        "compare every field before the start",
    ),
    Wall("wall-clock", "a program that never ends", "SIGKILL through the engine at the limit"),
    Wall("swept", "a box that outlives whoever started it", "labels with job and deadline, found and ended"),
    Wall(
        "held-together", "many jobs at once taking the whole host", "one limited control group over all boxes"
    ),
    Wall(
        "collected-by-hand",
        "outputs that are not what they seem",
        "sandboxes.collect after the box has stopped",
    ),
)
"""Walls that are something the runner does, rather than a setting."""
