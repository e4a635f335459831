"""Both hierarchies of control groups, and both ways in which an engine makes them, played on plain files."""

import subprocess

import pytest

from sandboxes import cgroups
from sandboxes.cgroups import Ceiling, slice_of_all

MEMORY = 1 << 30


def one_tree(root, monkeypatch):
    """A host with version 2: one tree with every controller."""
    root.mkdir()
    (root / "cgroup.controllers").write_text("cpuset cpu io memory pids\n")
    (root / "cgroup.subtree_control").write_text("")
    (root.parent / "mounts").write_text(f"cgroup2 {root} cgroup2 rw,nosuid 0 0\nproc /proc proc rw 0 0\n")
    monkeypatch.setattr(cgroups, "_MOUNTS", root.parent / "mounts")


def tree_for_each(root, monkeypatch):
    """A host with version 1: a tree for each controller, beside an empty one of version 2."""
    lines = [f"cgroup2 {root}/unified cgroup2 rw 0 0"]
    for controllers in ("memory", "pids", "cpu,cpuacct"):
        (root / controllers).mkdir(parents=True)
        lines.append(f"cgroup {root}/{controllers} cgroup rw,{controllers} 0 0")
    (root.parent / "mounts").write_text("\n".join(lines) + "\n")
    monkeypatch.setattr(cgroups, "_MOUNTS", root.parent / "mounts")


def test_version_2_is_one_folder_with_every_limit(tmp_path, monkeypatch):
    one_tree(tmp_path / "cgroup", monkeypatch)
    assert cgroups.available()
    made = cgroups.group("tre/job-1")
    folder = tmp_path / "cgroup/tre/job-1"
    (folder / "memory.swap.max").touch()
    made.limit(Ceiling(memory_bytes=MEMORY, pids=64, cpus=1.5))
    said = {path.name: path.read_text() for path in folder.iterdir()}
    assert said == {
        "memory.max": str(MEMORY),
        "memory.swap.max": "0",
        "pids.max": "64",
        "cpu.max": "150000 100000",
    }
    assert (tmp_path / "cgroup/cgroup.subtree_control").read_text() == "+memory +pids +cpu"


@pytest.mark.parametrize(("kills", "told"), [(0, False), (1, True)])
def test_version_2_tells_of_a_process_that_was_ended_for_memory(tmp_path, monkeypatch, kills, told):
    one_tree(tmp_path / "cgroup", monkeypatch)
    made = cgroups.group("tre/job-1")
    events = f"low 0\nhigh 0\nmax 7\noom {kills}\noom_kill {kills}\noom_group_kill 0\n"
    (tmp_path / "cgroup/tre/job-1/memory.events").write_text(events)
    assert made.out_of_memory() is told


def test_version_1_is_a_folder_for_each_controller(tmp_path, monkeypatch):
    tree_for_each(tmp_path / "cgroup", monkeypatch)
    made = cgroups.group("tre")
    for name in ("memory.limit_in_bytes", "memory.memsw.limit_in_bytes"):
        (tmp_path / "cgroup/memory/tre" / name).write_text("9223372036854771712")
    made.limit(Ceiling(memory_bytes=MEMORY, pids=64, cpus=2))
    assert (tmp_path / "cgroup/memory/tre/memory.limit_in_bytes").read_text() == str(MEMORY)
    assert (tmp_path / "cgroup/memory/tre/memory.memsw.limit_in_bytes").read_text() == str(MEMORY)
    assert (tmp_path / "cgroup/pids/tre/pids.max").read_text() == "64"
    assert (tmp_path / "cgroup/cpu,cpuacct/tre/cpu.cfs_quota_us").read_text() == "200000"


def test_a_host_that_lacks_a_controller_can_not_make_groups(tmp_path, monkeypatch):
    one_tree(tmp_path / "cgroup", monkeypatch)
    (tmp_path / "cgroup/cgroup.controllers").write_text("cpu memory\n")
    assert not cgroups.available()
    assert cgroups.parent_of_all("tre", Ceiling(MEMORY, 64), driver="cgroupfs") == ""


class Systemd:
    """Plays the command that speaks to systemd: it keeps what it is told, or something else, or fails."""

    def __init__(self, kept=None, *, fails=False) -> None:
        self.kept, self.fails, self.told = kept or {}, fails, []

    def __call__(self, words):
        self.told.append(words)
        if self.fails:
            raise subprocess.CalledProcessError(1, words)
        if words[0] == "set-property":
            self.kept = dict(word.split("=") for word in words[3:]) | self.kept
            return ""
        return "".join(f"{name}={value}\n" for name, value in self.kept.items())


def test_where_systemd_owns_the_groups_a_slice_of_ours_is_limited_through_it():
    systemd = Systemd()
    assert slice_of_all("tre", Ceiling(MEMORY, 64), ask=systemd) == "tre.slice"
    limits = (f"MemoryMax={MEMORY}", "MemorySwapMax=0", "TasksMax=64")
    assert systemd.told[0] == ("set-property", "--runtime", "tre.slice", *limits)


def test_no_ceiling_of_ours_stands_for_three_quarters_of_the_host():
    systemd = Systemd()
    slice_of_all("tre", Ceiling(0, 64), ask=systemd)
    assert 0 < int(systemd.kept["MemoryMax"]) < cgroups._three_quarters() * 4 / 3


@pytest.mark.parametrize(
    "systemd", [Systemd(fails=True), Systemd({"MemoryMax": "infinity"}), Systemd({"TasksMax": "[not set]"})]
)
def test_a_slice_that_is_not_as_asked_is_a_missing_wall(systemd):
    assert slice_of_all("tre", Ceiling(MEMORY, 64), ask=systemd) == ""


def test_an_engine_that_makes_groups_in_another_way_is_a_missing_wall():
    assert cgroups.parent_of_all("tre", Ceiling(MEMORY, 64), driver="none") == ""
    assert cgroups.parent_of_all("tre", Ceiling(MEMORY, 64), driver="") == ""
