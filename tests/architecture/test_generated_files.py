"""What is generated from the code says what the code says: `make docs` writes it, these tests compare."""

import pytest

from scripts import draw_house
from scripts.draw_house import House, allowed, page, room_of, survey, svg
from scripts.generate import GENERATED
from scripts.source import REPOSITORY


@pytest.mark.parametrize("name", GENERATED)
def test_a_generated_file_is_up_to_date(name: str) -> None:
    path = REPOSITORY / name
    assert path.exists(), f"{name} was never written: run `make docs`"
    assert path.read_text(encoding="utf-8") == GENERATED[name](), f"{name} is stale: run `make docs`"


def test_the_house_as_built_is_the_house_as_planned() -> None:
    assert survey().against_the_plan() == ()


@pytest.mark.parametrize(
    ("importer", "imported", "may"),
    [
        ("tre.service", "tre.custody", True),
        ("tre.custody", "job_specs", True),
        ("job_specs", "job_specs.sql", True),
        ("tre.custody", "tre.records", False),
        ("tre.data", "tre.records", False),
        ("tre.web.outside", "tre.web.inside", False),
        ("sandboxes", "job_specs", False),
        ("output_checks", "tre.custody", False),
    ],
)
def test_the_plan_is_read_from_top_to_bottom(importer: str, imported: str, *, may: bool) -> None:
    assert allowed(importer, imported) is may


def test_an_import_against_the_plan_is_drawn_in_red_and_named() -> None:
    rooms = frozenset(draw_house.ROOMS)
    house = House(rooms, edges=frozenset({("tre.custody", "tre.records")}), doors=frozenset())
    assert 'class="wrong"' in svg(house)
    assert "`tre.custody` -> `tre.records`" in page(house)


def test_a_room_that_is_only_planned_is_not_drawn_as_built() -> None:
    house = House(frozenset({"tre.custody"}), edges=frozenset(), doors=frozenset())
    assert svg(house).count("(planned)") == len(draw_house.ROOMS) - 1


@pytest.mark.parametrize(
    ("module", "room"),
    [
        ("job_specs.sql.guard", "job_specs.sql"),
        ("job_specs.parse", "job_specs"),
        ("tre.web.sessions", "tre.web"),
        ("tre", None),
        ("tre.cellar", None),
    ],
)
def test_a_module_belongs_to_the_longest_room_it_is_in(module: str, room: str | None) -> None:
    assert room_of(module) == room
