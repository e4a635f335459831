"""No input makes anything but a spec or a SpecError: not bytes, not YAML, not nearly right specs."""

from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from job_specs import vocabulary
from job_specs.errors import SpecError
from job_specs.model import JobSpec
from job_specs.parse import parse
from job_specs.plan import plan

JOB_SPECS = Path(__file__).parents[2] / "job_specs"
SEEDS = [
    path.read_bytes() for path in sorted(JOB_SPECS.glob("*/*.yaml")) + sorted(JOB_SPECS.glob("*/*/*.yaml"))
]

KEYS = sorted(
    {
        *vocabulary.PROJECT, *vocabulary.ACTION, *vocabulary.OUTPUT, *vocabulary.SENSITIVITIES,
        *vocabulary.CODELIST, *vocabulary.RESOURCES, *vocabulary.SQL, "a", "{x}", "<<", "2017", "run_all",
    }
)  # fmt: skip
WORDS = [
    *vocabulary.PURPOSES, *vocabulary.KINDS, *vocabulary.ROLES, "5.0", "3", "python:v2 a.py", "ehrql:v1",
    "ehrql:v1 generate-dataset a --output output/a.csv", "output/*.csv", "../a.csv", "a.sql", "SELECT 1", "{x}",
    "4GB", "1h", "'", '"', "\\", "", "a", "b", "true", "1e9", "-1", ".nan", "1" * 30, "2021-02-30",
]  # fmt: skip


def outcome(text: bytes | str) -> JobSpec | SpecError:
    """What came of the text; any other exception is the test's failure."""
    try:
        spec = parse(text)
    except SpecError as refusal:
        told = refusal
    else:
        plan(spec)
        return spec
    assert told.problems
    assert all(problem.text.isprintable() and problem.fix for problem in told.problems)
    assert str(told)
    return told


@given(st.binary(max_size=200) | st.text(max_size=200))
def test_any_bytes_and_any_text(text):
    outcome(text)


@given(st.text(":-?[]{},&*!|>'\"%@`#~ \n\t0aé\u202e\x00$<", max_size=120))
def test_any_yaml(text):
    outcome(text)


scalars = st.sampled_from(WORDS) | st.integers() | st.floats() | st.booleans() | st.none() | st.dates()
trees = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS) | scalars, inner, max_size=5)
    ),
    max_leaves=30,
)
actions = st.dictionaries(st.sampled_from(sorted(vocabulary.ACTION)), trees, max_size=5)
projects = st.fixed_dictionaries(
    {"version": scalars, "actions": st.dictionaries(scalars, trees | actions, max_size=4)},
    optional={name: trees for name in vocabulary.PROJECT if name not in {"version", "actions"}},
)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(projects)
def test_any_tree_of_the_words_that_specs_use(tree):
    outcome(yaml.safe_dump(tree, allow_unicode=True))


@settings(max_examples=300)
@given(st.sampled_from(SEEDS), st.data())
def test_any_spec_that_was_cut_joined_or_scribbled_on(seed, data):
    start = data.draw(st.integers(0, len(seed)))
    end = data.draw(st.integers(start, len(seed)))
    other = data.draw(st.sampled_from(SEEDS))
    put = data.draw(
        st.binary(max_size=6)
        | st.sampled_from(
            [b"\n", b"  ", b": ", b"- ", b"*", b"&a ", b"{", b"}", b"[", b"]", b"'", b'"', b"../"]
        )
        | st.just(other[len(other) // 3 : len(other) // 2])
    )
    outcome(seed[:start] + put + seed[end:])


HARD = {
    "a long line of openings": "a: " + "[" * 100_000,
    "a long run of dashes": "- " * 100_000,
    "deep mappings": "".join(" " * n + "a:\n" for n in range(400)),
    "deep mappings on one line": "{a: " * 50_000,
    "questions": "? " * 100_000,
    "aliases of aliases": "".join(f"a{n}: &a{n} [{f'*a{n - 1}, ' * 9 if n else ''}]\n" for n in range(9)),
    "an alias inside itself": "a: &a {b: *a}",
    "a merge of itself": "a: &a\n  <<: *a\n",
    "a huge number": "version: " + "9" * 100_000,
    "a huge anchor": "a: &" + "b" * 100_000 + " 1",
    "many keys": "\n".join(f"k{n}: 1" for n in range(30_000)),
    "many wildcards": "version: 5\nactions:\n"
    + "".join(
        f"  a{n}: {{run: 'r:v2 {n}', outputs: "
        f"{{{'high' if n % 2 else 'moderate'}ly_sensitive: {{a: 'output/*{n % 10}*{'a*' * 90}.csv'}}}}}}\n"
        for n in range(800)
    ),
    "many outputs of one action": "version: 5\nactions: {a: {run: 'r:v2 a', outputs: {highly_sensitive: {"
    + ", ".join(f"a{n}: output/{n}*x*.csv" for n in range(3_000))
    + "}}}}",
    "very many outputs of one action": "version: 5\nactions: {a: {run: 'r:v2 a', outputs: {highly_sensitive: {"
    + ", ".join(f"a{n}: output/{n}.csv" for n in range(30_000))
    + "}, moderately_sensitive: {"
    + ", ".join(f"b{n}: output/{n}x.csv" for n in range(30_000))
    + "}}}}",
    "many unknown needs": "version: 5\nactions:\n"
    + "".join(
        f"  action_number_{n}: {{run: 'r:v2 {n}', needs: [action_nubmer_{n}x], "
        f"outputs: {{highly_sensitive: {{a: output/{n}.csv}}}}}}\n"
        for n in range(3_000)
    ),
    "a knot of cycles": "version: 5\nactions:\n"
    + "".join(
        f"  a{n}: {{run: 'r:v2 {n}', needs: [{', '.join(f'a{(n * k + 1) % 150}' for k in range(1, 60))}], "
        f"outputs: {{highly_sensitive: {{a: output/{n}.csv}}}}}}\n"
        for n in range(150)
    ),
}


@pytest.mark.parametrize("text", HARD.values(), ids=HARD.keys())
def test_an_input_made_to_exhaust_the_parser_is_judged_quickly(text, hurry):
    with hurry(seconds=10):
        outcome(text)
