"""Time, chance and new names are parameters: only `tre/main.py` may ask the machine for them."""

import ast

import pytest

from scripts.ambient import ambient_uses, elapsed_uses
from scripts.source import product_modules

# Programs of their own, or parts of one: nobody stands above them to hand a clock down.
CLOCKS = {
    "tre/main.py": "the service's only clock",
    "sandboxes/runner.py": "SystemClock, for the leaf's own command; every function takes a Clock",
    "sandboxes/keeper.py": "a process of its own beside one box; it writes down when the box ended",
}


def test_nothing_but_main_asks_what_time_it_is_or_throws_a_die() -> None:
    found = [
        f"{module.path}:{line} {name}"
        for module in product_modules()
        if module.path not in CLOCKS
        for line, name in ambient_uses(module.tree)
    ]
    assert not found, "pass it in as a parameter:\n" + "\n".join(found)


@pytest.mark.parametrize("path", CLOCKS)
def test_a_clock_that_is_allowed_is_still_needed(path: str) -> None:
    (module,) = (each for each in product_modules() if each.path == path)
    assert [*ambient_uses(module.tree)], f"{path} asks for nothing any more: take it off CLOCKS"


def test_the_core_and_what_is_kept_do_not_even_hold_a_stop_watch() -> None:
    found = [
        f"{module.path}:{line} {name}"
        for module in product_modules()
        if module.path.startswith(("tre/custody/", "tre/records/", "job_specs/", "output_checks/"))
        for line, name in elapsed_uses(module.tree)
    ]
    assert not found, "waiting and measuring belong to the worker and the sandboxes:\n" + "\n".join(found)


@pytest.mark.parametrize(
    "source",
    [
        "from datetime import datetime, UTC\ndatetime.now(UTC)",
        "import datetime as dt\ndt.datetime.utcnow()",
        "import datetime\nfield = dict(default_factory=datetime.date.today)",
        "from time import time\ntime()",
        "import time as clock\nclock.time_ns()",
        "import random",
        "from random import shuffle",
        "import secrets\nsecrets.token_hex()",
        "from uuid import uuid4",
        "import os\nos.urandom(8)",
    ],
)
def test_each_way_to_ask_is_seen(source: str) -> None:
    assert [*ambient_uses(ast.parse(source))]


@pytest.mark.parametrize(
    "source",
    [
        "def decide(now):\n    return now.date()",
        "from datetime import datetime\ndatetime.fromisoformat('2024-01-01')",
        "import uuid\nuuid.uuid5(uuid.NAMESPACE_URL, 'x')",
        "import time\ntime.monotonic()",
    ],
)
def test_what_is_handed_in_or_computed_is_not(source: str) -> None:
    assert not [*ambient_uses(ast.parse(source))]
