"""An attacker who tries every table: shares no code with the product, and is right by being slow."""

from collections.abc import Iterator, Sequence

Row = Sequence[int | None]


def completions(
    hidden: int, equations: Sequence[tuple[Sequence[int], int]], step: int, most: int
) -> Iterator[list[int]]:
    """Every choice of `hidden` numbers, multiples of `step` up to `most`, with which all the sums come out.

    An equation is the places of the hidden numbers in it, with their signs folded in by the caller, and what they add to.
    """
    found: list[int] = []

    def go() -> Iterator[list[int]]:
        at = len(found)
        for places, total in equations:
            if places and max(places) < at and sum(found[place] for place in places) != total:
                return
            if sum(found[place] for place in places if place < at) > total:
                return
        if at == hidden:
            yield list(found)
            return
        for number in range(0, most + 1, step):
            found.append(number)
            yield from go()
            found.pop()

    yield from go()


def hidden_ranges(rows: Sequence[Row], step: int) -> dict[tuple[int, int], set[int]]:
    """For a two-way table whose last row and last column are totals: what each hidden inner cell could be.

    Hidden totals bind nothing. Numbers are those shown, None where hidden.
    """
    height, width = len(rows) - 1, len(rows[0]) - 1
    unknown = [(r, c) for r in range(height) for c in range(width) if rows[r][c] is None]
    place = {cell: at for at, cell in enumerate(unknown)}
    equations = [
        ([place[r, c] for c in range(width) if (r, c) in place], _left(rows[r][:-1], rows[r][-1]))
        for r in range(height)
    ]
    for c in range(width):
        column = [rows[r][c] for r in range(height)]
        equations.append(
            ([place[r, c] for r in range(height) if (r, c) in place], _left(column, rows[-1][c]))
        )
    inner = [number for r in range(height) for number in rows[r][:-1]]
    equations.append((list(place.values()), _left(inner, rows[-1][-1])))
    known = [(places, total) for places, total in equations if total is not None]
    most = max((total for _, total in known), default=2 * step) + step
    seen: dict[tuple[int, int], set[int]] = {cell: set() for cell in unknown}
    for table in completions(len(unknown), known, step, most):
        for cell, number in zip(unknown, table, strict=True):
            seen[cell].add(number)
    return seen


def _left(parts: Row, total: int | None) -> int | None:
    return None if total is None else total - sum(number for number in parts if number is not None)
