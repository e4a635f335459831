"""What left before, looked up again: every released aggregate with the list of who is behind its rows [P10].

Nothing is remembered here: the ledger says what left, the quarantine holds the lists, the code of each request says what
was asked. Refuses to leave out a release because something of it cannot be read: then nothing can be compared, and that is
an error for a maintainer.
"""

import csv
import hashlib
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from output_checks.ledger import Listed, Question
from output_checks.policy import Policy
from output_checks.read import kind_of
from tre.custody.requests import JobRequest
from tre.dispatch.intake import Intake, question
from tre.dispatch.ports import DataRoom, Shelf, inside_path

MEMBERS = "members.parquet"
"""The engine's list of who is behind each row of an aggregate."""
_ELSEWHERE = "another study's release"


@dataclass(frozen=True)
class Compared:
    """The rows of an aggregate that stay hidden beside what left before, and which releases those were.

    `told` is False where nobody could compare. Releases of other studies are not named.
    """

    withheld: frozenset[int] = frozenset()
    earlier: tuple[str, ...] = ()
    told: bool = True


class Memory:
    """What left of one backend, for one request that wants to leave."""

    def __init__(
        self, quarantine: Shelf, data: DataRoom, policy: Policy, *, study: Callable[[JobRequest], Intake]
    ) -> None:
        """`study` reads a request's code again."""
        self._quarantine = quarantine
        self._data = data
        self._policy = policy
        self._study = study

    def left(self, case: JobRequest) -> Iterator[Listed]:
        """The aggregates of a request that have left."""
        actions = {each.path: each.action for each in case.outputs}
        files = [file for statement in case.statements for file in statement.files if file.path in actions]
        for file in files:
            yield from self.listed(case, actions[file.path], file.path, self._quarantine.get(file.digest))

    def listed(self, case: JobRequest, action: str, path: str, content: bytes) -> Iterator[Listed]:
        """A file as a table to be compared, where the engine listed who is behind its rows; nothing where it did not."""
        job, kept_as = case.job(action), inside_path(action, MEMBERS)
        digest = next((each.digest for each in (job.outputs if job else ()) if each.path == kept_as), None)
        if digest is None or kind_of(path) != ".csv":
            return
        intake = self._study(case)
        asked = question(intake, intake.spec.action(action), self._data)
        units, values = asked.units, sorted((name, str(value)) for name, value in asked.parameters.items())
        if units is not None and units.population:
            keys = frozenset(_named(key, *values) for key in units.keys)
            name, list_ = f"{case.submission.application}/{case.id}", self._quarantine.get(digest)
            raw = next(each.digest for each in case.outputs if each.path == path)
            shown = _shown(self._quarantine.get(raw), content, asked.roles, self._policy.mark)
            yield Listed(name, list_, Question(_named(units.population, *values), keys), shown)

    def compared(self, case: JobRequest, offered: Listed, earlier: Sequence[Listed]) -> Compared:
        """One aggregate beside everything that left before."""
        found = self._data.differences(offered, earlier, self._policy)
        if found is None:
            return Compared(told=False)
        own = f"{case.submission.application}/"
        # What is small by itself, with nothing before it, is the business of the other checks.
        found = tuple(each for each in found if each.releases or not each.people)
        names = [name for each in found for name in each.releases]
        known = (name.removeprefix(own) if name.startswith(own) else _ELSEWHERE for name in names)
        return Compared(frozenset(each.row for each in found), tuple(dict.fromkeys(known)))


def _shown(raw: bytes, shown: bytes, roles: Mapping[str, str], mark: str) -> frozenset[int]:
    """The rows of a table of which some number is shown in what left of it; all of them where a row is not found."""
    groups = _groups(raw, roles)
    visible = {
        key for key, numbers in _groups(shown, roles) if any(each not in ("", mark) for each in numbers)
    }
    if not visible <= {key for key, _ in groups}:
        return frozenset(range(len(groups)))
    return frozenset(at for at, (key, _) in enumerate(groups) if key in visible)


def _groups(table: bytes, roles: Mapping[str, str]) -> list[tuple[tuple[str, ...], list[str]]]:
    """Each row's labels, and its numbers."""
    header, *rows = csv.reader(io.StringIO(table.decode("utf-8")))
    labels = [roles.get(name) == "dimension" for name in header]
    return [
        (
            tuple(cell for cell, is_label in zip(row, labels, strict=True) if is_label),
            [cell for cell, is_label in zip(row, labels, strict=True) if not is_label],
        )
        for row in rows
    ]


def _named(*parts: str | tuple[str, str]) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
