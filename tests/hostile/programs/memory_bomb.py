"""Catalogue 3: touches 512 MiB. Catalogue 4, with the argument `child`: a child does, and the parent ends well."""

import os
import sys

from attempt import say


def take():
    held = []
    for _ in range(64):
        block = bytearray(8 << 20)
        block[::4096] = b"x" * len(block[::4096])
        held.append(block)
    say("memory", "GOT")


if sys.argv[1:] == ["child"]:
    child = os.fork()
    if child == 0:
        take()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    say("child", "GOT" if status == 0 else "killed")
else:
    take()
