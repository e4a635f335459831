"""A site's disclosure pack is one that there is, and one that rounds: releases are compared, and exact totals undo that [P10]."""

import shutil

import pytest

from tre.records.site import NEW_SITE, SiteError, load_site


def site_with_pack(folder, pack):
    """A new site under another pack."""
    shutil.copytree(NEW_SITE, folder, dirs_exist_ok=True)
    text = (folder / "site.toml").read_text(encoding="utf-8")
    (folder / "site.toml").write_text(
        text.replace('pack = "opensafely"', f'pack = "{pack}"'), encoding="utf-8"
    )
    return folder


@pytest.mark.parametrize("pack", ["opensafely", "nhs-hes", "ons-10-5", "midpoint-6"])
def test_a_pack_that_rounds_is_taken(tmp_path, pack):
    assert load_site(site_with_pack(tmp_path, pack)).disclosure_pack == pack


@pytest.mark.parametrize("pack", ["sdap-10", "uk-llc"])
def test_a_pack_that_does_not_round_is_refused_with_what_to_choose(tmp_path, pack):
    with pytest.raises(SiteError, match="does not round") as refused:
        load_site(site_with_pack(tmp_path, pack))
    assert "ons-10-5" in refused.value.fix


def test_a_pack_that_nobody_knows_is_refused_when_the_site_is_read(tmp_path):
    with pytest.raises(SiteError, match="no policy pack"):
        load_site(site_with_pack(tmp_path, "no-such-pack"))
