"""Catalogue 31, 32: signals everything it can see."""

import os
import signal

from attempt import attempt

attempt("first_process", lambda: os.kill(1, signal.SIGKILL))
attempt("host_process", lambda: os.kill(2**21, signal.SIGKILL))
attempt("everything", lambda: os.kill(-1, signal.SIGTERM))
