"""Runs the few host tools that an image build needs: mmdebstrap, pip, chroot, docker.

It refuses a shell: every command is a list. What a tool prints may name hosts and folders of this site, so it is shown
to the person at the terminal when the tool fails and is never kept.
"""

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence

from sandboxes.images.errors import ImageError

_TAIL = 2_000


def need(tool: str, fix: str) -> str:
    """The full path of a host tool. Raises ImageError, with what to install, where it is absent."""
    found = shutil.which(tool)
    if found is None:
        raise ImageError("tool-missing", f"The host has no `{tool}`.", fix)
    return found


def run(
    argv: Sequence[str], *, fix: str, text_in: str | None = None, extra: Mapping[str, str] | None = None
) -> str:
    """Runs one host tool to its end and returns what it printed. Raises ImageError when it fails."""
    done = subprocess.run(  # noqa: S603 - a list from our own recipe, never a string from outside
        list(argv),
        input=text_in,
        stdin=subprocess.DEVNULL if text_in is None else None,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "LC_ALL": "C", **(extra or {})},
    )
    if done.returncode != 0:
        sentence = f"`{argv[0]}` stopped with {done.returncode}:\n{done.stderr[-_TAIL:]}\n"
        raise ImageError("tool-failed", sentence, fix)
    return done.stdout
