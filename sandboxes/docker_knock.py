"""Whether anybody listens where a container engine should, and the words for an engine that does not answer.

It asks before the SDK does, because the SDK leaves the socket open on which it found that nobody is there. What an
engine or a system said is never repeated: the words are ours.
"""

import socket

from sandboxes.model import RunnerUnavailable

LOOK_AT_ENGINE = "Look at `docker info` and at the engine's own log, as a person who may use the engine."

_LOCAL = "unix://"


def knock(address: str) -> None:
    """Somebody listens at a local address, and this account may speak to it; other addresses are left to the SDK.

    Raises RunnerUnavailable.
    """
    if not address.startswith(_LOCAL):
        return
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as knocking:
            knocking.connect(address.removeprefix(_LOCAL))
    except PermissionError as said:
        raise _forbidden() from said
    except OSError as said:
        raise silent() from said


def silent() -> RunnerUnavailable:
    """The engine does not answer."""
    return RunnerUnavailable("ENGINE_SILENT", "The container engine does not answer.", fix=LOOK_AT_ENGINE)


def _forbidden() -> RunnerUnavailable:
    return RunnerUnavailable(
        "ENGINE_FORBIDDEN",
        "A container engine is here, but this account may not use it.",
        fix="Run as an account that may: whoever may use an engine is as good as root on its host.",
    )
