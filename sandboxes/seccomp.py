"""The one list of system calls, written out for an engine (JSON) and for the kernel itself (a BPF program).

Both forms say the same: a call that is listed is allowed, `clone` is allowed without new namespaces, `clone3` does
not exist (so that the C library falls back to `clone`), a call made by another architecture's numbers ends the
process, and everything else fails with EPERM. With `unix_sockets`, sockets of the family AF_UNIX can be made too.
It refuses an architecture whose numbers it does not hold. `python -m sandboxes.seccomp` rewrites the committed
copies in `profiles/`, which are there to be read; a test compares them with this list.
"""

import errno
import json
import struct
import sys
from collections.abc import Iterable, Mapping
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from sandboxes.model import RunnerUnavailable
from sandboxes.syscalls import ALLOWED, LOCAL_SOCKETS

PROFILES = Path(__file__).with_name("profiles")
ARCHITECTURES = {"x86_64": ("SCMP_ARCH_X86_64", 0xC000003E), "aarch64": ("SCMP_ARCH_AARCH64", 0xC00000B7)}
"""Machine name -> its name in an engine's profile, its number in the kernel's audit header."""

AF_UNIX = 1
NEW_NAMESPACES = 0x7E020000
"""Every CLONE_NEW* flag that fits in clone's flags; asking for any of them is refused."""

_LOCAL_SOCKET_MAKERS = ("socket", "socketpair")


def allowed(machine: str, *, unix_sockets: bool) -> tuple[str, ...]:
    """The calls allowed without a condition on `machine`, sorted. Raises RunnerUnavailable for an unknown machine."""
    groups = (*ALLOWED, LOCAL_SOCKETS) if unix_sockets else ALLOWED
    here = _numbers(machine)
    return tuple(sorted(call for group in groups for call in group.calls if call in here))


def profile(machine: str, *, unix_sockets: bool = False) -> dict[str, Any]:
    """The list as a container engine reads it. Raises RunnerUnavailable for an unknown machine."""
    names = list(allowed(machine, unix_sockets=unix_sockets))
    rules = [
        {"names": names, "action": "SCMP_ACT_ALLOW"},
        {"names": ["clone"], "action": "SCMP_ACT_ALLOW", "args": [_argument(0, NEW_NAMESPACES, "MASKED_EQ")]},
        {"names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": errno.ENOSYS},
    ]
    if unix_sockets:
        makers = list(_LOCAL_SOCKET_MAKERS)
        rules.append({"names": makers, "action": "SCMP_ACT_ALLOW", "args": [_argument(0, AF_UNIX, "EQ")]})
    return {
        "defaultAction": "SCMP_ACT_ERRNO",
        "architectures": [ARCHITECTURES[machine][0]],
        "syscalls": rules,
    }


@cache
def profile_text(machine: str, *, unix_sockets: bool = False) -> str:
    """`profile` on one line, the same bytes each time, so that what an engine says back can be compared with it."""
    return json.dumps(profile(machine, unix_sockets=unix_sockets), sort_keys=True, separators=(",", ":"))


def _argument(index: int, value: int, operation: str) -> dict[str, Any]:
    return {"index": index, "value": value, "valueTwo": 0, "op": f"SCMP_CMP_{operation}"}


@cache
def _numbers(machine: str) -> Mapping[str, int]:
    if machine not in ARCHITECTURES:
        raise RunnerUnavailable(
            "UNKNOWN_MACHINE",
            f"There is no list of system calls for the machine type {machine[:40]!a}.",
            fix=f"Run jobs on one of: {', '.join(sorted(ARCHITECTURES))}.",
        )
    numbers: Mapping[str, int] = json.loads((PROFILES / "numbers.json").read_text(encoding="utf-8"))[machine]
    return numbers


