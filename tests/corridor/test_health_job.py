"""The maintainers' job goes the same corridor as a study, finds what was planted, and lets nothing out [P3] [P16]."""

import pytest

from tre.cli.exits import Exit

pytestmark = pytest.mark.engine


@pytest.fixture
def approved_health(empty_site):
    desk = empty_site
    desk.tre("--as", "eve", "health", "run", ends=Exit.REFUSED)
    assert "health-not-approved" in desk.said
    study = desk.tre("study", "list")[0]["study"]
    desk.tre("--as", "ben", "study", "approve", study)
    return desk


def test_a_healthy_platform_finds_every_planted_thing_and_its_output_never_leaves(approved_health) -> None:
    desk = approved_health
    result = desk.tre("--as", "eve", "health", "run")
    assert result["healthy"] is True
    assert len(result["expectations"]) == 5
    request = result["request"]
    files = {
        file["path"]: file["verdict"] for file in desk.tre("--as", "cleo", "review", "show", request)["files"]
    }
    assert files["output/small_number.csv"] == "suppressed"
    assert files["output/planted_identifier.csv"] == "refused"
    never_leaves(desk, request)


def never_leaves(desk, request: str) -> None:
    """Even with two votes for what may be voted for, nobody can sign it off."""
    votes = ("--approve", "output/small_number.csv")
    others = ("--changes", "output/planted_identifier.csv", "--changes", "output/planted_pseudonym.csv")
    for checker in ("cleo", "dan"):
        desk.tre("--as", checker, "review", "vote", request, *votes, *others)
    desk.tre("--as", "cleo", "review", "sign-off", request, ends=Exit.REFUSED)
    assert "purpose-never-leaves" in desk.said
    assert desk.work() == []
    assert not (desk.site / "releases").exists()


def test_what_the_checks_refuse_no_vote_lets_out(approved_health) -> None:
    desk = approved_health
    request = desk.tre("--as", "eve", "health", "run")["request"]
    desk.tre("--as", "cleo", "review", "vote", request, "--approve-all", ends=Exit.REFUSED)
    assert "file-refused-by-checks" in desk.said


@pytest.mark.parametrize("person", ["ada", "cleo", "ben"])
def test_only_a_maintainer_asks_for_maintenance(approved_health, person: str) -> None:
    approved_health.tre("--as", person, "health", "run", ends=Exit.REFUSED)
