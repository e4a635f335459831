"""Which runner this host gives a site, and how fit the host is: every wall that the site insists on stands, and was tried.

Refuses to choose a runner that lacks one of them, or one through whose walls a try got.
"""

import tempfile
from pathlib import Path
from typing import cast

from sandboxes.choose import available
from sandboxes.fitness import require_fit
from sandboxes.images.manifest import default_cache
from sandboxes.preflight import Report as HostReport
from sandboxes.preflight import Versioned, inspect_host
from sandboxes.profile import Profile
from sandboxes.runner import Runner, SystemClock
from tre.records.site import NEW_SITE, Site, load_site


def choose(site: Site, state: Path) -> Runner:
    """The first runner that the site allows, with every wall that it insists on, each tried on this host; never none.

    Raises RunnerUnavailable where there is none, or where a try got through a wall that should stand.
    """
    runner = runner_of(site, state)
    require_fit(runner, default_cache().parent / "fitness", clock=SystemClock())
    return runner


def runner_of(site: Site, state: Path) -> Versioned:
    """As `choose`, for the report on this host: its walls have not been tried yet."""
    found = available(
        state,
        allowed=site.runners,
        required_walls=site.required_walls,
        site=Profile(runtime=site.runtime, entrypoints=site.entrypoints),
        clock=SystemClock(),
    )
    return cast("Versioned", found)


def report_on_host(folder: Path) -> HostReport:
    """Try every wall in every image of this host, under the site's rules or, where there is no site, a new one's."""
    site = load_site(folder if folder.is_dir() else NEW_SITE)
    with tempfile.TemporaryDirectory(prefix="tre-report-") as work:
        runner = runner_of(site, Path(work) / "boxes")
        return inspect_host(runner, Path(work) / "tries", clock=SystemClock())
