"""[P1] [P2] [P8] A box is a world of its own: no network, no kernel doors, no host, no neighbour. Cases 58-66."""

import ctypes
import os
import shutil

import pytest

from sandboxes.images import installed
from sandboxes.model import Phase
from tests.hostile.two_sides import wait

pytestmark = [pytest.mark.engine, pytest.mark.hostile]
STOPPED = {"EPERM", "EACCES", "ENOSYS", "SIGSYS"}
KEYS_TO_EVERY_DOOR = (
    "--security-opt", "seccomp=unconfined",
    *(f"--cap-add={name}" for name in ("SYS_ADMIN", "SYS_PTRACE", "SYS_CHROOT", "DAC_READ_SEARCH")),
)  # fmt: skip


def test_no_socket_of_any_family_opens_by_any_gate(plain, walled, host_service):
    reached = plain("sockets", *host_service).got()
    assert {"inet", "inet6", "unix", "netlink", "packet", "vsock", "host_service"} <= reached
    ended = walled("sockets", *host_service)
    assert ended.got() == set()
    assert set(ended.said.values()) <= STOPPED


def test_no_network_even_if_sockets_could_be_opened(walled, host_service):
    ended = walled("sockets", *host_service, without=frozenset({"system-calls"}))
    assert "host_service" not in ended.got()


def test_local_sockets_are_an_opt_in_that_opens_nothing_else(walled, host_service):
    ended = walled("sockets", *host_service, unix_sockets=True)
    assert ended.got() == {"unix", "pair", "abstract"}


def test_every_door_of_the_kernel_is_shut(plain, walled):
    """With root's rights and no filter most of them answer; in ours each says no before it looks at its arguments."""
    opened = plain("kernel", options=KEYS_TO_EVERY_DOOR).said
    doors = {name for name, outcome in opened.items() if outcome not in STOPPED}
    ended = walled("kernel")
    assert len(doors) >= 30
    assert {name for name, outcome in ended.said.items() if outcome not in STOPPED} == set()
    assert doors <= set(ended.said)


def test_a_plain_container_leaves_doors_open(plain):
    assert {"io_uring", "ptrace_child", "memfd_create", "mq_open", "shmget"} <= plain("kernel").got()


def test_the_host_tells_nothing_and_can_be_told_nothing(plain, walled):
    seen = plain("host_files")
    assert {"read:/proc/cmdline", "read:/proc/kallsyms", "read:/sys/block", "control_groups"} <= seen.got()
    ended = walled("host_files")
    assert not [name for name in ended.got() if name.startswith(("read:", "write:"))]
    assert ended.said["resolver"] == "empty"
    assert ended.said["hostname"] == "job"
    assert ended.said["control_groups"] == "hidden"
    assert ended.said["mounts_tell"] == ""


def test_secrets_of_whoever_starts_a_box_are_not_in_its_environment(walled, monkeypatch):
    monkeypatch.setenv("TRE_DATABASE", "postgresql://someone:secret@somewhere/")
    monkeypatch.setenv("HTTPS_PROXY", "http://someone:secret@proxy/")
    ended = walled("host_files")
    allowed = {"HOME", "HOSTNAME", "LANG", "PATH", "PYTHONDONTWRITEBYTECODE"}
    assert set(ended.said["environment"].split(",")) <= allowed
    assert set(ended.said["first_environment"].removeprefix("GOT:").split(",")) <= allowed


def test_data_and_code_cannot_be_changed(plain, walled):
    everything = {"append", "chmod", "rename", "beside", "code", "below", "write", "unlink"}
    assert plain("data").got() == everything
    ended = walled("data")
    assert set(ended.said) == everything
    assert ended.got() == set()


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a file system below an input needs root")
def test_a_mount_below_an_input_cannot_be_written_to(walled, bait):
    """A read-only bind does not reach the mounts below it, so those are not handed in at all."""
    below = bait.data / "folder" / "below"
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.mount(b"tre-test", os.fsencode(below), b"tmpfs", ctypes.c_ulong(0), b"size=1m,mode=0777") == 0
    try:
        assert "below" not in walled("data").got()
        assert list(below.iterdir()) == []
    finally:
        libc.umount2(os.fsencode(below), 2)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a program set-id root")
def test_no_way_to_become_root(plain, walled):
    for bait in (plain.bait, walled.bait):
        program = bait.data / "set-id-id"
        shutil.copy(installed()["sql"].rootfs / "usr/bin/id", program)
        program.chmod(0o4755)
    try:
        assert "set_id_program" in plain("identity", options=("--user", "1000:1000")).got()
        ended = walled("identity")
    finally:
        (walled.bait.data / "set-id-id").unlink()
    assert ended.got() == set()
    assert ended.said["set_id_in_image"] == "0"


def test_two_boxes_share_nothing(walled):
    """Other uid, other processes, other outputs, other budget."""
    runner = walled.runner()
    boxes = [walled.box("linger", "wait"), walled.box("linger", "wait")]
    for box in boxes:
        runner.prepare(box)
        runner.launch(box.job)
    outputs = sorted(walled.folder.glob("state/boxes/*/out"))
    owners = {path.stat().st_uid for path in outputs}
    third = walled("host_files")
    alone = walled("fork_bomb")
    assert all(runner.observe(box.job).phase is Phase.RUNNING for box in boxes)
    for box in boxes:
        runner.discard(box.job)
    assert len(owners) == 2
    assert os.getuid() not in owners or os.getuid() != 0
    assert int(third.said["processes"]) <= 2
    assert int(alone.said["processes"].removeprefix("STOPPED:")) > 50


def test_a_first_process_that_is_ours_buries_the_dead(walled):
    runner, box = walled.runner(), walled.box("linger", "wait")
    runner.prepare(box)
    runner.launch(box.job)
    assert wait(lambda: runner.observe(box.job).phase is Phase.RUNNING, seconds=5)
    runner.halt(box.job)
    assert runner.observe(box.job).phase is Phase.STOPPED
    runner.discard(box.job)
