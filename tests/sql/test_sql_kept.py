"""Promises: which groups a LIMIT keeps tells of no more than their shown numbers do, and never of one person [P10]."""

from typing import Any

import pytest

from job_specs.sql.guard import guard
from job_specs.sql.model import SqlRefused
from tests.sql.sql_scope import SCOPE as WHOLE
from tests.sql.test_sql_units import SCOPE, ask

TOP = (
    "SELECT sex, count(*) AS n FROM patients GROUP BY sex ORDER BY n DESC LIMIT 1",
    "SELECT sex, count(DISTINCT patient_id) AS n FROM patients GROUP BY sex ORDER BY count(DISTINCT patient_id) DESC LIMIT 1",
    "SELECT sex, n FROM (SELECT sex, count(*) AS n FROM patients GROUP BY sex) ORDER BY n DESC LIMIT 1",
    "SELECT sex, n FROM (SELECT sex, count(*) AS n FROM patients GROUP BY sex ORDER BY n DESC LIMIT 1) t",
    "SELECT DISTINCT ON (k) 1 AS k, sex, count(*) AS n FROM patients GROUP BY sex ORDER BY k, n DESC",
)


def people(women: int, men: int) -> list[tuple[Any, ...]]:
    return [(i, "f" if i < women else "m", False, None, 1.0) for i in range(women + men)]


def kept(sql: str, women: int, men: int) -> list[str]:
    return [row["sex"] for row in ask(guard(sql, SCOPE).sql, people(women, men))]


@pytest.mark.parametrize("sql", TOP)
def test_the_larger_group_is_kept(sql: str) -> None:
    assert kept(sql, 40, 20) == ["f"]
    assert kept(sql, 20, 40) == ["m"]


@pytest.mark.parametrize("sql", TOP)
@pytest.mark.parametrize(("women", "men"), [(20, 20), (20, 21), (20, 22), (1, 7), (0, 7), (7, 3), (2, 1)])
def test_where_shown_numbers_are_alike_one_person_more_changes_nothing(
    sql: str, women: int, men: int
) -> None:
    """As women are before men by name; by exact numbers the one or the other would be kept as that person is there or not."""
    assert kept(sql, women, men)[:1] == (["f"] if women else ["m"])


@pytest.mark.parametrize(
    "sql",
    [
        # Rows of nobody are a number of one's own choosing to compare with.
        "SELECT CASE WHEN p.patient_id IS NULL THEN 'bound' ELSE 'a' END AS g, count(*) AS n FROM range(0, 21) r(i) FULL JOIN patients p ON false GROUP BY g ORDER BY n DESC LIMIT 1",
        "SELECT g, count(*) AS n FROM (SELECT 'a' AS g FROM range(0, 21) r(i) UNION ALL SELECT 'b' FROM patients) x GROUP BY g ORDER BY n DESC LIMIT 1",
        "SELECT 'b' AS g, count(*) AS n FROM patients UNION ALL SELECT 'bound', count(*) FROM range(0, 21) ORDER BY n DESC LIMIT 1",
        # Rows that are multiplied are finer than any rounding.
        "SELECT sex, count(*) AS n FROM patients JOIN range(0, 5) r(i) ON true GROUP BY sex ORDER BY n DESC LIMIT 1",
        "SELECT sex, 5 * count(*) AS n FROM patients GROUP BY sex ORDER BY n DESC LIMIT 1",
        # Of several groups of the same number one would be left.
        "SELECT DISTINCT ON (n) sex, count(*) AS n FROM patients GROUP BY sex ORDER BY sex",
        "SELECT DISTINCT sex, count(*) AS n FROM patients GROUP BY sex ORDER BY n LIMIT 1",
    ],
)
def test_any_other_number_that_would_choose_is_refused(sql: str) -> None:
    with pytest.raises(SqlRefused, match="sql-order"):
        guard(sql, WHOLE)


def test_without_a_limit_the_order_is_the_authors_and_groups_by_name_may_be_cut() -> None:
    as_written = guard("SELECT sex, count(*) AS n FROM patients GROUP BY sex ORDER BY n DESC", SCOPE).sql
    assert as_written.endswith("ORDER BY 2 DESC")
    assert kept("SELECT sex, count(*) AS n FROM patients GROUP BY sex ORDER BY sex LIMIT 1", 3, 30) == ["f"]
    assert kept("SELECT sex, count(*) AS n FROM patients GROUP BY sex LIMIT 1", 3, 30) == ["f"], (
        "by name where nothing is said, and not by who happens to be first"
    )


@pytest.mark.parametrize("sql", TOP)
def test_what_the_guard_wrote_it_admits(sql: str) -> None:
    once = guard(sql, SCOPE).sql
    assert kept(once, 20, 21) == kept(sql, 20, 21)
