"""Small things can be read, and what can be read can be checked: the size budget of the four packages."""

import ast
from collections.abc import Iterator, Sequence
from statistics import median
from textwrap import dedent

import pytest

from scripts.source import Module, product_modules

FUNCTION_MEDIAN, FUNCTION_P95, FUNCTION_CAP = 8, 35, 60
MODULE_MEDIAN, MODULE_P95, MODULE_CAP = 130, 400, 500
POSITIONAL_CAP = 4

Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(tree: ast.Module) -> Iterator[Function]:
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def body_lines(function: Function) -> int:
    """The lines a reader must follow: from the first statement after the docstring to the last."""
    statements = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return (statements[-1].end_lineno or 0) - statements[0].lineno + 1 if statements else 0


def positional(function: Function) -> int:
    names = [each.arg for each in (*function.args.posonlyargs, *function.args.args)]
    return len(names) - (names[:1] in (["self"], ["cls"]))


def p95(sizes: Sequence[int]) -> int:
    return sorted(sizes)[int(0.95 * (len(sizes) - 1))]


def sized_functions() -> dict[str, int]:
    return {
        f"{module.path}:{function.lineno} {function.name}": body_lines(function)
        for module in product_modules()
        for function in functions(module.tree)
    }


def sized_modules() -> dict[str, int]:
    return {module.path: len(module.text.splitlines()) for module in product_modules()}


def largest(sizes: dict[str, int], above: int) -> str:
    worst = sorted(sizes.items(), key=lambda item: -item[1])
    return "\n".join(f"  {size:4} {name}" for name, size in worst if size > above)


@pytest.mark.parametrize(
    ("sizes", "middle", "tail", "cap"),
    [
        pytest.param(sized_functions(), FUNCTION_MEDIAN, FUNCTION_P95, FUNCTION_CAP, id="function-bodies"),
        pytest.param(sized_modules(), MODULE_MEDIAN, MODULE_P95, MODULE_CAP, id="modules"),
    ],
)
def test_sizes_stay_within_the_budget(sizes: dict[str, int], middle: int, tail: int, cap: int) -> None:
    assert sizes, "nothing was measured"
    assert max(sizes.values()) <= cap, f"over the cap of {cap} lines:\n{largest(sizes, cap)}"
    assert p95([*sizes.values()]) <= tail, f"p95 is over {tail} lines; the tail:\n{largest(sizes, tail)}"
    assert median(sizes.values()) <= middle, f"the median is over {middle} lines"


def test_nobody_has_to_remember_the_order_of_five_arguments() -> None:
    crowded = [
        f"{module.path}:{function.lineno} {function.name} takes {positional(function)}"
        for module in product_modules()
        for function in functions(module.tree)
        if positional(function) > POSITIONAL_CAP
    ]
    assert not crowded, "make the rest keyword-only:\n" + "\n".join(crowded)


def test_every_module_opens_by_saying_what_it_does_and_what_it_refuses() -> None:
    silent = [module.path for module in product_modules() if not opens_with_words(module)]
    assert not silent, "these modules have no docstring: " + ", ".join(silent)


def opens_with_words(module: Module) -> bool:
    return bool(ast.get_docstring(module.tree))


@pytest.mark.parametrize(
    ("source", "lines", "arguments"),
    [
        ("def f(): pass", 1, 0),
        ('def f(a, b):\n    """Say."""', 0, 2),
        ('def f(a, /, b, *, c):\n    """Say."""\n    x = 1\n\n    return x', 3, 2),
        ("async def f(self, a):\n    await a(\n        1,\n    )", 3, 1),
    ],
)
def test_the_measure_itself_counts_what_a_reader_reads(source: str, lines: int, arguments: int) -> None:
    (function,) = functions(ast.parse(dedent(source)))
    assert (body_lines(function), positional(function)) == (lines, arguments)
