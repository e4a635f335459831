"""The editor's schema is the parser's own vocabulary, and never stricter than the parser."""

import json
import re
from pathlib import Path

import pytest
import yaml

from job_specs import schema, vocabulary
from job_specs.model import Purpose

JOB_SPECS = Path(__file__).parents[2] / "job_specs"
ACCEPTED = [JOB_SPECS / "examples/covid-tests/project.yaml", *sorted(JOB_SPECS.glob("health/*/project.yaml"))]
SAMPLES = Path(__file__).parents[3] / "shared" / "samples" / "projects"
PYTHON_TYPES = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": (int, float),
}


def faults(node, rule, root):
    """As much of JSON Schema as this schema uses; an unknown keyword is a failure of the test."""
    if "$ref" in rule:
        rule = root["$defs"][rule["$ref"].rpartition("/")[2]]
    for keyword, value in rule.items():
        yield from KEYWORDS[keyword](node, value, rule, root)


def _type(node, value, _rule, _root):
    names = value if isinstance(value, list) else [value]
    if not any(isinstance(node, PYTHON_TYPES[name]) for name in names):
        yield f"not {value}"


def _properties(node, value, _rule, root):
    if isinstance(node, dict):
        for name in value.keys() & node.keys():
            yield from faults(node[name], value[name], root)


def _additional(node, value, rule, root):
    if isinstance(node, dict):
        for name in node.keys() - rule.get("properties", {}).keys():
            yield from [f"unknown {name}"] if value is False else faults(node[name], value, root)


def _required(node, value, _rule, _root):
    yield from [f"missing {name}" for name in value if name not in node]


def _any_of(node, value, _rule, root):
    if all(list(faults(node, option, root)) for option in value):
        yield "none of the forms"


def _one_of(node, value, _rule, root):
    if sum(not list(faults(node, option, root)) for option in value) != 1:
        yield "not exactly one of the forms"


def _all_of(node, value, _rule, root):
    for option in value:
        if not list(faults(node, option["if"], root)):
            yield from faults(node, option["then"], root)


def _pattern(node, value, _rule, _root):
    if isinstance(node, str) and not re.search(value, node):
        yield f"not like {value}"


def shorter(node, kind, least):
    return ["too short"] if isinstance(node, kind) and len(node) < least else []


def _items(node, value, _rule, root):
    if isinstance(node, list):
        for item in node:
            yield from faults(item, value, root)


KEYWORDS = {
    "type": _type,
    "properties": _properties,
    "additionalProperties": _additional,
    "required": _required,
    "anyOf": _any_of,
    "oneOf": _one_of,
    "allOf": _all_of,
    "pattern": _pattern,
    "items": _items,
    "enum": lambda node, value, _r, _s: [] if node in value else ["not one of the words"],
    "const": lambda node, value, _r, _s: [] if node == value else ["another word"],
    "minLength": lambda node, value, _r, _s: shorter(node, str, value),
    "minItems": lambda node, value, _r, _s: shorter(node, list, value),
    "minProperties": lambda node, value, _r, _s: shorter(node, dict, value),
    "uniqueItems": lambda node, _v, _r, _s: ["repeated"] if len({str(n) for n in node}) < len(node) else [],
} | {word: lambda *_: [] for word in ("description", "title", "$schema", "$defs")}


def whole(path):
    as_json = json.loads(json.dumps(yaml.safe_load(path.read_bytes()), default=str))
    return list(faults(as_json, schema.schema(), schema.schema()))


def test_the_kept_schema_is_what_the_vocabulary_generates():
    kept = (JOB_SPECS / "schema.json").read_text(encoding="utf-8")
    assert kept == schema.text(), "run: python -m job_specs schema > job_specs/schema.json"
    assert json.loads(kept)["required"] == ["version", "actions"]


@pytest.mark.parametrize("path", ACCEPTED, ids=lambda path: path.parent.name)
def test_the_schema_accepts_the_example_studies(path):
    assert whole(path) == []


@pytest.mark.skipif(not SAMPLES.exists(), reason="the folder of sample projects is not beside this checkout")
@pytest.mark.parametrize("name", ["demo_repo", "covid-vaccine-history", "winter-pressures-phase-II"])
def test_the_schema_accepts_public_projects(name):
    assert whole(SAMPLES / f"{name}.yaml") == []


@pytest.mark.parametrize(
    "name",
    [
        "unknown-key-nearest",
        "missing-key",
        "purpose",
        "identifier",
        "statistic",
        "statistic-incomplete",
        "one-body-both",
        "one-body-none",
        "no-outputs",
        "dialect",
    ],
)
def test_the_schema_marks_what_it_can_of_refused_specs(name):
    assert whole(JOB_SPECS / "refused" / f"{name}.yaml")


def test_the_vocabulary_s_purposes_are_the_model_s():
    assert tuple(Purpose) == vocabulary.PURPOSES
