"""What left before, looked up again: every released table with the list of who is behind its rows [P10].

Of an aggregate the engine left the list; of a declared table of study code it is made again from its extract, or read where
it was kept in the extract's place.

Nothing is remembered here: the ledger says what left, the quarantine holds the lists, the code of each request says what
was asked. Refuses to leave out a release because something of it cannot be read: then nothing can be compared, and that is
an error for a maintainer.
"""

import csv
import hashlib
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from job_specs.model import Action, RunBody
from output_checks.ledger import Listed, Question
from output_checks.model import Before
from output_checks.policy import Policy
from output_checks.question import Unaskable
from output_checks.read import kind_of
from tre.custody.requests import JobRequest
from tre.custody.retention import behind_what_left, tables_of_code
from tre.dispatch import remembering
from tre.dispatch.code_tables import CodeTable, declaration, listed
from tre.dispatch.intake import OUTPUTS, Intake, question
from tre.dispatch.ports import DataRoom, Shelf, inside_path

MEMBERS = "members.parquet"
"""The engine's list of who is behind each row of an aggregate."""
File = tuple[str, str, str]
"""A file that left, or is to leave: its request, path and digest."""
_MOST_KNOWN = 256 << 20
_TABLES = frozenset({".csv", ".tsv", ".json"})
_ELSEWHERE = "another study's release"


@dataclass(frozen=True)
class Compared:
    """The rows of an aggregate that stay hidden beside what left before, and which releases those were.

    `told` is False where nobody could compare; `same` are the tables of the same question. Releases of other studies are not named.
    """

    withheld: frozenset[int] = frozenset()
    earlier: tuple[str, ...] = ()
    told: bool = True
    same: tuple[Before, ...] = ()


class Known:
    """The lists of files as they were made before, up to a number of bytes: they are again what they were."""

    def __init__(self, most: int = _MOST_KNOWN) -> None:
        self._room = most
        self._lists: dict[File, tuple[Listed, ...]] = {}

    def get(self, key: File) -> tuple[Listed, ...] | None:
        """The lists of a file; nothing where they were not made, or there was no room."""
        return self._lists.get(key)

    def keep(self, key: File, lists: tuple[Listed, ...]) -> tuple[Listed, ...]:
        """Keep the lists of a file, if there is room; gives them."""
        size = sum(len(each.members) for each in lists)
        if size <= self._room:
            self._room -= size
            self._lists[key] = lists
        return lists


@dataclass(frozen=True)
class _File:
    """A file as it left, or is to leave, and the action that made it."""

    action: Action
    path: str
    content: bytes


