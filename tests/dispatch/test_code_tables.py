"""A table of study code is compared with what left before as sets of people, as a table of the engine is."""

import io
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from output_checks.ledger import Listed
from output_checks.policy import load_policy
from output_checks.question import Question, Unaskable
from tre.data.behind import Behind, behind
from tre.data.extracted import opened
from tre.data.released import differences
from tre.dispatch.code_tables import CodeTable, listed

POLICY = load_policy()
PATIENT = "patient_id"


def study_pseudonym(number: int) -> str:
    return f"01aaaaaa-0000-4000-8000-{number:012x}"


def remembered_as(number: int) -> str:
    return f"01{number:06x}-0000-4000-8000-000000000000"


Person = Mapping[str, Any]
PEOPLE: list[Person] = [
    {
        "patient_id": study_pseudonym(at),
        "sex": "FM"[at % 2],
        "age": ["young", "middle", "old"][at // 2 % 3],
        "died": int(at % 5 == 0),
        "cost": at % 97,
    }
    for at in range(600)
]


def as_csv(rows: Sequence[Mapping[str, Any]]) -> bytes:
    out = io.StringIO()
    out.write(",".join(rows[0]) + "\n")
    out.writelines(",".join(map(str, row.values())) + "\n" for row in rows)
    return out.getvalue().encode()


def link(folder: Path) -> bytes:
    file = folder / "link.parquet"
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE link (patient UUID, member UUID)")
        pairs = [(study_pseudonym(at), remembered_as(at)) for at in range(len(PEOPLE))]
        connection.executemany("INSERT INTO link VALUES (?, ?)", pairs)
        connection.execute(f"COPY link TO '{file}' (FORMAT parquet)")
    return file.read_bytes()


class Room:
    """The data room's own functions, without a store."""

    def behind(
        self, content: bytes, untrusted_link: bytes, question: Question, kept: Any = None
    ) -> tuple[Behind, ...]:
        assert kept is None
        with opened(content, PATIENT) as extract:
            return behind(extract, untrusted_link, question)


def counts(people: Sequence[Person], *by: str, flag: str = "") -> bytes:
    groups = Counter(tuple(person[name] for name in by) for person in people)
    facts = Counter(tuple(person[name] for name in by) for person in people if flag and person[flag])
    rows = [
        dict(zip(by, key, strict=True)) | {"n": n} | ({flag: facts[key]} if flag else {})
        for key, n in sorted(groups.items())
    ]
    return as_csv(rows)


@pytest.fixture
def remember(tmp_path: Path) -> Any:
    pairs = link(tmp_path)

    def one(
        release: str,
        people: Sequence[Person],
        raw: bytes,
        by: Sequence[str],
        *,
        columns: Mapping[str, Any] | None = None,
        origin: str = "cohort",
        shown: bytes | None = None,
    ) -> tuple[Listed, ...]:
        said = {
            "statistic": "frequencies",
            "of": "cohort",
            "by": list(by),
            "columns": dict(columns or {"n": "count"}),
        }
        table = CodeTable(release, "t.csv", raw, shown or raw, said, as_csv(people), pairs, origin, {})
        return listed(table, Room(), POLICY)  # type: ignore[arg-type]

    return one


def withheld(offered: Sequence[Listed], earlier: Sequence[Listed]) -> set[int]:
    found, before = set[int](), list(earlier)
    for each in offered:
        told = differences(each, before, POLICY)
        assert told is not None
        found |= {row for one in told if one.releases or not one.people for row in each.rows_of(one.row)}
        before.append(each)
    return found


def test_the_same_table_of_all_but_one_person_is_refused_where_that_person_was(remember: Any) -> None:
    first = remember("first", PEOPLE, counts(PEOPLE, "sex"), ["sex"])
    fewer = PEOPLE[1:]
    second = remember("second", fewer, counts(fewer, "sex"), ["sex"], origin="all but one")
    assert withheld(second, first) == {0, 1}, (
        "F is short of one person, and M the same people by another question"
    )
    assert withheld(first, ()) == set()


def test_the_same_table_again_is_shown_and_of_another_of_the_same_people_all_but_one_row(
    remember: Any,
) -> None:
    first = remember("first", PEOPLE, counts(PEOPLE, "sex"), ["sex"])
    assert withheld(first, first) == set()
    by_age = remember("second", PEOPLE, counts(PEOPLE, "age"), ["age"])
    assert len(withheld(by_age, first)) == 1, "the last row is what is left, be it nobody or one person"


def of_one_and_the_others(secret: bool) -> list[Person]:
    """A column of the extract's that is true of one person if they have the secret, and of everybody else if not."""
    return [
        {**person, "g": "a" if secret and at == 0 else "c", "but": int(not (secret and at == 0))}
        for at, person in enumerate(PEOPLE)
    ]


def shown_labels(raw: bytes, hidden: set[int]) -> list[str]:
    lines = raw.decode().splitlines()[1:]
    large = [line for line in lines if int(line.split(",")[1]) > POLICY.small_max]
    return [line.split(",")[0] for line in large if lines.index(line) not in hidden]


def test_whether_a_group_of_ones_making_is_empty_is_not_told_beside_its_total(remember: Any) -> None:
    """With nobody in it the other group is the total, with somebody it is all but one: the same rows are shown."""
    seen = []
    for secret in (False, True):
        people = of_one_and_the_others(secret)
        raw = counts(people, "g") + b"Total,600\n"
        seen.append(shown_labels(raw, withheld(remember("one", people, raw, ["g"]), ())))
    assert seen == [["c"], ["c"]]
    honest = counts(PEOPLE, "sex")
    assert shown_labels(honest, withheld(remember("one", PEOPLE, honest, ["sex"]), ())) == ["F", "M"]


def test_a_count_of_all_but_one_is_not_told_from_a_count_of_all(remember: Any) -> None:
    for secret in (False, True):
        people = of_one_and_the_others(secret)
        columns = {"n": "count", "but": "count"}
        raw = counts(people, "sex", flag="but")
        assert withheld(remember("one", people, raw, ["sex"], columns=columns), ()) == {0, 1}


def test_a_count_of_a_fact_is_compared_by_whom_it_is_true_of(remember: Any) -> None:
    columns = {"n": "count", "died": "count"}
    first = remember("first", PEOPLE, counts(PEOPLE, "age", flag="died"), ["age"], columns=columns)
    assert len(first) == 2
    assert withheld(first, ()) == set()
    changed = [dict(PEOPLE[0]) | {"died": 0}, *PEOPLE[1:]]
    second = remember("second", changed, counts(changed, "age", flag="died"), ["age"], columns=columns)
    assert 2 in withheld(second, first) or withheld(second, first), (
        "one of those who died is not counted among them"
    )


def test_a_total_beside_hidden_cells_is_remembered(remember: Any) -> None:
    """The parts were hidden and the total shown: a later table of all but one person is told from the total."""
    raw = counts(PEOPLE, "sex", "age").decode().splitlines()
    whole = {"F": 300, "M": 300}
    with_total = "\n".join([raw[0] + ",total", *(f"{line},{whole[line[0]]}" for line in raw[1:])]) + "\n"
    hidden = "\n".join(
        [raw[0] + ",total", *(f"{line.rsplit(',', 1)[0]},[REDACTED],{whole[line[0]]}" for line in raw[1:])]
    )
    columns = {"n": "count", "total": "margin"}
    first = remember(
        "first", PEOPLE, with_total.encode(), ["sex", "age"], columns=columns, shown=hidden.encode() + b"\n"
    )
    assert [sorted(each.shown) for each in first] == [[], [0, 3]]
    fewer = PEOPLE[1:]
    assert 0 in withheld(remember("second", fewer, counts(fewer, "sex"), ["sex"], origin="other"), first)


def test_what_cannot_be_listed_is_for_a_person(remember: Any) -> None:
    with pytest.raises(Unaskable):
        remember("odd", PEOPLE, b"sex,n,odd\nF,300,12\nM,300,13\n", ["sex"])
    stranger = [*PEOPLE, dict(PEOPLE[0]) | {"patient_id": study_pseudonym(9999)}]
    with pytest.raises(Unaskable):
        remember("strangers", stranger, counts(stranger, "sex"), ["sex"])


FOLLOWED: list[Person] = [
    {**person, "days": at * 7 % 90 + 1, "died": int(at % 3 == 0)} for at, person in enumerate(PEOPLE)
]
CURVE = {
    "statistic": "survival", "of": "cohort", "time": "days", "event": "died", "by": ["sex"],
    "columns": {"days": "time", "risk": "at_risk", "events": "events", "share": "survival"},
}  # fmt: skip


def steps(people: Sequence[Person]) -> bytes:
    rows = []
    for sex in "FM":
        who = [person for person in people if person["sex"] == sex]
        for day in (0, 30, 60, 90):
            risk = sum(person["days"] >= day for person in who)
            events = sum(person["died"] and person["days"] <= day for person in who)
            rows.append({"sex": sex, "days": day, "risk": risk, "events": events, "share": 0.5})
    return as_csv(rows)


@pytest.fixture
def curve(tmp_path: Path) -> Any:
    pairs = link(tmp_path)

    def one(release: str, people: Sequence[Person], origin: str = "cohort") -> tuple[Listed, ...]:
        raw = steps(people)
        table = CodeTable(release, "km.csv", raw, raw, CURVE, as_csv(people), pairs, origin, {})
        return listed(table, Room(), POLICY)  # type: ignore[arg-type]

    return one


def test_a_curve_of_all_but_one_person_is_refused_wherever_that_person_was(curve: Any) -> None:
    """The person is a woman who died on the first day: of the women, who was there at first and each count of deaths but that at 0."""
    first = curve("first", FOLLOWED)
    assert FOLLOWED[0]["sex"] == "F"
    assert (FOLLOWED[0]["days"], FOLLOWED[0]["died"]) == (1, 1)
    second = withheld(curve("second", FOLLOWED[1:], "all but one"), first)
    assert {0, 1, 2, 3} <= second


def test_a_curve_in_which_one_persons_event_is_another_is_refused_at_the_events(curve: Any) -> None:
    alive = [{**person, "died": 0} if at == 0 else person for at, person in enumerate(FOLLOWED)]
    assert {1, 2, 3} <= withheld(curve("second", alive, "one alive"), curve("first", FOLLOWED))


def test_an_honest_curve_is_shown_whole_beside_counts_of_the_same_people_and_again(
    curve: Any, remember: Any
) -> None:
    by_sex = remember("first", FOLLOWED, counts(FOLLOWED, "sex"), ["sex"])
    own = curve("second", FOLLOWED)
    assert withheld(own, ()) == set()
    assert withheld(own, by_sex) == set(), "at the beginning there is everybody of each sex"
    assert withheld(own, own) == set()
    assert withheld(by_sex, own) == set()


def test_a_curve_from_which_nobody_is_lost_gives_its_own_events_and_that_is_its_own_affair(
    curve: Any,
) -> None:
    died = [{**person, "died": 1} for person in FOLLOWED]
    assert withheld(curve("first", died), ()) == set()


def test_two_curves_of_one_request_are_compared(curve: Any) -> None:
    """The same file's name stands for one curve only: what is excused within it is not excused between two."""
    ours = curve("one", FOLLOWED)
    theirs = [replace(each, curve="one other.csv") for each in curve("one", FOLLOWED[1:], "all but one")]
    assert withheld(theirs, ours)


def test_who_is_followed_for_less_than_no_time_is_for_a_person(curve: Any) -> None:
    with pytest.raises(Unaskable):
        curve("first", [{**FOLLOWED[0], "days": -1}, *FOLLOWED[1:]])
