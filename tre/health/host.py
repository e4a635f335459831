"""Is the host fit: engine, walls, kernel, disk, clock, keys? Each check looks now, and none takes an earlier look's word."""

from datetime import timedelta

from sandboxes.preflight import known_holes
from tre.health.eyes import Eyes
from tre.health.found import Found

MOST_BEHIND = timedelta(seconds=5)


def engine_answers(eyes: Eyes) -> Found:
    """The sandbox engine is there."""
    fix = "Start the container engine; then `tre sandbox report`."
    try:
        versions = eyes.engine()
    except Exception as error:  # noqa: BLE001 - whatever an engine that is away raises, it is away
        return Found("engine", False, f"it does not answer: {type(error).__name__}", fix)
    said = ", ".join(f"{name} {version[:19]}" for name, version in sorted(versions.items()))
    return Found("engine", bool(versions), said or "no image is here", fix)


def walls_hold(eyes: Eyes) -> Found:
    """Every probe of every sandbox image is blocked, tried now."""
    report = eyes.host()
    open_walls = sorted({f"{one.image}: {one.wall} is open" for one in report.breaches})
    silent = [f"{image}: its probes did not all come back" for image in report.silent]
    tried = f"{len(report.tried)} probes of {len(report.images)} images were blocked"
    said = "; ".join([*open_walls, *silent]) or (tried if report.images else "there is no image to try")
    fix = "Stop the worker; read `tre sandbox report`; mend the host before anything runs."
    return Found("walls", report.fit, said, fix)


def kernel_has_no_known_hole(eyes: Eyes) -> Found:
    """No part of the host has a published way out of a box."""
    holes = known_holes(eyes.versions())
    fix = "Bring kernel and engine up to date, and restart."
    return Found("kernel", not holes, "; ".join(holes) or "no known hole", fix)


def disk_has_room(eyes: Eyes) -> Found:
    """There is room for what jobs leave."""
    free = eyes.free_gb()
    fix = "Make room, or `tre worker pause` before the disk is full; nothing is lost either way."
    return Found("disk", free >= eyes.rules.least_free_gb, f"{free:.1f} GB are free", fix)


def clock_goes_forward(eyes: Eyes) -> Found:
    """The clock is not behind what has already been written."""
    head = eyes.seals.ledger.head().position
    last = max((each.at for each in eyes.seals.ledger.events(max(0, head - 1))), default=eyes.now)
    behind = last - eyes.now
    said = "ahead of every event"
    if behind > timedelta():
        said = f"{behind.total_seconds():.0f} s behind the last event"
    fix = "Set the host's clock by NTP, then start the worker again."
    return Found("clock", behind <= MOST_BEHIND, said, fix)


def keys_are_private(eyes: Eyes) -> Found:
    """Every key is there and the one it should be, and none can be read by another account of the host [P2]."""
    missing = sorted(name for name in eyes.wanted_keys if not (eyes.keys / name).is_file())
    if missing:
        fix = "Put them back from where keys are backed up, apart from the records; nothing is signed or read without."
        return Found("keys", False, f"{', '.join(missing)} is not there", fix)
    exposed = sorted(
        path.name
        for path in eyes.keys.rglob("*")
        if path.is_file() and path.suffix != ".pub" and path.stat().st_mode & 0o077
    )
    if exposed:
        fix = "Run `chmod -R go= keys`; if another account could read them, treat it as a breach: `tre incident report`."
        return Found("keys", False, f"others may read {', '.join(exposed)}", fix)
    shut_out = eyes.shut_out()
    fix = "Put keys/accounts.key back from where keys are backed up; until then these people cannot sign in."
    said = f"accounts.key is not the one of {len(shut_out)} people" if shut_out else "private"
    return Found("keys", not shut_out, said, fix)
