"""The law as the ledger holds it, and as it is written down in a site's folder `policy/`: one file for each instrument [P5].

What counts is on the ledger: the files are what a change is proposed from. Refuses a key that is not known, and a signature
that is not over the very bytes or not by a person of information governance.
"""

import tomllib
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from job_specs.model import Purpose
from tre.custody.context import Moment
from tre.custody.decide_law import (
    Adopt,
    Asked,
    Begin,
    Decline,
    LawCommand,
    Propose,
    bundle_bytes,
    decide_law,
)
from tre.custody.errors import Malformed
from tre.custody.evolve import fold
from tre.custody.law import LAW, Bundle, Instrument, Law, OptOutRule, Switch
from tre.custody.people import PLATFORM, Person
from tre.custody.reasons import Reason
from tre.records.ledger import Ledger, Transaction
from tre.records.site import LAW_FOLDER, NEW_SITE, SiteError

LAW_FILES = NEW_SITE / LAW_FOLDER
"""The instruments that ship."""
KEYS = frozenset({"title", "purposes", "starts", "ends", "switch", "opt_outs", "datasets"})


class LawBook:
    """The law of one site: what stands, and the three verbs that change it."""

    def __init__(self, ledger: Ledger, signers: Mapping[str, bytes], *, policy: str) -> None:
        """``signers`` are the public keys of information governance, by account; ``policy`` goes on every event."""
        self._ledger = ledger
        self._signers = signers
        self._policy = policy

    def now(self) -> Law:
        """The law as it stands, for looking at."""
        return as_law(self._ledger.case(LAW, LAW)[0])

    def as_of(self, tx: Transaction) -> Law:
        """The law as it stands in this transaction."""
        return as_law(tx.case(LAW, LAW)[0])

    def begin(self, now: datetime, bundle: Bundle) -> Law:
        """Put the first bundle in force."""
        return self._take(Begin(bundle), Asked(PLATFORM, Moment(now)))

    def propose(self, person: Person, now: datetime, bundle: Bundle, signature: str) -> Law:
        """Propose another bundle [P16]."""
        holds = self._signed(person, bundle, signature)
        return self._take(Propose(bundle, signature), Asked(person, Moment(now), holds))

    def adopt(self, person: Person, now: datetime, digest: str, signature: str) -> Law:
        """Put in force what waits [P16]."""
        waits = self.now().waits
        holds = bool(waits) and self._signed(person, waits[-1].bundle, signature)
        return self._take(Adopt(digest, signature), Asked(person, Moment(now), holds))

    def decline(self, person: Person, now: datetime, digest: str, reason: Reason) -> Law:
        """Leave things as they are."""
        return self._take(Decline(digest, reason), Asked(person, Moment(now)))

    def _take(self, command: LawCommand, asked: Asked) -> Law:
        with self._ledger.transaction() as tx:
            case, seq = tx.case(LAW, LAW)
            events = decide_law(as_law(case), command, asked)
            tx.append(
                LAW,
                LAW,
                events,
                expected_seq=seq,
                actor=asked.actor.id,
                at=asked.moment.now,
                policy=self._policy,
            )
            return as_law(fold(case, events))

    def _signed(self, person: Person, bundle: Bundle, untrusted_signature: str) -> bool:
        public = self._signers.get(person.id)
        if public is None:
            return False
        try:
            signature = bytes.fromhex(untrusted_signature)
            Ed25519PublicKey.from_public_bytes(public).verify(signature, bundle_bytes(bundle))
        except (ValueError, InvalidSignature):
            return False
        return True


def as_law(case: object) -> Law:
    """The case, which is the law.

    Raises:
        Malformed: it is another kind of case.
    """
    if not isinstance(case, Law):
        raise Malformed("the law was expected")
    return case


def read_bundle(folder: Path) -> Bundle:
    """The bundle that a folder's files say, in the order of their names.

    Raises:
        SiteError: a file is missing, is not TOML, or says something that cannot be.
    """
    files = sorted(folder.glob("*.toml"))
    try:
        return Bundle(tuple(_instrument(path.stem, tomllib.loads(path.read_text("utf-8"))) for path in files))
    except (OSError, ValueError, KeyError, TypeError, Malformed) as error:
        raise SiteError(
            "law-unclear",
            f"A file of the law is missing, or says something that cannot be: {error}.",
            where=str(folder),
            fix="Compare it with the files that `tre init` writes, and mend it.",
        ) from error


def _instrument(name: str, told: Mapping[str, Any]) -> Instrument:
    if unknown := set(told) - KEYS:
        raise ValueError(f"{name} has keys that mean nothing here: {', '.join(sorted(unknown))}")
    starts, ends = told["starts"], told["ends"]
    if type(starts) is not date or type(ends) is not date:
        raise ValueError("a date is written as 2026-01-31, without quotes")
    return Instrument(
        name=name,
        title=str(told["title"]),
        purposes=tuple(Purpose(each) for each in told["purposes"]),
        starts=starts,
        ends=ends,
        switch=Switch(told["switch"]),
        opt_outs=tuple(OptOutRule(each) for each in told["opt_outs"]),
        datasets=tuple(str(each) for each in told["datasets"]),
    )
