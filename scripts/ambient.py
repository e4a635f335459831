"""Finds where a program asks the machine for the time, for chance or for a new name, instead of being told."""

import ast
from collections.abc import Iterator

TIME_OF_DAY = frozenset(
    {
        "datetime.date.today",
        "datetime.datetime.now",
        "datetime.datetime.today",
        "datetime.datetime.utcnow",
        "time.ctime",
        "time.gmtime",
        "time.localtime",
        "time.time",
        "time.time_ns",
    }
)
CHANCE = frozenset({"os.getrandom", "os.urandom", "uuid.uuid1", "uuid.uuid4"})
CHANCE_MODULES = frozenset({"random", "secrets"})
ELAPSED = frozenset({"time.monotonic", "time.monotonic_ns", "time.perf_counter", "time.sleep"})


def ambient_uses(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and full name of each use of the time of day or of chance, whatever name it was imported under."""
    return (
        (line, name)
        for line, name in names_used(tree)
        if name in TIME_OF_DAY | CHANCE or name.split(".")[0] in CHANCE_MODULES
    )


def elapsed_uses(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and full name of each use of a stop-watch."""
    return ((line, name) for line, name in names_used(tree) if name in ELAPSED)


def names_used(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Every imported thing that a module names, by its full dotted name."""
    imported = dict(imports(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Name | ast.Attribute):
            name = dotted(node, imported)
            if name:
                yield node.lineno, name
        elif isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def imports(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """What each imported name stands for."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.split(".")[0]
                yield (alias.asname, alias.name) if alias.asname else (top, top)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                yield alias.asname or alias.name, f"{node.module}.{alias.name}"


def dotted(node: ast.expr, imported: dict[str, str]) -> str:
    """The full name behind an expression like ``dt.datetime.now``; empty when it does not start at an import."""
    if isinstance(node, ast.Name):
        return imported.get(node.id, "")
    if isinstance(node, ast.Attribute):
        before = dotted(node.value, imported)
        return f"{before}.{node.attr}" if before else ""
    return ""
