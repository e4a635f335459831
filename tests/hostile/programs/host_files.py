"""Catalogue 61, 62, 65: what the kernel, the engine and the environment tell about the host, and what they let be set."""

import os
import socket
from pathlib import Path

from attempt import attempt, say

READS = (
    "/proc/kcore", "/proc/kallsyms", "/proc/cmdline", "/proc/version", "/proc/config.gz", "/proc/partitions",
    "/proc/modules", "/proc/slabinfo", "/proc/interrupts", "/proc/stat", "/proc/loadavg", "/proc/uptime", "/proc/keys",
    "/proc/vmallocinfo", "/proc/sched_debug", "/proc/timer_list", "/proc/diskstats", "/proc/swaps", "/proc/kmsg",
    "/dev/mem", "/dev/kmsg", "/dev/vda", "/dev/sda", "/etc/shadow", "/sys/kernel/notes",
    "/sys/class/dmi/id/product_name", "/sys/module", "/sys/block", "/sys/kernel/debug", "/sys/kernel/security",
    "/var/run/docker.sock", "/run/docker.sock", "/run/containerd/containerd.sock", "/host", "/proc/1/root/root",
)  # fmt: skip
WRITES = (
    "/proc/sys/kernel/core_pattern", "/proc/sys/kernel/hostname", "/proc/sys/vm/overcommit_memory",
    "/proc/sysrq-trigger", "/proc/self/oom_score_adj", "/proc/irq/0/smp_affinity", "/sys/kernel/uevent_helper",
    "/sys/fs/cgroup/memory/release_agent", "/sys/fs/cgroup/memory/memory.limit_in_bytes",
    "/sys/fs/cgroup/pids/pids.max", "/sys/fs/cgroup/cgroup.procs", "/sys/kernel/profiling",
)  # fmt: skip
HARMLESS = {"/proc/self/oom_score_adj": b"-1000"}


def read(name):
    path = Path(name)
    if path.is_dir():
        return None if list(path.iterdir()) else empty(name)
    with path.open("rb") as file:
        return None if file.read(1) else empty(name)


def empty(name):
    raise ValueError(name)


def write(name):
    """Opens for writing, and writes only where that can do nothing to the host: plain runs are attacked too."""
    descriptor = os.open(name, os.O_WRONLY)
    try:
        if name in HARMLESS:
            os.write(descriptor, HARMLESS[name])
    finally:
        os.close(descriptor)


for name in READS:
    attempt("read:" + name, lambda name=name: read(name))
for name in WRITES:
    attempt("write:" + name, lambda name=name: write(name))
attempt("mqueue", lambda: Path("/dev/mqueue/tre").touch())
say("hostname", socket.gethostname())
say("resolver", "GOT" if Path("/etc/resolv.conf").read_text().strip() else "empty")
say("processes", len([one for one in Path("/proc").iterdir() if one.name.isdigit()]))
say("environment", ",".join(sorted(os.environ)))

groups = [line.split(":")[2] for line in Path("/proc/self/cgroup").read_text().splitlines()]
say("control_groups", "GOT" if any(len(one) > 1 for one in groups) else "hidden")
words = Path("/proc/self/mountinfo").read_text().split()
say("mounts_tell", ",".join(sorted({word for word in words if "canary" in word})))


def first_environment():
    """The environment of the box's first process: what the engine itself was told."""
    pairs = Path("/proc/1/environ").read_bytes().split(b"\0")
    return ",".join(sorted(one.split(b"=")[0].decode() for one in pairs if one))


attempt("first_environment", first_environment)
