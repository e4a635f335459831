"""Writes every generated file of the repository, or with ``--check`` says which ones are stale and changes nothing.

A generated file is a function from the code to a text. Refuses to have one that is not in `GENERATED`: `make check` then
would not compare it.
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping

from job_specs import schema
from output_checks.manual import manual
from scripts import (
    commands_page,
    draw_api,
    draw_authorisation,
    draw_cases,
    draw_health,
    draw_house,
    draw_law,
    draw_lifecycle,
    draw_pages,
    draw_sql_walls,
    draw_walls,
    promises,
)
from scripts.source import REPOSITORY

GENERATED: Mapping[str, Callable[[], str]] = {
    "docs/house.svg": lambda: draw_house.svg(draw_house.survey()),
    "docs/house.md": lambda: draw_house.page(draw_house.survey()),
    "docs/commands.md": commands_page.page,
    "docs/pages.md": draw_pages.page,
    "docs/authorisation.md": draw_authorisation.page,
    "docs/api.md": draw_api.page,
    "docs/lifecycle.md": draw_lifecycle.page,
    "docs/legal-bases.md": draw_law.page,
    "job_specs/schema.json": schema.text,
    "docs/promises.md": promises.page,
    "docs/hostile-cases.md": draw_cases.page,
    "docs/walls.md": draw_walls.page,
    "docs/sql-walls.md": draw_sql_walls.page,
    "docs/health-checks.md": draw_health.page,
    "output_checks/MANUAL.md": manual,
}


def stale() -> Iterator[tuple[str, str]]:
    """Each generated file whose committed text is not what the code says, with the text it should have."""
    for name, produce in GENERATED.items():
        path = REPOSITORY / name
        text = produce()
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            yield name, text


def main() -> int:
    """0 when everything is up to date or was written; 1 when ``--check`` finds a stale file."""
    parser = argparse.ArgumentParser(prog="python -m scripts.generate", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a file is stale")
    check = parser.parse_args().check
    found = [*stale()]
    for name, text in found:
        print(f"{name}: {'stale; run `make docs`' if check else 'written'}")
        if not check:
            (REPOSITORY / name).write_text(text, encoding="utf-8")
    return int(check and bool(found))


if __name__ == "__main__":
    sys.exit(main())
