"""A study's extract in two worlds that differ in one person's secret, and what a program of study code may bring out of it.

The program sees every row, secret and all. What it writes goes the way that the corridor takes it: the data is asked, the
checks judge, and what may leave without a person's decision is what is learned.
"""

import csv
import io
import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from output_checks.check import check_together
from output_checks.model import Offered, Report
from output_checks.policy import load_policy
from tests.attacks.planted import Seen, seen
from tre.data.catalogue import load_catalogue
from tre.data.governance import Governance
from tre.data.room import Room, Stores
from tre.dispatch.recompute import evident

POLICY = load_policy()
PEOPLE = 400
Person = dict[str, Any]
Files = list[tuple[str, list[list[object]], Mapping[str, Any]]]
Program = Callable[[list[Person], int], Files]
More = Callable[[int, int], Person]
"""More columns of a person, by their place and the secret; the target is at place 0."""


def room() -> Room:
    """A data room that is asked about extracts alone: it has no store to open."""
    nowhere: Any = None
    stores: Stores = nowhere
    governance: Governance = nowhere
    return Room(load_catalogue(), stores, governance)


ROOM = room()


def people(secret: int, more: More | None = None) -> list[Person]:
    """Everybody in the extract; the target's flu is the secret."""
    chance = random.Random(3)  # noqa: S311 - repeatable on purpose
    made = [
        {
            "patient_id": f"00000000-0000-4000-8000-{at:012}",
            "region": chance.choice(["East", "London", "North", "South"]),
            "age_band": "90+" if at < 16 else chance.choice(["0-17", "18-64", "65+"]),
            "died": chance.random() < 0.3,
            "cost": round(chance.lognormvariate(3, 1), 2),
            "days": chance.randrange(1, 60),
            "year": chance.choice([2020, 2021]),
            "flu": chance.random() < 0.2,
        }
        for at in range(PEOPLE)
    ]
    made[0]["flu"] = bool(secret)
    return [person | (more(at, secret) if more else {}) for at, person in enumerate(made)]


def as_csv(rows: Iterable[Iterable[object]]) -> bytes:
    """Rows as a program writes them."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue().encode()


def grouped(everybody: list[Person], *by: str) -> dict[tuple[Any, ...], list[Person]]:
    """The people of each group, in the order of the labels."""
    found: dict[tuple[Any, ...], list[Person]] = defaultdict(list)
    for person in everybody:
        found[tuple(person[name] for name in by)].append(person)
    return dict(sorted(found.items()))


def reports(files: Files, everybody: list[Person], **known: Any) -> tuple[Report, ...]:
    """Files through the corridor; `known` is what else the platform knows of them."""
    extract = as_csv([list(everybody[0]), *(list(person.values()) for person in everybody)])
    known = {"compared": True, "pseudonyms": ROOM.pseudonyms(extract), **known}
    offered = [
        evident(
            Offered(path, as_csv(rows), {"of": "cohort", **said}, **known),
            {"cohort": extract},
            ROOM,
            policy=POLICY,
            parameters={},
        )
        for path, rows, said in files
    ]
    return check_together(offered, POLICY)


def brought_out(program: Program, secret: int, more: More | None = None, **known: Any) -> list[Seen]:
    """What leaves of a program's files without a person's decision."""
    everybody = people(secret, more)
    return [seen(report) for report in reports(program(everybody, secret), everybody, **known)]
