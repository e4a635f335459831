"""A study handed in as a ZIP file: unpacked in memory, never onto a disk, by the same rules as a folder.

Refuses links, odd names, names that leave the folder, a path said twice, encryption, and more bytes than a study may
hold however small the file is: sizes are counted as bytes come out, not as the file claims.
"""

import io
import stat
import zipfile
import zlib

from tre.dispatch.code import DEEPEST, LEFT_BEHIND, MOST_BYTES, MOST_FILES, NAME, Code
from tre.dispatch.errors import DispatchError
from tre.dispatch.intake import SPEC

UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    RuntimeError,
    NotImplementedError,
    EOFError,
    ValueError,
    OSError,
)
PORTION = 65_536


def unpack(untrusted_zip: bytes) -> Code:
    """The study in a ZIP file; a single folder around everything is taken off.

    Raises:
        DispatchError: it is not a ZIP file, or holds what a study may not.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(untrusted_zip)) as archive:
            return Code(_without_wrapper(_files(archive)))
    except UNREADABLE as error:
        raise _refused("The upload is not a ZIP file that can be read.") from error


def _files(archive: zipfile.ZipFile) -> dict[str, bytes]:
    entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    if len(entries) > MOST_FILES:
        raise _refused(f"A study holds at most {MOST_FILES} files.")
    files: dict[str, bytes] = {}
    room = MOST_BYTES
    for entry in entries:
        if _left_behind(entry.filename):
            continue
        _require_plain(entry)
        if entry.filename in files:
            raise _refused("The upload holds one path twice.")
        files[entry.filename] = _read(archive, entry, room)
        room -= len(files[entry.filename])
    return files


def _read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, room: int) -> bytes:
    content = bytearray()
    with archive.open(entry) as file:
        while portion := file.read(PORTION):
            content += portion
            if len(content) > room:
                raise _refused(f"A study holds at most {MOST_BYTES >> 20} MiB.")
    return bytes(content)


def _left_behind(name: str) -> bool:
    return any(
        (part.startswith(".") and part not in {".", ".."}) or part == "__pycache__"
        for part in name.split("/")
    )


def _require_plain(entry: zipfile.ZipInfo) -> None:
    parts = entry.filename.split("/")
    kind = stat.S_IFMT(entry.external_attr >> 16)
    plain = kind in {0, stat.S_IFREG} and not entry.flag_bits & 0x1
    if plain and len(parts) <= DEEPEST + 1 and all(NAME.fullmatch(part) for part in parts):
        return
    raise _refused(
        "The upload holds a link, an encrypted or special file, or a name with unusual characters."
    )


def _without_wrapper(files: dict[str, bytes]) -> dict[str, bytes]:
    """The files beneath the one folder that holds the spec, without what a run would write."""
    tops = {name.partition("/")[0] for name in files}
    if SPEC not in files and len(tops) == 1:
        files = {name.partition("/")[2]: content for name, content in files.items() if "/" in name}
    return {name: content for name, content in files.items() if name.partition("/")[0] not in LEFT_BEHIND}


def _refused(sentence: str) -> DispatchError:
    return DispatchError(
        "upload-refused",
        sentence,
        where="upload",
        fix="Zip the study's folder, plain files only; `git archive --format=zip HEAD` makes one.",
    )
