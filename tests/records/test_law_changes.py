"""[P5] [P16] The law changes by two people of information governance, who sign the very bytes; what counts is on the ledger."""

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tre.custody.decide_law import LAW_RULES, bundle_bytes, bundle_digest
from tre.custody.errors import Refusal
from tre.custody.law import Bundle, Law, Switch
from tre.custody.people import Person, Role
from tre.custody.reasons import Reason, ReasonCode
from tre.records.law import LAW_FILES, LawBook, read_bundle
from tre.records.ledger import Ledger
from tre.records.site import SiteError

NOW = datetime(2025, 11, 3, 9, tzinfo=UTC)
IG = frozenset({Role.INFORMATION_GOVERNANCE})
GWEN, HUGH = Person("gwen", IG, date(2027, 1, 1)), Person("hugh", IG, date(2027, 1, 1))
KEYS = {"gwen": bytes([1]) * 32, "hugh": bytes([2]) * 32, "ada": bytes([3]) * 32}


def public(name: str) -> bytes:
    return Ed25519PrivateKey.from_private_bytes(KEYS[name]).public_key().public_bytes_raw()


def signed(bundle: Bundle, name: str) -> str:
    return Ed25519PrivateKey.from_private_bytes(KEYS[name]).sign(bundle_bytes(bundle)).hex()


SHIPS = read_bundle(LAW_FILES)
PILOT = Bundle(
    tuple(
        replace(each, switch=Switch.ON) if each.name == "das-pilot-2025" else each
        for each in SHIPS.instruments
    )
)


@pytest.fixture
def book(tmp_path: Path):
    ledger = Ledger.create(f"sqlite:///{tmp_path / 'ledger.db'}")
    signers = {name: public(name) for name in ("gwen", "hugh")}
    book = LawBook(ledger, signers, policy="9" * 64)
    book.begin(NOW, SHIPS)
    yield book
    ledger.close()


def propose(book: LawBook) -> Law:
    return book.propose(GWEN, NOW, PILOT, signed(PILOT, "gwen"))


def refused(act) -> str:
    with pytest.raises(Refusal) as refusal:
        act()
    return refusal.value.code


def test_the_pilot_is_off_until_two_people_have_switched_it_on(book: LawBook) -> None:
    assert not book.now().bases["das-pilot-2025"].enabled
    propose(book)
    assert not book.now().bases["das-pilot-2025"].enabled, "a proposal is not yet the law"
    after = book.adopt(HUGH, NOW, bundle_digest(PILOT), signed(PILOT, "hugh"))
    assert after.bases["das-pilot-2025"].enabled
    assert after.bases["das-pilot-2025"].honours_national
    assert not after.bases["covid-19-directions-2020"].honours_national
    assert [each.switch for each in after.stood[0].instruments] == ["on", "on", "off"], "history stays"


def test_nobody_adopts_their_own_proposal(book: LawBook) -> None:
    propose(book)
    code = refused(lambda: book.adopt(GWEN, NOW, bundle_digest(PILOT), signed(PILOT, "gwen")))
    assert code == "law-same-person"
    assert book.now().waits


@pytest.mark.parametrize(
    ("signature", "why"),
    [
        ("", "none"),
        ("zz", "not hexadecimal"),
        (signed(PILOT, "gwen"), "the proposer's"),
        (signed(SHIPS, "hugh"), "of other bytes"),
    ],
)
def test_a_change_without_the_second_persons_signature_is_refused(
    book: LawBook, signature: str, why: str
) -> None:
    propose(book)
    assert refused(lambda: book.adopt(HUGH, NOW, bundle_digest(PILOT), signature)) == "law-unsigned", why


def test_a_proposal_is_signed_by_somebody_who_may_sign(book: LawBook) -> None:
    assert refused(lambda: book.propose(GWEN, NOW, PILOT, signed(PILOT, "hugh"))) == "law-unsigned"
    stranger = Person("ivan", IG, date(2027, 1, 1))
    assert refused(lambda: book.propose(stranger, NOW, PILOT, signed(PILOT, "ada"))) == "law-unsigned"


