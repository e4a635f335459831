"""[P6] [P16] Lists of opt-outs go forward only: what the gate on the ledger allows, and what it refuses."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from tre.custody.context import Moment
from tre.custody.decide_lists import (
    LISTS_RULES,
    Announce,
    AskedOfLists,
    Built,
    Exempt,
    ListsCommand,
    PutInForce,
)
from tre.custody.errors import Malformed, Refusal
from tre.custody.events import ListsPutInForce
from tre.custody.law import OptOutRule
from tre.custody.lists import LISTS, ListInForce, Lists, as_lists
from tre.custody.people import Person, Role
from tre.records.errors import LedgerBroken
from tre.records.ledger import Ledger
from tre.records.lists import ListBook, Registrar

NOW = datetime(2025, 11, 20, 9, tzinfo=UTC)
FIRST = date(2025, 11, 1)
EVE = Person("eve", frozenset({Role.MAINTAINER}), date(2027, 1, 1))
FAY = Person("fay", frozenset({Role.INFORMATION_GOVERNANCE}), date(2027, 1, 1))


def listed(days: int = 0, *, digest: str = "", document: str = "doc", national: bool = False) -> ListInForce:
    kind = OptOutRule.NATIONAL if national else OptOutRule.TYPE_1
    return ListInForce(kind, FIRST + timedelta(days=days), digest or f"{days}-{document}", document)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ledger = Ledger.create(f"sqlite:///{tmp_path / 'ledger.db'}")
    yield ledger
    ledger.close()


@pytest.fixture
def book(ledger: Ledger) -> ListBook:
    return ListBook(ledger, policy="9" * 64)


def by(book: ListBook, person: Person = EVE) -> Registrar:
    return Registrar(book, person, lambda: NOW)


def refused(act) -> str:
    with pytest.raises(Refusal) as refusal:
        act()
    return refusal.value.code


def test_nothing_is_read_before_a_list_is_in_force_and_then_only_under_it(book: ListBook) -> None:
    one = listed()
    assert not book.now().allow("tpp", [one])
    by(book).put_in_force("tpp", one)
    assert book.now().allow("tpp", [replace(one, document="")]), "a store shows whom, not which document"
    assert not book.now().allow("emis", [one])
    assert not book.now().allow("tpp", [])
    assert not book.now().allow("tpp", [listed(1)])
    assert not book.now().allow("tpp", [replace(one, digest="others")])
    assert not book.now().allow("tpp", [one, listed(national=True)])


def test_the_same_list_again_writes_nothing_and_is_allowed(book: ListBook, ledger: Ledger) -> None:
    by(book).put_in_force("tpp", listed())
    before = ledger.head().position
    by(book).put_in_force("tpp", listed())
    assert ledger.head().position == before


@pytest.mark.parametrize("act", ["put_in_force", "announce"])
def test_an_older_list_or_another_of_the_same_day_or_one_of_tomorrow_is_refused(book: ListBook, act) -> None:
    by(book).put_in_force("tpp", listed(5))

    def bring(one: ListInForce) -> None:
        getattr(by(book), act)("tpp", one if act == "put_in_force" else [one])

    assert refused(lambda: bring(listed(4))) == "opt-outs-older"
    assert refused(lambda: bring(listed(5, document="other"))) == "opt-outs-same-day"
    assert refused(lambda: bring(listed(5, document="", digest="supply's"))) == "opt-outs-same-day"
    assert refused(lambda: bring(listed(20))) == "opt-outs-future"
    bring(listed(19))


def test_a_list_without_a_document_gives_way_to_a_signed_one_of_its_day(book: ListBook) -> None:
    by(book).announce("tpp", [listed(document="", digest="supply's")])
    by(book).built("tpp", "v1")
    by(book).put_in_force("tpp", listed())
    assert book.now().of("tpp") == {OptOutRule.TYPE_1: listed()}


def test_a_build_may_bring_the_same_document_anew_and_a_list_beside_the_store_may_not(book: ListBook) -> None:
    """A build leaves out more people than the document names: beside an older store it would bring some back."""
    by(book).announce("tpp", [listed(digest="document and supply")])
    by(book).built("tpp", "v1")
    assert refused(lambda: by(book).put_in_force("tpp", listed(digest="document"))) == "opt-outs-same-day"
    by(book).announce("tpp", [listed(digest="document and a later supply")])


def test_from_its_announcement_a_build_is_read_and_the_store_before_it_until_it_is_there(
    book: ListBook,
) -> None:
    old, new = listed(), listed(3)
    by(book).put_in_force("tpp", old)
    by(book).announce("tpp", [new])
    assert book.now().allow("tpp", [old])
    assert book.now().allow("tpp", [new])
    by(book).built("tpp", "v2")
    assert not book.now().allow("tpp", [old])
    assert book.now().allow("tpp", [new])


def test_a_list_put_in_force_while_a_build_runs_stands_after_it(book: ListBook) -> None:
    by(book).announce("tpp", [listed(3)])
    by(book).put_in_force("tpp", listed(4))
    assert not book.now().allow("tpp", [listed(3)]), "the coming build alone is not enough any more"
    by(book).built("tpp", "v2")
    assert book.now().allow("tpp", [listed(4)])
    assert not book.now().allow("tpp", [listed(3)])


def test_a_build_without_a_kind_that_is_in_force_is_refused(book: ListBook) -> None:
    by(book).put_in_force("tpp", listed(national=True))
    assert refused(lambda: by(book).announce("tpp", [listed(1)])) == "opt-outs-missing"
    by(book).announce("tpp", [listed(1), listed(1, national=True)])
    by(book).built("tpp", "v1")
    assert book.now().allow("tpp", [listed(1), listed(1, national=True)])
    assert not book.now().allow("tpp", [listed(1)]), "the national one is missing"


@pytest.mark.parametrize(
    "command", [Announce("tpp", (listed(),)), Built("tpp", "v"), PutInForce("tpp", listed())]
)
def test_maintainers_put_lists_in_force_and_information_governance_says_who_is_exempt(
    book: ListBook, command: ListsCommand
) -> None:
    assert refused(lambda: book.take(command, AskedOfLists(FAY, Moment(NOW)))) == "not-your-role"
    lapsed = replace(EVE, trained_until=date(2025, 11, 19))
    assert refused(lambda: book.take(command, AskedOfLists(lapsed, Moment(NOW)))) == "training-lapsed"
    assert refused(lambda: book.take(Exempt("d"), AskedOfLists(EVE, Moment(NOW)))) == "not-your-role"
    assert book.exempt(FAY, NOW, "d").exemptions == "d"


def test_every_rule_has_a_refusal_of_its_own() -> None:
    codes = {
        "not-your-role",
        "training-lapsed",
        "opt-outs-future",
        "opt-outs-older",
        "opt-outs-same-day",
        "opt-outs-missing",
    }
    assert len(LISTS_RULES) == len(codes)


@pytest.mark.parametrize("rule", LISTS_RULES[2:], ids=lambda rule: rule.__name__)
def test_without_one_rule_something_would_be_let_in(
    book: ListBook, monkeypatch: pytest.MonkeyPatch, rule
) -> None:
    by(book).put_in_force("tpp", listed(5))
    by(book).put_in_force("tpp", listed(5, national=True))
    both = [listed(6), listed(6, national=True)]
    tried = {
        "day_has_come": [listed(20), both[1]],
        "list_is_not_older": [listed(4), both[1]],
        "day_has_one_list": [listed(5, document="other"), both[1]],
        "no_list_is_dropped": both[:1],
    }[rule.__name__]
    refused(lambda: by(book).announce("tpp", tried))
    without = tuple(each for each in LISTS_RULES if each is not rule)
    if rule.__name__ == "list_is_not_older":
        without = tuple(each for each in without if each.__name__ != "day_has_one_list")
    monkeypatch.setattr("tre.custody.decide_lists.LISTS_RULES", without)
    by(book).announce("tpp", tried)


def test_an_older_list_written_by_hand_is_found_when_the_ledger_is_verified(
    ledger: Ledger, book: ListBook
) -> None:
    by(book).put_in_force("tpp", listed(5))
    assert ledger.verify(None).position == 1
    older = ListsPutInForce("tpp", (listed(4),), "")
    ledger.append(LISTS, LISTS, (older,), expected_seq=1, actor="eve", at=NOW, policy="9" * 64)
    with pytest.raises(LedgerBroken) as broken:
        ledger.verify(None)
    assert broken.value.code == "history-impossible"


def test_another_case_is_not_the_lists() -> None:
    with pytest.raises(Malformed):
        as_lists("law")
    assert as_lists(Lists()).exemptions == ""
