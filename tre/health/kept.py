"""Is what must be kept whole: ledger, checkpoints, daybook, backups, releases, and the messages that must leave?

Refuses to call a signature good because nobody has tried it: a trial release is signed, verified, and altered, each time.
"""

import hashlib
import tempfile
from datetime import datetime, timedelta
from pathlib import Path

from tre.custody.encoding import canonical
from tre.custody.notices import WATCHERS
from tre.custody.people import Role
from tre.dispatch.push import STATEMENT, TOMBSTONE
from tre.health.eyes import Eyes
from tre.health.found import Found
from tre.records.errors import RecordsError
from tre.records.seals import Seals

TRIAL, TRIAL_BYTES = "trial.csv", b"region,people\nnowhere,10\n"
TO_BE_TOLD = {"maintainer": (Role.MAINTAINER,), "Caldicott Guardian or data protection officer": WATCHERS}
"""Of each of these somebody must be reached."""
REMEMBERED = timedelta(days=7)
"""A message that did not leave is an illness for so long; by then somebody was told in another way."""
SIGNING_FIX = "Release nothing; compare keys/signing.key with the public key that people were given."


def ledger_is_whole(eyes: Eyes) -> Found:
    """The chain holds, and is the history that was signed [P13]."""
    try:
        verified = eyes.seals.verify()
    except RecordsError as broken:
        return Found("ledger", False, broken.sentence, broken.fix)
    return Found("ledger", True, f"{verified.position} events, {verified.witnessed} of them witnessed")


def daybook_is_whole(eyes: Eyes) -> Found:
    """Nothing that was done to the platform was written over."""
    try:
        entries = eyes.daybook.entries()
    except RecordsError as broken:
        return Found("daybook", False, broken.sentence, broken.fix)
    return Found("daybook", True, f"{len(entries)} entries")


def checkpoint_is_recent(eyes: Eyes) -> Found:
    """The ledger's head was signed and kept elsewhere not long ago."""
    fix = "Run `tre ledger checkpoint`, and take the file to another machine."
    try:
        newest = eyes.seals.newest()
    except RecordsError as broken:
        return Found("checkpoint", False, broken.sentence, broken.fix)
    if eyes.seals.ledger.head().position == 0:
        return Found("checkpoint", True, "there is nothing to sign yet")
    recent = newest is not None and timedelta() <= eyes.now - newest.at <= eyes.rules.checkpoints
    said = f"signed on {newest.at.date()}" if newest else "nothing was ever signed"
    return Found("checkpoint", recent, said, fix)


def backup_is_recent(eyes: Eyes) -> Found:
    """The records were copied not long ago."""
    last = eyes.daybook.last("backed-up")
    recent = last is not None and eyes.now - datetime.fromisoformat(last.at) <= eyes.rules.backups
    said = f"the last one is of {last.at[:10]}" if last else "there has been none"
    fix = "Run `tre backup make FOLDER`, on another disk or host, every night."
    return Found("backup", recent, said, fix)


def releases_verify(eyes: Eyes) -> Found:
    """Every release that lies outside is what the site signed."""
    folders = [path.parent for path in sorted(eyes.outside.glob(f"*/{STATEMENT}"))]
    standing = [folder for folder in folders if not (folder / TOMBSTONE).exists()]
    for folder in standing:
        try:
            eyes.seals.verify_release(folder)
        except RecordsError as broken:
            return Found("releases", False, f"{folder.name}: {broken.sentence}", broken.fix)
    return Found("releases", True, f"{len(standing)} verified, {len(folders) - len(standing)} recalled")


def a_release_verifies(eyes: Eyes) -> Found:
    """A release that is signed now verifies, and does not once a byte of it is another [P13]."""
    with tempfile.TemporaryDirectory(prefix="tre-trial-") as work:
        folder = Path(work)
        _sign_trial(eyes.seals, folder)
        if not _verifies(eyes.seals, folder):
            return Found("signing", False, "a release that was just signed does not verify", SIGNING_FIX)
        (folder / TRIAL).write_bytes(TRIAL_BYTES.replace(b"10", b"11"))
        if _verifies(eyes.seals, folder):
            return Found("signing", False, "a release that was altered verifies all the same", SIGNING_FIX)
    return Found("signing", True, "a trial release verifies, and an altered one does not")


def _sign_trial(seals: Seals, folder: Path) -> None:
    digest = hashlib.sha256(TRIAL_BYTES).hexdigest()
    subject = [{"name": TRIAL, "digest": {"sha256": digest}}]
    content = canonical({"subject": subject, "predicate": {"request": "health-trial"}})
    (folder / TRIAL).write_bytes(TRIAL_BYTES)
    for name, sealed in seals.beside(content, seals.sign_statement(content)):
        (folder / name).write_bytes(sealed)


def _verifies(seals: Seals, folder: Path) -> bool:
    try:
        seals.verify_release(folder)
    except RecordsError:
        return False
    return True


def messages_leave(eyes: Eyes) -> Found:
    """Somebody who keeps the house and somebody who watches can be told by mail or hook, and no message is stuck [P15]."""
    stuck = eyes.outbox.stuck((eyes.now - REMEMBERED).isoformat())
    fix = (
        "See `tre notices send`; set `email` in people.toml, and `mail` or `hook` in [notices] of site.toml."
    )
    if stuck:
        return Found("messages", False, f"{stuck} messages did not leave, tried again and again", fix)
    unheard = [words for words, roles in TO_BE_TOLD.items() if not _is_anybody_reached(eyes, roles)]
    if unheard:
        return Found("messages", False, f"no {' and no '.join(unheard)} can be told by mail or hook", fix)
    return Found("messages", True, "every message has left, or is being tried")


def _is_anybody_reached(eyes: Eyes, roles: tuple[Role, ...]) -> bool:
    holders = (each for each in eyes.service.site.people.values() if each.roles & set(roles))
    return any(eyes.reachable(person) for person in holders)
