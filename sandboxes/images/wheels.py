"""Python packages for an image, from wheels whose hashes are pinned in requirements/images.txt.

It refuses anything unpinned, anything that would have to be compiled, and to let a package run code at build time:
wheels are unpacked by this module, which runs nothing of them and writes nothing of this host beside them (an installer
would: programs that begin with its own path, and their digests in the package's record). Byte-code is compiled by the
image's own Python, checked by nobody's clock.
"""

import hashlib
import platform
import re
import sys
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

from sandboxes.images import commands, recipe
from sandboxes.images.errors import ImageError

_BLOCK = re.compile(
    r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s\\]+)(?P<rest>(?:[ \t]*\\\n[ \t]+--hash=\S+)+)",
    re.MULTILINE,
)
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
_FIX = "Check that pip works, then run this again; the pins are in requirements/images.txt."
_IMPORTED = ("purelib", "platlib")
"""The parts of a wheel's data folder that are imported; programs, headers and manuals are left out."""
_EXECUTABLE = 0o111


def pins(requirements: Path) -> Mapping[str, str]:
    """Package name to its whole requirement, hashes included. Raises ImageError for a line that is not pinned."""
    text = requirements.read_text(encoding="utf-8")
    found = {match["name"].lower(): match[0] for match in _BLOCK.finditer(text)}
    lines = [line for line in _BLOCK.sub("", text).splitlines() if line.strip() and not line.startswith("#")]
    if lines or not found:
        raise ImageError(
            "unpinned", f"{requirements.name} has a line that is not pinned by hash.", "Pin every line."
        )
    return found


def download(requirements: Path, into: Path) -> None:
    """Fetches every pinned wheel for the image's Python, by the host's pip and its own configuration."""
    argv = (
        sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--require-hashes",
        "--no-deps", "--only-binary", ":all:", *_target_python(), "--dest", str(into), "--requirement",
        str(requirements),
    )  # fmt: skip
    commands.run(argv, fix=_FIX)


def install(chosen: Sequence[str], *, wheels: Path, tree: Path) -> None:
    """Unpacks the chosen requirements into the tree and compiles them with the tree's own Python. Raises ImageError."""
    site = tree / recipe.SITE
    here = {_digest(path): path for path in sorted(wheels.glob("*.whl"))}
    for requirement in chosen:
        unpack(_pinned(requirement, here), site)
    if chosen:
        compile_all(tree, f"/{recipe.SITE}")


def unpack(wheel: Path, site: Path) -> None:
    """Writes what a wheel has to import into `site`; the same wheel gives the same files everywhere."""
    with zipfile.ZipFile(wheel) as packed:
        for member, place in _places(packed):
            path = site / place
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(packed.read(member))
            path.chmod(0o755 if (member.external_attr >> 16) & _EXECUTABLE else 0o644)


def _places(packed: zipfile.ZipFile) -> Iterator[tuple[zipfile.ZipInfo, PurePosixPath]]:
    """Each file of a wheel that is kept, and where it belongs beneath the packages' folder."""
    for member in packed.infolist():
        parts = PurePosixPath(member.filename).parts
        if member.is_dir() or recipe.UNUSED & set(parts[:-1]):
            continue
        if parts[0] == "/" or ".." in parts:
            raise ImageError("bad-wheel", "A wheel holds a name that leads out of it.", "Do not use it.")
        if not parts[0].endswith(".data"):
            yield member, PurePosixPath(*parts)
        elif parts[1] in _IMPORTED:
            yield member, PurePosixPath(*parts[2:])


def _pinned(requirement: str, here: Mapping[str, Path]) -> Path:
    found = [here[digest] for digest in _HASH.findall(requirement) if digest in here]
    if not found:
        name = requirement.split("=", 1)[0]
        raise ImageError("no-wheel", f"No file of `{name}` has a pinned digest.", _FIX)
    return found[0]


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def compile_all(tree: Path, folder: str) -> None:
    """Writes byte-code that is valid by the source's hash, never by its time (an image's times are a constant).

    Nothing of this host's environment reaches the compiler, and it works alone and in order: what it writes depends on
    what it has compiled before.
    """
    argv = (
        "chroot", str(tree), "/usr/bin/env", "-i", "LC_ALL=C.UTF-8", "PYTHONHASHSEED=0", "PATH=/usr/bin",
        "/usr/bin/python3", "-s", "-P", "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", folder,
    )  # fmt: skip
    commands.run(argv, fix="The tree's Python does not start; build again with --fresh.")


def versions(chosen: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Name and version of each requirement, sorted."""
    matches = (_BLOCK.match(one) for one in chosen)
    return tuple(sorted((match["name"], match["version"]) for match in matches if match))


def _target_python() -> tuple[str, ...]:
    machine = platform.machine()
    platforms = [f"manylinux_2_{minor}_{machine}" for minor in range(recipe.GLIBC, 16, -1)]
    options = ["--python-version", recipe.PYTHON, "--implementation", "cp"]
    for abi in (f"cp{recipe.PYTHON.replace('.', '')}", "abi3", "none"):
        options += ["--abi", abi]
    for name in (*platforms, f"manylinux2014_{machine}"):
        options += ["--platform", name]
    return tuple(options)
