"""Which system calls a program in a box may make: one list to read, each group with its reason.

A call that is in no group is refused with EPERM. What is left out, and why that matters, is said in `LEFT_OUT`, so
that a reader can see that an absence was meant. This module only holds names; `seccomp.py` turns them into a profile
for an engine and into a program for the kernel. It refuses nothing itself and touches nothing.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Group:
    """Calls that are allowed, or left out, for one reason."""

    name: str
    reason: str
    calls: tuple[str, ...]


def _group(name: str, reason: str, calls: str) -> Group:
    return Group(name, reason, tuple(sorted(calls.split())))


ALLOWED: tuple[Group, ...] = (
    _group(
        "file contents",
        "reading and writing files that the box's own mounts let it open",
        "read write readv writev pread64 pwrite64 preadv pwritev preadv2 pwritev2 open openat openat2 creat close "
        "close_range lseek dup dup2 dup3 fcntl flock ioctl fsync fdatasync sync syncfs sync_file_range truncate "
        "ftruncate fallocate fadvise64 readahead sendfile copy_file_range pipe pipe2",
    ),
    _group(
        "file names",
        "looking at and arranging names in the box's own writable mounts; link is needed by sem_open in the C library",
        "stat fstat lstat newfstatat statx statfs fstatfs access faccessat faccessat2 getdents getdents64 getcwd chdir "
        "fchdir mkdir mkdirat rmdir unlink unlinkat rename renameat renameat2 link linkat readlink readlinkat chmod "
        "fchmod fchmodat umask utime utimes futimesat utimensat getxattr lgetxattr fgetxattr listxattr llistxattr "
        "flistxattr",
    ),
    _group(
        "memory",
        "a program's own memory, within the box's limit",
        "mmap munmap mprotect mremap brk msync mincore madvise membarrier pkey_alloc pkey_free pkey_mprotect",
    ),
    _group(
        "processes",
        "starting, ending and waiting for processes of the box; clone is conditional, see seccomp.py",
        "fork vfork execve exit exit_group wait4 waitid kill tkill tgkill getpid getppid gettid getpgid getpgrp setpgid "
        "setsid getsid set_tid_address set_robust_list get_robust_list rseq prctl arch_prctl restart_syscall",
    ),
    _group(
        "asking about oneself",
        "identity, limits and scheduling are read, and limits may be lowered; none can be raised without a capability",
        "uname getuid geteuid getgid getegid getresuid getresgid getgroups capget getrusage getrlimit setrlimit "
        "prlimit64 times sysinfo getcpu sched_yield sched_getaffinity sched_getparam sched_getscheduler sched_getattr "
        "sched_get_priority_max sched_get_priority_min sched_rr_get_interval getpriority ioprio_get",
    ),
    _group(
        "signals",
        "between processes of the box: its process namespace hides every other",
        "rt_sigaction rt_sigprocmask rt_sigreturn rt_sigpending rt_sigtimedwait rt_sigqueueinfo rt_tgsigqueueinfo "
        "rt_sigsuspend sigaltstack pause alarm getitimer setitimer signalfd signalfd4",
    ),
    _group(
        "waiting",
        "threads, pipes and timers",
        "futex futex_waitv select pselect6 poll ppoll epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait "
        "epoll_pwait2 eventfd eventfd2 timerfd_create timerfd_settime timerfd_gettime nanosleep clock_nanosleep",
    ),
    _group(
        "time",
        "reading clocks and setting one's own timers; no call here sets a clock",
        "time gettimeofday clock_gettime clock_getres timer_create timer_settime timer_gettime timer_getoverrun "
        "timer_delete",
    ),
    _group("randomness", "seeds", "getrandom"),
    _group(
        "giving up rights",
        "a program may shut itself in further",
        "landlock_create_ruleset landlock_add_rule landlock_restrict_self",
    ),
)

LOCAL_SOCKETS = _group(
    "local sockets",
    "opt-in: calls on a socket that exists; only one of the family AF_UNIX can be made, see seccomp.py",
    "connect bind listen accept accept4 sendto sendmsg sendmmsg recvfrom recvmsg recvmmsg getsockopt setsockopt "
    "getsockname getpeername shutdown",
)

LEFT_OUT: tuple[Group, ...] = (
    _group(
        "networks",
        "a network namespace does not hold every family: AF_VSOCK reaches the hypervisor's host from inside it",
        "socket socketpair connect bind listen accept accept4 sendto sendmsg sendmmsg recvfrom recvmsg recvmmsg "
        "getsockopt setsockopt getsockname getpeername shutdown",
    ),
    _group(
        "io_uring",
        "opens files and sockets without making the calls a filter sees, and has a long record of holes",
        "io_uring_setup io_uring_enter io_uring_register io_setup io_submit io_getevents io_destroy io_cancel",
    ),
    _group(
        "namespaces and mounts",
        "the walls of the box are made of these",
        "unshare setns mount umount2 pivot_root chroot fsopen fsconfig fsmount fspick move_mount open_tree "
        "mount_setattr",
    ),
    _group(
        "other processes' memory",
        "a debugger of a neighbour or of the box's own first process",
        "ptrace process_vm_readv process_vm_writev process_madvise process_mrelease kcmp pidfd_open pidfd_getfd "
        "pidfd_send_signal",
    ),
    _group(
        "keys", "the kernel's key rings are not all kept apart by namespaces", "keyctl add_key request_key"
    ),
    _group(
        "programs and probes in the kernel",
        "the largest surface there is for taking the kernel over",
        "bpf perf_event_open userfaultfd seccomp",
    ),
    _group(
        "names that lead elsewhere",
        "a link, a device or a handle left among outputs is an attack on whoever reads them",
        "symlink symlinkat mknod mknodat name_to_handle_at open_by_handle_at",
    ),
    _group(
        "watching files",
        "not namespaced by what is watched",
        "fanotify_init fanotify_mark inotify_init inotify_init1 inotify_add_watch inotify_rm_watch",
    ),
    _group(
        "programs without a name",
        "running bytes that were never in a file defeats mounts that forbid running",
        "memfd_create memfd_secret execveat",
    ),
    _group(
        "shared memory and queues of the old kind",
        "kernel memory that outlives its maker and is counted to nobody",
        "mq_open mq_unlink mq_timedsend mq_timedreceive mq_notify mq_getsetattr msgget msgsnd msgrcv msgctl shmget "
        "shmat shmdt shmctl semget semop semctl semtimedop",
    ),
    _group(
        "becoming someone else",
        "identity is set before the program starts and never changes",
        "setuid setgid setreuid setregid setresuid setresgid setgroups setfsuid setfsgid capset chown fchown lchown "
        "fchownat setxattr lsetxattr fsetxattr removexattr lremovexattr fremovexattr personality",
    ),
    _group(
        "the machine",
        "memory that cannot be taken back, other people's scheduling, clocks, modules, swap, names, restart",
        "mlock mlock2 mlockall munlock munlockall sched_setaffinity sched_setattr sched_setparam sched_setscheduler "
        "setpriority ioprio_set mbind set_mempolicy get_mempolicy migrate_pages move_pages init_module finit_module "
        "delete_module kexec_load kexec_file_load reboot swapon swapoff quotactl quotactl_fd settimeofday "
        "clock_settime clock_adjtime adjtimex sethostname setdomainname syslog acct vhangup vmsplice splice tee "
        "iopl ioperm modify_ldt lookup_dcookie",
    ),
)
