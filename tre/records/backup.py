"""Backups of a site while it runs, and a restore that is proved before it stands [P13].

A backup is a folder: every row of the ledger and of the tables beside it from one snapshot, then every file of the vault
(which holds what an event names before the event is there, and loses only what a certificate says is deleted: a backup then
loses it too), the checkpoints and the site's own files, and a
signed list of it all. It fits a file or a server alike, so a site may move from one to the other by it.

It refuses to take keys along, which are kept and restored apart [P2]; to restore over anything; and to call a backup whole
whose list is not signed, whose files are not those of the list, whose chain is cut, or whose vault lacks what its events name.
"""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Table, insert, select

from tre.custody.encoding import canonical
from tre.custody.events import PeopleRemembered
from tre.custody.outputs import is_digest
from tre.records.beside import BESIDE, LAYOUT, lay_out
from tre.records.checkpoint import FILE as CHECKPOINTS
from tre.records.checkpoint import CheckpointLog
from tre.records.database import reading, writing
from tre.records.daybook import Daybook, Facts
from tre.records.durable import DRAFT, sync, write_whole
from tre.records.envelope import spell_time
from tre.records.errors import BackupRefused
from tre.records.keys import PublicKey, SigningKey
from tre.records.ledger import Ledger
from tre.records.retention import deleted_digests
from tre.records.schema import EVENTS
from tre.records.seals import Seals
from tre.records.site import FILES as SITE_FILES

MADE, FAILED = "backed-up", "backup-failed"
"""What the daybook says of a backup."""
PURPOSE = "tre backup"
LIST, SIGNATURE = "backup.json", "backup.sig"
ROWS, VAULT, SITE = "rows", "vault", "site"
TABLES: tuple[Table, ...] = (EVENTS, *(table for table in BESIDE.sorted_tables if table is not LAYOUT))
"""What a snapshot takes along; how the tables beside the ledger are laid out is the restoring version's own business."""


@dataclass(frozen=True)
class Place:
    """Where a site keeps what a backup takes."""

    site: Path
    vault: Path
    checkpoints: Path


@dataclass(frozen=True)
class Backup:
    """What a backup holds: the ledger's head, when, and how many files."""

    position: int
    head: str
    at: str
    files: int


def everything(_path: Path) -> bool:
    """Every file of the vault."""
    return True


def back_up(
    ledger: Ledger,
    place: Place,
    into: Path,
    *,
    at: datetime,
    key: SigningKey,
    wanted: Callable[[Path], bool] = everything,
) -> Backup:
    """Write a backup into a folder, while others read and write; files that are there already are not copied again.

    ``wanted`` says which files of the vault are taken, by their path in it: evidence of an incident is not all of it, and
    what is not all of it cannot be restored from.
    """
    into.mkdir(mode=0o700, parents=True, exist_ok=True)
    (into / LIST).unlink(missing_ok=True)
    for left in [*into.rglob(f"{DRAFT}*")]:
        left.unlink()
    _copy_rows(ledger, into / ROWS)
    _copy_tree(place.vault, into / VAULT, wanted)
    _drop_deleted(ledger, place.vault, into / VAULT)
    _copy_tree(place.checkpoints, into / "checkpoints")
    for name in SITE_FILES:
        _copy(place.site / name, into / SITE / name)
    files = {path: _digest(into / path) for path in _paths(into)}
    files |= _taken_anew(place.vault, into, files)
    for folder in (into, *(path for path in into.rglob("*") if path.is_dir())):
        sync(folder)
    position, head = _head(into / ROWS)
    told = {"position": position, "head": head, "at": spell_time(at), "files": files}
    content = canonical(told)
    write_whole(into / SIGNATURE, key.sign(content, purpose=PURPOSE).encode("ascii"))
    write_whole(into / LIST, content)
    return Backup(position, head, str(told["at"]), len(files))


def back_up_noted(
    seals: Seals, daybook: Daybook, place: Place, into: Path, *, who: str, at: datetime
) -> Backup:
    """As `back_up`, of a site's ledger under its own key; that it was done is noted in the daybook."""
    made = back_up(seals.ledger, place, into, at=at, key=seals.key)
    facts: Facts = {"position": made.position, "head": made.head, "files": made.files}
    daybook.note(MADE, actor=who, at=at, facts=facts)
    return made


def verify_backup(folder: Path, trusted: tuple[PublicKey, ...]) -> Backup:
    """Hold a backup against its signed list.

    Raises:
        BackupRefused: it is not signed by this site, or a file is missing, altered or not on the list.
    """
    told = _signed_list(folder, trusted)
    found = set(_paths(folder))
    if found != set(told["files"]):
        raise _refused(
            "backup-incomplete", "Files are missing from the backup, or are in it that it does not list."
        )
    for path, digest in told["files"].items():
        if _digest(folder / path) != digest:
            raise _refused("backup-altered", "A file of the backup is not the one that was put there.")
    return Backup(told["position"], told["head"], told["at"], len(told["files"]))


def restore(folder: Path, place: Place, url: str, trusted: tuple[PublicKey, ...]) -> Backup:
    """Make a site's records from a backup, where there are none, and prove them.

    Raises:
        BackupRefused: something is there already, the backup is not whole, or what was restored does not hold.
    """
    told = verify_backup(folder, trusted)
    if place.vault.exists() or any((place.site / name).exists() for name in SITE_FILES):
        raise _refused(
            "restore-over-something", "There are records here already, and a restore goes over nothing."
        )
    for name in SITE_FILES:
        _copy(folder / SITE / name, place.site / name)
    _copy_tree(folder / VAULT, place.vault)
    _copy_tree(folder / "checkpoints", place.checkpoints)
    ledger = Ledger.create(url)
    try:
        _put_rows(ledger, folder / ROWS)
        _prove(ledger, place, told, trusted)
    finally:
        ledger.close()
    return told


