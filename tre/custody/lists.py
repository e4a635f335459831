"""Which lists of opt-outs are in force in each backend, and which exemptions: what no file beside a store can say of itself [P6].

One case, with a history of its own. A store is read only while it shows the very lists that are in force here or, from the
moment at which a build was announced, those that the build brings. Refuses to call a store without a list one that shows any.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date

from tre.custody.errors import Malformed, require
from tre.custody.law import OptOutRule

LISTS = "lists"
"""The kind of case, and the id of the only one."""


@dataclass(frozen=True)
class ListInForce:
    """One list: of which kind and day, the digest over the pseudonyms on it, and that of the document that was signed.

    ``document`` is empty where the list came with a supply of people who do not exist.
    """

    kind: OptOutRule
    dated: date
    digest: str
    document: str

    def __post_init__(self) -> None:
        require(self.digest, "a list is known by its digest")


@dataclass(frozen=True)
class Lists:
    """The case: by backend, what is in force and what an announced build brings; and the document of exempt studies."""

    id: str = LISTS
    in_force: tuple[tuple[str, tuple[ListInForce, ...]], ...] = ()
    coming: tuple[tuple[str, tuple[ListInForce, ...]], ...] = ()
    exemptions: str = ""

    def of(self, backend: str) -> Mapping[OptOutRule, ListInForce]:
        """What is in force in a backend."""
        return _by_kind(dict(self.in_force).get(backend, ()))

    def after(self, backend: str) -> Mapping[OptOutRule, ListInForce]:
        """What is in force once the announced build is there: a list that came into force meanwhile stands."""
        standing = self.of(backend)
        brought = dict(self.coming).get(backend, ())
        newer = _by_kind(each for each in brought if follows(each, standing.get(each.kind)))
        return {**standing, **newer}

    def allow(self, backend: str, shown: Iterable[ListInForce]) -> bool:
        """Whether a store of that backend that shows these lists may be read."""
        seen = _said(_by_kind(shown))
        return OptOutRule.TYPE_1 in seen and seen in (_said(self.of(backend)), _said(self.after(backend)))

    def with_in_force(self, backend: str, lists: Iterable[ListInForce]) -> "Lists":
        """The same case, with these lists in the place of those of their kinds."""
        merged = {**self.of(backend), **_by_kind(lists)}
        return replace(self, in_force=_put(self.in_force, backend, merged.values()))

    def with_coming(self, backend: str, lists: Iterable[ListInForce]) -> "Lists":
        """The same case, with a build announced; or none, where it brings nothing."""
        return replace(self, coming=_put(self.coming, backend, lists))


def follows(new: ListInForce, standing: ListInForce | None) -> bool:
    """Whether a build's list may take the place of another: a later day's; or the same day's, from the same document.

    Of two documents of one day nobody can say which is the newer. A list that no document vouches for gives way.
    """
    if standing is None or new.dated > standing.dated:
        return True
    return new.dated == standing.dated and standing.document in {"", new.document}


def as_lists(case: object) -> Lists:
    """The case, which is the lists.

    Raises:
        Malformed: it is another kind of case.
    """
    if not isinstance(case, Lists):
        raise Malformed("the lists were expected")
    return case


def _by_kind(lists: Iterable[ListInForce]) -> dict[OptOutRule, ListInForce]:
    return {each.kind: each for each in lists}


def _said(lists: Mapping[OptOutRule, ListInForce]) -> dict[OptOutRule, tuple[date, str]]:
    return {kind: (each.dated, each.digest) for kind, each in lists.items()}


def _put(
    by_backend: tuple[tuple[str, tuple[ListInForce, ...]], ...], backend: str, lists: Iterable[ListInForce]
) -> tuple[tuple[str, tuple[ListInForce, ...]], ...]:
    others = tuple(each for each in by_backend if each[0] != backend)
    return (*others, (backend, tuple(lists)))
