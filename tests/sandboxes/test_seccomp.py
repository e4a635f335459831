"""[P1] The list of system calls: what is written for the engine and for the kernel is one list, and it is strict."""

import ctypes
import errno
import json
import os
import platform
import re
import struct
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandboxes import seccomp
from sandboxes.model import RunnerUnavailable
from sandboxes.syscalls import ALLOWED, LEFT_OUT, LOCAL_SOCKETS

MACHINES = tuple(seccomp.ARCHITECTURES)
ALLOW, KILL, EPERM, ENOSYS = 0x7FFF0000, 0x80000000, 0x50000 | errno.EPERM, 0x50000 | errno.ENOSYS
NUMBERS = json.loads((seccomp.PROFILES / "numbers.json").read_text())
NEW_USER = 0x10000000


def answer(
    machine: str, number: int, *, first: int = 0, architecture: int | None = None, unix: bool = False
) -> int:
    """What the kernel would do: an interpreter of the filter, written from the kernel's description of BPF."""
    architecture = seccomp.ARCHITECTURES[machine][1] if architecture is None else architecture
    data = struct.pack("<IIQ6Q", number, architecture, 0, first, 0, 0, 0, 0, 0)
    program = seccomp.bpf_instructions(machine, unix_sockets=unix)
    register, at = 0, 0
    while True:
        code, yes, no, constant = program[at]
        at += 1
        if code == 0x06:
            return constant
        if code == 0x20:
            (register,) = struct.unpack_from("<I", data, constant)
            continue
        tests = {0x15: register == constant, 0x35: register >= constant, 0x25: register > constant}
        tests[0x45] = bool(register & constant)
        at += yes if tests[code] else no


@pytest.mark.parametrize("name", sorted(seccomp.documents()))
def test_the_committed_copy_is_what_the_list_says(name):
    assert (seccomp.PROFILES / name).read_text() == seccomp.documents()[name], (
        "run `python -m sandboxes.seccomp`"
    )


def test_there_is_no_other_copy():
    assert {path.name for path in seccomp.PROFILES.glob("seccomp*")} == set(seccomp.documents())


def test_no_call_is_both_allowed_and_left_out_and_none_is_named_twice():
    allowed = [call for group in ALLOWED for call in group.calls]
    left_out = [call for group in LEFT_OUT for call in group.calls]
    assert len(set(allowed + left_out)) == len(allowed) + len(left_out)
    assert all(group.reason for group in (*ALLOWED, *LEFT_OUT))
    assert set(LOCAL_SOCKETS.calls) < set(left_out)


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("unix", [False, True])
def test_the_kernels_form_says_what_the_engines_form_says(machine, unix):
    rules = seccomp.profile(machine, unix_sockets=unix)["syscalls"]
    allowed = {
        name
        for rule in rules
        if rule["action"] == "SCMP_ACT_ALLOW" and "args" not in rule
        for name in rule["names"]
    }
    for name, number in NUMBERS[machine].items():
        if name in {"clone", "clone3", "socket", "socketpair"}:
            continue
        assert answer(machine, number, unix=unix) == (ALLOW if name in allowed else EPERM), name


@pytest.mark.parametrize("machine", MACHINES)
@given(number=st.integers(0, 0x3FFFFFFF))
def test_a_number_that_nobody_listed_is_refused(machine, number):
    listed = {NUMBERS[machine][call] for call in seccomp.allowed(machine, unix_sockets=True)}
    listed |= {NUMBERS[machine][call] for call in ("clone", "clone3", "socket", "socketpair")}
    if number not in listed:
        assert answer(machine, number, unix=True) == EPERM


@pytest.mark.parametrize("machine", MACHINES)
def test_another_architectures_calls_end_the_process(machine):
    for architecture in {
        0x40000003,
        0x4000003E,
        0,
        *(number for _, number in seccomp.ARCHITECTURES.values()),
    }:
        if architecture != seccomp.ARCHITECTURES[machine][1]:
            assert answer(machine, NUMBERS[machine]["read"], architecture=architecture) == KILL
    assert answer("x86_64", 0x40000000 | NUMBERS["x86_64"]["read"]) == KILL


@pytest.mark.parametrize("machine", MACHINES)
def test_threads_can_be_made_and_namespaces_can_not(machine):
    clone = NUMBERS[machine]["clone"]
    assert answer(machine, clone, first=0x3D0F00) == ALLOW
    for flag in (0x02000000, 0x04000000, 0x08000000, NEW_USER, 0x20000000, 0x40000000, 0x00020000):
        assert answer(machine, clone, first=flag | 17) == EPERM
    assert answer(machine, NUMBERS[machine]["clone3"]) == ENOSYS


@pytest.mark.parametrize("machine", MACHINES)
def test_only_local_sockets_and_only_when_asked_for(machine):
    for call in ("socket", "socketpair"):
        number = NUMBERS[machine][call]
        assert answer(machine, number, first=1) == EPERM
        assert answer(machine, number, first=1, unix=True) == ALLOW
        for family in (2, 10, 16, 17, 38, 40, 44):
            assert answer(machine, number, first=family, unix=True) == EPERM


def test_an_unknown_machine_gets_no_list():
    with pytest.raises(RunnerUnavailable) as refused:
        seccomp.profile_text("vax")
    assert refused.value.code == "UNKNOWN_MACHINE"


@given(st.sets(st.integers(0, 300)))
def test_runs_hold_the_same_numbers_in_order(numbers):
    found = seccomp.runs(numbers)
    assert {number for low, high in found for number in range(low, high + 1)} == numbers
    assert all(high + 1 < low for (_, high), (low, _) in pairwise(found))


def test_a_filter_fits_in_the_kernel():
    assert all(len(seccomp.bpf(machine, unix_sockets=True)) // 8 < 4096 for machine in MACHINES)


def test_the_numbers_are_the_kernels_own():
    header = Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h")
    if not header.exists():
        pytest.skip("this host has no header of its kernel's x86-64 calls to compare with")
    theirs = dict(re.findall(r"#define __NR_(\w+) (\d+)", header.read_text()))
    assert {name: int(theirs[name]) for name in NUMBERS["x86_64"]} == NUMBERS["x86_64"]


@pytest.mark.skipif(platform.machine() not in MACHINES, reason="there is no list for this machine")
def test_the_kernel_takes_the_filter_and_keeps_it():
    """A child loads it, and sees that a listed call works and that one left out does not."""
    program = seccomp.bpf(platform.machine())
    child = os.fork()
    if child == 0:
        os._exit(_under_filter(program))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def _under_filter(program: bytes) -> int:
    class Filter(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("program", ctypes.c_char_p))

    libc = ctypes.CDLL(None, use_errno=True)
    packed = Filter(len(program) // 8, program)
    if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, ctypes.byref(packed), 0, 0):
        return 2
    if os.getpid() < 1:
        return 3
    if libc.unshare(NEW_USER) != -1 or ctypes.get_errno() != errno.EPERM:
        return 4
    return 0
