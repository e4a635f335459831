"""Where a study must not go: each refusal has a code, a promise and a sentence that says what to do [P3] [P4] [P5] [P8] [P14] [P16]."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tre.cli.exits import Exit

FORM = Path(__file__).parents[2] / "tre" / "cli" / "demo_site" / "application.toml"


def said(desk, code: str, promise: str) -> None:
    assert code in desk.said
    assert promise in desk.said
    assert "fix:" in desk.said


def test_a_purpose_that_is_not_covid_19_is_refused(desk, tmp_path: Path) -> None:
    form = tmp_path / "diabetes.toml"
    form.write_text(FORM.read_text().replace("covid-19-research", "diabetes-research"))
    desk.tre("--as", "ada", "study", "apply", str(form), ends=Exit.REFUSED)
    said(desk, "purpose-not-covid-19", "P3")


def test_a_spec_with_another_purpose_than_its_studys_is_refused(desk, changed_study) -> None:
    folder = changed_study("purpose: covid-19-research", "purpose: covid-19-clinical-audit")
    desk.tre("--as", "ada", "job", "submit", str(folder), "--study", desk.approved(), ends=Exit.REFUSED)
    said(desk, "purpose-mismatch", "P3")


def test_a_spec_with_a_purpose_outside_the_service_is_refused(desk, changed_study) -> None:
    folder = changed_study("purpose: covid-19-research", "purpose: diabetes-research")
    desk.tre("--as", "ada", "job", "submit", str(folder), "--study", desk.approved(), ends=Exit.SPEC)
    assert "purpose" in desk.said


def test_a_lapsed_approval_is_refused(desk) -> None:
    yesterday = (datetime.now(UTC) - timedelta(days=1)).date().isoformat()
    study = desk.approved("--ends", yesterday)
    desk.tre(
        "--as",
        "ada",
        "job",
        "submit",
        str(FORM.parents[3] / "job_specs/examples/covid-tests"),
        "--study",
        study,
        ends=Exit.REFUSED,
    )
    said(desk, "approval-lapsed", "P4")


def test_an_unapproved_column_is_refused(desk) -> None:
    only = [
        "--only",
        "patients:patient_id,sex,region",
        "--only",
        "covid_tests:patient_id,specimen_date,result",
    ]
    study = desk.approved(*only)
    desk.tre(
        "--as",
        "ada",
        "job",
        "submit",
        str(FORM.parents[3] / "job_specs/examples/covid-tests"),
        "--study",
        study,
        ends=Exit.REFUSED,
    )
    said(desk, "columns-not-approved", "P8")
    assert "patients.date_of_birth" in desk.said


def test_nobody_approves_their_own_study(desk, tmp_path: Path) -> None:
    form = tmp_path / "with-ben.toml"
    form.write_text(FORM.read_text().replace('members = ["ada"]', 'members = ["ada", "ben"]'))
    study = desk.tre("--as", "ada", "study", "apply", str(form))["study"]
    desk.tre("--as", "ben", "study", "approve", study, ends=Exit.REFUSED)
    said(desk, "own-study", "P16")


def test_a_study_of_another_persons_cannot_be_used(desk) -> None:
    study = desk.approved()
    desk.tre(
        "--as",
        "eve",
        "job",
        "submit",
        str(FORM.parents[3] / "job_specs/examples/covid-tests"),
        "--study",
        study,
        ends=Exit.REFUSED,
    )
    said(desk, "not-a-member", "P16")


def test_an_account_whose_training_has_lapsed_does_nothing(desk) -> None:
    desk.ahead = timedelta(days=365 * 6)
    desk.tre("--as", "ada", "study", "apply", str(FORM), ends=Exit.REFUSED)
    said(desk, "training-lapsed", "P14")


@pytest.mark.parametrize("person", ["ada", "cleo", "eve", "fay"])
def test_only_an_approver_approves(desk, person: str) -> None:
    study = desk.tre("--as", "ada", "study", "apply", str(FORM))["study"]
    desk.tre("--as", person, "study", "approve", study, ends=Exit.REFUSED)
    said(desk, "not-your-role", "P16")


def test_a_lapsed_legal_basis_is_refused(desk, tmp_path: Path) -> None:
    form = tmp_path / "copi.toml"
    form.write_text(FORM.read_text().replace("covid-19-directions-2020", "copi-2020"))
    desk.tre("--as", "ada", "study", "apply", str(form), ends=Exit.REFUSED)
    said(desk, "basis-lapsed", "P5")


def test_a_basis_that_the_site_has_switched_off_is_refused(desk, tmp_path: Path) -> None:
    form = tmp_path / "das.toml"
    form.write_text(FORM.read_text().replace("covid-19-directions-2020", "das-pilot-2025"))
    desk.tre("--as", "ada", "study", "apply", str(form), ends=Exit.REFUSED)
    said(desk, "basis-unknown", "P5")