def _prove(ledger: Ledger, place: Place, told: Backup, trusted: tuple[PublicKey, ...]) -> None:
    checkpoints = CheckpointLog(place.checkpoints).read(trusted)
    # A checkpoint signed while the backup was made may be of a later head than the snapshot's.
    known = [each for each in checkpoints if each.position <= told.position]
    verified = ledger.verify(known[-1] if known else None, earlier=known[:-1])
    if (verified.position, verified.hash) != (told.position, told.head):
        raise _refused(
            "restore-not-the-same", "The restored ledger does not end where the backed up one did."
        )
    deleted = deleted_digests(ledger)
    named = (digest for digest in _named(ledger) if digest not in deleted)
    missing = [digest for digest in named if not _is_kept(place.vault, digest)]
    if missing:
        raise _refused("restore-lacks-files", f"The vault lacks {len(missing)} files that the ledger names.")


def _named(ledger: Ledger) -> Iterator[str]:
    """Every output, log, report and list of people that an event names."""
    for envelope in ledger.events():
        event = envelope.event
        for output in getattr(event, "outputs", ()):
            yield output.digest
        for offered in getattr(event, "offered", ()):
            yield from (offered.raw, offered.digest, offered.report)
        if isinstance(event, PeopleRemembered):
            yield from (each.people for each in event.things)


def _drop_deleted(ledger: Ledger, vault: Path, into: Path) -> None:
    """What the site deleted by its rule, with a certificate, goes from its backup too."""
    for digest in deleted_digests(ledger):
        if not _is_kept(vault, digest):
            for copy in into.glob(f"*/{digest[:2]}/{digest}"):
                copy.unlink()


def _is_kept(vault: Path, digest: str) -> bool:
    return any(vault.glob(f"*/{digest[:2]}/{digest}")) or any(vault.glob(f"*/**/{digest}"))


def _copy_rows(ledger: Ledger, into: Path) -> None:
    """Every row of every table, from one snapshot."""
    into.mkdir(mode=0o700, parents=True, exist_ok=True)
    lay_out(ledger.engine)
    with reading(ledger.engine) as connection:
        for table in TABLES:
            ordered = select(table).order_by(*table.primary_key.columns)
            with (into / f"{table.name}.jsonl").open("wb") as file:
                for row in connection.execute(ordered).mappings():
                    file.write(canonical({str(name): value for name, value in row.items()}) + b"\n")
            sync(into / f"{table.name}.jsonl")


def _put_rows(ledger: Ledger, rows: Path) -> None:
    lay_out(ledger.engine)
    with writing(ledger.engine) as connection:
        for table in TABLES:
            for row in _rows(rows / f"{table.name}.jsonl"):
                connection.execute(insert(table), row)


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with path.open("rb") as file:
        yield from (json.loads(line) for line in file)


def _head(rows: Path) -> tuple[int, str]:
    last: Mapping[str, Any] = {"position": 0, "hash": "0" * 64}
    for row in _rows(rows / f"{EVENTS.name}.jsonl"):
        last = row
    return int(last["position"]), str(last["hash"])


def _signed_list(folder: Path, trusted: tuple[PublicKey, ...]) -> dict[str, Any]:
    try:
        content, signature = (folder / LIST).read_bytes(), (folder / SIGNATURE).read_text(encoding="ascii")
    except OSError as error:
        raise _refused("backup-missing", "There is no finished backup in this folder.") from error
    if not any(key.verifies(signature.strip(), content, purpose=PURPOSE) for key in trusted):
        raise _refused("backup-not-signed", "The backup's list is not signed by this site.")
    told: dict[str, Any] = json.loads(content)
    return told


def _paths(folder: Path) -> list[str]:
    files = (path for path in folder.rglob("*") if path.is_file() and path.name not in {LIST, SIGNATURE})
    return sorted(path.relative_to(folder).as_posix() for path in files)


def _copy_tree(source: Path, into: Path, wanted: Callable[[Path], bool] = everything) -> None:
    """Copy what is not there yet; what is kept by digest never changes, and a file of checkpoints only grows."""
    for path in sorted(source.rglob("*")) if source.exists() else ():
        target = into / path.relative_to(source)
        if path.is_dir():
            target.mkdir(mode=0o700, parents=True, exist_ok=True)
        elif _is_to_copy(path, target) and wanted(path.relative_to(source)):
            _copy(path, target)
    into.mkdir(mode=0o700, parents=True, exist_ok=True)


def _is_to_copy(path: Path, target: Path) -> bool:
    return not path.name.startswith(DRAFT) and (path.name == CHECKPOINTS or not target.exists())


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = target.with_name(f"{DRAFT}{target.name}")
    shutil.copy2(source, draft)
    sync(draft)
    draft.replace(target)


def _taken_anew(vault: Path, into: Path, files: Mapping[str, str]) -> Mapping[str, str]:
    """Copies of an earlier run that its host, or its disk, has torn: taken anew wherever the vault's own is whole; as they are now."""
    named = {path: Path(path).name for path in files if path.startswith(f"{VAULT}/")}
    torn = [path for path, name in named.items() if is_digest(name) and files[path] != name]
    for path in torn:
        source = vault / Path(path).relative_to(VAULT)
        if source.is_file() and _digest(source) == named[path]:
            _copy(source, into / path)
    return {path: _digest(into / path) for path in torn}


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _refused(code: str, sentence: str) -> BackupRefused:
    return BackupRefused(
        code, sentence, fix="Take another backup, or another empty place; this one was left as it is."
    )
