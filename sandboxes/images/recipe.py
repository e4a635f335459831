"""What goes into every sandbox image, as data: change a line here and every image gets a new name.

It refuses to hold anything of the building host: no address, no path, no clock. The time of every file is a constant,
so that two builds of the same packages are the same bytes and therefore the same content id.
"""

import hashlib
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
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
PYTHON_PACKAGES: Final = ("libstdc++6", "python3")

# R with the whole tidyverse (Debian has no arrow and no duckdb for R; RSQLite is its database), and python3 because what
# tries the walls of every image is written in it.
R_PACKAGES: Final = (
    "python3", "r-base-core", "r-cran-broom", "r-cran-data.table", "r-cran-dbi", "r-cran-dplyr", "r-cran-forcats",
    "r-cran-ggplot2", "r-cran-jsonlite", "r-cran-lme4", "r-cran-lubridate", "r-cran-mass", "r-cran-purrr",
    "r-cran-readr", "r-cran-rsqlite", "r-cran-stringr", "r-cran-survival", "r-cran-tibble", "r-cran-tidyr",
    "r-cran-tidyverse", "tzdata",
)  # fmt: skip

# What R does at the start of every script: on synthetic data an error then says in which line of whose file it arose.
R_PROFILE: Final = "options(keep.source = TRUE, show.error.locations = TRUE, showErrorCalls = TRUE)\n"

SITE: Final = f"usr/local/lib/python{PYTHON}/dist-packages"
ENVIRONMENT: Final = ("PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8")

# A box mounts over these; a read-only root cannot grow a mount point later.
MOUNT_POINTS: Final = ("code", "data", "out", "workspace", "workspace/output")

# Folders of a wheel that no study imports.
UNUSED: Final = frozenset({"tests"})

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
    "etc/ssl/certs", "usr/share/ca-certificates",
    "usr/lib/R/site-library/*/doc", "usr/lib/R/site-library/*/html", "usr/lib/R/site-library/*/include",
    "usr/lib/R/site-library/*/tests", "usr/share/doc/*/changelog*", "usr/share/doc/*/NEWS*", "usr/share/doc/*/README*", "usr/share/doc/*/examples",
)  # fmt: skip


@dataclass(frozen=True)
class ImageRecipe:
    """One image, on top of the one before it in its family: which pinned wheels it adds (None: all that are left)."""

    name: str
    wheels: tuple[str, ...] | None = ()


@dataclass(frozen=True)
class Family:
    """Images that grow from one Debian tree. They are built, named and loaded together, apart from other families."""

    name: str
    debian: tuple[str, ...]
    images: tuple[ImageRecipe, ...]
    files: Mapping[str, str] = field(default_factory=dict)
    """Files of our own in the tree: path, and what it says."""

    @property
    def pinned(self) -> bool:
        """Whether any image of the family holds pinned wheels."""
        return any(image.wheels != () for image in self.images)


FAMILIES: Final = (
    Family(
        "python", PYTHON_PACKAGES, (ImageRecipe("sql", ("duckdb", "pyarrow")), ImageRecipe("python", None))
    ),
    Family("r", R_PACKAGES, (ImageRecipe("r"),), {"etc/R/Rprofile.site": R_PROFILE}),
)
NAMES: Final = tuple(image.name for family in FAMILIES for image in family.images)

MACHINES: Final = {"x86_64": "amd64", "aarch64": "arm64"}

# The modules that decide what is in an image: a change in one is another build.
_MAKERS: Final = ("archive", "debian", "licences", "recipe", "sbom", "scrub", "wheels")


def architecture() -> str:
    """The engine's word for this machine's processor, "amd64" or "arm64"."""
    return MACHINES.get(platform.machine(), platform.machine())


def inputs_digest(family: Family, requirements: Path) -> str:
    """The name of a family's build: sha256 over how images are made, the pinned wheels if any, and the processor."""
    parts = [Path(__file__).with_name(f"{maker}.py").read_bytes() for maker in _MAKERS]
    parts += [family.name.encode(), architecture().encode()]
    parts += [requirements.read_bytes()] if family.pinned else []
    digest = hashlib.sha256()
    for part in parts:
        digest.update(hashlib.sha256(part).digest())
    return digest.hexdigest()
