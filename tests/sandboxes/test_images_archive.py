"""The same files give the same image, and an image holds nothing but files."""

import hashlib
import json
import os
import tarfile

import pytest

from sandboxes.images import archive, recipe, sbom, scrub
from sandboxes.images.errors import ImageError


def grow(root, *, when):
    """A small tree, made at some time."""
    (root / "usr/bin").mkdir(parents=True)
    (root / "usr/bin/program").write_text("#!/bin/sh\n")
    (root / "usr/bin/program").chmod(0o755)
    (root / "bin").symlink_to("usr/bin")
    (root / "usr/empty").mkdir()
    for path in sorted(root.rglob("*")):
        os.utime(path, (when, when), follow_symlinks=False)
    return root


PACKAGES = (
    sbom.Package(
        "deb", "libc6", "2.36-9+deb12u1", ("GPL-2+", "LGPL-2.1+"), text="/usr/share/doc/libc6/copyright"
    ),
    sbom.Package("pypi", "duckdb", "2.0.0", ("MIT",), is_expression=True),
)


def layer_of(tree, into):
    return archive.write_layer(tree, archive.entries(tree), into)


def test_two_trees_made_at_different_times_are_one_layer(tmp_path):
    first = layer_of(grow(tmp_path / "a", when=1_000_000_000), tmp_path / "a.layer")
    second = layer_of(grow(tmp_path / "b", when=1_700_000_000), tmp_path / "b.layer")
    assert first.diff_id == second.diff_id
    assert first.diff_id == "sha256:" + hashlib.sha256(first.path.read_bytes()).hexdigest()


def test_the_mask_of_whoever_builds_is_not_in_a_layer(tmp_path):
    first = layer_of(grow(tmp_path / "a", when=1), tmp_path / "a.layer")
    strict = grow(tmp_path / "b", when=1)
    for path in (strict / "usr", strict / "usr/bin", strict / "usr/empty", strict / "usr/bin/program"):
        path.chmod(0o700)
    assert layer_of(strict, tmp_path / "b.layer").diff_id == first.diff_id
    (strict / "usr/bin/program").chmod(0o600)
    assert layer_of(strict, tmp_path / "c.layer").diff_id != first.diff_id


def test_a_changed_byte_is_another_layer(tmp_path):
    first = layer_of(grow(tmp_path / "a", when=1), tmp_path / "a.layer")
    (grow(tmp_path / "b", when=1) / "usr/bin/program").write_text("#!/bin/bash\n")
    assert layer_of(tmp_path / "b", tmp_path / "b.layer").diff_id != first.diff_id


def test_a_layer_names_no_owner_and_no_clock_of_the_host(tmp_path):
    layer = layer_of(grow(tmp_path / "a", when=1), tmp_path / "a.layer")
    with tarfile.open(layer.path) as tar:
        members = tar.getmembers()
    assert {(one.uid, one.gid, one.uname, one.gname, one.mtime) for one in members} == {
        (0, 0, "", "", recipe.EPOCH)
    }
    assert [one.name for one in members] == sorted(one.name for one in members)


def test_a_special_file_cannot_be_in_a_layer(tmp_path):
    os.mkfifo(grow(tmp_path / "a", when=1) / "pipe")
    with pytest.raises(ImageError) as refused:
        layer_of(tmp_path / "a", tmp_path / "a.layer")
    assert refused.value.code == "special-file"


def test_an_archive_holds_a_shared_layer_once_and_configurations_named_by_content(tmp_path):
    base = layer_of(grow(tmp_path / "a", when=1), tmp_path / "a.layer")
    (tmp_path / "b").mkdir()
    (tmp_path / "b/x").touch()
    more = layer_of(tmp_path / "b", tmp_path / "b.layer")
    images = [
        archive.configure("one", [base], tag="one:1", labels={}),
        archive.configure("two", [base, more], tag="two:1", labels={}),
    ]
    archive.write_archive(images, tmp_path / "images.tar")
    archive.write_archive(images, tmp_path / "again.tar")
    assert (tmp_path / "images.tar").read_bytes() == (tmp_path / "again.tar").read_bytes()
    with tarfile.open(tmp_path / "images.tar") as tar:
        assert sum(name.endswith("layer.tar") for name in tar.getnames()) == 2
        manifest = json.load(tar.extractfile("manifest.json"))
        for one in manifest:
            content = tar.extractfile(one["Config"]).read()
            assert one["Config"] == hashlib.sha256(content).hexdigest() + ".json"


def test_an_image_brings_no_volume_no_entry_point_and_no_root(tmp_path):
    base = layer_of(grow(tmp_path / "a", when=1), tmp_path / "a.layer")
    config = json.loads(archive.configure("one", [base], tag="one:1", labels={"tre.image": "one"}).content)
    assert config["config"]["User"] == recipe.NOBODY
    assert not {"Volumes", "Entrypoint", "Healthcheck", "OnBuild"} & set(config["config"])


def test_a_scrubbed_tree_has_no_way_to_be_somebody_else(tmp_path):
    tree = grow(tmp_path / "a", when=1)
    for name in ("su", "helper"):
        (tree / "usr/bin" / name).write_text("x")
        (tree / "usr/bin" / name).chmod(0o4755)
    (tree / "etc/apt").mkdir(parents=True)
    (tree / "etc/apt/sources.list").write_text("deb somewhere")
    (tree / "var").mkdir()
    (tree / "usr/local/bin").mkdir(parents=True)
    scrub.scrub(tree)
    assert not (tree / "usr/bin/su").exists()
    assert not (tree / "etc/apt").exists()
    assert (tree / "usr/bin/helper").stat().st_mode & 0o7777 == 0o755
    assert (tree / "usr/local/bin/python").is_symlink()
    assert all((tree / name).is_dir() for name in recipe.MOUNT_POINTS)


@pytest.mark.parametrize("mode", [0o4755, 0o2755, 0o666])
def test_a_tree_that_is_not_scrubbed_is_refused(tmp_path, mode):
    tree = grow(tmp_path / "a", when=1)
    (tree / "usr/bin/program").chmod(mode)
    with pytest.raises(ImageError) as refused:
        scrub.verify(tree)
    assert refused.value.code == "unsafe-tree"


def test_the_bill_of_materials_names_each_package_once_and_no_clock():
    bill = sbom.bill("sql", PACKAGES)
    assert [one["purl"] for one in bill["components"]] == [
        "pkg:deb/debian/libc6@2.36-9%2Bdeb12u1",
        "pkg:pypi/duckdb@2.0.0",
    ]
    assert [one.get("licenses") for one in bill["components"]] == [
        [{"license": {"name": "GPL-2+"}}, {"license": {"name": "LGPL-2.1+"}}],
        [{"expression": "MIT"}],
    ]
    assert "timestamp" not in json.dumps(bill)


def test_the_lists_for_people_have_a_line_for_each_package():
    assert sbom.package_list(PACKAGES) == "deb\tlibc6\t2.36-9+deb12u1\npypi\tduckdb\t2.0.0\n"
    assert sbom.licence_list(PACKAGES).splitlines() == [
        "libc6\t2.36-9+deb12u1\tGPL-2+; LGPL-2.1+\t/usr/share/doc/libc6/copyright",
        "duckdb\t2.0.0\tMIT\tno text",
    ]
