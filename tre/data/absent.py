"""People who opted out after a store was built: absent from every run until the next build leaves them out for good [P6].

    store/absent.json             which list, of which day, for which key, and the digest of the file beside it
    store/absent-<digest>.txt     pseudonyms, one a line; the engine leaves these people out of every table
    store/absent-national.json    the same for national opt-outs, for the studies whose legal basis honours them

A newer store swallows an older list. It refuses a list that was cut short, altered, or made for another key: the store is
then not opened, since who is absent is not known.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from tre.data.errors import OptOutsRefused, Reason
from tre.data.optouts import Kind

FORMAT = "tre-absent-1"
NAMES = {Kind.TYPE_1: "absent.json", Kind.NATIONAL: "absent-national.json"}
MANIFEST_KEYS = {Kind.TYPE_1: "opt_outs", Kind.NATIONAL: "national_opt_outs"}
"""What a store's manifest calls each list."""
CURRENT_MANIFEST = Path("current") / "store.json"


@dataclass(frozen=True)
class MadeFor:
    """What a list beside a store must have been made for: its backend, the version of its key, and the kind of opt-out."""

    backend: str
    key_version: int
    kind: Kind


@dataclass(frozen=True)
class Absent:
    """The list in force beside a store: its file, its day, and the digest of the list it came from."""

    path: Path
    as_of: date
    list_digest: str


def list_digest(pseudonyms: Iterable[str]) -> str:
    """The digest of a list of opt-outs, over sorted pseudonyms: it says which list without saying who is on it."""
    digest = hashlib.sha256(b"tre/opt-outs/1")
    for pseudonym in pseudonyms:
        digest.update(f"{pseudonym}\n".encode())
    return digest.hexdigest()


def read_absent(store_dir: Path, made_for: MadeFor, *, built_with: date | None) -> Absent | None:
    """The list in force beside a store built with a list of `built_with`; None where the store's own is the newest.

    Raises:
        OptOutsRefused: codes opt-outs-altered, opt-outs-other-key.
    """
    content = _read(store_dir, made_for.kind)
    if content is None or (built_with is not None and date.fromisoformat(content["as_of"]) <= built_with):
        return None
    if (content["backend"], content["key_version"]) != (made_for.backend, made_for.key_version):
        raise _refused(
            "opt-outs-other-key", "The list beside the store was made with another key.", store_dir
        )
    path = store_dir / content["file"]
    if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != content["sha256"]:
        raise _refused("opt-outs-altered", "The list beside the store is not what was written.", path)
    return Absent(path, date.fromisoformat(content["as_of"]), content["list"])


def write_absent(store_dir: Path, made_for: MadeFor, *, people: Sequence[str], as_of: date) -> None:
    """Put a list in force, in one rename; `people` are sorted pseudonyms of the store."""
    lines = "".join(f"{person}\n" for person in people).encode()
    digest = hashlib.sha256(lines).hexdigest()
    before = _read(store_dir, made_for.kind)
    name = f"absent-{made_for.kind}-{as_of}-{digest[:16]}.txt"
    _write(store_dir / name, lines)
    content = {
        "format": FORMAT,
        "backend": made_for.backend,
        "key_version": made_for.key_version,
        "as_of": as_of.isoformat(),
        "list": list_digest(people),
        "file": name,
        "sha256": digest,
    }
    _write(store_dir / NAMES[made_for.kind], json.dumps(content, sort_keys=True).encode())
    if before is not None and before["file"] != name:
        (store_dir / before["file"]).unlink(missing_ok=True)


def standing_list(store_dir: Path, kind: Kind) -> date | None:
    """The day of the newest list in force here, by the store or beside it; None where there is neither."""
    days = []
    if (content := _read(store_dir, kind)) is not None:
        days.append(date.fromisoformat(content["as_of"]))
    manifest = store_dir / CURRENT_MANIFEST
    if manifest.is_file():
        built_with = json.loads(manifest.read_bytes())[MANIFEST_KEYS[kind]]
        days += [date.fromisoformat(built_with["as_of"])] if built_with is not None else []
    return max(days, default=None)


def drop_superseded(store_dir: Path, built_with: date, kind: Kind) -> None:
    """Let go of a list that the store just built has swallowed."""
    content = _read(store_dir, kind)
    if content is not None and date.fromisoformat(content["as_of"]) <= built_with:
        (store_dir / NAMES[kind]).unlink()
        (store_dir / content["file"]).unlink(missing_ok=True)


def _read(store_dir: Path, kind: Kind) -> dict[str, Any] | None:
    path = store_dir / NAMES[kind]
    try:
        content = json.loads(path.read_bytes())
        date.fromisoformat(content["as_of"])
        if content["format"] != FORMAT or Path(content["file"]).name != content["file"]:
            raise _refused("opt-outs-altered", "The list beside the store is of no known format.", path)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _refused("opt-outs-altered", "The list beside the store cannot be read.", path) from error
    return dict(content)


def _write(path: Path, content: bytes) -> None:
    draft = path.with_name(f".{path.name}.part")
    with draft.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.chmod(0o444)
    draft.replace(path)


def _refused(code: str, sentence: str, where: Path) -> OptOutsRefused:
    return OptOutsRefused(Reason(code, sentence, "Apply the newest signed list again.", str(where)))
