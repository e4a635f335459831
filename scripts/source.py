"""The repository as data: its tracked files, and the product's modules as syntax trees. Refuses to read what git does not track."""

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
PACKAGES = ("job_specs", "sandboxes", "output_checks", "tre")


@dataclass(frozen=True)
class Module:
    """One Python file of the product: its dotted name, path within the repository, text and syntax tree."""

    name: str
    path: str
    text: str
    tree: ast.Module


@cache
def product_modules(root: Path = REPOSITORY) -> tuple[Module, ...]:
    """Every Python file of the four packages, by path; tests, scripts and benchmarks are not the product."""
    files = (path for package in PACKAGES for path in (root / package).rglob("*.py"))
    return tuple(read_module(path, root) for path in sorted(files))


def read_module(path: Path, root: Path = REPOSITORY) -> Module:
    """Read one file as a module.

    Raises:
        SyntaxError: when it is not Python.
    """
    text = path.read_text(encoding="utf-8")
    inside = path.relative_to(root)
    name = ".".join(inside.with_suffix("").parts).removesuffix(".__init__")
    return Module(name, inside.as_posix(), text, ast.parse(text, filename=inside.as_posix()))


def tracked_files(root: Path = REPOSITORY) -> tuple[Path, ...]:
    """Every file under version control that is there, links not followed."""
    listed = subprocess.run(
        ("git", "-C", str(root), "ls-files", "-z"), capture_output=True, check=True, text=True
    ).stdout
    paths = (root / name for name in listed.split("\0") if name)
    return tuple(path for path in paths if path.is_file() and not path.is_symlink())


def tracked_texts(root: Path = REPOSITORY) -> Iterator[tuple[str, str]]:
    """Path and text of every tracked file that is text."""
    for path in tracked_files(root):
        try:
            yield path.relative_to(root).as_posix(), path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
