"""[P1] [P8] Jobs by page: handed in as a ZIP, shown in words and bands, read again; a hostile upload goes nowhere."""

import io
import stat
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

import job_specs
from tests.dispatch.test_commit import Repository
from tre.custody.people import Role
from tre.dispatch.archive import unpack
from tre.dispatch.errors import DispatchError
from tre.records.accounts import Token
from tre.records.accounts.passwords import digest_of
from tre.views import sight
from tre.web.outside.plan_drawing import drawn

STUDY = Path(job_specs.__file__).parent / "examples" / "covid-tests"


def zipped(extra: dict[str, bytes] | None = None, *, wrap: str = "", comment: bytes = b"") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(STUDY.rglob("*")):
            name = path.relative_to(STUDY).as_posix()
            if path.is_file() and name not in (extra or {}):
                archive.write(path, wrap + name)
        for name, content in (extra or {}).items():
            archive.writestr(wrap + name, content)
        archive.comment = comment
    return out.getvalue()


def handed_in(desk, content: bytes, person: str = "ada", study: str = "study-1"):
    return desk.post(person, "/jobs/new", {"study": study}, files={"code": ("study.zip", content)})


@pytest.fixture
def job(desk) -> str:
    desk.approved()
    answer = handed_in(desk, zipped())
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def test_a_member_hands_in_a_zip_and_sees_the_plan_and_one_good_reason(desk, job: str) -> None:
    page = desk.get("ada", job).text
    assert "tests_by_region" in page
    assert "It needs cohort, which has not landed." in page
    assert "no store built with an opt-out list" in page
    assert desk.get("ada", "/jobs").text.count(job.rpartition("/")[2]) == 2


def test_a_stranger_is_told_what_somebody_is_told_who_asks_for_nothing(desk, job: str) -> None:
    people = desk.common.site.people
    stranger = replace(people["ada"], id="zed", roles=frozenset({Role.RESEARCHER}))
    object.__setattr__(desk.common.site, "people", people | {"zed": stranger})
    for tail in ("", "/code", "/changes", "/status"):
        there, nowhere = desk.get("zed", job + tail), desk.get("zed", "/jobs/job-nowhere" + tail)
        assert there.status_code == nowhere.status_code == 404
        assert told(there) == told(nowhere)
        assert desk.get("cleo", job + tail).status_code == 200


def told(answer) -> str:
    return answer.text.partition("<h1>")[2]


def test_nobody_hands_in_for_a_study_that_is_not_theirs(desk) -> None:
    desk.approved()
    answer = handed_in(desk, zipped(), "eve")
    assert answer.status_code == 403
    assert "not a member" in answer.text


def test_the_code_is_shown_as_text_and_compared_with_the_run_before(desk, job: str) -> None:
    hostile = b"-- <script>alert(1)</script>\n"
    changed = handed_in(desk, zipped({"analysis/note.sql": hostile})).headers["location"]
    code = desk.get("ada", changed + "/code").text
    assert "<script>alert" not in code
    assert "alert" in code
    changes = desk.get("ada", changed + "/changes").text
    assert "analysis/note.sql" in changes
    assert "<script>alert" not in changes
    assert "first run" in desk.get("ada", job + "/changes").text


def test_a_job_is_taken_back_and_run_again(desk, job: str) -> None:
    assert desk.post("ada", job + "/cancel").status_code == 303
    assert "cancelled" in desk.get("ada", job).text
    again = desk.post("ada", job + "/again").headers["location"]
    assert again != job
    assert "the same, to the byte" in desk.get("ada", again + "/changes").text


def test_a_spec_that_is_refused_says_every_problem(desk) -> None:
    desk.approved()
    answer = handed_in(desk, zipped({"project.yaml": b"version: '5.0'\nactions: {}\n"}))
    assert answer.status_code in {403, 422}
    assert "fault" not in answer.text


def link() -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo("analysis/link.sql")
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    return entry


def holding(entry: zipfile.ZipInfo | str, content: bytes) -> bytes:
    out = io.BytesIO(zipped())
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(entry, content)
    return out.getvalue()


@pytest.mark.parametrize(
    "untrusted",
    [
        b"",
        b"PK\x03\x04 not really",
        b"<html><script>alert(1)</script>",
        holding(link(), b"/etc/passwd"),
        holding("../outside.sql", b"x"),
        holding("/etc/passwd", b"x"),
        holding("analysis/a\\x.sql", b"x"),
        holding("analysis/<img src=x onerror=alert(1)>.sql", b"x"),
        holding("big.sql", b"0" * (33 << 20)),
    ],
    ids=["empty", "broken", "polyglot", "link", "up", "root", "backslash", "markup", "bomb"],
)
def test_a_hostile_upload_is_refused_in_words(desk, untrusted: bytes) -> None:
    desk.approved()
    answer = handed_in(desk, untrusted)
    assert answer.status_code == 422, answer.status_code
    assert "<img src" not in answer.text
    assert desk.common.service.request_ids() == ()


def test_a_folder_around_everything_is_taken_off() -> None:
    assert "project.yaml" in unpack(zipped(wrap="covid-tests-main/")).files


def test_a_zip_that_says_of_itself_that_it_is_a_commit_is_not_believed(desk) -> None:
    desk.approved()
    case = handed_in(desk, zipped(comment=b"a" * 40)).headers["location"].rpartition("/")[2]
    assert desk.common.service.request(case).submission.commit == ""


