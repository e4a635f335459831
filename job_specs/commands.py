"""`run` commands: an image with its version and its arguments, and what ehrQL's arguments promise.

Refuses a command whose quotes do not close, an image without a version, and a dataset that is not kept highly
sensitive. Arguments stay a list from here on: no shell ever sees them.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass

from job_specs.complaints import Complaints
from job_specs.fields import as_text
from job_specs.model import OutputSpec, RunBody, Sensitivity
from job_specs.patterns import matches, overlap
from job_specs.reading import Node, Text

LONGEST_RUN = 20_000
_IMAGE = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_VERSION = re.compile(r"v[0-9][0-9.]{0,15}(?:-pre)?|dev|latest")
_QUOTES = re.compile(r"""\\.|(["'])""", re.DOTALL)


@dataclass(frozen=True)
class Command:
    """A run command split into image name, version and arguments."""

    name: str
    version: str
    argv: tuple[str, ...]

    @property
    def image(self) -> str:
        """`name:version`."""
        return f"{self.name}:{self.version}"


def command(untrusted: Node, complaints: Complaints) -> Command | None:
    """An accepted command, or None with the reason noted."""
    text = as_text(
        untrusted,
        complaints,
        "the command to run, such as `python:v2 analysis/describe.py`",
        longest=LONGEST_RUN,
    )
    if text is None or not isinstance(untrusted, Text):
        return None
    words = _words(untrusted, complaints)
    if not words:
        return None
    name, _, version = words[0].partition(":")
    if not _IMAGE.fullmatch(name):
        fix = "Begin with the image, such as python:v2."
        complaints.add("run-syntax", untrusted, text=words[0], fix=fix)
    elif not _VERSION.fullmatch(version):
        fix = f"Write {name}:v1, or the version you mean."
        complaints.add("run-version", untrusted, text=words[0], fix=fix)
    else:
        return Command(name, version, tuple(words[1:]))
    return None


def _words(untrusted: Text, complaints: Complaints) -> list[str]:
    """The words of a command. The short way round shlex is for the common command without quotes."""
    text = untrusted.text
    if text.isascii() and not any(mark in text for mark in "\"'\\"):
        return text.split()
    try:
        return shlex.split(text)
    except ValueError:
        fix = "Close this quote, or put a backslash before it."
        rest = text[_unclosed(text) :]
        place = complaints.locate(untrusted, rest.split(maxsplit=1)[0])
        complaints.add("run-syntax", place, text=rest, fix=fix)
        return []


def _unclosed(text: str) -> int:
    """Where the quote stands that is never closed."""
    opened, at = "", len(text) - 1
    for found in _QUOTES.finditer(text):
        mark = found.group(1)
        if mark and not opened:
            opened, at = mark, found.start()
        elif mark == opened:
            opened = ""
    return at


def check_outputs(
    body: RunBody, outputs: tuple[OutputSpec, ...], place: Text, complaints: Complaints
) -> None:
    """Hold commands that ask the database to what they may write.

    Judged on the split arguments, so that spacing cannot slip past.
    """
    verb = body.argv[0].replace("_", "-") if body.argv else ""
    if (body.name, verb) == ("cohortextractor", "generate-cohort"):
        _check_rows(body, outputs, place, complaints)
    elif body.name in {"ehrql", "databuilder"} and verb == "generate-dataset":
        _check_rows(body, outputs, place, complaints)
        _check_written(body, outputs, place, complaints)


def _check_rows(body: RunBody, outputs: tuple[OutputSpec, ...], place: Text, complaints: Complaints) -> None:
    if any(output.sensitivity is not Sensitivity.HIGH for output in outputs):
        fix = f"It writes rows of patients: declare every output of {body.argv[0]} under highly_sensitive."
        complaints.add("ehrql-output", place, text=body.image, fix=fix)


def _check_written(
    body: RunBody, outputs: tuple[OutputSpec, ...], place: Text, complaints: Complaints
) -> None:
    written = _option(body.argv, "--output")
    if written is None:
        fix = "Add --output and the path that the outputs section declares."
        complaints.add("ehrql-output", place, text=body.image, fix=fix)
    elif not any(_agrees(output.pattern, written) for output in outputs):
        fix = f"Declare this path under outputs, or change --output to {outputs[0].pattern}."
        complaints.add("ehrql-output", place, text=written, fix=fix)


def _agrees(pattern: str, written: str) -> bool:
    """`dir/file.csv` is declared as itself or by a wildcard; `dir/:csv` by a pattern of files in dir."""
    folder, colon, kind = written.rpartition(":")
    if not colon:
        return matches(pattern, written)
    return overlap(pattern, f"{folder.rstrip('/')}/*.{kind}")


def _option(argv: tuple[str, ...], name: str) -> str | None:
    own = argv[: argv.index("--")] if "--" in argv else argv
    for index, word in enumerate(own):
        if word == name and index + 1 < len(own):
            return own[index + 1]
        if word.startswith(f"{name}="):
            return word.partition("=")[2]
    return None
