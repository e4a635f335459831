"""Coverage-guided fuzzing of the spec parser: no input makes anything but a JobSpec or a SpecError.

    python -m venv /tmp/fuzz && /tmp/fuzz/bin/pip install --require-hashes -r requirements/fuzz.txt
    /tmp/fuzz/bin/python -m fuzz.specs -max_total_time=3600 -max_len=4096 CORPUS_FOLDER [SEED_FOLDER…]

Refuses to hide a finding: anything else that is raised ends the run, with the input kept beside it.
"""

import sys

import atheris

with atheris.instrument_imports(include=["job_specs"]):
    from job_specs.errors import SpecError
    from job_specs.model import SqlBody
    from job_specs.parse import parse
    from job_specs.plan import plan
    from job_specs.render import render


def one_input(untrusted: bytes) -> None:
    """Parse, plan and render whatever the bytes say."""
    try:
        spec = parse(untrusted)
        plan(spec)
        for action in spec.actions:
            if isinstance(action.body, SqlBody) and action.body.text is not None:
                render(action.body.text, parameters=spec.parameters_of(action), codelists={})
    except SpecError as refused:
        _must_be_told_well(refused)


def _must_be_told_well(refused: SpecError) -> None:
    for problem in refused.problems:
        if (
            not (problem.code and problem.rule and problem.fix)
            or problem.where.line < 1
            or problem.where.column < 1
        ):
            raise AssertionError("a refusal without a rule, a fix or a place")
    str(refused).encode("utf-8")


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
