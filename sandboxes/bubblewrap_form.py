"""Settings in the words of bubblewrap: one pure function, and which walls it can not build.

Bubblewrap is not an engine: it makes namespaces and mounts, and the rest is made by whoever starts it, if it may. So
the list of missing walls depends on whether that is root. The command refuses nothing; it is given only what exists.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sandboxes.profile import Bind, Memory, Settings

NEVER = frozenset({"pinned-image", "plain-image", "inspected"})
"""No engine stands between the request and the kernel, so there is none that could be asked what it did; the image is
a folder, and nobody compares it with its id at each start."""

NOT_AS_ROOT = frozenset({"uid-per-job", "output-limit", "output-flags", "scratch-limit", "private-memory"})
"""These need the right to mount and to choose an owner on the host."""

NOT_WITHOUT_GROUPS = frozenset({"memory", "pids", "cpus", "held-together"})
"""These need the right to make control groups."""

_OURS = frozenset({"dev", "proc", "sys", "tmp", "run", "code", "data", "workspace", "out", "scratch"})
"""What a box has at its top whatever its image has there."""

_SECRETIVE = ("--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--disable-userns")


@dataclass(frozen=True)
class Tree:
    """An unpacked image: what is at its top, by kind."""

    root: Path
    folders: tuple[str, ...]
    links: tuple[tuple[str, str], ...]
    """Name and where it leads, such as `bin` and `usr/bin`."""


def read_tree(root: Path) -> Tree:
    """What is at the top of an unpacked image. Raises OSError."""
    entries = sorted(root.iterdir())
    kept = [entry for entry in entries if entry.name not in _OURS]
    links = tuple((entry.name, str(entry.readlink())) for entry in kept if entry.is_symlink())
    folders = tuple(entry.name for entry in kept if entry.is_dir() and not entry.is_symlink())
    return Tree(root, folders, links)


def command(
    settings: Settings, tree: Tree, *, masked: Iterable[Path], seccomp_fd: int, mounted: bool
) -> list[str]:
    """The whole command line.

    `masked` are the paths of `settings.masked` that this host's kernel has; `seccomp_fd` is where bubblewrap reads the
    filter, negative for none; `mounted`: the file systems in memory are mounted by us, and the binds include them.
    """
    words = ["bwrap", *_SECRETIVE, "--new-session", "--die-with-parent", "--cap-drop", "ALL", "--clearenv"]
    words += ["--unshare-net"] * (settings.network == "none")
    words += ["--unshare-cgroup"] * (settings.cgroup_namespace == "private")
    words += ["--hostname", settings.hostname] if settings.hostname else []
    words += [word for item in _environment(settings) for word in item]
    words += [word for item in _root(tree) for word in item]
    words += ["--proc", "/proc", "--dev", "/dev"]
    words += [word for item in _masks(masked) for word in item]
    if not mounted:
        words += [word for item in _memories(settings) for word in _memory(item)]
    words += [word for bind in _outer_first(settings.binds) for word in _bind(bind)]
    words += ["--remount-ro", "/dev"]
    words += ["--remount-ro", "/"] * settings.read_only_root
    words += ["--seccomp", str(seccomp_fd)] if seccomp_fd >= 0 else []
    return [*words, "--chdir", settings.workdir, "--", *settings.argv]


def _environment(settings: Settings) -> Iterator[tuple[str, str, str]]:
    path = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"}
    for name, value in {**path, **settings.environment}.items():
        yield "--setenv", name, value


def _root(tree: Tree) -> Iterator[tuple[str, ...]]:
    for name in tree.folders:
        yield "--ro-bind", str(tree.root / name), f"/{name}"
    for name, leads_to in tree.links:
        yield "--symlink", leads_to, f"/{name}"
    for name in ("/code", "/data", "/scratch", "/workspace", "/run"):
        yield "--dir", name


def _masks(masked: Iterable[Path]) -> Iterator[tuple[str, ...]]:
    for path in masked:
        if path.is_dir():
            yield "--tmpfs", str(path)
            yield "--remount-ro", str(path)
        else:
            yield "--ro-bind", "/dev/null", str(path)


def _memories(settings: Settings) -> tuple[Memory, ...]:
    return settings.scratch if settings.shared_memory is None else (*settings.scratch, settings.shared_memory)


def _memory(item: Memory) -> tuple[str, ...]:
    size = ("--size", str(item.size)) if item.size else ()
    return ("--perms", "1777", *size, "--tmpfs", item.target)


def _bind(bind: Bind) -> tuple[str, str, str]:
    return ("--ro-bind" if bind.read_only else "--bind", str(bind.source), bind.target)


def _outer_first(binds: Iterable[Bind]) -> list[Bind]:
    """An input may lie inside the output folder, and must be put there after it."""
    return sorted(binds, key=lambda bind: bind.target.count("/"))