class Memory:
    """What left of one backend, for one request that wants to leave."""

    def __init__(
        self,
        quarantine: Shelf,
        data: DataRoom,
        policy: Policy,
        *,
        study: Callable[[JobRequest], Intake],
        known: Known,
        kept: Mapping[File, str],
    ) -> None:
        """`study` reads a request's code again; `known` are lists that were made before, and are again what they were;
        `kept` are the digests of those that are files now, because the rows they were made of may be gone.
        """
        self._quarantine = quarantine
        self._data = data
        self._policy = policy
        self._study = study
        self._known = known
        self._kept = kept
        self._remembered = frozenset(kept.values())

    def related(self, case: JobRequest, before: Sequence[JobRequest]) -> list[JobRequest]:
        """Those of earlier requests that anything of one can be laid beside: somebody is in both, or in others between them.

        What may be shown of some people, and how many numbers, is decided beside all that is known of those people; a release
        about none of them cannot say more. Where numbers are not rounded, how many people there are ties everything together.
        """
        if self._policy.rounding == "none":
            return list(before)
        own = _lists(case, frozenset(job.action.name for job in case.jobs))
        found = self._data.related(own, {each.id: self._behind(each) for each in before}, self._members)
        return [each for each in before if each.id in found]

    def _behind(self, case: JobRequest) -> frozenset[str]:
        """The names of the lists of everybody behind what left of a request: the engine's, and those remembered of study code."""
        remembered = (self._kept.get(each) for each in tables_of_code(case))
        return _lists(case, behind_what_left(case, self._kept)).union(each for each in remembered if each)

    def _members(self, name: str) -> Sequence[bytes]:
        content = self._quarantine.get(name)
        if name not in self._remembered:
            return (content,)
        return tuple(each.members for each in remembering.read(content))

    def left(self, case: JobRequest) -> Iterator[Listed]:
        """The tables of a request that have left, as far as the people behind their rows are listed."""
        actions = {each.path: each.action for each in case.outputs}
        files = [file for statement in case.statements for file in statement.files if file.path in actions]
        for file in files:
            yield from self.listed(case, actions[file.path], file.path, file.digest)

    def same(self, case: JobRequest, asked: Sequence[Listed]) -> Iterator[Before]:
        """The tables of a request that have left and answer the very question of another one."""
        actions = {each.path: each.action for each in case.outputs}
        questions = {each.question for each in asked}
        for file in (
            file for statement in case.statements for file in statement.files if file.path in actions
        ):
            lists = self.listed(case, actions[file.path], file.path, file.digest)
            if any(each.question in questions for each in lists):
                yield Before(self._raw(case, file.path), self._quarantine.get(file.digest))

    def listed(self, case: JobRequest, action: str, path: str, digest: str) -> tuple[Listed, ...]:
        """A file as tables to be compared: the engine's own lists, or those of a declared table's extract; nothing without."""
        if kind_of(path) not in _TABLES:
            return ()
        key = (case.id, path, digest)
        known = self._known.get(key)
        if known is not None:
            return known
        return self._known.keep(key, self._read(key) if key in self._kept else self._made(case, action, key))

    def _read(self, key: File) -> tuple[Listed, ...]:
        return remembering.read(self._quarantine.get(self._kept[key]))

    def _made(self, case: JobRequest, action: str, key: File) -> tuple[Listed, ...]:
        intake = self._study(case)
        file = _File(intake.spec.action(action), key[1], self._quarantine.get(key[2]))
        made = self._of_code if isinstance(file.action.body, RunBody) else self._of_engine
        return tuple(made(case, intake, file))

    def _of_engine(self, case: JobRequest, intake: Intake, file: _File) -> Iterator[Listed]:
        digest = _inside(case, file.action.name)
        if digest is None:
            return
        asked = question(intake, file.action, self._data)
        units, values = asked.units, sorted((name, str(value)) for name, value in asked.parameters.items())
        if units is not None and units.population:
            keys = frozenset(_named(key, *values) for key in units.keys)
            shown = _shown(self._raw(case, file.path), file.content, asked.roles, self._policy.mark)
            population = Question(_named(units.population, *values), keys)
            yield Listed(_release(case), self._quarantine.get(digest), population, shown)

    def _of_code(self, case: JobRequest, intake: Intake, file: _File) -> tuple[Listed, ...]:
        said = declaration(file.action, file.path)
        job = case.job(str(said.get("of"))) if said is not None else None
        link = _inside(case, job.action.name) if job is not None else None
        if said is None or job is None or link is None:
            return ()
        extract = next(each.digest for each in job.outputs if each.path.startswith(OUTPUTS))
        table = CodeTable(
            release=_release(case),
            path=file.path,
            raw=self._raw(case, file.path),
            shown=file.content,
            declaration=said,
            extract=self._quarantine.get(extract),
            link=self._quarantine.get(link),
            origin=job.action.content_key,
            parameters=intake.spec.parameters_of(file.action),
        )
        try:
            return listed(table, self._data, self._policy)
        except Unaskable:
            return ()

    def _raw(self, case: JobRequest, path: str) -> bytes:
        return self._quarantine.get(next(each.digest for each in case.outputs if each.path == path))

    def compared(self, case: JobRequest, offered: Sequence[Listed], earlier: list[Listed]) -> Compared:
        """One table beside everything that left before; what may be shown of it is `earlier` for the next."""
        own, withheld, known = f"{case.submission.application}/", set[int](), list[str]()
        for each in offered:
            found = self._data.differences(each, earlier, self._policy)
            if found is None:
                return Compared(told=False)
            # What is small by itself, with nothing before it, is the business of the other checks.
            found = tuple(one for one in found if one.releases or not one.people)
            withheld |= {row for one in found for row in each.rows_of(one.row)}
            names = (name for one in found for name in one.releases)
            known += [name.removeprefix(own) if name.startswith(own) else _ELSEWHERE for name in names]
            hidden = {one.row for one in found} | self._data.few(each, self._policy)
            earlier.append(replace(each, shown=each.shown - hidden))
        return Compared(frozenset(withheld), tuple(dict.fromkeys(known)))


def _lists(case: JobRequest, actions: frozenset[str]) -> frozenset[str]:
    """The digests of the lists that the engine left of some actions: whoever is behind what they made is in one of them."""
    found = (_inside(case, action) for action in actions)
    return frozenset(each for each in found if each is not None)


def _inside(case: JobRequest, action: str) -> str | None:
    """The digest of the list that the engine left of an action, if it did."""
    job, kept_as = case.job(action), inside_path(action, MEMBERS)
    return next((each.digest for each in (job.outputs if job else ()) if each.path == kept_as), None)


def _release(case: JobRequest) -> str:
    return f"{case.submission.application}/{case.id}"


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
