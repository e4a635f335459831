"""Reading one key's value as the kind of thing it should be, noting what is wrong and going on.

Refuses to guess: a number where a name belongs, a list where a text belongs and an empty value are problems with a
place, never conversions.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable
from datetime import date

from job_specs.complaints import Complaints, Placed
from job_specs.model import Scalar
from job_specs.reading import Items, Node, Table, Text

_NULLS = {"", "~", "null", "Null", "NULL"}
_TRUTHS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_WHOLE = re.compile(r"[-+]?[0-9]{1,18}")
_REAL = re.compile(r"[-+]?(?:[0-9]{1,18}\.?[0-9]{0,18}|\.[0-9]{1,18})(?:[eE][-+]?[0-9]{1,3})?")
_NUMBERLIKE = re.compile(r"[-+]?[0-9][0-9_.]*(?:[eE][-+]?[0-9]+)?|0[xob][0-9a-fA-F]+")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
IDENTIFIER = re.compile(r"[a-z][a-z0-9_]{0,62}")

LONGEST_TEXT = 2_000


def is_null(node: Node) -> bool:
    """Nothing was written, or an explicit null."""
    return isinstance(node, Text) and node.plain and node.text in _NULLS


def check_keys(
    table: Table, known: Collection[str], complaints: Complaints, *, noun: str, required: Iterable[str] = ()
) -> None:
    """Note every key that is not documented, and every required key that is absent."""
    for name, (key, _) in table.entries.items():
        if name not in known:
            fix = f"Keys of {noun}: {', '.join(known)}. Check its spelling and its indentation."
            complaints.add("unknown-key", key, text=name, fix=fix, among=known)
    for name in required:
        if name not in table.entries:
            complaints.add("missing-key", table, text=name, fix=f"Add `{name}:` to {noun}.")


def as_text(node: Node, complaints: Complaints, what: str, *, longest: int = LONGEST_TEXT) -> str | None:
    """A non-empty text. A number or a truth value is read as what was written."""
    if not isinstance(node, Text):
        complaints.add("wrong-type", node, text=kind_of(node), fix=f"Write {what} as text.")
    elif is_null(node) or not node.text.strip():
        complaints.add("empty", node, text="", fix=f"Write {what}.")
    elif len(node.text) > longest:
        complaints.add("too-long", node, text=node.text, fix=f"Keep {what} within {longest} characters.")
    else:
        return node.text
    return None


def as_name(node: Node, complaints: Complaints, what: str) -> Text | None:
    """A text that is not a bare number: `2017` may be a number to one tool and a name to another."""
    if as_text(node, complaints, what) is None or not isinstance(node, Text):
        return None
    if node.plain and (_NUMBERLIKE.fullmatch(node.text) or node.text in _TRUTHS):
        fix = f"Begin {what} with a letter, such as y{node.text}, here and wherever it is named."
        complaints.add("number-name", node, text=node.text, fix=fix)
        return None
    return node


def as_truth(node: Node, complaints: Complaints, what: str) -> bool:
    """`true` or `false`, and no other spelling of either; False where it is neither."""
    if isinstance(node, Text) and node.plain and node.text in {"true", "false"}:
        return node.text == "true"
    text = node.text if isinstance(node, Text) else kind_of(node)
    complaints.add("wrong-type", node, text=text, fix=f"Write {what} as `true` or `false`.")
    return False


def as_items(node: Node, complaints: Complaints, what: str) -> list[Node]:
    """A list; nothing at all is an empty one."""
    if isinstance(node, Items):
        return list(node.nodes)
    if not is_null(node):
        fix = f"Write {what} as a list: `[one, two]`, or one on each line after a dash."
        complaints.add("wrong-type", node, text=kind_of(node), fix=fix)
    return []


def as_table(node: Node, complaints: Complaints, what: str) -> Table | None:
    """A mapping with at least one key."""
    if isinstance(node, Table) and node.entries:
        return node
    if is_null(node) or isinstance(node, Table):
        complaints.add("empty", node, text="", fix=f"Write {what}, indented below this key.")
    else:
        fix = f"Write {what} as `key: value` lines, indented below this key."
        complaints.add("wrong-type", node, text=kind_of(node), fix=fix)
    return None


def as_identifier(node: Node, complaints: Complaints, what: str) -> str | None:
    """A lower-case identifier: a table, a column, a parameter."""
    text = as_text(node, complaints, what)
    if text is None:
        return None
    if IDENTIFIER.fullmatch(text):
        return text
    fix = f"Write {what} such as `index_date`: at most 63 lower-case letters, digits and underscores."
    complaints.add("identifier", node, text=text, fix=fix)
    return None


def as_identifiers(node: Node, complaints: Complaints, what: str) -> tuple[str, ...]:
    """A list of identifiers, each once."""
    found: dict[str, None] = {}
    for item in as_items(node, complaints, what):
        name = as_identifier(item, complaints, what)
        if name in found:
            complaints.add("duplicate-key", item, text=name, fix="Name it once.")
        elif name is not None:
            found[name] = None
    return tuple(found)


def as_number(node: Node, complaints: Complaints, what: str) -> float | None:
    """A finite number."""
    if isinstance(node, Text) and _REAL.fullmatch(node.text) and math.isfinite(float(node.text)):
        return float(node.text)
    complaints.add("wrong-type", node, text=kind_of(node), fix=f"Write {what} as a number.")
    return None


def scalar(node: Text, *, dates: bool) -> Scalar | None:
    """What an unquoted scalar means in YAML 1.2, or the text it is. None is YAML's null.

    With `dates`, a text in the form 2021-03-01 that is a day of the calendar is that day.
    """
    if dates and _DATE.fullmatch(node.text):
        try:
            return date.fromisoformat(node.text)
        except ValueError:
            return node.text
    if not node.plain:
        return node.text
    return _unquoted(node.text)


def _unquoted(text: str) -> Scalar | None:
    if text in _NULLS:
        return None
    if text in _TRUTHS:
        return _TRUTHS[text]
    if _WHOLE.fullmatch(text):
        return int(text)
    if _REAL.fullmatch(text) and math.isfinite(float(text)):
        return float(text)
    return text


def kind_of(node: Placed) -> str:
    """A node in a few words, for the `written` line of a problem."""
    if isinstance(node, Text):
        return node.text
    return "a list" if isinstance(node, Items) else "a mapping"
