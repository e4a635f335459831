"""What a site says of its sandboxes is read strictly: images by name or content, never by a tag that could move."""

import shutil

import pytest

from tre.records.site import NEW_SITE, SiteError, load_site

CONTENT = "sha256:" + "4" * 64


def site_with(folder, sandboxes="", images=""):
    """A new site with more lines in two tables of its file."""
    shutil.copytree(NEW_SITE, folder, dirs_exist_ok=True)
    text = (folder / "site.toml").read_text(encoding="utf-8")
    text = text.replace("required_walls = []", f"required_walls = []\n{sandboxes}") + images
    (folder / "site.toml").write_text(text, encoding="utf-8")
    return folder


def test_a_new_site_runs_python_and_r_in_the_images_that_are_built_here(tmp_path):
    site = load_site(site_with(tmp_path))
    assert site.images == {"python:v1": "python", "python:v2": "python", "r:v1": "r", "r:v2": "r"}
    assert (site.runtime, site.entrypoints) == ("", frozenset())


def test_a_site_maps_other_names_to_images_of_its_own_by_content(tmp_path):
    site = load_site(site_with(tmp_path, images=f'"ehrql:v1" = "{CONTENT}"\n"stata-mp:v1" = "{CONTENT}"\n'))
    assert site.images["ehrql:v1"] == site.images["stata-mp:v1"] == CONTENT


@pytest.mark.parametrize(
    "image", ["registry.example/ehrql:v1", "ehrql:v1", "python@sha256:12", "SHA256:12", ""]
)
def test_a_name_that_could_move_or_be_fetched_is_refused(tmp_path, image):
    with pytest.raises(SiteError, match="content id"):
        load_site(site_with(tmp_path, images=f'"ehrql:v1" = "{image}"\n'))


def test_a_site_may_ask_for_a_stronger_runtime_and_list_entrypoints(tmp_path):
    lines = 'runtime = "runsc"\nentrypoints = [["/usr/local/bin/stata-entry"], ["/bin/sh", "-c"]]'
    site = load_site(site_with(tmp_path, sandboxes=lines))
    assert site.runtime == "runsc"
    assert site.entrypoints == {("/usr/local/bin/stata-entry",), ("/bin/sh", "-c")}


def test_a_word_that_means_nothing_is_refused_rather_than_ignored(tmp_path):
    with pytest.raises(SiteError, match="run_time"):
        load_site(site_with(tmp_path, sandboxes='run_time = "runsc"'))
