"""A program may make of its word for how far it is whatever it likes: nobody waits for it, follows it, or hears more than a share."""

import os
import threading
from pathlib import Path

import pytest

from sandboxes.home import Home, Record
from sandboxes.model import Box
from sandboxes.saying import SAID, share_said

BOX = Box("job-1", "sha256:" + "1" * 64, ("python3",))


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path / "state")
    made.output("job-1").mkdir(parents=True)
    made.save(Record(BOX, os.geteuid(), 0.0))
    return made


def a_link(place: Path) -> None:
    (place.parent / "elsewhere").write_bytes(b"42")
    place.symlink_to(place.parent / "elsewhere")


def a_folder(place: Path) -> None:
    place.mkdir()


def nobody_writes_to_it(place: Path) -> None:
    os.mkfifo(place)


LIES = {
    "a link": a_link,
    "a folder": a_folder,
    "a pipe that nobody writes to": nobody_writes_to_it,
    **{
        repr(said): lambda place, said=said: place.write_bytes(said)
        for said in (b"", b"1", b"042", b"-1", b"4 ", b"\xb2\xb3", b"ab", b"42\n", b"42" * (1 << 20))
    },
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES.keys())
def test_whatever_else_it_is_nothing_is_heard_and_nobody_waits(home, lie):
    lie(home.output("job-1") / SAID)
    heard: list[int | None] = []
    listening = threading.Thread(target=lambda: heard.append(share_said(home, "job-1")), daemon=True)
    listening.start()
    listening.join(10)
    assert heard == [None]


@pytest.mark.parametrize("said", [b"00", b"07", b"42", b"99"])
def test_a_share_is_heard(home, said):
    (home.output("job-1") / SAID).write_bytes(said)
    assert share_said(home, "job-1") == int(said)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a file that is another's")
def test_a_file_that_is_anothers_says_nothing(home):
    place = home.output("job-1") / SAID
    place.write_bytes(b"42")
    os.chown(place, 12345, 12345)
    assert share_said(home, "job-1") is None


def test_a_job_that_is_not_here_says_nothing(home):
    assert share_said(home, "job-2") is None
