"""A box is acquitted of a want of memory, or convicted, only by a log that can be read, and says so."""

import pytest

from sandboxes import kernel_log

STARTED, NOW, UPTIME = 1_000_000.0, 1_000_010.0, 500.0  # so the box started 490 seconds after the kernel did


def killed(uid, at):
    text = (
        f"Memory cgroup out of memory: Killed process 7 (python3 UID:1 ) total-vm:1kB, UID:{uid} pgtables:1kB"
    )
    return f"3,{int(at)},{int(at * 1e6)},-;{text}\n"


OLD = "6,1,400000000,-;an older record\n SUBSYSTEM=x\n"


@pytest.mark.parametrize(
    ("records", "acquitted", "convicted"),
    [
        ([OLD, killed(200_002, 495)], True, False),
        ([OLD, killed(200_001, 495)], False, True),
        ([OLD, killed(200_001, 495), killed(200_002, 496)], False, True),
        ([OLD, killed(200_001, 420)], True, False),  # an earlier box of the same uid
        ([OLD], True, False),
        ([killed(200_002, 495)], False, False),  # it does not reach back
        ([killed(200_001, 495)], False, True),
        ([], False, False),
        (["not a record\n"], False, False),
    ],
)
def test_who_is_acquitted_and_who_convicted(records, acquitted, convicted, tmp_path, monkeypatch):
    (tmp_path / "uptime").write_text(f"{UPTIME} 1.0\n")
    monkeypatch.setattr(kernel_log, "UPTIME", tmp_path / "uptime")
    monkeypatch.setattr(kernel_log, "records", lambda _path: iter(records))
    assert kernel_log.acquits(200_001, STARTED, NOW) is acquitted
    assert kernel_log.convicts(200_001, STARTED, NOW) is convicted


def test_a_log_that_can_not_be_read_says_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(kernel_log, "LOG", tmp_path / "absent")
    assert kernel_log.acquits(200_001, STARTED, NOW) is False
    assert kernel_log.convicts(200_001, STARTED, NOW) is False
