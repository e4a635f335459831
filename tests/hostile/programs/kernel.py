"""Catalogue 59, 60: the kernel's own doors."""

import ctypes
import os
import signal

from attempt import LIBC, attempt, attempt_in_child, call

NEWUSER, NEWNS, NEWNET, NEWPID = 0x10000000, 0x00020000, 0x40000000, 0x20000000
BUFFER = ctypes.create_string_buffer(4096)


def traced_child():
    child = os.fork()
    if child == 0:
        signal.alarm(5)
        signal.pause()
    try:
        call("ptrace", 16, child, 0, 0)
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)


def traced_first():
    """Lets it go again: a first process that is stopped would hold its box until the time limit (see linger.py)."""
    call("ptrace", 16, 1, 0, 0)
    os.waitpid(1, 0x40000000)
    call("ptrace", 17, 1, 0, 0)


def run_from_memory():
    descriptor = call("memfd_create", b"x", 0)
    os.write(descriptor, b"#!/usr/bin/python3\n")


def cloned():
    child = call("clone", NEWUSER | 17, 0, 0, 0, 0)
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)


def cloned_three():
    arguments = (ctypes.c_uint64 * 8)(NEWUSER, 0, 0, 0, 17, 0, 0, 0)
    child = call("clone3", arguments, 64)
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)


def remounted():
    if LIBC.mount(b"none", b"/data", b"none", ctypes.c_ulong(0x20 | 0x1000), b"") != 0:
        raise OSError(ctypes.get_errno(), "remount")


attempt("io_uring", lambda: call("io_uring_setup", 2, BUFFER) and None)
attempt("ptrace_child", traced_child)
attempt("ptrace_first", traced_first)
attempt("process_vm_readv", lambda: call("process_vm_readv", os.getpid(), 0, 0, 0, 0, 0) and None)
attempt("pidfd_open", lambda: call("pidfd_open", os.getpid(), 0) and None)
attempt("kcmp", lambda: call("kcmp", os.getpid(), os.getpid(), 0, 0, 0) and None)
attempt("memfd_create", run_from_memory)
attempt("mq_open", lambda: call("mq_open", b"tre", 0o102, 0o600, 0) and None)
attempt("shmget", lambda: call("shmget", 0, 4096, 0o1600) and None)
attempt("semget", lambda: call("semget", 0, 1, 0o1600) and None)
attempt("msgget", lambda: call("msgget", 0, 0o1600) and None)
attempt("name_to_handle_at", lambda: call("name_to_handle_at", -100, b"/", BUFFER, BUFFER, 0) and None)
attempt("personality", lambda: call("personality", 0x0040000) and None)
for name, arguments in {
    "bpf": (0, BUFFER, 72), "perf_event_open": (BUFFER, 0, -1, -1, 0), "userfaultfd": (1,), "keyctl": (0, -3, 0),
    "add_key": (b"user", b"tre", b"x", 1, -2), "request_key": (b"user", b"tre", 0, 0), "memfd_secret": (0,),
    "fanotify_init": (0, 0), "open_by_handle_at": (-100, BUFFER, 0), "finit_module": (0, b"", 0),
    "init_module": (BUFFER, 0, b""), "kexec_load": (0, 0, 0, 0), "syslog": (3, BUFFER, 10), "swapon": (b"/out/x", 0),
    "quotactl": (0, 0, 0, 0), "sethostname": (b"mine", 4), "reboot": (0, 0, 0, 0), "setns": (0, 0),
    "unshare_user": (NEWUSER,), "unshare_mount": (NEWNS,), "unshare_net": (NEWNET,), "unshare_pid": (NEWPID,),
    "mount": (b"none", b"/out", b"tmpfs", 0, 0), "umount2": (b"/out", 2), "pivot_root": (b"/", b"/out"),
    "chroot": (b"/out",), "fsopen": (b"tmpfs", 0), "open_tree": (-100, b"/", 1), "move_mount": (-1, b"", -1, b"", 0),
    "mount_setattr": (-1, b"", 0, BUFFER, 32),
}.items():  # fmt: skip
    attempt_in_child(
        name,
        lambda name=name, arguments=arguments: (
            call(name.split("_")[0] if name.startswith("unshare") else name, *arguments) and None
        ),
    )
attempt_in_child("clone_user", cloned)
attempt_in_child("clone3_user", cloned_three)
attempt("remount_data", remounted)
