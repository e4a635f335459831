"""[P13] Fifty people press the button at the same instant: every job that was asked for is there once, and none twice."""

import io
import re
import threading
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

import job_specs
from job_specs.model import Purpose, TableScope
from tests.browser.conftest import DEMO, served
from tre.custody.studies import Proposal
from tre.main import create_site
from tre.service import By
from tre.web.doors import Settings
from tre.web.sessions import begin, cookie_name

STUDY = Path(job_specs.__file__).parent / "examples" / "covid-tests"
FIFTY = 50
COLUMNS = {
    "patients": ("patient_id", "date_of_birth", "sex", "region", "imd_quintile"),
    "covid_tests": ("patient_id", "specimen_date", "result"),
    "admissions": ("patient_id", "admission_date", "primary_diagnosis"),
}


def zipped(number: int) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for path in sorted(path for path in STUDY.rglob("*") if path.is_file()):
            archive.write(path, path.relative_to(STUDY).as_posix())
        archive.writestr("analysis/number.sql", f"-- {number}\n")
    return out.getvalue()


@pytest.fixture
def place(tmp_path: Path) -> Iterator[tuple]:
    """A site with an approved study, served."""
    create_site(tmp_path / "site")
    (tmp_path / "site" / "people.toml").write_bytes((DEMO / "people.toml").read_bytes())
    for town in served(tmp_path / "site"):
        common = town.opening.common(Settings())
        day = town.now().date()
        datasets = tuple(TableScope(table, columns) for table, columns in COLUMNS.items())
        asked = Proposal(
            "Tests", "How many.", "University", Purpose.COVID_19_RESEARCH, "covid-19-directions-2020", ("ada",),
            datasets, day, day + timedelta(days=9),
        )  # fmt: skip
        people = common.site.people
        common.service.apply(By(people["ada"], town.now()), "study-1", asked)
        common.service.approve(
            By(people["ben"], town.now()), "study-1",
            starts=asked.starts, ends=asked.ends, datasets=datasets, conditions=(),
        )  # fmt: skip
        yield town, common


def browser_of(town, common) -> tuple[httpx.Client, str]:
    """A browser with a session of Ada's, and the token of its forms."""
    client = httpx.Client(base_url=town.address, timeout=60)
    client.cookies.set(cookie_name(common), begin(common, "ada", town.now()))
    found = re.search(r'name="_csrf_token" value="([^"]+)"', client.get("/jobs/new").text)
    assert found
    return client, found[1]


@pytest.mark.parametrize(
    ("different", "jobs"), [(True, FIFTY), (False, 1)], ids=["fifty-studies", "one-button"]
)
def test_fifty_at_once_and_nothing_is_lost_or_doubled(place, different: bool, jobs: int) -> None:
    town, common = place
    browsers = [browser_of(town, common) for _ in range(FIFTY)]
    gate = threading.Barrier(FIFTY)

    def submit(number: int) -> str:
        client, token = browsers[number]
        code = ("study.zip", zipped(number if different else 0))
        gate.wait()
        answer = client.post(
            "/jobs/new", data={"_csrf_token": token, "study": "study-1"}, files={"code": code}
        )
        assert answer.status_code == 303, answer.text[:300]
        return answer.headers["location"]

    with ThreadPoolExecutor(FIFTY) as pool:
        found = [*pool.map(submit, range(FIFTY))]
    assert len(set(found)) == jobs
    assert sorted(f"/jobs/{request}" for request in common.service.request_ids()) == sorted(set(found))
    common.service.ledger.verify()
    for client, _ in browsers:
        client.close()
