"""The dependency graph of named things: order, cycles, ancestors, descendants.

Iterative throughout: a chain of ten thousand actions is only a long chain. It refuses nothing; a cycle is an answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

Needs = Mapping[str, Sequence[str]]


def in_order(needs: Needs, wanted: Iterable[str]) -> tuple[str, ...]:
    """`wanted` and everything it needs, each after what it needs; otherwise in the order asked and written.

    Names that `needs` does not hold are left out. On a cycle the order within it is that of the walk.
    """
    done: dict[str, None] = {}
    seen: set[str] = set()
    for start in wanted:
        stack = [(start, False)]
        while stack:
            name, finished = stack.pop()
            if finished:
                done[name] = None
            elif name not in seen and name in needs:
                seen.add(name)
                stack.append((name, True))
                stack.extend((need, False) for need in reversed(needs[name]))
    return tuple(done)


def cycles(needs: Needs) -> list[tuple[str, ...]]:
    """One cycle for each knot of actions that wait for each other: a needs b needs c (needs a)."""
    found: list[tuple[str, ...]] = []
    state: dict[str, int] = {}
    for start in needs:
        if start not in state:
            _walk(start, needs, state, found)
    return found


_OPEN, _SHUT = 1, 2


def _walk(start: str, needs: Needs, state: dict[str, int], found: list[tuple[str, ...]]) -> None:
    path = [start]
    pending = [iter(needs[start])]
    state[start] = _OPEN
    while path:
        need = next(pending[-1], None)
        if need is None:
            state[path.pop()] = _SHUT
            pending.pop()
        elif state.get(need) == _OPEN:
            found.append(tuple(path[path.index(need) :]))
        elif need in needs and need not in state:
            state[need] = _OPEN
            path.append(need)
            pending.append(iter(needs[need]))


def ancestors(needs: Needs, name: str) -> set[str]:
    """Everything that `name` needs, directly or through others, without `name` itself."""
    return _reach(needs, needs.get(name, ())) - {name}


def descendants(needs: Needs, names: Iterable[str]) -> set[str]:
    """`names` and everything that needs one of them: what must run again when they change."""
    dependants: dict[str, list[str]] = {}
    for name, its_needs in needs.items():
        for need in its_needs:
            dependants.setdefault(need, []).append(name)
    return _reach(dependants, names)


def _reach(edges: Needs, starts: Iterable[str]) -> set[str]:
    reached: set[str] = set()
    waiting = list(starts)
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting.extend(edges.get(name, ()))
    return reached
