"""[P9] Checkers who vote at the same instant: every vote counts once, on SQLite and on PostgreSQL."""

import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.contract.test_ledger_on_postgresql import on_a_server, url
from tests.exhaustive.small_world import LAW
from tests.records.examples import EXAMPLES, NOW, POLICY, PROPOSAL, RUN, STUDY, YES, tell
from tre.custody.commands import CastVote
from tre.custody.context import Context, Moment, Rules
from tre.custody.decide import decide
from tre.custody.errors import Refusal
from tre.custody.people import Person, Role
from tre.custody.requests import JobRequest
from tre.custody.studies import Application
from tre.records.ledger import Ledger

__all__ = ["url"]
AT = NOW + timedelta(hours=1)
CHECKERS = {name: Person(name, frozenset({Role.OUTPUT_CHECKER}), PROPOSAL.ends) for name in ("edith", "joan")}
RULES = Rules(POLICY, {EXAMPLES["request.checked"].offered[0].level: 2}, timedelta(days=28))  # type: ignore[attr-defined]


def vote(ledger: Ledger, name: str) -> str:
    """One checker votes, as the service does it: read, decide and append in one transaction."""
    with ledger.transaction() as tx:
        case, seq = tx.case("request", "run-1")
        study, _ = tx.case("application", "waning")
        assert isinstance(study, Application)
        bases = {
            PROPOSAL.legal_basis: replace(
                LAW, id=PROPOSAL.legal_basis, datasets=frozenset({"patients", "vaccinations"})
            )
        }
        context = Context(CHECKERS[name], RULES, bases, CHECKERS, study)
        try:
            events = decide(case, CastVote(YES), context, Moment(AT))
        except Refusal as refusal:
            return refusal.code
        tx.append("request", "run-1", events, expected_seq=seq, actor=name, at=AT, policy=POLICY)
        return "in"


def vote_at_once(address: str) -> None:
    ledger = Ledger.create(address)
    tell(ledger, "application", "waning", STUDY)
    tell(ledger, "request", "run-1", (*RUN, ("platform", EXAMPLES["request.checked"])))
    said: list[tuple[str, str]] = []
    together = threading.Barrier(8)

    def one(name: str) -> None:
        together.wait()
        said.append((name, vote(ledger, name)))

    threads = [threading.Thread(target=one, args=(name,)) for name in ("edith", "joan") * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    case, _ = ledger.case("request", "run-1")
    assert isinstance(case, JobRequest)
    assert case.stage.value == "reviewed"
    assert sorted(each.checker for each in case.votes) == ["edith", "joan"]
    assert all(len(each.files) == 1 for each in case.votes)
    assert {name for name, outcome in said if outcome == "in"} == {"edith", "joan"}
    assert {outcome for _, outcome in said} <= {"in", "already-voted"}
    assert ledger.verify().position == len(STUDY) + len(RUN) + 1 + sum(outcome == "in" for _, outcome in said)
    ledger.close()


def test_eight_votes_of_two_checkers_on_sqlite(tmp_path: Path) -> None:
    vote_at_once(f"sqlite:///{tmp_path / 'ledger.db'}")


@on_a_server
def test_eight_votes_of_two_checkers_on_postgresql(url: str) -> None:
    vote_at_once(url)


@pytest.mark.parametrize("name", ["edith", "joan"])
def test_one_checker_alone_is_one_vote(tmp_path: Path, name: str) -> None:
    ledger = Ledger.create(f"sqlite:///{tmp_path / 'ledger.db'}")
    tell(ledger, "application", "waning", STUDY)
    tell(ledger, "request", "run-1", (*RUN, ("platform", EXAMPLES["request.checked"])))
    assert [vote(ledger, name), vote(ledger, name)] == ["in", "already-voted"]
    ledger.close()
