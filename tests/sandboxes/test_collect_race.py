"""[P9] A program that swaps a file for a link while we look gains nothing, and a naive collector would lose."""

import ctypes
import os
import shutil
import sys
import threading
import time
from pathlib import Path
from typing import Self

import pytest

from sandboxes import collect_open
from sandboxes.collect import collect
from sandboxes.model import Limits

SECRET = b"canary: no collector may ever read this"
ROUNDS = 3_000
SECONDS = 30
PATIENCE = 6
"""How much longer a control is given, for as many rounds as that holds: it has to lose, and how soon it does is chance."""
AT_FDCWD, EXCHANGE = -100, 2


class Swapper(threading.Thread):
    """Exchanges two names in one folder for as long as it may, the way renameat2 can."""

    def __init__(self, one: Path, other: Path) -> None:
        super().__init__(daemon=True)
        self.names = os.fsencode(one), os.fsencode(other)
        self.stopping = threading.Event()
        self.swaps = 0

    def run(self) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        first, second = self.names
        while not self.stopping.is_set():
            if libc.renameat2(AT_FDCWD, first, AT_FDCWD, second, EXCHANGE) == 0:
                self.swaps += 1

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        self.join()

    def __enter__(self) -> Self:
        self.start()
        return self


@pytest.fixture
def swapped(tmp_path):
    """In `out`, `a.csv` is a file one moment and a link to a secret the next; so is the folder `sub`.

    The other halves of the pairs lie outside, so that an unlucky look sees nothing but honest files.
    """
    out, aside, host = (tmp_path / name for name in ("out", "aside", "host"))
    for folder in (out / "sub", aside, host):
        folder.mkdir(parents=True)
    (host / "a.csv").write_bytes(SECRET)
    (out / "a.csv").write_bytes(b"mine")
    (out / "sub" / "a.csv").write_bytes(b"mine")
    (aside / "a.csv").symlink_to(host / "a.csv")
    (aside / "sub").symlink_to(host)
    return out


def naive(out: Path, into: Path) -> None:
    """What peers do: look first, then open by name."""
    for name in ("a.csv", "sub/a.csv"):
        path = out / name
        if path.is_file() and not path.is_symlink() and not path.parent.is_symlink():
            shutil.copy(path, into / path.name)


def race(swapped: Path, attempt, *, until_leak: bool) -> tuple[int, int, int]:
    """Rounds played, rounds in which something was kept, and rounds that kept the secret."""
    rounds = keeps = leaks = 0
    most, seconds = (sys.maxsize, PATIENCE * SECONDS) if until_leak else (ROUNDS, SECONDS)
    ends = time.monotonic() + seconds
    into, aside = swapped.parent / "kept", swapped.parent / "aside"
    into.mkdir()
    with Swapper(swapped / "a.csv", aside / "a.csv"), Swapper(swapped / "sub", aside / "sub"):
        while rounds < most and time.monotonic() < ends and not (until_leak and leaks):
            attempt(into)
            kept = [path.read_bytes() for path in into.iterdir()]
            rounds, keeps, leaks = rounds + 1, keeps + bool(kept), leaks + (SECRET in kept)
    return rounds, keeps, leaks


@pytest.mark.slow
@pytest.mark.parametrize("way", ["openat2", "nofollow"])
def test_three_thousand_swaps_leak_nothing(swapped, way, monkeypatch):
    if way == "nofollow":
        monkeypatch.setattr(collect_open, "_choose", lambda _root: collect_open.open_at_nofollow)
    refusals = []

    def attempt(into):
        found = collect(swapped, patterns=("*.csv", "sub/*"), into=into, owner=os.getuid(), limits=Limits())
        refusals.extend(found.refused)

    rounds, keeps, leaks = race(swapped, attempt, until_leak=False)
    assert rounds > ROUNDS // 10
    assert keeps, "the race was never won by the honest file, so nothing was at stake"
    assert refusals, "the race was never won by the link, so nothing was at stake"
    assert leaks == 0


@pytest.mark.slow
def test_the_same_race_beats_a_collector_that_looks_before_it_opens(swapped):
    """Without this the test above could pass because nothing raced."""

    def attempt(into):
        try:
            naive(swapped, into)
        except (FileNotFoundError, PermissionError):
            return

    _rounds, _keeps, leaks = race(swapped, attempt, until_leak=True)
    assert leaks > 0


@pytest.mark.slow
def test_our_own_collector_loses_the_race_without_its_way_of_opening(swapped, monkeypatch):
    """So it is the opener that keeps the promise, not the look before it."""

    def follows(folder, name, flags):
        return os.open(name, flags & ~os.O_NOFOLLOW, dir_fd=folder)

    monkeypatch.setattr(collect_open, "_choose", lambda _root: follows)

    def attempt(into):
        collect(swapped, patterns=("*.csv", "sub/*"), into=into, owner=os.getuid(), limits=Limits())

    _rounds, _keeps, leaks = race(swapped, attempt, until_leak=True)
    assert leaks > 0
