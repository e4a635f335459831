"""What every hostile program here shares: try one thing, say on one line how it went, go on.

`name=GOT` means that the attack worked, `name=GOT:detail` how far; `name=EPERM` and the like how it was stopped.
Every loop in these programs is bounded, so that a sandbox which fails does not take the machine with it.
"""

import ctypes
import errno
import os
import platform
import signal

LIBC = ctypes.CDLL(None, use_errno=True)
X86 = platform.machine() == "x86_64"

# Numbers of system calls: x86_64, aarch64. Above 424 they are the same everywhere.
NUMBERS = {
    "ptrace": (101, 117), "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219),
    "perf_event_open": (298, 241), "fanotify_init": (300, 262), "open_by_handle_at": (304, 265),
    "name_to_handle_at": (303, 264), "setns": (308, 268), "process_vm_readv": (310, 270), "kcmp": (312, 272),
    "finit_module": (313, 273), "memfd_create": (319, 279), "bpf": (321, 280), "userfaultfd": (323, 282),
    "execveat": (322, 281), "mq_open": (240, 180), "shmget": (29, 194), "semget": (64, 190), "msgget": (68, 186),
    "unshare": (272, 97), "clone": (56, 220), "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41),
    "chroot": (161, 51), "sethostname": (170, 161), "reboot": (169, 142), "swapon": (167, 224),
    "kexec_load": (246, 104), "syslog": (103, 116), "personality": (135, 92), "quotactl": (179, 60),
    "clock_settime": (227, 112), "init_module": (175, 105), "setuid": (105, 146), "setgroups": (116, 159),
    "io_uring_setup": (425, 425), "open_tree": (428, 428), "move_mount": (429, 429), "fsopen": (430, 430),
    "pidfd_open": (434, 434), "clone3": (435, 435), "mount_setattr": (442, 442), "memfd_secret": (447, 447),
}  # fmt: skip


def say(name, outcome):
    print(f"{name}={outcome}", flush=True)


def attempt(name, attack):
    """Runs one attack and says how it ended; a value other than None is the detail."""
    try:
        detail = attack()
    except OSError as stopped:
        say(name, errno.errorcode.get(stopped.errno, "OSError"))
    except (ValueError, MemoryError, RuntimeError, ImportError) as stopped:
        say(name, type(stopped).__name__)
    else:
        say(name, "GOT" if detail is None else f"GOT:{detail}")


def call(name, *arguments):
    """One system call by number; raises OSError as the kernel answers."""
    number = NUMBERS[name][0 if X86 else 1]
    result = LIBC.syscall(ctypes.c_long(number), *(_word(one) for one in arguments))
    if result < 0:
        raise OSError(ctypes.get_errno(), name)
    return result


def attempt_in_child(name, attack):
    """As `attempt`, for an attack that may end the process that tries it."""
    child = os.fork()
    if child == 0:
        signal.alarm(5)
        attempt(name, attack)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        say(name, signal.Signals(os.WTERMSIG(status)).name)


def _word(value):
    return value if isinstance(value, (bytes, ctypes.Array, ctypes.Structure)) else ctypes.c_long(value)
