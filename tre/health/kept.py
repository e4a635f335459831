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
from tre.custody.retention import RETENTION, as_retention
from tre.dispatch.push import STATEMENT, TOMBSTONE
from tre.health.chores import DONE, Chore, failed_since
from tre.health.eyes import Eyes
from tre.health.found import Found
from tre.records.errors import RecordsError
from tre.records.incidents import freezes
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
    fix = (
        "Run `tre backup make FOLDER`, on another disk or host, every night; or name the folder as `backup_into` in"
        " [maintenance.chores] of site.toml, and the watch does it."
    )
    return _done_lately(eyes, Chore.BACKUP, eyes.rules.backups, fix)


def retention_is_on_time(eyes: Eyes) -> Found:
    """What was kept long enough is deleted by the site's rule, day by day, and no order is left half done [P13]."""
    fix = "Run `tre retention run`: it completes what waits; let `tre health watch` do it every day."
    frozen = freezes(eyes.daybook)
    if frozen:
        return Found("retention", True, f"nothing is deleted while {frozen[0].incident} is open")
    waits = as_retention(eyes.seals.ledger.case(RETENTION, RETENTION)[0]).waits
    if waits:
        return Found("retention", False, f"{len(waits)} deletions were ordered and are not certified", fix)
    return _done_lately(eyes, Chore.RETENTION, eyes.rules.retention, fix)


def _done_lately(eyes: Eyes, chore: Chore, within: timedelta, fix: str) -> Found:
    failed, last = failed_since(eyes.daybook, chore), eyes.daybook.last(DONE[chore])
    if failed:
        return Found(chore, False, f"the last try failed: {failed}", fix)
    recent = last is not None and eyes.now - datetime.fromisoformat(last.at) <= within
    said = f"the last one is of {last.at[:10]}" if last else "there has been none"
    return Found(chore, recent, said, fix)


def deletions_are_true(eyes: Eyes) -> Found:
    """Every certificate of a deletion is signed by this site, and nothing that it names is here [P13]."""
    try:
        named = eyes.deletions()
    except RecordsError as broken:
        return Found("deletions", False, broken.sentence, broken.fix)
    return Found("deletions", True, f"{len(named)} certificates, of {sum(named)} files")


def certificates_last(eyes: Eyes) -> Found:
    """Every certificate by which this house and those it speaks to are known is good for two weeks more."""
    held = eyes.certificates()
    ill = [f"{each.of}: {each.fault}" for each in held if each.fault]
    ill += [
        f"{each.of}: it ends on {each.until.date()}"
        for each in held
        if each.until is not None and each.until - eyes.now < eyes.rules.certificates
    ]
    first = min((each.until for each in held if each.until is not None), default=None)
    well = (
        f"{len(held)}, of which the first ends on {first.date()}" if first else "nobody is spoken to by one"
    )
    fix = "Renew it where it is made, or trust the one who signed it (SSL_CERT_FILE); what it guards stands still without."
    return Found("certificates", not ill, "; ".join(ill) or well, fix)


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
