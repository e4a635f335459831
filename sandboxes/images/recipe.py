"""What goes into every sandbox image, as data: change a line here and every image gets a new name.

It refuses to hold anything of the building host: no address, no path, no clock. The time of every file is a constant,
so that two builds of the same packages are the same bytes and therefore the same content id.
"""

import hashlib
import platform
from dataclasses import dataclass
from pathlib import Path
from typing import Final

SUITE: Final = "bookworm"
SUITES: Final = (SUITE, f"{SUITE}-updates", f"{SUITE}-security")
KEYRING: Final = "debian-archive-keyring"
PYTHON: Final = "3.11"
GLIBC: Final = 36  # Debian 12 has glibc 2.36: newer manylinux wheels would not start
EPOCH: Final = 1_767_225_600  # 2026-01-01T00:00:00Z, for every file and every image
CREATED: Final = "2026-01-01T00:00:00Z"
NOBODY: Final = "65534:65534"

# python3 for the standard library, libstdc++6 because wheels link to the system's.
DEBIAN_PACKAGES: Final = ("libstdc++6", "python3")

SITE: Final = f"usr/local/lib/python{PYTHON}/dist-packages"
ENVIRONMENT: Final = ("PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8")

# A box mounts over these; a read-only root cannot grow a mount point later.
MOUNT_POINTS: Final = ("code", "data", "out", "workspace", "workspace/output")

# Emptied: what the engine provides, or what only a package manager or an administrator needs.
EMPTIED: Final = ("boot", "dev", "home", "media", "mnt", "opt", "proc", "root", "run", "srv", "sys", "tmp")
REMOVED: Final = (
    "etc/apt", "etc/cron.daily", "etc/dpkg", "etc/hostname", "etc/machine-id", "etc/pam.conf", "etc/pam.d",
    "etc/perl", "etc/resolv.conf", "etc/security", "etc/shadow", "etc/shadow-", "etc/gshadow", "etc/gshadow-",
    "etc/subgid", "etc/subuid", "etc/systemd", "usr/bin/chage", "usr/bin/chfn", "usr/bin/chsh",
    "usr/bin/expiry", "usr/bin/faillog", "usr/bin/gpasswd", "usr/bin/login", "usr/bin/mount", "usr/bin/newgrp",
    "usr/bin/nsenter", "usr/bin/passwd", "usr/bin/perl", "usr/bin/setpriv", "usr/bin/sg", "usr/bin/su",
    "usr/bin/umount", "usr/bin/unshare", "usr/lib/dpkg", "usr/lib/apt", "usr/lib/systemd", "usr/lib/udev",
    "usr/libexec/dpkg", "usr/share/bash-completion", "usr/share/debconf", "usr/share/dpkg", "usr/share/info",
    "usr/share/lintian", "usr/share/locale", "usr/share/man", "usr/share/pam", "usr/share/pam-configs",
    "usr/share/perl", "usr/share/perl5", "usr/share/python3/debpython", "var/backups", "var/cache", "var/lib",
    "var/log", "var/mail", "var/spool", "var/tmp",
)  # fmt: skip
REMOVED_PATTERNS: Final = (
    "usr/bin/apt*", "usr/bin/deb*", "usr/bin/dpkg*", "usr/bin/perl*", "usr/lib/*/perl", "usr/lib/*/perl5",
    "usr/lib/*/perl-base", "usr/lib/*/security", "usr/sbin/*", "etc/rc*.d", "etc/passwd-", "etc/group-",
    "usr/share/doc/*/changelog*", "usr/share/doc/*/NEWS*", "usr/share/doc/*/README*", "usr/share/doc/*/examples",
)  # fmt: skip


@dataclass(frozen=True)
class ImageRecipe:
    """One image: the one below it, and which pinned wheels it adds (None: every pinned wheel that is left)."""

    name: str
    parent: str | None
    wheels: tuple[str, ...] | None


IMAGES: Final = (
    ImageRecipe("sql", parent=None, wheels=("duckdb",)),
    ImageRecipe("python", parent="sql", wheels=None),
)

# The proof, run inside each finished tree as nobody, that what the image is for can be imported.
SMOKE: Final = {"sql": "import duckdb", "python": "import duckdb, numpy, pandas"}

MACHINES: Final = {"x86_64": "amd64", "aarch64": "arm64"}


def architecture() -> str:
    """The engine's word for this machine's processor, "amd64" or "arm64"."""
    return MACHINES.get(platform.machine(), platform.machine())


def inputs_digest(requirements: Path) -> str:
    """The name of a build: sha256 over this recipe, the pinned wheels and the processor."""
    digest = hashlib.sha256()
    for part in (Path(__file__).read_bytes(), requirements.read_bytes(), architecture().encode()):
        digest.update(hashlib.sha256(part).digest())
    return digest.hexdigest()
