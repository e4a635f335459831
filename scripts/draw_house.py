"""Draws the house from the real import graph: `docs/house.svg` and the table in `docs/house.md`.

The plan (which rooms there are and on which floor) is written here as data; the edges are not: they are read from the
code. It refuses to draw a room that is not on the plan, so that a new one is placed before it is built.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

import grimp

from scripts.source import PACKAGES


@dataclass(frozen=True)
class Room:
    """A module or package that the plan names, and what it is for."""

    name: str
    purpose: str


FLOORS: tuple[tuple[Room, ...], ...] = (
    (Room("tre.main", "the only wiring, the only clock"),),
    (
        Room("tre.web.outside", "face: researchers, approvers, public"),
        Room("tre.web.inside", "face: checkers, maintainers"),
        Room("tre.cli", "face: the command line"),
        Room("tre.health", "the maintainers' jobs"),
    ),
    (Room("tre.web", "what both faces share"),),
    (Room("tre.worker", "the loop"), Room("tre.views", "what a person may see")),
    (Room("tre.service", "one method per verb"),),
    (
        Room("tre.dispatch", "how an action reaches a sandbox"),
        Room("tre.data", "where patients are"),
        Room("tre.records", "what is kept"),
    ),
    (Room("tre.custody", "the pure core"),),
    (
        Room("job_specs", "what a researcher writes"),
        Room("job_specs.sql", "what a query may say"),
        Room("sandboxes", "how untrusted code is run"),
        Room("output_checks", "what may leave"),
    ),
)
DOORS = (
    "docker",
    "sqlalchemy",
    "sqlite3",
    "duckdb",
    "sqlglot",
    "jinja2",
    "yaml",
    "typer",
    "litestar",
    "cryptography",
    "subprocess",
)
ROOMS = {room.name: floor for floor, rooms in enumerate(FLOORS) for room in rooms}


@dataclass(frozen=True)
class House:
    """What stands: the rooms that exist, who imports whom, and which rooms use which door to the outside.

    Attributes:
        built: rooms of the plan for which there is code.
        edges: pairs (importer, imported) of different rooms.
        doors: pairs (room, third-party or system module).
    """

    built: frozenset[str]
    edges: frozenset[tuple[str, str]]
    doors: frozenset[tuple[str, str]]

    def against_the_plan(self) -> tuple[tuple[str, str], ...]:
        """Edges that do not go down, or that leave a leaf; a room may always look into its own cupboard."""
        return tuple(sorted(edge for edge in self.edges if not allowed(*edge)))


def allowed(importer: str, imported: str) -> bool:
    """Whether the plan lets one room import another."""
    top = importer.partition(".")[0]
    if top == imported.partition(".")[0] != "tre":
        return True
    return ROOMS[importer] < ROOMS[imported]


def room_of(module: str) -> str | None:
    """The room that a module belongs to: the longest name on the plan that it starts with."""
    parts = module.split(".")
    names = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
    return next((name for name in names if name in ROOMS), None)


def survey() -> House:
    """Read the import graph.

    Raises:
        ValueError: for a module of the four packages that is in no room.
    """
    graph = grimp.build_graph(*PACKAGES, include_external_packages=True, cache_dir=None)
    inside = {name for name in graph.modules if name.split(".")[0] in PACKAGES}
    homeless = sorted(name for name in inside if room_of(name) is None and not is_hallway(name))
    if homeless:
        raise ValueError(f"put these on the plan in scripts/draw_house.py first: {', '.join(homeless)}")
    pairs = {
        (room_of(name), each) for name in inside for each in graph.find_modules_directly_imported_by(name)
    }
    edges = {(here, room_of(each)) for here, each in pairs if each in inside}
    return House(
        built=frozenset(room for room in map(room_of, inside) if room),
        edges=frozenset((here, there) for here, there in edges if here and there and here != there),
        doors=frozenset((here, each) for here, each in pairs if here and each in DOORS),
    )


def is_hallway(module: str) -> bool:
    """A package that holds rooms and is none itself."""
    return any(name.startswith(f"{module}.") for name in ROOMS)


# Drawing. Everything below turns a House into text and knows nothing else.

WIDTH, ROW, BOX_WIDTH, BOX_HEIGHT, TOP = 1180, 118, 250, 54, 40
STYLE = """
  .paper { fill: #ffffff } rect { fill-opacity: .82 }
  text { font: 13px sans-serif; fill: #1c2733 }
  .name { font-weight: bold } .small { font-size: 11px; fill: #51606e }
  .room { fill: #eef4fa; stroke: #35618e } .leaf { fill: #eef8ee; stroke: #3c7a44 } .core { fill: #fdf5e3; stroke: #a4791b }
  .plan { fill: none; stroke: #9aa7b3; stroke-dasharray: 5 4 }
  .edge { fill: none; stroke: #35618e; stroke-opacity: .38; stroke-width: 1.3 }
  .wrong { fill: none; stroke: #c1272d; stroke-width: 2.5 }
"""


def places() -> dict[str, tuple[float, float]]:
    """The upper left corner of each room's box."""
    corners: dict[str, tuple[float, float]] = {}
    for floor, rooms in enumerate(FLOORS):
        gap = (WIDTH - len(rooms) * BOX_WIDTH) / (len(rooms) + 1)
        for number, room in enumerate(rooms):
            corners[room.name] = (gap + number * (BOX_WIDTH + gap), TOP + floor * ROW)
    return corners


def svg(house: House) -> str:
    """The picture: floors from the wiring at the top to the leaves at the bottom."""
    height = TOP + len(FLOORS) * ROW
    wrong = set(house.against_the_plan())
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">',
        "<title>Who imports whom, drawn from the import graph</title>",
        f"<style>{STYLE}</style>",
        f'<rect class="paper" width="{WIDTH}" height="{height}"/>',
        *(line(edge, wrong=edge in wrong) for edge in sorted(house.edges)),
        *(box(room, house) for rooms in FLOORS for room in rooms),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def line(edge: tuple[str, str], *, wrong: bool) -> str:
    """One import: down from the bottom of the importer to the top of what it imports; sideways within a floor."""
    (x1, y1), (x2, y2) = (places()[room] for room in edge)
    style = "wrong" if wrong else "edge"
    if y1 == y2:
        side = BOX_WIDTH if x1 < x2 else 0
        start, end = x1 + side, x2 + BOX_WIDTH - side
        return f'<path class="{style}" d="M{start:.0f} {y1 + 27:.0f} L{end:.0f} {y2 + 27:.0f}"/>'
    middle, bottom, top = BOX_WIDTH / 2, y1 + BOX_HEIGHT, y2
    bend = (top - bottom) / 2
    curve = f"C{x1 + middle:.0f} {bottom + bend:.0f} {x2 + middle:.0f} {top - bend:.0f}"
    return f'<path class="{style}" d="M{x1 + middle:.0f} {bottom:.0f} {curve} {x2 + middle:.0f} {top:.0f}"/>'


def box(room: Room, house: House) -> str:
    """One room: dashed while it is only planned; the doors to the outside that it uses are under its name."""
    x, y = places()[room.name]
    doors = ", ".join(sorted(door for here, door in house.doors if here == room.name))
    shown = room.purpose if room.name in house.built else f"{room.purpose} (planned)"
    return "\n".join(
        (
            f'<rect class="{kind(room.name, house)}" x="{x:.0f}" y="{y:.0f}" width="{BOX_WIDTH}" height="{BOX_HEIGHT}" rx="5"/>',
            f'<text class="name" x="{x + 10:.0f}" y="{y + 18:.0f}">{escape(room.name)}</text>',
            f'<text class="small" x="{x + 10:.0f}" y="{y + 33:.0f}">{escape(shown)}</text>',
            f'<text class="small" x="{x + 10:.0f}" y="{y + 47:.0f}">{escape(doors)}</text>',
        )
    )


def kind(room: str, house: House) -> str:
    """How a room is painted."""
    if room not in house.built:
        return "plan"
    if room == "tre.custody":
        return "core"
    return "room" if room.startswith("tre.") else "leaf"


def page(house: House) -> str:
    """The page that holds the picture, and the same as a table for those who cannot see it."""
    wrong = house.against_the_plan()
    verdict = (
        "Every import goes down: the picture and the plan agree."
        if not wrong
        else "These imports are against the plan: " + ", ".join(f"`{a}` -> `{b}`" for a, b in wrong) + "."
    )
    return "\n".join((*PREFACE, verdict, "", *table(house), ""))


PREFACE = (
    "# The house",
    "",
    "<!-- Generated by `make docs` from the import graph; `make check` compares. Do not edit by hand. -->",
    "",
    "![Who imports whom: the wiring at the top, the faces, the service, what is kept, the pure core, the three leaves](house.svg)",
    "",
    "Each line is at least one real `import`, read from the code; each box a room of the plan. A dashed box is planned and not",
    "built. Under a room's name are the outside doors it uses. The walls are import contracts in `pyproject.toml`, and the",
    "doors are held by `tests/architecture/test_doors.py`.",
    "",
)


def table(house: House) -> Iterator[str]:
    """One row for each room."""
    yield "| room | for | imports | outside doors |"
    yield "|---|---|---|---|"
    for room in (room for rooms in FLOORS for room in rooms):
        if room.name not in house.built:
            yield f"| {room.name} | {room.purpose} | planned | |"
            continue
        below = sorted(there for here, there in house.edges if here == room.name)
        doors = sorted(door for here, door in house.doors if here == room.name)
        yield f"| `{room.name}` | {room.purpose} | {ticked(below)} | {ticked(doors)} |"


def ticked(names: list[str]) -> str:
    """Names as code, in a row."""
    return " ".join(f"`{name}`" for name in names)