@pytest.fixture
def repository(tmp_path) -> Repository:
    """Ada's study, committed by her and by Cleo, who is an output checker."""
    made = Repository(tmp_path / "places" / "study")
    files = {
        path.relative_to(STUDY).as_posix(): path.read_bytes() for path in STUDY.rglob("*") if path.is_file()
    }
    made.committed(files, "One.\n\nCo-authored-by: Cleo <cleo@example.org>")
    return made


def with_repositories(desk, desk_at, repository: Repository):
    """The site, that takes code from there and knows Cleo's address."""
    rules, people = desk.site / "site.toml", desk.site / "people.toml"
    rules.write_text(rules.read_text() + f'\n[code]\nrepositories = ["file://{repository.place.parent}/"]\n')
    people.write_text(people.read_text().replace("[cleo]\n", '[cleo]\nemail = "Cleo@Example.org"\n'))
    town = desk_at(desk.site)
    town.approved()
    return town


def test_code_is_taken_from_a_commit_and_whoever_wrote_it_does_not_check_it(
    desk, desk_at, repository
) -> None:
    town, commit = with_repositories(desk, desk_at, repository), repository.git("rev-parse", "HEAD")
    sent = {"study": "study-1", "repository": repository.address, "commit": commit, "authors": "dan"}
    answer = town.post("ada", "/jobs/new", sent)
    assert answer.status_code == 303, answer.text
    case = town.common.service.request(answer.headers["location"].rpartition("/")[2])
    assert (case.submission.commit, case.submission.code_authors) == (commit, ("cleo", "dan"))
    assert commit in town.get("ada", answer.headers["location"]).text
    study = town.common.service.study("study-1")
    for person in ("cleo", "dan"):
        assert not sight(town.common.site.people[person], case, study).inside


def test_a_repository_elsewhere_and_a_stranger_as_an_author_are_refused(desk, desk_at, repository) -> None:
    town, commit = with_repositories(desk, desk_at, repository), repository.git("rev-parse", "HEAD")
    sent = {"study": "study-1", "repository": "https://evil.example/study", "commit": commit}
    assert "not at a place" in town.post("ada", "/jobs/new", sent).text
    sent |= {"repository": repository.address, "authors": "nobody"}
    assert "nobody who has an account" in town.post("ada", "/jobs/new", sent).text
    assert town.get("ada", "/jobs").text.count("/jobs/job-") == 0


def test_where_the_site_names_no_repository_none_is_offered_or_taken(desk, repository) -> None:
    desk.approved()
    assert 'name="repository"' not in desk.get("ada", "/jobs/new").text
    sent = {
        "study": "study-1",
        "repository": repository.address,
        "commit": repository.git("rev-parse", "HEAD"),
    }
    assert "ZIP file" in desk.post("ada", "/jobs/new", sent).text


def test_changed_code_says_which_job_it_answers(desk, job: str) -> None:
    name = job.rpartition("/")[2]
    assert f"continues={name}" in desk.get("ada", job).text
    sent = {"study": "study-1", "continues": name}
    answer = desk.post("ada", "/jobs/new", sent, files={"code": ("s.zip", zipped({"analysis/x.txt": b"2"}))})
    changed = desk.common.service.request(answer.headers["location"].rpartition("/")[2])
    assert changed.submission.continues == name
    refused = desk.post(
        "ada", "/jobs/new", {**sent, "continues": "job-nowhere"}, files={"code": ("s.zip", zipped())}
    )
    assert "continues another" in refused.text


def token(desk, person: str) -> dict[str, str]:
    """The header of a token of theirs."""
    now = int(desk.now().timestamp())
    made = Token(f"token-{person}", person, "test", ("read", "write"), now, now + 3600, 0)
    desk.common.accounts.add_token(digest_of(f"tre_{person}"), made)
    return {"authorization": f"Bearer tre_{person}"}


def test_the_api_takes_a_commit_too(desk, desk_at, repository) -> None:
    town, commit = with_repositories(desk, desk_at, repository), repository.git("rev-parse", "HEAD")
    body = {"study": "study-1", "repository": repository.address, "commit": commit, "authors": ["dan"]}
    ada = token(town, "ada")
    said = town.client().post("/api/jobs", json=body, headers=ada).json()
    assert (said["commit"], said["code_authors"]) == (commit, ["cleo", "dan"])
    again = town.client().post(f"/api/jobs/{said['request']}/again", headers=ada)
    assert again.json()["request"] == said["request"]


def test_one_path_twice_is_refused() -> None:
    with pytest.warns(UserWarning, match="Duplicate"):
        untrusted = holding("project.yaml", b"x")
    with pytest.raises(DispatchError, match="one path twice"):
        unpack(untrusted)


def test_in_a_drawn_plan_every_action_stands_right_of_what_it_needs() -> None:
    needs = {"a": (), "b": ("a",), "c": ("a",), "d": ("b", "c")}
    drawing = drawn([*needs], needs)
    across = {box.name: box.x for box in drawing.boxes}
    assert all(across[need] < across[name] for name, all_of in needs.items() for need in all_of)
    assert len({(box.x, box.y) for box in drawing.boxes}) == 4
    assert len(drawing.arrows) == 4
