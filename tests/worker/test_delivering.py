"""What has left lies outside whole or not at all, and what was recalled does not, whoever dies or comes late [P15]."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.torture.stand import begin, hands, hands_now, review, submit
from tre.cli.house import House
from tre.custody.requests import JobRequest, RequestStage
from tre.dispatch.push import DRAFT, STATEMENT, TOMBSTONE
from tre.service import By
from tre.worker import Worker


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A site with one job that two checkers have signed for."""
    site = tmp_path / "site"
    submit(site, begin(site, lease=30), 1, 0)
    house = hands(site).wiring().open_house(site)
    worker = house.worker("worker")
    worker.run_until_idle()
    review(house)
    worker.close()
    yield house
    house.service.ledger.close()


def the_case(house: House) -> JobRequest:
    (request,) = house.service.request_ids()
    return house.service.request(request)


def outside(house: House) -> set[str]:
    """The names of what lies where the one release belongs, however deep."""
    place = house.push.place(the_case(house), 0)
    return {path.relative_to(place).as_posix() for path in place.rglob("*") if path.is_file()}


def recall(house: House) -> JobRequest:
    by = By(house.site.person("cleo"), hands_now(house))
    return house.service.recall(by, the_case(house).id)[0]


def once(real: Callable[..., bytes], before: Callable[[], object]) -> Callable[..., bytes]:
    """A function before whose first call something else happens."""
    due = [before]

    def called(*words: object) -> bytes:
        if due:
            due.pop()()
        return real(*words)

    return called


def released(worker: Worker, house: House) -> JobRequest:
    """The case once it is on the ledger that it has left, and nothing lies outside."""
    deliver, worker.tools.push.deliver = worker.tools.push.deliver, lambda _case: False  # type: ignore[method-assign]
    while the_case(house).stage is not RequestStage.RELEASED:
        worker.look()
    while worker.busy:
        worker._reap()
    worker.tools.push.deliver = deliver  # type: ignore[method-assign]
    return the_case(house)


def test_a_release_that_is_recalled_while_it_is_laid_out_does_not_lie_outside(
    house: House, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another worker has put the tombstone there before this one, which was slow, lays out its file."""
    push = worker.tools.push
    late = once(push._release, lambda: entombed(house))
    monkeypatch.setattr(push, "_release", late)
    worker.run_until_idle()
    assert the_case(house).stage is RequestStage.RECALLED
    assert TOMBSTONE in outside(house)
    assert not any(path.endswith(".csv") for path in outside(house))


def entombed(house: House) -> None:
    """As another worker does it, where a part of the release had been laid out already."""
    house.push.place(the_case(house), 0).mkdir(parents=True)
    assert house.push.entomb(recall(house))


def test_what_a_dead_worker_laid_out_after_the_recall_is_taken_away_by_the_next(
    house: House, worker: Worker
) -> None:
    worker.run_until_idle()
    (file,) = the_case(house).statements[0].files
    place = house.push.place(the_case(house), 0)
    house.push.entomb(recall(house))
    for left in (place / file.path, place / "output" / f"{DRAFT}half"):
        left.write_bytes(b"what was recalled")
    next_one = house.worker("next")
    next_one.settle()
    next_one.run_until_idle()
    next_one.close()
    assert not {file.path, f"output/{DRAFT}half"} & outside(house)
    assert TOMBSTONE in outside(house)


def test_two_that_lay_out_the_same_release_at_once_are_not_in_each_others_way(
    house: House, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One is stopped in the midst of a file; the other does all of it, and then the first goes on."""
    case = released(worker, house)
    monkeypatch.setattr(os, "fsync", once(os.fsync, lambda: house.push.deliver(case)))
    assert house.push.deliver(case)
    (file,) = case.statements[0].files
    assert (house.push.place(case, 0) / file.path).read_bytes() == house.quarantine.get(file.digest)
    assert not [name for name in outside(house) if DRAFT in name]


class Disk:
    """What was done to the names in a folder, and which of it a loss of power can not undo, in the order in which it was done."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._folder = folder
        self.done: list[tuple[str, Path]] = []
        fsync, replace, unlink = os.fsync, Path.replace, Path.unlink

        def synced(handle: int) -> None:
            fsync(handle)
            self.done.append(("synced", Path(f"/proc/self/fd/{handle}").readlink()))

        def replaced(path: Path, target: Path) -> Path:
            self.done.append(("synced" if ("synced", path) in self.done else "torn", target))
            self.done.append(("named", target))
            return replace(path, target)

        def unlinked(path: Path, *, missing_ok: bool = False) -> None:
            self.done.append(("gone", path))
            unlink(path, missing_ok=missing_ok)

        monkeypatch.setattr(os, "fsync", synced)
        monkeypatch.setattr(Path, "replace", replaced)
        monkeypatch.setattr(Path, "unlink", unlinked)

    def undone_before(self, last: str) -> list[tuple[str, Path]]:
        """What a loss of power could undo at the moment when the file of that name may have come to be."""
        end = next(
            number for number, (what, path) in enumerate(self.done) if (what, path.name) == ("named", last)
        )
        changes = [
            (number, each)
            for number, each in enumerate(self.done[:end])
            if each[0] in {"named", "gone"} and each[1].is_relative_to(self._folder)
        ]
        return [
            (what, path)
            for number, (what, path) in changes
            if ("synced", path.parent) not in self.done[number:end]
        ]


def test_a_statement_lies_there_only_where_every_file_is_on_the_disk_under_its_name(
    house: House, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = released(worker, house)
    disk = Disk(house.push.folder, monkeypatch)
    house.push.deliver(case)
    assert disk.undone_before(STATEMENT) == []
    assert [path for what, path in disk.done if what == "torn"] == []
    assert ("synced", house.push.folder) in disk.done


def test_a_tombstone_lies_there_only_where_every_file_is_gone_from_the_disk(
    house: House, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker.run_until_idle()
    case = recall(house)
    disk = Disk(house.push.folder, monkeypatch)
    house.push.entomb(case)
    assert disk.undone_before(TOMBSTONE) == []
    assert [path.name for what, path in disk.done if what == "gone"] == ["table.csv"]
