"""Public OpenSAFELY projects are judged as their own platform judges them, and each refusal is located."""

from pathlib import Path

import pytest

from job_specs.errors import SpecError
from job_specs.parse import parse
from job_specs.plan import plan

SAMPLES = Path(__file__).parents[3] / "shared" / "samples" / "projects"
REFUSED = {
    "AdlingtonK__OpenSafelySWMHProject": ("misplaced", 13, "describe"),
    "ckd-healthcare-use": ("number-name", 16, "2017"),
    "highcostdrugs-research": ("output-extension", 20, "output/*"),
    "pincer-measures": ("output-extension", 210, "output/numerator_*_distribution*"),
}
PROJECTS = sorted(SAMPLES.glob("*.yaml"))

pytestmark = pytest.mark.skipif(
    not SAMPLES.exists(), reason="the folder of sample projects is not beside this checkout"
)


@pytest.mark.parametrize("path", [p for p in PROJECTS if p.stem not in REFUSED], ids=lambda path: path.stem)
def test_a_project_that_opensafely_accepts_is_accepted_and_planned(path):
    spec = parse(path.read_bytes(), file=path.name)
    ordered = plan(spec)
    done: set[str] = set()
    for name in ordered.order:
        assert done.issuperset(ordered.needs[name])
        done.add(name)
    assert done == {action.name for action in spec.actions}


@pytest.mark.parametrize("path", [p for p in PROJECTS if p.stem in REFUSED], ids=lambda path: path.stem)
def test_a_project_that_opensafely_refuses_is_refused_at_the_fault(path):
    with pytest.raises(SpecError) as caught:
        parse(path.read_bytes(), file=path.name)
    code, line, text = REFUSED[path.stem]
    problems = caught.value.problems
    assert {problem.code for problem in problems} == {code}
    assert (line, text) in {(problem.where.line, problem.text) for problem in problems}
    assert all(problem.where.file == path.name for problem in problems)


def test_the_largest_project_has_2191_actions_and_the_deepest_57_links():
    largest = parse((SAMPLES / "disparities-comparison.yaml").read_bytes())
    assert len(largest.actions) == 2191
    deepest = plan(parse((SAMPLES / "booster-effectiveness-autumn-2022.yaml").read_bytes()))
    depth: dict[str, int] = {}
    for name in deepest.order:
        depth[name] = 1 + max((depth[need] for need in deepest.needs[name]), default=0)
    assert max(depth.values()) == 57
