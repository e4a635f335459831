"""The walls that an import contract cannot hold yet, or cannot hold at all; the rest are contracts in pyproject.toml."""

import ast
import tomllib
from dataclasses import dataclass

import grimp
import pytest

from scripts.source import PACKAGES, REPOSITORY, product_modules


@dataclass(frozen=True)
class Door:
    """A module, and the only ones that may import it directly; a name ending in ``.`` means everything below."""

    to: str
    through: tuple[str, ...]
    why: str

    def admits(self, importer: str) -> bool:
        return any(
            importer == name or (name.endswith(".") and importer.startswith(name)) for name in self.through
        )


DOORS = (
    Door("docker", ("sandboxes.docker",), "one file to read to know what the engine is asked for"),
    Door("sqlalchemy", ("tre.records.",), "the ledger is the only write"),
    Door("sqlite3", ("tre.records.",), "as sqlalchemy"),
    Door("duckdb", ("tre.data.", "job_specs.sql.", "output_checks."), "the rooms that read tables"),
    Door("pyarrow", ("tre.data.",), "extracts are written and read in one room"),
    Door(
        "subprocess",
        ("sandboxes.", "tre.dispatch.commit"),
        "other programs run in a sandbox or build one; git fetches in one place",
    ),
    Door(
        "tre.data.pseudonyms",
        ("tre.data.ingest", "tre.data.extract", "tre.data.keys"),
        "who holds which pseudonym is known to three modules [P2]",
    ),
)


@dataclass(frozen=True)
class Wall:
    """Two sides that never reach each other, through any chain of imports."""

    never: str
    reaches: str
    why: str


WALLS = (
    Wall("tre.web.outside", "tre.web.inside", "the two faces become two buildings"),
    Wall("tre.web.inside", "tre.web.outside", "the two faces become two buildings"),
    Wall(
        "tre.web.outside", "tre.records.vault.quarantine", "nothing outside reads what is not signed off [P1]"
    ),
)


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph(*PACKAGES, include_external_packages=True, cache_dir=None)


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.to)
def test_a_door_is_the_only_way_in(graph: grimp.ImportGraph, door: Door) -> None:
    importers = graph.find_modules_that_directly_import(door.to) if door.to in graph.modules else set()
    trespassers = sorted(name for name in importers if not door.admits(name))
    assert not trespassers, f"{', '.join(trespassers)} may not import {door.to}: {door.why}"


@pytest.mark.parametrize("wall", WALLS, ids=lambda wall: f"{wall.never}-{wall.reaches}")
def test_a_wall_has_no_way_round(graph: grimp.ImportGraph, wall: Wall) -> None:
    if {wall.never, wall.reaches} <= graph.modules:
        chain = graph.find_shortest_chain(wall.never, wall.reaches, as_packages=True)
        assert chain is None, f"{' -> '.join(chain)}: {wall.why}"


def test_no_import_hides_inside_a_string() -> None:
    hidden = [
        f"{module.path}:{node.lineno}"
        for module in product_modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and called(node) in {"import_module", "__import__", "exec", "eval"}
    ]
    assert not hidden, "the contracts cannot see these: " + ", ".join(hidden)


def called(call: ast.Call) -> str:
    match call.func:
        case ast.Name(id=name):
            return name
        case ast.Attribute(attr="import_module"):
            return "import_module"
        case _:
            return ""


def test_the_contracts_cover_all_four_packages_and_place_every_room_of_tre() -> None:
    settings = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["tool"][
        "importlinter"
    ]
    layers = [contract for contract in settings["contracts"] if contract["type"] == "layers"]
    assert set(settings["root_packages"]) == set(PACKAGES)
    assert [contract["exhaustive"] for contract in layers if contract["containers"] == ["tre"]] == [True]


def test_a_door_is_not_a_wildcard_for_its_neighbours() -> None:
    door = Door("docker", ("sandboxes.docker", "tre.data."), "an example")
    assert [
        door.admits(each) for each in ("sandboxes.docker", "sandboxes.docker2", "tre.data.x", "tre.database")
    ] == [
        True,
        False,
        True,
        False,
    ]
