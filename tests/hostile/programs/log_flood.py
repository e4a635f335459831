"""Catalogue 15-18: writes 24 MiB to its log as lines, as empty lines, as bytes, or as one line."""

import os
import sys

PIECES = {"lines": b"a line of a log\n", "newlines": b"\n", "bytes": bytes(range(256)), "one_line": b"x"}
block = PIECES[sys.argv[1]] * ((1 << 20) // len(PIECES[sys.argv[1]]))
for _ in range(int(sys.argv[2]) if len(sys.argv) > 2 else 24):
    view = memoryview(block)
    while view:
        view = view[os.write(1, view) :]
