"""The catalogue of hostile cases is whole, and what it says is tested is tested."""

import re
import tomllib
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
CASES = tomllib.loads((Path(__file__).parent / "catalogue.toml").read_text(encoding="utf-8"))["case"]


def test_the_catalogue_has_every_case_once():
    assert [case["number"] for case in CASES] == list(range(1, 67))
    assert all(case["tests"] for case in CASES)


@pytest.mark.parametrize("named", sorted({test for case in CASES for test in case["tests"]}))
def test_a_case_names_a_test_that_exists(named):
    file, test = named.split("::")
    text = (REPOSITORY / file).read_text(encoding="utf-8")
    assert re.search(rf"^(?:    )?def {test}\(", text, re.MULTILINE)


def test_every_hostile_program_is_run_by_a_test():
    folder = Path(__file__).parent
    texts = "".join(
        path.read_text(encoding="utf-8") for path in (*folder.glob("test_*.py"), folder / "walls.toml")
    )
    programs = {path.stem for path in (folder / "programs").glob("*.py")} - {"attempt"}
    assert {name for name in programs if f'"{name}"' not in texts} == set()
