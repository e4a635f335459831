"""[P12] The public register: everybody reads it, it names nobody, and it goes with them as CSV and JSON."""

import csv
import io
import json

from sqlalchemy import delete

from tests.web.review_world import ROUNDED, offered
from tre.custody.outputs import Decision, FileVote
from tre.custody.reasons import Reason, ReasonCode
from tre.records.database import writing
from tre.records.read_models import RegisteredRelease, folding
from tre.records.read_models.public_registers import HDR_UK, NHS_ENGLAND
from tre.records.read_models.tables import CURSORS, TABLE_OF


def test_it_needs_no_account_and_shows_only_what_was_approved(desk) -> None:
    desk.approved("study-1", title="Tests by region")
    desk.applied("study-2", title="Not yet approved")
    page = desk.get("", "/register").text
    assert "Tests by region" in page
    assert "Not yet approved" not in page
    assert desk.get("", "/register/studies/study-1").status_code == 200
    assert desk.get("", "/register/studies/study-2").status_code == 404


def test_it_names_no_member_and_no_approver(desk) -> None:
    desk.approved("study-1")
    for path in ("/register", "/register/studies/study-1", "/register/export/studies.json"):
        text = desk.get("", path).text
        assert "ada" not in text.replace("data", "")
        assert "ben" not in text.replace("benefit", "")


def test_it_is_searched_and_filtered_and_paged(desk) -> None:
    for number in range(23):
        desk.approved(f"study-{number}", title=f"Study number {number}")
    desk.common.service.suspend(desk.by("ben"), "study-7", Reason(ReasonCode.CONDITIONS_BROKEN))
    assert "23 studies" in desk.get("", "/register").text
    assert "Page 1 of 2" in desk.get("", "/register").text
    assert "Page 2 of 2" in desk.get("", "/register?page=99").text
    assert "Page 1 of 2" in desk.get("", "/register?page=%3Cscript%3E").text
    assert "1 study<" in desk.get("", "/register?words=NUMBER+21").text
    assert "1 study<" in desk.get("", "/register?status=suspended").text
    assert "23 studies" in desk.get("", "/register?status=secret").text
    assert "0 studies" in desk.get("", "/register?words=%25").text


def test_a_list_that_is_being_prepared_says_so_on_its_own_page_alone(desk, monkeypatch) -> None:
    """As after an upgrade that lays one list out anew: whoever asks for another is served, and nothing is a fault."""
    desk.approved("study-1")
    assert desk.get("", "/register").status_code == 200
    monkeypatch.setattr(folding, "LATE", 1)
    with writing(desk.common.service.ledger.engine) as connection:
        connection.execute(delete(CURSORS).where(CURSORS.c.list == TABLE_OF[RegisteredRelease].name))
    answer = desk.get("", "/register/releases")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")
    assert "being prepared" in answer.text
    assert desk.get("", "/register").status_code == 200
    desk.common.read_models.prepare()
    assert desk.get("", "/register/releases").status_code == 200


def test_it_is_taken_away_as_csv_and_json_and_no_title_is_a_formula(desk) -> None:
    desk.approved("study-1", title='=HYPERLINK("http://evil.example","x")')
    (row,) = csv.DictReader(io.StringIO(desk.get("", "/register/export/studies.csv").text))
    assert row["title"].startswith("'=HYPERLINK")
    (entry,) = json.loads(desk.get("", "/register/export/studies.json").text)
    assert entry["title"].startswith("=HYPERLINK")
    assert json.loads(desk.get("", "/register/export/releases.json").text) == []
    assert desk.get("", "/register/export/people.csv").status_code == 404


def test_it_is_taken_away_in_the_columns_of_hdr_uk(desk) -> None:
    desk.approved("study-1", title="Tests by region", public_benefit="Fewer admissions.", funding="A charity")
    answer = desk.get("", "/register/hdr-uk-data-uses.csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert tuple(rows[0]) == HDR_UK
    needed = [heading for heading in HDR_UK if heading.endswith("*")]
    assert all(rows[0][heading] for heading in needed)
    assert rows[0]["Project title*"] == "Tests by region"
    assert rows[0]["Access type*"] == "TRE"
    assert rows[0]["Funders/ Sponsors"] == "A charity"
    assert "ada" not in rows[0].values()


def test_what_was_released_is_taken_away_in_the_columns_of_nhs_england(desk) -> None:
    request = offered(desk, {"output/one.csv": ROUNDED, "output/two.csv": ROUNDED})
    assert (
        list(csv.DictReader(io.StringIO(desk.get("", "/register/nhs-england-data-releases.csv").text))) == []
    )
    for person in ("cleo", "dan"):
        case = desk.common.service.request(request)
        yes = tuple(FileVote(each.path, each.digest, Decision.APPROVE) for each in case.offered)
        desk.common.service.vote(desk.by(person), request, yes)
    desk.common.service.sign_off(desk.by("dan"), request)
    desk.let_out(desk.common.service.release, request)
    rows = list(csv.DictReader(io.StringIO(desk.get("", "/register/nhs-england-data-releases.csv").text)))
    assert tuple(rows[0]) == NHS_ENGLAND
    assert [row["Type of Data"] for row in rows] == ["Anonymous aggregate"] * 2
    assert rows[0]["Month File Released"] == desk.now().strftime("%b-%y")
    assert not {"cleo", "dan", "ada"} & set(" ".join(rows[0].values()).split())
