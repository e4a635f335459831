"""Logs that a machine reads: one JSON object a line, with the job's id and never a value [P1].

What is written down is a sentence of ours, which never changes, and facts from a short list of names. Refuses everything
else: words of a library's exception, arguments that were put into a sentence, and what any library has to say by itself
but for its name and where in its code it spoke, because any of them may quote a row.
"""

import json
import logging
from datetime import UTC, datetime
from traceback import walk_tb
from types import TracebackType
from typing import TextIO

OURS = "tre"
FACTS = ("worker", "job", "action", "code", "kind", "count", "notice", "page")
"""What may stand beside a sentence: ids that say nothing, words of the spec's author, and codes and kinds of our own."""


class JsonLines(logging.Formatter):
    """One record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line = {"at": at, "level": record.levelname.lower(), "from": record.name, "says": _sentence(record)}
        facts: dict[str, object] = {name: record.__dict__[name] for name in FACTS if name in record.__dict__}
        if record.exc_info and record.exc_info[0] is not None:
            facts |= {"error": record.exc_info[0].__name__, "raised": _raised_at(record.exc_info[2])}
        return json.dumps(line | facts, ensure_ascii=False, default=lambda _: "withheld")


def _sentence(record: logging.LogRecord) -> str:
    """Our own sentence, as it stands in the code; of anybody else, where they spoke."""
    if record.name == OURS or record.name.startswith(f"{OURS}."):
        return str(record.msg)
    return f"withheld: {record.module}, line {record.lineno}"


def _raised_at(trace: TracebackType | None) -> list[str]:
    """The way to an error through the code, without a line of what was said or held there."""
    return [f"{frame.f_code.co_filename}:{line} {frame.f_code.co_name}" for frame, line in walk_tb(trace)]


def write_to(stream: TextIO, level: int = logging.INFO) -> None:
    """From now on, every log of this process goes to a stream, line by line."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger(OURS).setLevel(level)
