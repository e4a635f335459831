"""A spec's actions as a drawing: SVG text, the same for the same spec.

Columns are steps: an action stands one column right of the last thing it needs. Refuses to carry anything executable:
names are escaped, and the drawing has no script, no link and no style from elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from job_specs.model import Action, JobSpec, RunBody
from job_specs.plan import Plan, plan

WIDTH, HEIGHT = 210, 34
STEP, ROW, MARGIN = 270, 48, 16
LONGEST_LABEL = 30
_FILLS = {"aggregate": "#dcebdc", "extract": "#f6dede", "program": "#e4e8f4"}

Spot = tuple[int, int]


def svg(spec: JobSpec) -> str:
    """The whole spec: aggregates, extracts and programs told apart by colour, each with its full name as a title."""
    planned = plan(spec)
    spots = _spots(planned)
    actions = {action.name: action for action in spec.actions}
    width = max(x for x, _ in spots.values()) + WIDTH + MARGIN
    height = max(y for _, y in spots.values()) + HEIGHT + MARGIN
    lines = [_edge(spots[need], spots[name]) for name in planned.order for need in planned.needs[name]]
    boxes = [_box(actions[name], spots[name]) for name in planned.order]
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
        f'font-family="sans-serif" font-size="12"><title>{len(boxes)} actions</title>'
    )
    return "\n".join([head, *lines, *boxes, "</svg>", ""])


def _spots(planned: Plan) -> Mapping[str, Spot]:
    depth: dict[str, int] = {}
    taken: dict[int, int] = {}
    spots: dict[str, Spot] = {}
    for name in planned.order:
        column = 1 + max((depth[need] for need in planned.needs[name]), default=-1)
        row = taken.get(column, 0)
        depth[name], taken[column] = column, row + 1
        spots[name] = (MARGIN + column * STEP, MARGIN + row * ROW)
    return spots


def _edge(start: Spot, end: Spot) -> str:
    x1, y1, x2, y2 = start[0] + WIDTH, start[1] + HEIGHT // 2, end[0], end[1] + HEIGHT // 2
    middle = (x1 + x2) // 2
    path = f"M{x1} {y1} C{middle} {y1} {middle} {y2} {x2} {y2}"
    return f'<path d="{path}" fill="none" stroke="#889"/>'


def _box(action: Action, spot: Spot) -> str:
    x, y = spot
    label = action.name if len(action.name) <= LONGEST_LABEL else action.name[: LONGEST_LABEL - 1] + "…"
    written = ", ".join(f"{output.pattern} ({output.sensitivity})" for output in action.outputs)
    return (
        f"<g><title>{escape(action.name)}: {escape(written)}</title>"
        f'<rect x="{x}" y="{y}" width="{WIDTH}" height="{HEIGHT}" rx="5" fill="{_FILLS[_kind(action)]}" stroke="#556"/>'
        f'<text x="{x + 8}" y="{y + 21}">{escape(label)}</text></g>'
    )


def _kind(action: Action) -> str:
    if isinstance(action.body, RunBody):
        return "program"
    return "extract" if action.is_extract else "aggregate"
