"""Catalogue 28: holds some MiB of memory for some seconds."""

import sys
import time

from attempt import say

held = bytearray(int(sys.argv[1]) << 20)
held[::4096] = b"x" * len(held[::4096])
say("held", "GOT")
time.sleep(float(sys.argv[2]))
