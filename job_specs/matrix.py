"""`for_each`: one written action becomes one action for every combination of its lists.

`{name}` stands for the value in the action's name, command, needs and outputs, for exactly the names that the
for_each gives; every other brace is left alone. In SQL a value is a parameter, never text. A need that is the written
name of a for_each action means those of its expansions that agree with the values at hand.
Refuses expansions that share a name, unknown lists, and more work than a reader could follow.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import prod
from typing import NamedTuple

from job_specs.complaints import Complaints
from job_specs.fields import IDENTIFIER, as_items, as_table, as_text
from job_specs.reading import Items, Node, Table, Text

MOST_ACTIONS = 5_000
MOST_NEEDS = 100_000
MOST_WEIGHT = 2_000_000
"""Values, and sixteenths of characters, in all expansions together."""

Bindings = Mapping[str, str]
Lists = Mapping[str, tuple[Text, ...]]


class Expanded(NamedTuple):
    """An action as if it had been written out, and the values it was made with."""

    name: Text
    body: Node
    bindings: Bindings


@dataclass
class _Family:
    """The expansions of one written action."""

    varied: Mapping[str, list[str]]
    members: list[tuple[Bindings, str]]
    _found: dict[tuple[tuple[str, str], ...], list[str]] = field(default_factory=dict)

    def agreeing(self, bindings: Bindings) -> list[str]:
        """The names of the members whose values are those at hand, where both have one."""
        shared = tuple((name, bindings[name]) for name in self.varied if name in bindings)
        if shared not in self._found:
            wanted = [m for m in self.members if all(m[0][name] == value for name, value in shared)]
            self._found[shared] = [name for _, name in wanted]
        return self._found[shared]


class _Written(NamedTuple):
    name: Text
    body: Node
    varied: Mapping[str, list[str]]


def expand(
    written: Iterable[tuple[Text, Node]], lists: Lists, parameters: Iterable[str], complaints: Complaints
) -> list[Expanded]:
    """Every action with its `for_each` carried out, in the order of the file and of the lists."""
    taken = frozenset(parameters)
    planned = [
        _Written(name, body, _varied(body, lists, taken, complaints) if _is_matrix(body) else {})
        for name, body in written
    ]
    if not any(one.varied for one in planned):
        return [Expanded(name, body, {}) for name, body, _ in planned if not _is_matrix(body)]
    if _too_much(planned, complaints):
        return []
    families = {one.name.text: _family(one) for one in planned if one.varied}
    made = [expanded for one in planned for expanded in _expansions(one, families, complaints)]
    _refuse_same_names(made, complaints)
    return made


def _is_matrix(body: Node) -> bool:
    return isinstance(body, Table) and "for_each" in body.entries


def _varied(body: Node, lists: Lists, taken: frozenset[str], complaints: Complaints) -> dict[str, list[str]]:
    table = as_table(body.entries["for_each"][1], complaints, "names and their lists")  # type: ignore[union-attr]
    varied: dict[str, list[str]] = {}
    for name, (key, node) in table.entries.items() if table else ():
        if not IDENTIFIER.fullmatch(name) or name in taken:
            fix = "Name it in lower case, such as `season`, and not like a parameter."
            complaints.add("matrix", key, text=name, fix=fix)
            return {}
        values = _values(node, lists, complaints)
        if not values or len(set(values)) != len(values):
            fix = "Give a list under `lists:` or here, with each value once."
            complaints.add("matrix", node, text=name, fix=fix, among=lists)
            return {}
        varied[name] = values
    return varied


def _values(node: Node, lists: Lists, complaints: Complaints) -> list[str]:
    if isinstance(node, Text):
        return [value.text for value in lists.get(node.text, ())]
    texts = [
        as_text(item, complaints, "a value", longest=100) for item in as_items(node, complaints, "values")
    ]
    return [text for text in texts if text is not None]


def _too_much(planned: list[_Written], complaints: Complaints) -> bool:
    """Judge the whole before making any of it."""
    actions = weight = 0
    for one in planned:
        count = prod(len(values) for values in one.varied.values())
        actions += count
        weight += count * _weight(one.body) if one.varied else 0
        if actions > MOST_ACTIONS or weight > MOST_WEIGHT:
            fix = "Shorten the lists or the action, or loop inside the program instead."
            complaints.add("matrix-size", one.name, text=one.name.text, fix=fix)
            return True
    return False


def _weight(node: Node) -> int:
    if isinstance(node, Text):
        return 1 + len(node.text) // 16
    if isinstance(node, Items):
        return 1 + sum(map(_weight, node.nodes))
    return 1 + sum(_weight(key) + _weight(value) for key, value in node.entries.values())


def _combinations(varied: Mapping[str, list[str]]) -> Iterable[Bindings]:
    for combination in itertools.product(*varied.values()):
        yield dict(zip(varied, combination, strict=True))


def _family(one: _Written) -> _Family:
    members = [(b, _filled_text(one.name, b).text) for b in _combinations(one.varied)]
    return _Family(one.varied, members)


def _expansions(one: _Written, families: Mapping[str, _Family], complaints: Complaints) -> Iterable[Expanded]:
    if _is_matrix(one.body) and not one.varied:
        return
    asked = 0
    for bindings in _combinations(one.varied):
        body = _body(one.body, bindings, families)
        needs = body.entries.get("needs") if isinstance(body, Table) else None
        asked += len(needs[1].nodes) if needs is not None and isinstance(needs[1], Items) else 0
        if asked > MOST_NEEDS:
            fix = "Let one action gather the results, and need that one."
            complaints.add("matrix-size", one.name, text=one.name.text, fix=fix)
            return
        yield Expanded(_filled_text(one.name, bindings), body, bindings)


def _body(body: Node, bindings: Bindings, families: Mapping[str, _Family]) -> Node:
    if not isinstance(body, Table):
        return body
    filled: dict[str, tuple[Text, Node]] = {}
    for name, (key, value) in body.entries.items():
        if name == "needs" and isinstance(value, Items):
            nodes = [one for need in value.nodes for one in _need(need, bindings, families)]
            filled[name] = (key, Items(nodes, value.line, value.column))
        elif name != "for_each":
            filled[name] = (key, value if name == "sql" else _filled(value, bindings))
    return Table(filled, body.line, body.column)


def _need(need: Node, bindings: Bindings, families: Mapping[str, _Family]) -> list[Node]:
    if isinstance(need, Text) and need.text in families:
        return [need._replace(text=name) for name in families[need.text].agreeing(bindings)]
    return [_filled(need, bindings)]


def _filled(node: Node, bindings: Bindings) -> Node:
    if not bindings:
        return node
    if isinstance(node, Text):
        return _filled_text(node, bindings)
    if isinstance(node, Items):
        return Items([_filled(item, bindings) for item in node.nodes], node.line, node.column)
    filled = ((_filled_text(key, bindings), _filled(value, bindings)) for key, value in node.entries.values())
    return Table({key.text: (key, value) for key, value in filled}, node.line, node.column)


def _filled_text(node: Text, bindings: Bindings) -> Text:
    if not bindings or "{" not in node.text:
        return node
    names = "|".join(bindings)
    text = re.sub(rf"\{{({names})\}}", lambda found: bindings[found.group(1)], node.text)
    return node._replace(text=text)


def _refuse_same_names(made: list[Expanded], complaints: Complaints) -> None:
    seen: set[str] = set()
    for name, _, _ in made:
        if name.text in seen:
            fix = "Put every name of its for_each into the action's name, such as model_{season}_{cohort}."
            complaints.add("matrix", name, text=name.text, fix=fix)
        seen.add(name.text)