def test_only_information_governance_whose_training_is_in_date_changes_the_law(book: LawBook) -> None:
    ada = Person("ada", frozenset({Role.RESEARCHER, Role.APPROVER, Role.MAINTAINER}), date(2027, 1, 1))
    assert refused(lambda: book.propose(ada, NOW, PILOT, signed(PILOT, "ada"))) == "not-your-role"
    lapsed = replace(GWEN, trained_until=date(2025, 11, 2))
    assert refused(lambda: book.propose(lapsed, NOW, PILOT, signed(PILOT, "gwen"))) == "training-lapsed"


def test_what_is_adopted_is_the_very_bundle_that_was_read(book: LawBook) -> None:
    propose(book)
    code = refused(lambda: book.adopt(HUGH, NOW, bundle_digest(SHIPS), signed(PILOT, "hugh")))
    assert code == "law-other-bundle"


def test_one_change_waits_at_a_time_and_a_declined_one_leaves_the_law_as_it_was(book: LawBook) -> None:
    propose(book)
    assert refused(lambda: propose(book)) == "law-step-not-on-map"
    after = book.decline(HUGH, NOW, bundle_digest(PILOT), Reason(ReasonCode.NEEDS_CHANGES))
    assert after.stood == (SHIPS,)
    assert not after.waits
    assert refused(lambda: book.adopt(HUGH, NOW, bundle_digest(PILOT), "")) == "law-step-not-on-map"
    assert propose(book).waits


def test_the_law_begins_once_and_a_change_changes_something(book: LawBook) -> None:
    assert refused(lambda: book.begin(NOW, PILOT)) == "law-step-not-on-map"
    propose(book)
    book.adopt(HUGH, NOW, bundle_digest(PILOT), signed(PILOT, "hugh"))
    assert refused(lambda: book.propose(GWEN, NOW, PILOT, signed(PILOT, "gwen"))) == "law-unchanged"


def test_the_law_that_ships_is_adopted_as_it_is_by_two_people_once(book: LawBook) -> None:
    """[P16] A site begins with it; until two people have signed it nobody real is asked about."""
    assert not book.now().was_adopted
    book.propose(GWEN, NOW, SHIPS, signed(SHIPS, "gwen"))
    assert not book.now().was_adopted
    after = book.adopt(HUGH, NOW, bundle_digest(SHIPS), signed(SHIPS, "hugh"))
    assert after.was_adopted
    assert after.stood == (SHIPS, SHIPS)
    assert refused(lambda: book.propose(GWEN, NOW, SHIPS, signed(SHIPS, "gwen"))) == "law-unchanged"


def test_every_rule_guards_something(book: LawBook, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each refusal above comes from a rule of its own: none is there for nothing, and none does two rules' work."""
    codes = {
        "law-step-not-on-map",
        "not-your-role",
        "training-lapsed",
        "law-other-bundle",
        "law-same-person",
        "law-unsigned",
        "law-unchanged",
    }
    assert len(LAW_RULES) == len(codes)
    propose(book)
    without = tuple(rule for rule in LAW_RULES if rule.__name__ != "second_is_another")
    monkeypatch.setattr("tre.custody.decide_law.LAW_RULES", without)
    after = book.adopt(GWEN, NOW, bundle_digest(PILOT), signed(PILOT, "gwen"))
    assert after.bases["das-pilot-2025"].enabled, (
        "with the rule taken out one person is enough: it is the rule that holds"
    )


def test_a_site_without_a_law_lets_nothing_happen() -> None:
    assert Law().bases == {}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('switch = "off"', 'switch = "perhaps"'),
        ("starts = 2025-06-01", 'starts = "2025-06-01"'),
        ("starts = 2025-06-01", "starts = 2028-06-01"),
        ('opt_outs = ["type-1", "national"]', 'opt_outs = ["none"]'),
        ("datasets = [", "tables = ["),
        ('"covid-19-research"', '"anything"'),
    ],
)
def test_files_that_are_unclear_are_refused(tmp_path: Path, old: str, new: str) -> None:
    for path in LAW_FILES.glob("*.toml"):
        text = path.read_text()
        if path.stem == "das-pilot-2025":
            assert old in text
            text = text.replace(old, new)
        (tmp_path / path.name).write_text(text)
    with pytest.raises(SiteError) as refusal:
        read_bundle(tmp_path)
    assert refusal.value.code == "law-unclear"


def test_an_empty_folder_is_not_a_law(tmp_path: Path) -> None:
    with pytest.raises(SiteError):
        read_bundle(tmp_path)