# The kernel's own form: classic BPF over `struct seccomp_data { int nr; u32 arch; u64 ip; u64 args[6]; }`.
_LOAD, _JUMP_EQ, _JUMP_GE, _JUMP_GT, _JUMP_SET, _RETURN = 0x20, 0x15, 0x35, 0x25, 0x45, 0x06
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16
_ALLOW, _KILL_PROCESS, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_X32_BIT = 0x40000000

Instruction = tuple[int, int, int, int]
"""Operation, how far to jump when true, how far when false, constant."""


def bpf(machine: str, *, unix_sockets: bool = False) -> bytes:
    """The list as a seccomp filter for the kernel: an array of `struct sock_filter`.

    Raises RunnerUnavailable for an unknown machine.
    """
    program = bpf_instructions(machine, unix_sockets=unix_sockets)
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in program)


def bpf_instructions(machine: str, *, unix_sockets: bool) -> list[Instruction]:
    """The filter before it is packed: wrong architecture first, then conditions, then runs of allowed numbers."""
    numbers = _numbers(machine)
    program: list[Instruction] = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_JUMP_EQ, 1, 0, ARCHITECTURES[machine][1]),
        (_RETURN, 0, 0, _KILL_PROCESS),
        (_LOAD, 0, 0, _NUMBER),
        (_JUMP_GE, 0, 1, _X32_BIT),
        (_RETURN, 0, 0, _KILL_PROCESS),
        *_when(numbers["clone3"], [(_RETURN, 0, 0, _ERRNO | errno.ENOSYS)]),
        *_when(
            numbers["clone"], _if_argument(_JUMP_SET, NEW_NAMESPACES, then=_ERRNO | errno.EPERM, other=_ALLOW)
        ),
    ]
    if unix_sockets:
        condition = _if_argument(_JUMP_EQ, AF_UNIX, then=_ALLOW, other=_ERRNO | errno.EPERM)
        for maker in _LOCAL_SOCKET_MAKERS:
            program += _when(numbers[maker], condition)
    for low, high in runs(numbers[call] for call in allowed(machine, unix_sockets=unix_sockets)):
        program += [(_JUMP_GE, 0, 2, low), (_JUMP_GT, 1, 0, high), (_RETURN, 0, 0, _ALLOW)]
    return [*program, (_RETURN, 0, 0, _ERRNO | errno.EPERM)]


def _when(number: int, answer: list[Instruction]) -> list[Instruction]:
    """Run `answer`, which always returns, when the call's number is in the register and equal to `number`."""
    return [(_JUMP_EQ, 0, len(answer), number), *answer]


def _if_argument(test: int, constant: int, *, then: int, other: int) -> list[Instruction]:
    # Only the low half is read: the kernel takes these arguments as 32-bit integers, so the high half says nothing.
    return [
        (_LOAD, 0, 0, _FIRST_ARGUMENT),
        (test, 0, 1, constant),
        (_RETURN, 0, 0, then),
        (_RETURN, 0, 0, other),
    ]


def runs(numbers: Iterable[int]) -> list[tuple[int, int]]:
    """Consecutive numbers gathered: 1, 2, 3, 7 -> (1, 3), (7, 7)."""
    ordered = sorted(set(numbers))
    if not ordered:
        return []
    breaks = [(before, after) for before, after in pairwise(ordered) if after != before + 1]
    starts = [ordered[0], *(after for _, after in breaks)]
    ends = [*(before for before, _ in breaks), ordered[-1]]
    return list(zip(starts, ends, strict=True))


def documents() -> dict[str, str]:
    """The committed copies: file name in `profiles/` -> text."""
    return {
        f"seccomp-{machine}{'+unix' if unix else ''}.json": json.dumps(
            profile(machine, unix_sockets=unix), indent=1, sort_keys=True
        )
        + "\n"
        for machine in sorted(ARCHITECTURES)
        for unix in (False, True)
    }


def main() -> int:
    """Rewrite the committed copies."""
    for name, text in documents().items():
        (PROFILES / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
