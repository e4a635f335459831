"""The spec's parser and the checker accept the same declarations, word for word."""

from job_specs import vocabulary
from output_checks.declare import KINDS, Role, declared


def test_both_know_the_same_kinds_and_what_each_must_declare() -> None:
    ours = {name: (kind.statbarn, kind.must, kind.role) for name, kind in KINDS.items()}
    theirs = {name: (kind.statbarn, kind.must, kind.role) for name, kind in vocabulary.KINDS.items()}
    assert ours == theirs


def test_both_know_the_same_roles() -> None:
    assert {role.value for role in Role} - {"other"} == set(vocabulary.ROLES)


def test_every_key_of_an_outputs_declaration_is_understood() -> None:
    keys = set(vocabulary.OUTPUT) - {"path"}
    base = {"statistic": "frequencies", "of": "c", "by": ["sex"], "columns": {"n": "count"}}
    assert declared(
        base | dict.fromkeys(keys - base.keys() - {"where"}, 1)
    ).extra.keys() >= keys - base.keys() - {"where"}
