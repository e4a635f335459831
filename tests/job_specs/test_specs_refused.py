"""Every rule has a spec that breaks it, and is refused for exactly that reason."""

from pathlib import Path

import pytest

from job_specs import reading
from job_specs.complaints import MOST
from job_specs.errors import SpecError
from job_specs.parse import parse
from job_specs.plan import plan
from job_specs.rules import RULES
from job_specs.tools import check

ROOT = Path(__file__).parents[2] / "job_specs" / "refused"
SPECS = sorted([*ROOT.glob("*.yaml"), *ROOT.glob("*/project.yaml")])
GENERATED = {"too-large", "too-many-parts"}
"""Files of megabytes are written by the tests below, not kept."""


def header(spec: Path, key: str) -> str | None:
    lines = spec.read_bytes().decode("utf-8", "replace").splitlines()[:2]
    marker = f"# {key}: "
    return next((line.removeprefix(marker) for line in lines if line.startswith(marker)), None)


def name_of(spec: Path) -> str:
    return spec.parent.name if spec.name == "project.yaml" else spec.stem


def read_and_plan(spec: Path) -> None:
    plan(check(spec).spec, [header(spec, "request") or "run_all"])


@pytest.mark.parametrize("spec", SPECS, ids=name_of)
def test_a_spec_that_breaks_a_rule_is_refused_for_that_reason_only(spec):
    with pytest.raises(SpecError) as caught:
        read_and_plan(spec)
    codes = {problem.code for problem in caught.value.problems}
    assert codes == {header(spec, "must cause")}


@pytest.mark.parametrize("spec", SPECS, ids=name_of)
def test_every_problem_says_where_and_how_to_mend_it(spec):
    with pytest.raises(SpecError) as caught:
        read_and_plan(spec)
    for problem in caught.value.problems:
        assert problem.rule == RULES[problem.code]
        assert problem.fix.endswith(".")
        assert problem.fix[0].isupper()
        assert problem.where.line >= 1
        assert problem.text.isprintable()


def test_every_rule_of_the_catalogue_has_a_spec_that_breaks_it():
    shown = {header(spec, "must cause") for spec in SPECS}
    assert shown | GENERATED == set(RULES)


def test_a_file_of_more_than_four_mebibytes_is_refused_before_it_is_parsed():
    with pytest.raises(SpecError) as caught:
        parse(b"#" * (reading.MAX_BYTES + 1))
    assert [problem.code for problem in caught.value.problems] == ["too-large"]


@pytest.mark.parametrize(
    "text",
    ["a: [" + "x," * 250_000 + "]", "a: &a [" + "x," * 1000 + "]\nb: [" + "*a," * 1000 + "]"],
    ids=["long list", "aliases of aliases"],
)
def test_a_file_of_too_many_parts_is_refused(text):
    with pytest.raises(SpecError) as caught:
        parse(text)
    assert [problem.code for problem in caught.value.problems] == ["too-many-parts"]


def test_a_file_with_thousands_of_faults_gets_a_bounded_report():
    with pytest.raises(SpecError) as caught:
        parse("\n".join(f"key_{n}: 1" for n in range(5_000)))
    assert len(caught.value.problems) == MOST
