"""Untrusted bytes -> a tree of texts, lists and mappings, each with its line and column.

The one place that touches YAML. It refuses before it parses whatever could exhaust the parser (size, nesting, number
of parts) and afterwards whatever a spec has no use for: tags, cyclic aliases, duplicate keys, invisible characters.
No value is interpreted here: `yes`, `1.0` and `2021-03-01` arrive as the text that was written.
"""

from __future__ import annotations

import gc
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import yaml
from yaml._yaml import CParser

from job_specs.complaints import Complaints
from job_specs.errors import SpecError, Where, problem

MAX_BYTES = 4 * 1024 * 1024
MAX_DEPTH = 32
MAX_SEPARATORS = 200_000
MAX_VALUES = 200_000

_PARSER_DEPTH = 3_000
"""Nesting below which the C composer, which recurses, is known to be safe."""

_FORBIDDEN = re.compile(
    "[^\t\n\r\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
    "|[\xad\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e0fff]"
)

_ORDINARY = b"\t\n\r" + bytes(range(0x20, 0x7F))


class Text(NamedTuple):
    """A scalar as written. `plain` means unquoted, so that it may also be read as a number or a truth value."""

    text: str
    plain: bool
    line: int
    column: int


class Items(NamedTuple):
    """A list."""

    nodes: list[Any]
    line: int
    column: int


class Table(NamedTuple):
    """A mapping in the order of the file; keys are texts and appear once."""

    entries: dict[str, tuple[Text, Any]]
    line: int
    column: int


Node = Text | Items | Table


class Place(NamedTuple):
    """A line and a column, from 1."""

    line: int = 1
    column: int = 1


START = Place()


def read(untrusted: str | bytes, complaints: Complaints) -> Table:
    """The root mapping of one YAML document.

    Raises SpecError at once for a file that cannot be read; faults inside a readable file are noted.
    """
    text = _decoded(untrusted, complaints.file)
    _refuse_characters(text, complaints.file)
    _refuse_bulk(text, complaints.file)
    complaints.keep(text)
    with _uncollected():
        root = _Walk(complaints).node(_composed(text, complaints.file), 1)
    if isinstance(root, Table):
        return root
    fix = "Start the file with keys at the left margin, such as `version:` and `actions:`."
    raise SpecError([problem("wrong-type", Where(complaints.file, 1, 1), "", fix)])


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without the cycle collector, which would walk a growing tree again and again and find nothing.

    What grows meanwhile is bounded by the limits above.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def _decoded(untrusted: str | bytes, file: str) -> str:
    size = len(untrusted)
    if size > MAX_BYTES:
        fix = "Let a for_each make repeated actions, and keep data in files of its own."
        raise SpecError([problem("too-large", Where(file, 1, 1), f"{size} bytes", fix)])
    if isinstance(untrusted, str):
        return untrusted.removeprefix("\ufeff")
    try:
        return untrusted.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = untrusted.count(b"\n", 0, error.start) + 1
        column = error.start - untrusted.rfind(b"\n", 0, error.start)
        raise SpecError(
            [problem("not-utf8", Where(file, line, column), "", "Save the file again as UTF-8.")]
        ) from None


def _refuse_characters(text: str, file: str) -> None:
    if text.isascii() and not text.encode("ascii").translate(None, _ORDINARY):
        return
    found = _FORBIDDEN.search(text)
    if found:
        line = text.count("\n", 0, found.start()) + 1
        column = found.start() - text.rfind("\n", 0, found.start())
        fix = "Delete this character and type what you meant."
        raise SpecError([problem("control-character", Where(file, line, column), found.group(), fix)])


def _refuse_bulk(text: str, file: str) -> None:
    separators = sum(text.count(mark) for mark in (",", "\n", ":", "[", "{", "- ", "? "))
    if separators > MAX_SEPARATORS:
        fix = "Let a for_each make repeated actions, and keep data in files of its own."
        raise SpecError([problem("too-many-parts", Where(file, 1, 1), f"{separators} separators", fix)])
    openings = text.count("[") + text.count("{")
    widest = max(map(len, text.splitlines()), default=0)
    if 2 * (openings + widest) > _PARSER_DEPTH:
        _refuse_depth(text, file)


def _refuse_depth(text: str, file: str) -> None:
    """Count nesting by events, which do not recurse; only for the few files that could be deep."""
    parser, depth = CParser(text), 0
    try:
        while (event := parser.get_event()) is not None:
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
                if depth > MAX_DEPTH:
                    raise _too_deep(_where(event.start_mark, file))
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
    except yaml.YAMLError as error:
        raise _bad_yaml(error, file) from None


def _too_deep(where: Where) -> SpecError:
    return SpecError([problem("too-deep", where, "", "Flatten this part: nothing in a spec nests so far.")])


