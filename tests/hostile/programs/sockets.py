"""Catalogue 58: every kind of socket, by the library and behind its back, and what could be reached through one."""

import ctypes
import mmap
import socket
import struct
import sys

from attempt import X86, attempt, attempt_in_child

FAMILIES = {
    "inet": 2, "inet6": 10, "unix": 1, "netlink": 16, "packet": 17, "vsock": 40, "alg": 38, "xdp": 44, "tipc": 30,
    "bluetooth": 31, "can": 29,
}  # fmt: skip


def opened(number):
    kind = (
        socket.SOCK_RAW
        if number in {16, 17, 44}
        else socket.SOCK_SEQPACKET
        if number == 38
        else socket.SOCK_STREAM
    )
    socket.socket(number, kind).close()


def thirty_two_bit(family):
    """socketcall(SYS_SOCKET) through the 32-bit gate, which a filter for one architecture does not see."""
    flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x40  # MAP_32BIT
    page = mmap.mmap(-1, 4096, flags=flags, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    base = ctypes.addressof(ctypes.c_char.from_buffer(page))
    page[1024:1036] = struct.pack("<3I", family, 1, 0)
    code = (
        b"\x53\xb8\x66\x00\x00\x00\xbb\x01\x00\x00\x00\xb9"
        + struct.pack("<I", base + 1024)
        + b"\xcd\x80\x5b\xc3"
    )
    page[: len(code)] = code
    result = ctypes.CFUNCTYPE(ctypes.c_int)(base)()
    if result < 0:
        raise OSError(-result, "socketcall")


def pair():
    for end in socket.socketpair():
        end.close()


def abstract():
    with socket.socket(socket.AF_UNIX) as one:
        one.bind("\0tre-hostile")


def connected():
    with socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=2) as one:
        return one.recv(20).decode()


for family, value in FAMILIES.items():
    attempt(family, lambda value=value: opened(value))
attempt("pair", pair)
attempt("abstract", abstract)
if len(sys.argv) > 2:
    attempt("host_service", connected)
if X86:
    attempt_in_child("inet_32bit", lambda: thirty_two_bit(2))
    attempt_in_child("vsock_32bit", lambda: thirty_two_bit(40))
