"""[P1] [P9] Nothing of the host leaves through an output folder, and nothing in one surprises its reader. Cases 40-57."""

import os
import shutil
import stat
import time

import pytest

from sandboxes.model import Phase, Status
from tests.hostile.two_sides import wait

pytestmark = [pytest.mark.engine, pytest.mark.hostile]
LINKS = {"symlink_file", "symlink_folder", "symlink_proc", "symlink_neighbour"}
SPECIAL = {"fifo", "socket", "character_device", "block_device"}
NO_FILTER = frozenset({"system-calls"})


def test_a_program_cannot_make_a_link_or_a_special_file_at_all(plain, walled, bait):
    assert plain("links", str(bait.secret)).got() == LINKS | SPECIAL
    ended = walled("links", str(bait.secret), patterns=("*.csv",))
    assert ended.got() == set()


def test_a_plain_containers_link_shows_a_file_of_the_host_to_a_naive_reader(plain, bait, tmp_path):
    """What peers' collectors do: `is_file()` and `copy`, both of which follow links."""
    plain("links", str(bait.secret))
    linked = next(tmp_path.glob("plain-out-*")) / "secret.csv"
    assert linked.is_file()
    shutil.copy(linked, tmp_path / "copied.csv")
    assert "CANARY" in (tmp_path / "copied.csv").read_text()


def test_links_that_were_made_all_the_same_are_refused_and_lead_nowhere(walled, bait):
    """The second and third wall, with the first one taken away."""
    runner = walled.runner(NO_FILTER)
    box = walled.box("links", str(bait.secret))
    runner.prepare(box)
    runner.launch(box.job)
    assert wait(lambda: runner.observe(box.job).phase is Phase.STOPPED, seconds=10)
    out = next(walled.folder.glob("state/boxes/*/out"))
    with pytest.raises(OSError, match="symbolic link"):
        (out / "secret.csv").read_bytes()
    started = time.monotonic()
    receipt = runner.collect(box.job, ("*.csv",), walled.folder / "kept")
    assert time.monotonic() - started < 3
    runner.discard(box.job)
    assert receipt.status is Status.OUTPUT_REFUSED
    assert receipt.collected == ()
    assert any(line.startswith("secret.csv: it is a link") for line in receipt.refused)
    assert any(line.startswith("fifo.csv: it is not a plain file") for line in receipt.refused)


@pytest.mark.parametrize(
    ("what", "pattern", "reason"),
    [
        ("hard_link", "*.csv", "another name (a hard link)"),
        ("small_sparse", "*.csv", "it has holes"),
        ("names", "*.csv", "its name may only have"),
        ("capitals", "*.csv", "only in capitals"),
        ("too_many", "*.csv", "more output files than a job may have"),
    ],
)
def test_a_file_that_is_not_what_it_seems_refuses_the_whole(what, pattern, reason, plain, walled):
    assert plain("outputs", what).got() == {what}
    ended = walled("outputs", what, patterns=(pattern,))
    assert ended.got() == {what}
    assert ended.status is Status.OUTPUT_REFUSED
    assert ended.receipt.collected == ()
    assert any(reason in line for line in ended.receipt.refused)


def test_a_terabyte_of_nothing_is_not_even_written(plain, walled):
    assert plain("outputs", "sparse").got() == {"sparse"}
    assert walled("outputs", "sparse", patterns=("*.csv",)).said == {"sparse": "EFBIG"}


def test_a_terabyte_of_nothing_would_be_refused_in_no_time(walled):
    ended = walled("outputs", "sparse", patterns=("*.csv",), without=frozenset({"file-size"}))
    assert ended.got() == {"sparse"}
    assert ended.status is Status.OUTPUT_REFUSED
    assert ended.seconds < 5


def test_odd_names_are_shown_escaped_and_short(walled):
    ended = walled("outputs", "names", patterns=("*.csv",))
    shown = "\n".join((*ended.receipt.refused, *ended.receipt.undeclared))
    assert shown.isascii()
    assert "\x1b" not in shown
    assert all(len(line) < 300 for line in shown.splitlines())
    assert "new\\nline.csv" in shown


def test_a_zip_bomb_stays_the_few_bytes_that_it_is(walled):
    ended = walled("outputs", "zip_bomb", patterns=("a.zip",))
    assert ended.status is Status.OK
    assert ended.receipt.collected[0].size < 1 << 20
    assert not (walled.folder / "escape.csv").exists()


def test_a_tree_closed_to_everyone_is_collected_and_goes_away(walled):
    ended = walled("outputs", "closed", patterns=("sub/a.csv",))
    assert ended.status is Status.OK
    assert [one.path for one in ended.receipt.collected] == ["sub/a.csv"]


def test_mode_bits_do_not_come_along(walled):
    kept = walled("outputs", "set_id", patterns=("a.csv",)).receipt.collected[0].stored
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert kept.stat().st_uid == os.getuid()


def test_a_formula_or_a_script_is_bytes_to_us(walled):
    ended = walled("outputs", "inert", patterns=("a.csv",))
    assert ended.receipt.collected[0].stored.read_bytes().startswith(b"=cmd|")
    assert ended.receipt.undeclared == ("notes.html",)
