"""How long pages take, with a thousand studies, a hundred thousand jobs and ten thousand releases in SQLite.

Every page is asked again and again, in turns, through the whole app - sessions, guard, templates - by people who may see
it. The reference is the promise: a tenth of a second at the 95th percentile; 0.3 s for the review of ten thousand files.
"""

import json
import shutil
import sys
import time
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from litestar.testing import TestClient

from benchmarks._seeded_site import seeded
from tests.web.conftest import DEMO, Desk
from tests.web.review_world import ROUNDED, offered
from tre.main import create_site

PROMISED, PROMISED_REVIEW, BAR = 0.1, 0.3, 1.0
TURNS, FILES, LOOKS = 30, 10_000, 20
PAGES = (
    ("", "/"),
    ("", "/register"),
    ("", "/register?words=number+7&status=approved"),
    ("", "/register/studies/study-7"),
    ("", "/register/jobs"),
    ("", "/register/jobs?page=1900"),
    ("", "/register/releases"),
    ("", "/register/releases?page=150"),
    ("ada", "/"),
    ("ada", "/studies"),
    ("ada", "/studies/study-50"),
    ("ada", "/jobs"),
    ("ada", "/jobs/job-50"),
    ("ben", "/studies"),
    ("ben", "/studies/study-7"),
    ("cleo", "/review"),
    ("cleo", "/review?page=100"),
    ("cleo", "/review/metrics"),
    ("ada", "/releases"),
    ("ada", "/inbox"),
    ("ada", "/tries"),
    ("cleo", "/account"),
)


def main() -> int:
    """Print one line for each page, and one for the review; 1 where a promise is not kept."""
    lines = [*lists(), review()]
    for line in lines:
        print(json.dumps(line), flush=True)
    return int(not all(line["ok"] for line in lines))


def lists() -> list[dict[str, Any]]:
    """The 95th percentile of each page."""
    desk = Desk(seeded())
    took: dict[tuple[str, str], list[float]] = {page: [] for page in PAGES}
    for turn in range(TURNS + 1):
        for person, path in PAGES:
            seconds = timed(desk.client(person), path)
            if turn:  # the first turn folds what is new and warms the caches
                took[person, path].append(seconds)
    return [
        line(f"page {path} as {person or 'anyone'}", p95(each), PROMISED)
        for (person, path), each in took.items()
    ]


def review() -> dict[str, Any]:
    """The review page of a request of ten thousand files, each time at another file."""
    with TemporaryDirectory() as folder:
        site = Path(folder) / "site"
        begin(site)
        desk = Desk(site)
        files = {f"output/table-{number:05}.csv": ROUNDED for number in range(FILES)}
        job = offered(desk, files)
        timed(desk.client("cleo"), f"/review/{job}")
        took = [timed(desk.client("cleo"), f"/review/{job}?file={number * 400}") for number in range(LOOKS)]
    return line(f"review of {FILES} files", p95(took), PROMISED_REVIEW)


def begin(site: Path) -> None:
    """A new site with the demonstration's people."""
    create_site(site)
    shutil.copy(DEMO / "people.toml", site / "people.toml")


def timed(client: TestClient[Any], path: str) -> float:
    """How long one page took."""
    began = time.perf_counter()
    answer = client.get(path)
    seconds = time.perf_counter() - began
    if not answer.is_success:
        raise SystemExit(f"{path}: {answer.status_code}")
    return seconds


def p95(seconds: list[float]) -> float:
    """The 95th percentile."""
    return quantiles(seconds, n=20)[-1]


def line(name: str, ours: float, promised: float) -> dict[str, Any]:
    """One result."""
    ratio = ours / promised
    return {
        "name": name,
        "ours": round(ours, 4),
        "reference": promised,
        "ratio": round(ratio, 3),
        "bar": BAR,
        "ok": ratio <= BAR,
    }


if __name__ == "__main__":
    sys.exit(main())
