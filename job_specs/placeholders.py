"""Values on their way into SQL: each is written as a `$name`, and found again in the finished text.

Refuses to turn a value into text in any other way: `str()` of a Bound is its placeholder, whatever the value is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from jinja2 import UndefinedError

from job_specs.model import Scalar, Value


@dataclass(frozen=True, eq=False)
class Bound:
    """A parameter inside a template. Compares and counts by its value, writes itself as a placeholder."""

    name: str
    value: Value
    register: dict[str, Scalar]

    def __str__(self) -> str:
        if isinstance(self.value, tuple):
            return "(" + ", ".join(str(item) for item in self) + ")"
        self.register[self.name] = self.value
        return f"${self.name}"

    __repr__ = __str__

    def __iter__(self) -> Iterator[Bound]:
        return (self.item(index) for index in range(len(self)))

    def __len__(self) -> int:
        if not isinstance(self.value, tuple):
            raise TypeError("only a list has items")
        return len(self.value)

    def __bool__(self) -> bool:
        return bool(self.value)

    def __eq__(self, other: object) -> bool:
        return bool(self.value == (other.value if isinstance(other, Bound) else other))

    __hash__ = None  # type: ignore[assignment]  # compared, never a key

    def __lt__(self, other: object) -> bool:
        return bool(self.value < (other.value if isinstance(other, Bound) else other))  # type: ignore[operator]

    def __gt__(self, other: object) -> bool:
        return bool(self.value > (other.value if isinstance(other, Bound) else other))  # type: ignore[operator]

    def item(self, index: int) -> Bound:
        """One value of a list, under a name of its own: ages_1, ages_2. Indexes count from 0."""
        if not isinstance(self.value, tuple) or not -len(self.value) <= index < len(self.value):
            raise UndefinedError(f"'{self.name}[{index}]' is undefined")
        return Bound(f"{self.name}_{index % len(self.value) + 1}", self.value[index], self.register)


class Parameters:
    """`parameters` in a template: the named values, and which of them were written."""

    def __init__(self, values: Mapping[str, Value]) -> None:
        self._values = dict(values)
        self.written: dict[str, Scalar] = {}

    def get(self, name: str) -> Bound:
        """The parameter of that name. Raises UndefinedError."""
        if name not in self._values:
            raise UndefinedError(f"'{name}' is undefined")
        return Bound(self._unambiguous(name), self._values[name], self.written)

    def _unambiguous(self, name: str) -> str:
        """`ages` with items ages_1 … must not meet a parameter that is itself called ages_1."""
        if not isinstance(self._values[name], tuple):
            return name
        while any(
            other.startswith(f"{name}_") and other[len(name) + 1 :].isdigit() for other in self._values
        ):
            name += "_"
        return name


class Found(NamedTuple):
    """Placeholders as (name, line): those that stand as code, and those inside quotes or comments."""

    open: tuple[tuple[str, int], ...]
    hidden: tuple[tuple[str, int], ...]


_TOKENS = re.compile(
    r"""(?P<hidden>\b[eE]'(?:[^'\\]|\\.|'')*'?|'(?:[^']|'')*'?|"(?:[^"]|"")*"?|--[^\n]*|\$[A-Za-z0-9_]*\$)"""
    r"""|(?P<comment>/\*)|\$(?P<name>[A-Za-z_][A-Za-z0-9_]*)""",
    re.DOTALL,
)
_COMMENT_MARK = re.compile(r"/\*|\*/")
_NAME = re.compile(r"\$([A-Za-z_][A-Za-z0-9_]*)")


def placeholders(sql: str) -> Found:
    """Every `$name` in finished SQL. Dollar quotes count as hidden: nothing here has a use for them."""
    shown: list[tuple[str, int]] = []
    hidden: list[tuple[str, int]] = []
    at = 0
    while (token := _TOKENS.search(sql, at)) is not None:
        at = _comment_end(sql, token.end()) if token["comment"] else token.end()
        text = sql[token.start() : at]
        if "$" in text:
            line = sql.count("\n", 0, token.start()) + 1
            names = _NAME.findall(text) or [text.strip("$")]
            (shown if token["name"] else hidden).extend((name, line) for name in names)
    return Found(tuple(shown), tuple(hidden))


def _comment_end(sql: str, at: int) -> int:
    """Where a block comment ends; DuckDB lets them nest."""
    depth = 1
    for mark in _COMMENT_MARK.finditer(sql, at):
        depth += 1 if mark.group() == "/*" else -1
        if depth == 0:
            return mark.end()
    return len(sql)
