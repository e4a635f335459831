"""People who opted out after a store was built: absent from every run until the next build leaves them out for good [P6].

    store/absent.json             which list, of which day, for which key, and the digest of the file beside it
    store/absent-<digest>.txt     pseudonyms, one a line; the engine leaves these people out of every table
    store/absent-national.json    the same for national opt-outs, for the studies whose legal basis honours them

A newer store swallows an older list. It refuses a list that was cut short, altered, or made for another key: the store is
then not opened, since who is absent is not known. What lies here vouches for nothing: which list must lie here, of which
day, with which people on it, is on the ledger, and the digest that is held against it is taken from the people themselves.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from tre.data.engine.query import LIST_PREFIX
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
class BuiltWith:
    """The list that a store was built with: its day, and the document that was signed; of no day where there was none."""

    as_of: date = date.min
    document: str = ""

    def swallows(self, as_of: date, document: str) -> bool:
        """Whether everybody of a list beside the store is left out by the build already."""
        return as_of < self.as_of or (as_of == self.as_of and document == self.document)


@dataclass(frozen=True)
class Absent:
    """The list in force beside a store: its file, its day, and the digest of the list it came from."""

    path: Path
    as_of: date
    list_digest: str


def list_digest(pseudonyms: Iterable[str]) -> str:
    """The digest of a list of opt-outs, over sorted pseudonyms: it says which list without saying who is on it."""
    digest = hashlib.sha256(LIST_PREFIX)
    for pseudonym in pseudonyms:
        digest.update(f"{pseudonym}\n".encode())
    return digest.hexdigest()


def file_list_digest(path: Path) -> str:
    """The digest of the list in a file of sorted pseudonyms, one a line: that of the people on it, whoever wrote the file."""
    with path.open("rb") as file:
        digest = hashlib.sha256(LIST_PREFIX)
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def read_absent(store_dir: Path, made_for: MadeFor, *, built_with: BuiltWith) -> Absent | None:
    """The list in force beside a store built with another; None where the store's own is the newest.

    Raises:
        OptOutsRefused: codes opt-outs-altered, opt-outs-other-key.
    """
    content = _read(store_dir, made_for.kind)
    if content is None or built_with.swallows(_day(content), content.get("document", "")):
        return None
    if (content["backend"], content["key_version"]) != (made_for.backend, made_for.key_version):
        raise _refused(
            "opt-outs-other-key", "The list beside the store was made with another key.", store_dir
        )
    path = store_dir / content["file"]
    if not path.is_file() or (digest := file_list_digest(path)) != content["list"]:
        raise _refused("opt-outs-altered", "The list beside the store is not what was written.", path)
    return Absent(path, _day(content), digest)


def write_absent(
    store_dir: Path, made_for: MadeFor, *, people: Sequence[str], as_of: date, document: str
) -> None:
    """Lay a list beside a store, in one rename; `people` are sorted pseudonyms of the store."""
    lines = "".join(f"{person}\n" for person in people).encode()
    digest = list_digest(people)
    name = f"absent-{made_for.kind}-{as_of}-{digest[:16]}.txt"
    _write(store_dir / name, lines)
    content = {
        "format": FORMAT,
        "backend": made_for.backend,
        "key_version": made_for.key_version,
        "as_of": as_of.isoformat(),
        "list": digest,
        "file": name,
        "document": document,
    }
    _write(store_dir / NAMES[made_for.kind], json.dumps(content, sort_keys=True).encode())
    for other in store_dir.glob(f"absent-{made_for.kind}-*.txt"):
        if other.name != name:
            other.unlink()


def standing_list(store_dir: Path, kind: Kind) -> date | None:
    """The day of the newest list here, by the store or beside it; None where there is neither."""
    days = [_day(content) for content in (_readable(store_dir, kind),) if content is not None]
    manifest = store_dir / CURRENT_MANIFEST
    if manifest.is_file():
        built_with = json.loads(manifest.read_bytes())[MANIFEST_KEYS[kind]]
        days += [date.fromisoformat(built_with["as_of"])] if built_with is not None else []
    return max(days, default=None)


def drop_superseded(store_dir: Path, built_with: BuiltWith, kind: Kind) -> None:
    """Let go of a list that the store just built has swallowed, and of one that cannot be read."""
    content = _readable(store_dir, kind)
    if content is None:
        (store_dir / NAMES[kind]).unlink(missing_ok=True)
    elif built_with.swallows(_day(content), content.get("document", "")):
        (store_dir / NAMES[kind]).unlink()
        (store_dir / content["file"]).unlink(missing_ok=True)


def _readable(store_dir: Path, kind: Kind) -> dict[str, Any] | None:
    """What is said of the list beside a store; nothing where it was spoilt: what must be there is on the ledger."""
    try:
        return _read(store_dir, kind)
    except OptOutsRefused:
        return None


def _day(content: dict[str, Any]) -> date:
    return date.fromisoformat(content["as_of"])


def _read(store_dir: Path, kind: Kind) -> dict[str, Any] | None:
    path = store_dir / NAMES[kind]
    try:
        content = json.loads(path.read_bytes())
        date.fromisoformat(content["as_of"])
        content["list"].encode("ascii")
        if content["format"] != FORMAT or Path(content["file"]).name != content["file"]:
            raise _refused("opt-outs-altered", "The list beside the store is of no known format.", path)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
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
