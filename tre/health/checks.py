"""What a healthy platform is, one check after another: each looks at the live installation and says what to do when it is ill.

    CHECKS     all of them, in the order in which they are shown
    QUICK      those of `tre doctor`: nothing is run in a box

Every check is a function of what it is shown, so that a fault can be planted before it, and it is shown to fail then.
Refuses to pass on silence: a check that could not look has failed.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from tre.health import host, kept, rules, stores
from tre.health.accepting import with_accepted
from tre.health.eyes import Eyes, Look
from tre.health.found import Found, ill, noted
from tre.records.daybook import Facts
from tre.records.looks import LOOKED
from tre.service import By

QUICK: Mapping[str, Look] = {
    "engine": host.engine_answers,
    "kernel": host.kernel_has_no_known_hole,
    "disk": host.disk_has_room,
    "clock": host.clock_goes_forward,
    "keys": host.keys_are_private,
    "opt-out-list": stores.opt_out_lists_are_fresh,
    "stores": stores.stores_are_whole,
    "ledger": kept.ledger_is_whole,
    "daybook": kept.daybook_is_whole,
    "checkpoint": kept.checkpoint_is_recent,
    "certificates": kept.certificates_last,
    "backup": kept.backup_is_recent,
    "retention": kept.retention_is_on_time,
    "deletions": kept.deletions_are_true,
    "messages": kept.messages_leave,
}
CHECKS: Mapping[str, Look] = {
    **QUICK,
    "walls": host.walls_hold,
    "releases": kept.releases_verify,
    "signing": kept.a_release_verifies,
    "lapsed-approval": rules.lapsed_approval_is_refused,
    "live-approval": rules.live_approval_is_not_refused,
    "tables": stores.tables_have_not_drifted,
}


def look(eyes: Eyes, checks: Mapping[str, Look] = CHECKS) -> tuple[Found, ...]:
    """What each check finds; one that could not look has failed."""
    found = (_safely(name, check, eyes) for name, check in checks.items())
    return with_accepted(found, eyes.daybook)


def _safely(name: str, check: Look, eyes: Eyes) -> Found:
    try:
        return check(eyes)
    except Exception as error:  # noqa: BLE001 - a face: whatever keeps a check from looking is an illness too
        said = str(getattr(error, "sentence", "")) or f"it could not look: {type(error).__name__}"
        fix = str(getattr(error, "fix", "")) or "Mend what keeps it from looking; until then nobody knows."
        return Found(name, False, said, fix)


def examine(eyes: Eyes, by: By, *, quick: bool) -> dict[str, Any]:
    """Look, keep in the daybook what was found, and say it as plain data; ``quick`` leaves out what runs in boxes."""
    found = look(eyes, QUICK if quick else CHECKS)
    facts: Facts = {"quick": quick, **noted(found)}
    eyes.daybook.note(LOOKED, actor=by.person.id, at=by.now, facts=facts)
    if not quick:
        stores.note_builds(eyes, by.person.id)
    return {"healthy": not ill(found), "checks": [asdict(each) for each in found]}
