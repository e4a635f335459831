"""Python packages for an image, from wheels whose hashes are pinned in requirements/images.txt.

It refuses anything unpinned, anything that would have to be compiled, and to let a package run code at build time:
wheels are unpacked, not executed. Byte-code is compiled by the image's own Python, checked by nobody's clock.
"""

import platform
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from sandboxes.images import commands, recipe
from sandboxes.images.errors import ImageError

_BLOCK = re.compile(
    r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s\\]+)(?P<rest>(?:[ \t]*\\\n[ \t]+--hash=\S+)+)",
    re.MULTILINE,
)
_FIX = "Check that pip works, then run this again; the pins are in requirements/images.txt."


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
    commands.run(
        (*_pip("download"), *_target_python(), "--dest", str(into), "--requirement", str(requirements)),
        fix=_FIX,
    )


def install(chosen: Sequence[str], *, wheels: Path, tree: Path, scratch: Path) -> None:
    """Unpacks the chosen requirements into the tree and compiles them with the tree's own Python."""
    scratch.write_text("\n".join(chosen) + "\n", encoding="utf-8")
    site = tree / recipe.SITE
    argv = (
        *_pip("install"), *_target_python(), "--no-index", "--find-links", str(wheels), "--no-compile",
        "--upgrade", "--target", str(site), "--requirement", str(scratch),
    )  # fmt: skip
    commands.run(argv, fix=_FIX)
    for script_folder in sorted(site.glob("bin")):
        for script in sorted(script_folder.iterdir()):
            script.unlink()
        script_folder.rmdir()
    compile_all(tree, f"/{recipe.SITE}")


def compile_all(tree: Path, folder: str) -> None:
    """Writes byte-code that is valid by the source's hash, never by its time (an image's times are a constant)."""
    argv = (
        "chroot", str(tree), "/usr/bin/python3", "-I", "-m", "compileall", "-q",
        "--invalidation-mode", "unchecked-hash", folder,
    )  # fmt: skip
    commands.run(
        argv, fix="The tree's Python does not start; build again with --fresh.", extra={"PYTHONHASHSEED": "0"}
    )


def versions(chosen: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Name and version of each requirement, sorted."""
    matches = (_BLOCK.match(one) for one in chosen)
    return tuple(sorted((match["name"], match["version"]) for match in matches if match))


def _pip(verb: str) -> tuple[str, ...]:
    return (
        sys.executable, "-m", "pip", verb, "--quiet", "--disable-pip-version-check", "--require-hashes", "--no-deps",
        "--only-binary", ":all:",
    )  # fmt: skip


def _target_python() -> tuple[str, ...]:
    machine = platform.machine()
    platforms = [f"manylinux_2_{minor}_{machine}" for minor in range(recipe.GLIBC, 16, -1)]
    options = ["--python-version", recipe.PYTHON, "--implementation", "cp"]
    for abi in (f"cp{recipe.PYTHON.replace('.', '')}", "abi3", "none"):
        options += ["--abi", abi]
    for name in (*platforms, f"manylinux2014_{machine}"):
        options += ["--platform", name]
    return tuple(options)
