"""How far a program says that it is, read while it runs: one small file among its outputs, of two digits and nothing else.

The program may have made that file into anything. It is opened as every output is, bounded before it is read, and taken for
nothing unless it is a share from 0 to 99. It refuses to wait, to follow, and to hand on any other byte.
"""

import os
import re
import stat

from sandboxes.collect_open import FILE, NotOpened, opened_root
from sandboxes.home import Home

SAID = "progress"
_SHARE = re.compile(rb"\d\d")
_LONGEST = 2


def share_said(home: Home, job: str) -> int | None:
    """The share of its work that a job's program says is done, in hundredths; None where it says nothing of that kind."""
    record = home.load(job)
    if record is None:
        return None
    try:
        with opened_root(home.output(job)) as (folder, opener), opener.opened(folder, SAID, FILE) as file:
            found = os.fstat(file)
            plain = stat.S_ISREG(found.st_mode) and found.st_uid == record.owner
            untrusted = os.read(file, _LONGEST + 1) if plain else b""
    except (NotOpened, OSError):
        return None
    return int(untrusted) if _SHARE.fullmatch(untrusted) else None
