"""Promises: the guard refuses every attack that is text, says where and why, and says what to do instead [P2] [P8] [P9]."""

import pytest

from job_specs.errors import Problem
from job_specs.sql.guard import guard, guard_extract
from job_specs.sql.model import SqlRefused
from tests.sql.attacks import ATTACKS, Attack
from tests.sql.sql_scope import PARAMETERS, SCOPE


def refusal(sql: str, *, extract: bool = False) -> tuple[Problem, ...]:
    admit = guard_extract if extract else guard
    with pytest.raises(SqlRefused) as refused:
        admit(sql, SCOPE, parameters=PARAMETERS)
    return refused.value.problems


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: f"{attack.where}: {attack.sql[:70]}")
def test_an_attack_is_refused_by_its_rule(attack: Attack) -> None:
    assert attack.code in {problem.code for problem in refusal(attack.sql)}
