"""Names of actions: what they may be made of, and which two could be taken for each other.

Refuses anything that would be a path, an option or a formula once it stands in a file name, a command or a table.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from job_specs.complaints import Complaints
from job_specs.fields import as_name
from job_specs.reading import Text

RUN_ALL = "run_all"
LONGEST_NAME = 160
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,159}")
_SAME_SHAPE = str.maketrans({"0": "o", "1": "l", "i": "l", "-": "_", ".": "_"})


def action_name(untrusted: Text, complaints: Complaints) -> str | None:
    """An accepted action name, or None with the reason noted."""
    if as_name(untrusted, complaints, "an action's name") is None:
        return None
    text = untrusted.text
    if len(text) > LONGEST_NAME:
        fix = f"Shorten it to {LONGEST_NAME} characters."
        complaints.add("too-long", untrusted, text=text, fix=fix)
    elif not _NAME.fullmatch(text) or ".." in text or text.endswith("."):
        fix = "Rename it, such as `describe_cohort`: no spaces, slashes, dots in a row or other signs."
        complaints.add("action-name", untrusted, text=text, fix=fix)
    else:
        return text
    return None


def refuse_look_alikes(names: Iterable[Text], complaints: Complaints) -> None:
    """Note each name that has the shape of an earlier one: Cohort and cohort, model_1 and model_l."""
    shapes: dict[str, Text] = {}
    for name in names:
        first = shapes.setdefault(shape(name.text), name)
        if first.text != name.text:
            fix = f"Rename it: it reads like `{first.text}` on line {first.line}."
            complaints.add("look-alike", name, text=name.text, fix=fix)


def shape(name: str) -> str:
    """A name as a hurried reader sees it."""
    return name.casefold().translate(_SAME_SHAPE)
