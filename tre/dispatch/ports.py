"""What dispatch needs from the rooms beside it, as contracts: rooms of one floor do not import each other.

``main`` hands in the real ones. Refuses nothing; it only says what is promised.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from job_specs.model import Resources, TableScope
from job_specs.sql.model import Labels, Scope, Units
from output_checks.ledger import Difference, Listed
from output_checks.model import Evidence
from output_checks.policy import Policy
from output_checks.question import Question as Measured
from sandboxes.model import Input
from tre.custody.requests import JobRequest


class Shelf(Protocol):
    """Bytes kept by digest."""

    def put(self, content: bytes) -> str:
        """Keep the bytes; the same bytes twice are kept once. Gives their SHA-256."""
        ...

    def get(self, digest: str) -> bytes:
        """The bytes with that digest, hashed again on the way out. Raises where they are missing or damaged."""
        ...


class KeepingShelf(Shelf, Protocol):
    """A shelf that can say what it holds."""

    def has(self, digest: str) -> bool:
        """Whether the bytes with that digest are here."""
        ...

    def hold(self, digest: str) -> bool:
        """As ``has``; and they are not deleted for a while, so that they can be built upon."""
        ...


@dataclass(frozen=True)
class Question:
    """One guarded SQL action, ready to be asked of a store.

    ``sql`` is the guard's canonical text; ``units`` the queries that count people beside it, None where it is not proved;
    ``roles`` says what each output column is, in order; ``resources`` is what the action may use. Of an extract, ``chosen``
    are the columns whose amounts a condition chose, and ``mixes`` says whether a person's row is made of other people's;
    ``made`` are the labels that conditions of the query give a column.
    """

    sql: str
    parameters: Mapping[str, Any]
    datasets: tuple[TableScope, ...]
    output: str
    roles: Mapping[str, str]
    units: Units | None = None
    resources: Resources = field(default_factory=Resources)
    chosen: frozenset[str] = frozenset()
    mixes: bool = False
    made: Mapping[str, Labels] = field(default_factory=dict)


class Asked(Protocol):
    """A question laid out for the box: what it runs, what it mounts, its result, and what else it leaves inside."""

    @property
    def argv(self) -> tuple[str, ...]:
        """The whole command."""
        ...

    @property
    def inputs(self) -> tuple[Input, ...]:
        """What is mounted, read-only."""
        ...

    @property
    def result(self) -> str:
        """The result's name in the output folder."""
        ...

    @property
    def kept(self) -> tuple[str, ...]:
        """Names of files that the quarantine keeps for ever and nobody is offered."""
        ...


class People(Protocol):
    """How many people stand behind each row of an aggregate, and what each column is."""

    @property
    def per_row(self) -> tuple[int, ...]:
        """Distinct patients, in the file's row order."""
        ...

    @property
    def roles(self) -> Mapping[str, str]:
        """What each column is, in the words of the SQL units."""
        ...

    @property
    def shares(self) -> Mapping[str, tuple[tuple[float, float], ...]]:
        """For each sum or mean, row by row, at most what share the largest person holds, and the two largest together."""
        ...


class Kept(Protocol):
    """Which people of an extract a table is about, as a guarded query of one row for each of them."""

    @property
    def table(self) -> str:
        """What the query calls the extract."""
        ...

    @property
    def sql(self) -> str:
        """The guard's canonical text."""
        ...

    @property
    def parameters(self) -> Mapping[str, Any]:
        """Values by name."""
        ...


class Behind(Protocol):
    """People behind some rows: which columns are about them, by what they are divided, and a list for the data room alone."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The file's columns that are about these people."""
        ...

    @property
    def fact(self) -> str:
        """The column of the data that is true of them; empty where they are everybody in the rows."""
        ...

    @property
    def by(self) -> tuple[str, ...]:
        """The columns of the data that divide them."""
        ...

    @property
    def rows(self) -> tuple[int, ...]:
        """The rows that are listed, of everybody that is in them."""
        ...

    @property
    def members(self) -> bytes:
        """The list of row and person."""
        ...

    @property
    def steps(self) -> bool:
        """Whether the rows are steps of a curve."""
        ...


class DataRoom(Protocol):
    """The only room that knows where patients are."""

    def population(self, case: JobRequest) -> int:
        """About how many people the store holds that a request would read, to one digit. Raises where there is none."""
        ...

    def size(self) -> int:
        """About how many people the backend's store holds, to one digit. Raises where there is none."""
        ...

    def scope(self, datasets: tuple[TableScope, ...]) -> Scope:
        """Facts about those tables and columns, for the guard. Raises for a name that the catalogue does not hold."""
        ...

    def ask_aggregate(self, case: JobRequest, question: Question, folder: Path, *, under: str) -> Asked:
        """Lay out an aggregate question beneath ``folder``, over the store that this request may read.

        ``under`` is the digest of the opt-outs that the action's start recorded [P6]; empty in a rehearsal.
        """
        ...

    def ask_extract(self, case: JobRequest, question: Question, folder: Path, *, under: str) -> Asked:
        """As ``ask_aggregate``, an extract; its patients carry pseudonyms of this study alone [P2]."""
        ...

    def people(self, untrusted_units: bytes, question: Question, *, rows: int) -> People:
        """Read what an aggregate's box counted, for a result of that many rows. Raises where it is not what the engine writes."""
        ...

    def differences(
        self, offered: Listed, earlier: Sequence[Listed], policy: Policy
    ) -> tuple[Difference, ...] | None:
        """The rows of a table that may not be shown beside what left before; None where nobody can tell."""
        ...

    def related(
        self,
        own: Collection[str],
        others: Mapping[str, Collection[str]],
        get: Callable[[str], Sequence[bytes]],
    ) -> frozenset[str]:
        """Those of some requests, each with its lists of people, that have somebody in common with one, however indirectly."""
        ...

    def few(self, table: Listed, policy: Policy) -> frozenset[int]:
        """The rows of a table behind which there are too few people to show, by themselves."""
        ...

    def pseudonyms(self, extract: bytes) -> frozenset[str]:
        """The pseudonyms in an extract, to be looked for in what is offered."""
        ...

    def extract_scope(self, name: str, content: bytes) -> Scope:
        """An extract as the one table, called ``name``, that a declaration's ``where`` may speak of."""
        ...

    def measure(self, content: bytes, question: Measured, kept: Kept | None = None) -> Evidence:
        """What an extract says about a declared table, over the people that ``kept`` keeps: evidence, never a row."""
        ...

    def behind(
        self, content: bytes, link: bytes, question: Measured, kept: Kept | None = None
    ) -> Sequence[Behind]:
        """Who is behind each row of a declared table, as released tables remember people. Raises where that is not known."""
        ...

    def copied(self, content: bytes, columns: Sequence[Sequence[str]]) -> frozenset[int]:
        """The rows of a table, given column by column, that are one single person's record in an extract."""
        ...


class DataRooms(Protocol):
    """The data rooms of a site's backends [P7]."""

    def of(self, backend: str) -> DataRoom:
        """The room of one backend. Raises for one that this site does not have."""
        ...


def inside_path(action: str, name: str) -> str:
    """The path under which the quarantine keeps what the engine said of an action; never offered [P1]."""
    return f"inside/{action}/{name}"
