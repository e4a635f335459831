"""Tables with known best answers, read from the sample folder, with every total and every sum that binds them."""

import csv
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path

from output_checks.model import CellRef
from output_checks.policy import Policy
from output_checks.suppress.system import Quantity, Sum, System

Key = tuple[str, ...]
Cells = Mapping[Key, int]
FOLDER = Path(__file__).resolve().parents[2].parent / "shared" / "samples" / "suppression"
COUNT, TOTAL = "freq", "*"


def instance(name: str) -> System:
    """One instance; a column whose labels each lie in one label of another is a finer level of that one."""
    with (FOLDER / f"{name}.csv").open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    columns = [column for column in rows[0] if column != COUNT]
    coarser = {fine: coarse for fine, coarse in product(columns, repeat=2) if _nested(rows, fine, coarse)}
    own = [column for column in columns if column not in coarser.values()]
    parents = [
        {row[column]: row[coarser[column]] for row in rows} if column in coarser else {} for column in own
    ]
    return cube({tuple(row[column] for column in own): int(row[COUNT]) for row in rows}, parents)


def _nested(rows: Sequence[Mapping[str, str]], fine: str, coarse: str) -> bool:
    pairs = {(row[fine], row[coarse]) for row in rows}
    fines, coarses = ({pair[at] for pair in pairs} for at in (0, 1))
    return fine != coarse and len(pairs) == len(fines) > len(coarses)


def cube(cells: Cells, parents: Sequence[Mapping[str, str]] = ()) -> System:
    """The inner cells with every margin, and every sum that binds them; `parents` name a level between, by dimension."""
    levels = parents or [{} for _ in next(iter(cells))]
    totals: dict[Key, int] = {}
    for key, number in cells.items():
        for name in product(*(_up(label, level) for label, level in zip(key, levels, strict=True))):
            totals[name] = totals.get(name, 0) + number
    place = {name: at for at, name in enumerate(totals)}
    sums = tuple(_sums(place, levels))
    return System(
        tuple(Quantity((CellRef(at, "n"),), number) for at, number in enumerate(totals.values())), sums
    )


def _up(label: str, level: Mapping[str, str]) -> Key:
    return (label, level[label], TOTAL) if label in level else (label, TOTAL)


def _sums(place: Mapping[Key, int], levels: Sequence[Mapping[str, str]]) -> Iterator[Sum]:
    groups: dict[tuple[Key, Key], list[int]] = defaultdict(list)
    for name, at in place.items():
        for dimension, level in enumerate(levels):
            label = name[dimension]
            if label != TOTAL:
                above = (*name[:dimension], level.get(label, TOTAL), *name[dimension + 1 :])
                groups[above, (str(dimension),)].append(at)
    return (Sum(place[above], tuple(parts)) for (above, _), parts in groups.items())


def small(system: System, policy: Policy) -> frozenset[int]:
    """The quantities that are too small to show."""
    return frozenset(at for at, each in enumerate(system.quantities) if policy.is_small(each.value))


def listed(name: str) -> list[tuple[int, float]]:
    """What others reached on an instance: the value hidden, and the seconds it took."""
    rows = json.loads((FOLDER / "results.json").read_text(encoding="utf-8"))["rows"]
    return [(int(row[5]), float(row[6])) for row in rows if row[0] == name and row[5] is not None]
