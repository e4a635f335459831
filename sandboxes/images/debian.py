"""A minimal Debian tree from the host's own apt sources, and the list of packages it holds.

It refuses sources that are not Debian's of the recipe's suite, unsigned ones, and a build that is not root (files of
an image must belong to root). The sources are passed to the builder on its standard input and removed with the rest of
apt afterwards: an image names no host.
"""

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from sandboxes.images import commands, recipe
from sandboxes.images.errors import ImageError

APT = Path("/etc/apt")
COMMAND = "sudo python -m sandboxes.images build"
_ONE_LINE = re.compile(r"^deb\s+(?:\[(?P<options>[^]]*)\]\s+)?(?P<uri>\S+)\s+(?P<suite>\S+)\s+(?P<rest>.*)$")


def bootstrap(into: Path, packages: Iterable[str]) -> None:
    """Makes the tree `into` (which must not exist) with the named packages. Raises ImageError with the command a person must run."""
    if os.geteuid() != 0:
        raise ImageError(
            "not-root", "Building images needs root (an image's files belong to root).", _by_hand()
        )
    tool = commands.need("mmdebstrap", "Run `sudo apt-get install mmdebstrap`, then run this again.")
    sources = "\n".join(host_sources(APT))
    if not sources:
        raise ImageError(
            "no-sources",
            f"This host's apt has no signed source for Debian {recipe.SUITE}.",
            f"Add one to /etc/apt/sources.list.d, or build on a Debian {recipe.SUITE} host: `{COMMAND}`.",
        )
    argv = (
        tool, "--quiet", "--mode=root", "--variant=essential", "--format=directory",
        "--aptopt=APT::Install-Recommends false", f"--include={','.join(packages)}",
        recipe.SUITE, str(into), "-",
    )  # fmt: skip
    extra = {"SOURCE_DATE_EPOCH": str(recipe.EPOCH)}
    commands.run(
        argv, fix=f"Check that apt works (`apt-get update`), then: {_by_hand()}", text_in=sources, extra=extra
    )


def packages(tree: Path) -> tuple[tuple[str, str], ...]:
    """Name and version of every Debian package in a tree that still has its package database, sorted."""
    text = (tree / "var/lib/dpkg/status").read_text(encoding="utf-8")
    found = (dict(_fields(stanza)) for stanza in text.split("\n\n") if stanza.strip())
    return tuple(
        sorted((one["package"], one["version"]) for one in found if "installed" in one["status"].split())
    )


def host_sources(apt: Path) -> Iterator[str]:
    """The host's signed sources of the recipe's suites as one-line entries, main component only."""
    for path in sorted([*apt.glob("sources.list"), *apt.glob("sources.list.d/*.list")]):
        yield from _from_lines(path.read_text(encoding="utf-8").splitlines())
    for path in sorted(apt.glob("sources.list.d/*.sources")):
        for stanza in re.split(r"\n\s*\n", path.read_text(encoding="utf-8")):
            yield from _from_stanza(dict(_fields(stanza)))


def _from_lines(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        match = _ONE_LINE.match(line.strip())
        if match is None or "trusted=yes" in (match["options"] or ""):
            continue
        if match["suite"] in recipe.SUITES and "main" in match["rest"].split():
            yield _entry(match["uri"], match["suite"])


def _from_stanza(fields: dict[str, str]) -> Iterator[str]:
    wanted = "deb" in fields.get("types", "").split() and "main" in fields.get("components", "").split()
    keyed = recipe.KEYRING in fields.get("signed-by", recipe.KEYRING)
    if (
        not wanted
        or not keyed
        or fields.get("enabled", "yes") == "no"
        or fields.get("trusted", "no") == "yes"
    ):
        return
    for suite in fields.get("suites", "").split():
        if suite in recipe.SUITES:
            yield from (_entry(uri, suite) for uri in fields.get("uris", "").split())


def _entry(uri: str, suite: str) -> str:
    return f"deb [signed-by=/usr/share/keyrings/{recipe.KEYRING}.gpg] {uri} {suite} main"


def _fields(stanza: str) -> Iterator[tuple[str, str]]:
    for line in stanza.splitlines():
        if line[:1] in {"#", " ", "\t", ""}:
            continue
        name, _, value = line.partition(":")
        yield name.strip().lower(), value.strip()


def _by_hand() -> str:
    return f"Run `{COMMAND}` on a Debian host with mmdebstrap."
