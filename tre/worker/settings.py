"""How a worker is set: read from the site's own file, refused where that means nothing."""

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TypeVar

import tre.data
from tre.dispatch.schedule import Limits
from tre.records.site import Site, SiteError
from tre.worker.tools import Settings

T = TypeVar("T")


def settings_of(site: Site, name: str) -> Settings:
    """How a worker of that name is set, by the site's own file."""
    said = dict(site.worker)
    priorities, errands = said.pop("priorities", {}), said.pop("errands", 2)
    lease = said.pop("lease_seconds", 30)
    return site_says(
        "worker",
        lambda: Settings(
            name=name,
            limits=Limits(**said),
            errands=int(errands),
            lease=float(lease),
            priorities=dict(priorities),
            made_with=own_code(),
        ),
    )


def site_says(table: str, read: Callable[[], T]) -> T:
    """What a table of site.toml means. Raises SiteError where it means nothing."""
    try:
        return read()
    except (KeyError, TypeError, ValueError) as error:
        raise SiteError(
            "site-unclear",
            f"The table [{table}] of site.toml lacks a value or holds one that cannot be.",
            where=f"site.toml: [{table}]",
            fix="Compare it with the file that `tre init` writes, and mend it.",
        ) from error


@cache
def own_code() -> str:
    """The digest of our own code that asks questions of a store: a result of another version is not used again."""
    digest = hashlib.sha256()
    for path in sorted(Path(tre.data.__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()
