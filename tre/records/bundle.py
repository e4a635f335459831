"""A release as one file to take along: its files, its signed statement, and the key to check it with, in a ZIP of one spelling.

The same release gives the same bytes, whenever it is packed. Refuses to unpack more than a release may hold, and a name
that leads out of it.
"""

import io
import zipfile
from collections.abc import Mapping

ENVELOPE = "statement.dsse.json"
PUBLIC_KEY = "signed-by.pem"
LONG_AGO = (1980, 1, 1, 0, 0, 0)
MOST_BYTES = 2**30
MOST_FILES = 100_000


def pack_bundle(files: Mapping[str, bytes]) -> bytes:
    """The files in a ZIP: sorted, not compressed, dated long ago, so that the same files give the same bytes."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as bundle:
        for name in sorted(files):
            bundle.writestr(zipfile.ZipInfo(name, LONG_AGO), files[name])
    return packed.getvalue()


def read_bundle(untrusted: bytes) -> Mapping[str, bytes]:
    """The files in a bundle.

    Raises:
        ValueError: it is no ZIP, or holds more than a release may.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(untrusted)) as bundle:
            entries = bundle.infolist()
            if len(entries) > MOST_FILES or sum(each.file_size for each in entries) > MOST_BYTES:
                raise ValueError("a bundle of more than a release may hold")
            return {each.filename: bundle.read(each) for each in entries}
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise ValueError("not a bundle") from error
