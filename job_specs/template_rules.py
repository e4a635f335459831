"""What a template may be made of: a short list of Jinja's parts.

Refuses everything that can define, import, assign, multiply or reach an attribute, and loops within loops within
loops, so that what a template can do is bounded by its own length and its lists.
"""

from __future__ import annotations

from collections.abc import Iterator

from jinja2 import nodes

from job_specs.errors import SpecError, Where, problem

MOST_CHARACTERS = 1_000_000
MOST_LOOPS = 2

_ALLOWED = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.Name,
    nodes.Const,
    nodes.Getattr,
    nodes.Getitem,
    nodes.Call,
    nodes.Keyword,
    nodes.Filter,
    nodes.Test,
    nodes.If,
    nodes.For,
    nodes.CondExpr,
    nodes.Compare,
    nodes.Operand,
    nodes.And,
    nodes.Or,
    nodes.Not,
    nodes.Add,
    nodes.Sub,
    nodes.Neg,
    nodes.List,
)
_OPEN_OBJECTS = frozenset({"parameters", "loop"})


def check_template(template: nodes.Template, file: str) -> None:
    """Raise SpecError for every part of the template that is not on the list."""
    problems = []
    for node, loops in _walk(template, 0):
        line = max(node.lineno or 1, 1)
        if not isinstance(node, _ALLOWED):
            fix = "Use only {{ … }}, {% if %} and {% for %} with parameters, codelist() and macros."
            problems.append(problem("template-syntax", Where(file, line, 1), type(node).__name__, fix))
        elif loops > MOST_LOOPS:
            fix = "Nest at most two loops."
            problems.append(problem("template-limit", Where(file, line, 1), "", fix))
        elif isinstance(node, nodes.Getattr) and not _is_open(node.node):
            fix = "Write parameters.name; nothing else has attributes."
            problems.append(problem("template-name", Where(file, line, 1), node.attr, fix))
    if problems:
        raise SpecError(problems[:20])


def _is_open(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Name) and node.name in _OPEN_OBJECTS


def _walk(node: nodes.Node, loops: int) -> Iterator[tuple[nodes.Node, int]]:
    yield node, loops
    inner = loops + 1 if isinstance(node, nodes.For) else loops
    for child in node.iter_child_nodes():
        yield from _walk(child, inner)