class _Composer(CParser):
    """The C composer with the cheapest resolver there is: it tells plain scalars from quoted ones."""

    def resolve(self, kind: type, _value: object, implicit: Any) -> str:
        if kind is yaml.ScalarNode:
            return "plain" if implicit[0] else "quoted"
        return "collection"

    def descend_resolver(self, _parent: object, _index: object) -> None:
        """Nothing to do: no tag depends on its path."""

    def ascend_resolver(self) -> None:
        """Nothing to do: no tag depends on its path."""


def _composed(text: str, file: str) -> Any:
    try:
        node = _Composer(text).get_single_node()
    except yaml.YAMLError as error:
        raise _bad_yaml(error, file) from None
    if node is None:
        fix = "Write at least `version:` and `actions:`."
        raise SpecError([problem("empty", Where(file, 1, 1), "", fix)])
    return node


def _bad_yaml(error: yaml.YAMLError, file: str) -> SpecError:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    said = getattr(error, "problem", None) or getattr(error, "reason", None) or "not YAML"
    fix = (
        "Check indentation (spaces, never tabs), the space after each colon, and quotes around special text."
    )
    return SpecError([problem("yaml-syntax", _where(mark, file), said, fix)])


def _where(mark: Any, file: str) -> Where:
    return Where(file, mark.line + 1, mark.column + 1) if mark else Where(file, 1, 1)


class _Walk:
    """One pass over the composed document: bounds, tags, aliases, keys."""

    def __init__(self, complaints: Complaints) -> None:
        self.complaints = complaints
        self.values = 0
        self.open: set[int] = set()

    def node(self, raw: Any, depth: int) -> Node:
        mark = raw.start_mark
        line, column = mark.line + 1, mark.column + 1
        self._count(depth, line, column)
        tag = raw.tag
        if tag == "plain":
            return Text(raw.value, True, line, column)
        if tag == "quoted":
            return self._quoted(raw.value, line, column)
        if tag != "collection":
            fix = "Delete the tag; quote the value if it is meant as text."
            self.complaints.add("explicit-tag", Place(line, column), text=tag, fix=fix)
        return self._collection(raw, depth, Place(line, column))

    def _count(self, depth: int, line: int, column: int) -> None:
        self.values += 1
        if depth > MAX_DEPTH:
            raise _too_deep(Where(self.complaints.file, line, column))
        if self.values > MAX_VALUES:
            where = Where(self.complaints.file, line, column)
            fix = "Use fewer aliases, and let a for_each make repeated actions."
            raise SpecError([problem("too-many-parts", where, "", fix)])

    def _quoted(self, text: str, line: int, column: int) -> Text:
        found = _FORBIDDEN.search(text)
        if found:
            fix = "Delete this escape and type what you meant."
            self.complaints.add("control-character", Place(line, column), text=found.group(), fix=fix)
            text = _FORBIDDEN.sub("?", text)
        return Text(text, False, line, column)

    def _collection(self, raw: Any, depth: int, place: Place) -> Node:
        if isinstance(raw, yaml.ScalarNode):
            return self._quoted(raw.value, *place)
        if id(raw) in self.open:
            fix = "Write the value out: it cannot contain itself."
            self.complaints.add("alias", place, text="", fix=fix)
            return Text("", True, *place)
        self.open.add(id(raw))
        if isinstance(raw, yaml.SequenceNode):
            made: Node = Items([self.node(child, depth + 1) for child in raw.value], *place)
        else:
            made = self._mapping(raw, depth, place)
        self.open.discard(id(raw))
        return made

    def _mapping(self, raw: Any, depth: int, place: Place) -> Table:
        entries: dict[str, tuple[Text, Node]] = {}
        merged: list[Node] = []
        for raw_key, raw_value in raw.value:
            key, value = self.node(raw_key, depth + 1), self.node(raw_value, depth + 1)
            if not isinstance(key, Text):
                fix = "Use a word as the key."
                self.complaints.add("wrong-type", key, text="a key that is a list or a mapping", fix=fix)
            elif key.plain and key.text == "<<":
                merged.extend(value.nodes if isinstance(value, Items) else [value])
            elif key.text in entries:
                first = entries[key.text][0].line
                fix = f"It is already on line {first}: keep one of the two, or rename this one."
                self.complaints.add("duplicate-key", key, text=key.text, fix=fix)
            else:
                entries[key.text] = (key, value)
        for table in merged:
            self._merge(table, entries)
        return Table(entries, *place)

    def _merge(self, table: Node, entries: dict[str, tuple[Text, Node]]) -> None:
        if isinstance(table, Table):
            for name, entry in table.entries.items():
                entries.setdefault(name, entry)
        else:
            self.complaints.add("alias", table, text="<<", fix="Merge a mapping: `<<: *name_of_a_mapping`.")
