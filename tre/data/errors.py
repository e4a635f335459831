"""What the data room says when it refuses.

    DataRefused
    ├── CatalogueInvalid     the catalogue contradicts itself, or a name is not in it
    ├── KeyRefused           a key that is missing, exposed, misplaced or of the wrong kind
    ├── SynthRefused         a population that cannot be made as asked
    ├── IngestRefused        a supply that must not land
    ├── StoreUnavailable     no store, or one whose bytes are not what was built
    ├── OptOutsRefused       an opt-out list that is missing, stale, unsigned or altered
    ├── BasisRefused         a legal basis that does not hold at this moment
    ├── CombinationRefused   parts of two backends that may not be put together
    ├── AnswerUnreadable     a file out of a box that is not what the engine writes
    └── TrialFailed          a query that could not be answered on synthetic data

It refuses to carry a value from a row: `where` names tables, columns and files, never what is in them.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Reason:
    """One refusal: a code for machines, a sentence for people, where it is, and what to do next."""

    code: str
    sentence: str
    fix: str
    where: str = ""

    def __post_init__(self) -> None:
        """Refuse to be silent: every refusal says what happened and what to do."""
        if not (self.code and self.sentence and self.fix):
            raise ValueError("a refusal needs a code, a sentence and a fix")

    def __str__(self) -> str:
        place = f" ({self.where})" if self.where else ""
        return f"{self.code}: {self.sentence}{place} {self.fix}"


class DataRefused(Exception):
    """The room's refusal, with every reason at once."""

    def __init__(self, *reasons: Reason) -> None:
        if not reasons:
            raise ValueError("a refusal without a reason")
        super().__init__("\n".join(str(reason) for reason in reasons))
        self.reasons = reasons

    @property
    def code(self) -> str:
        """The first reason's code."""
        return self.reasons[0].code

    @property
    def sentence(self) -> str:
        """The first reason's sentence."""
        return self.reasons[0].sentence

    @property
    def fix(self) -> str:
        """What to do about the first reason."""
        return self.reasons[0].fix


class CatalogueInvalid(DataRefused):
    """The catalogue contradicts itself, or a name is not in it."""


class KeyRefused(DataRefused):
    """A key that is missing, exposed, misplaced or of the wrong kind."""


class SynthRefused(DataRefused):
    """A population that cannot be made as asked."""


class IngestRefused(DataRefused):
    """A supply that must not land."""


class StoreUnavailable(DataRefused):
    """No store, or one whose bytes are not what was built."""


class OptOutsRefused(DataRefused):
    """An opt-out list that is missing, stale, unsigned or altered."""


class BasisRefused(DataRefused):
    """A legal basis that does not hold at this moment."""


class CombinationRefused(DataRefused):
    """Parts of two backends that may not be put together."""


class AnswerUnreadable(DataRefused):
    """A file out of a box that is not what the engine writes."""


class TrialFailed(DataRefused):
    """A query that could not be answered on synthetic data."""
