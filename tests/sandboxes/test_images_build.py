"""An image is built whole from pinned parts, or a person is told what to do."""

import json
import os
from dataclasses import replace

import pytest

from sandboxes.images import __main__ as command
from sandboxes.images import build, debian, engine, manifest, recipe, wheels
from sandboxes.images.errors import ImageError
from sandboxes.images.manifest import Image

CONTENT = "sha256:" + "a" * 64
OFFICIAL = """
Types: deb
URIs: https://mirror.example/debian https://second.example/debian
Suites: bookworm bookworm-updates trixie
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

# somebody else's
Types: deb
URIs: https://other.example
Suites: bookworm
Components: main
Signed-By: /usr/share/keyrings/other.gpg

Types: deb
URIs: https://careless.example
Suites: bookworm
Components: main
Trusted: yes
"""


def sources(tmp_path, name, text):
    (tmp_path / "sources.list.d").mkdir(exist_ok=True)
    (tmp_path / name).write_text(text)
    return [line.split("] ")[1] for line in debian.host_sources(tmp_path)]


def test_only_debians_signed_sources_of_the_suite_are_used(tmp_path):
    assert sources(tmp_path, "sources.list.d/debian.sources", OFFICIAL) == [
        "https://mirror.example/debian bookworm main",
        "https://second.example/debian bookworm main",
        "https://mirror.example/debian bookworm-updates main",
        "https://second.example/debian bookworm-updates main",
    ]


def test_one_line_sources_are_read_too(tmp_path):
    text = "deb https://mirror.example/debian bookworm main\ndeb [trusted=yes] https://careless.example bookworm main\n# deb x y z\ndeb-src https://mirror.example/debian bookworm main\n"
    assert sources(tmp_path, "sources.list", text) == ["https://mirror.example/debian bookworm main"]


def test_every_real_pin_has_a_hash_and_every_recipe_is_pinned():
    pins = wheels.pins(build.REQUIREMENTS)
    assert all("--hash=sha256:" in one for one in pins.values())
    wheels_of = [image.wheels or () for family in recipe.FAMILIES for image in family.images]
    assert {name for names in wheels_of for name in names} <= set(pins)


@pytest.mark.parametrize(
    "line", ["numpy", "numpy==1.0", "numpy>=1.0 --hash=sha256:00", "-r other.txt", "https://x/y.whl"]
)
def test_a_line_without_a_pin_is_refused(tmp_path, line):
    path = tmp_path / "images.txt"
    path.write_text(f"duckdb==1.0 \\\n    --hash=sha256:{'a' * 64}\n{line}\n")
    with pytest.raises(ImageError) as refused:
        wheels.pins(path)
    assert refused.value.code == "unpinned"


def test_the_name_of_a_build_changes_with_its_pins_if_it_has_any(tmp_path):
    (tmp_path / "one").write_text("a")
    (tmp_path / "two").write_text("b")
    python, r = recipe.FAMILIES
    assert recipe.inputs_digest(python, tmp_path / "one") != recipe.inputs_digest(python, tmp_path / "two")
    assert recipe.inputs_digest(r, tmp_path / "one") == recipe.inputs_digest(r, tmp_path / "two")


def made(cache, name="sql"):
    (cache / "k/rootfs" / name).mkdir(parents=True, exist_ok=True)
    (cache / "k/images.tar").touch()
    return Image(name, CONTENT, cache / "k/rootfs" / name, cache / "k/images.tar", CONTENT)


def test_what_was_written_is_what_is_installed(tmp_path):
    assert manifest.installed(tmp_path) == {}
    image = made(tmp_path)
    manifest.write(tmp_path, (image,), family="python", digest="digest")
    assert manifest.installed(tmp_path) == {"sql": image}
    assert manifest.inputs(tmp_path) == {"python": "digest"}
    assert str(tmp_path) not in (tmp_path / manifest.MANIFEST).read_text()


def test_a_family_is_written_beside_the_others_and_what_it_replaces_is_remembered(tmp_path):
    first, other = made(tmp_path), made(tmp_path, "r")
    manifest.write(tmp_path, (first,), family="python", digest="one")
    manifest.write(tmp_path, (other,), family="r", digest="two")
    second = replace(first, content_id="sha256:" + "b" * 64)
    manifest.write(tmp_path, (second,), family="python", digest="three")
    assert manifest.installed(tmp_path) == {"sql": second, "r": other}
    assert manifest.inputs(tmp_path) == {"python": "three", "r": "two"}
    assert manifest.earlier(tmp_path) == {CONTENT, second.content_id}
    manifest.forget(tmp_path, (CONTENT,))
    assert manifest.earlier(tmp_path) == {second.content_id}


def test_a_manifest_of_an_older_build_is_read_and_built_anew(tmp_path):
    image = made(tmp_path)
    row = {
        "name": "sql",
        "content_id": CONTENT,
        "rootfs": "k/rootfs/sql",
        "archive": "k/images.tar",
        "packages": CONTENT,
    }
    (tmp_path / manifest.MANIFEST).write_text(json.dumps({"inputs": "digest", "images": [row]}))
    assert manifest.installed(tmp_path) == {"sql": image}
    assert manifest.inputs(tmp_path) == {}


def test_an_image_whose_tree_is_gone_is_not_installed(tmp_path):
    image = made(tmp_path)
    manifest.write(tmp_path, (image,), family="python", digest="digest")
    image.rootfs.rmdir()
    assert manifest.installed(tmp_path) == {}


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"inputs": "x", "images": [{}]}', '{"inputs": "x", "images": [1]}']
)
def test_a_damaged_manifest_is_said_to_be_one(tmp_path, text):
    (tmp_path / manifest.MANIFEST).write_text(text)
    with pytest.raises(ImageError) as refused:
        manifest.installed(tmp_path)
    assert refused.value.code == "bad-manifest"


def test_an_image_named_by_a_tag_is_refused(tmp_path):
    row = {"name": "sql", "content_id": "latest", "rootfs": "r", "archive": "a", "packages": CONTENT}
    (tmp_path / manifest.MANIFEST).write_text(json.dumps({"inputs": "x", "images": [row]}))
    with pytest.raises(ImageError, match="not named by its content"):
        manifest.installed(tmp_path)


def test_a_cached_build_does_nothing_but_look(tmp_path, monkeypatch):
    for family in recipe.FAMILIES:
        rows = tuple(made(tmp_path, one.name) for one in family.images)
        digest = recipe.inputs_digest(family, build.REQUIREMENTS)
        manifest.write(tmp_path, rows, family=family.name, digest=digest)
    monkeypatch.setattr(build, "_build_family", lambda *_: pytest.fail("nothing had changed"))
    monkeypatch.setattr(engine, "answers", lambda: False)
    said = []
    assert set(build.build(tmp_path, say=said.append)) == {"sql", "python", "r"}
    assert "bubblewrap" in said[-1]


def test_only_the_families_that_are_asked_for_are_built(tmp_path, monkeypatch):
    built = []

    def family_built(cache, family, requirements, _say):
        built.append(family.name)
        rows = tuple(made(cache, one.name) for one in family.images)
        return family, recipe.inputs_digest(family, requirements), rows

    monkeypatch.setattr(build, "_build_family", family_built)
    monkeypatch.setattr(engine, "answers", lambda: False)
    build.build(tmp_path, say=lambda _line: None, names=("sql", "python"))
    assert built == ["python"]
    build.build(tmp_path, say=lambda _line: None)
    assert built == ["python", "r"]


def test_an_image_that_no_recipe_makes_is_refused(tmp_path):
    with pytest.raises(ImageError) as refused:
        build.build(tmp_path, say=lambda _line: None, names=("stata",))
    assert refused.value.code == "no-such-image"


def test_an_engine_that_renames_images_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(engine.commands, "run", lambda *_args, **_more: "sha256:" + "b" * 64)
    with pytest.raises(ImageError) as refused:
        engine.load(tmp_path / "images.tar", (CONTENT,))
    assert refused.value.code == "renamed-by-engine"


def test_images_of_earlier_builds_go_unless_they_are_in_use_or_somebody_elses(monkeypatch):
    calls = []

    def docker(argv, **_more):
        calls.append(argv)
        if argv[1:3] == ("image", "rm") and argv[3] == "used":
            raise ImageError("tool-failed", "in use", "")
        return "current\nused\nold\nanother-clones\n"

    monkeypatch.setattr(engine.commands, "run", docker)
    assert engine.retire(frozenset({"used", "old", "gone"})) == ("gone", "old")
    assert [argv[3] for argv in calls if argv[1:3] == ("image", "rm")] == ["old", "used"]
    assert not any("--force" in argv for argv in calls)


def test_tidying_keeps_what_is_current_and_forgets_what_is_gone(tmp_path, monkeypatch):
    before = made(tmp_path)
    manifest.write(tmp_path, (before,), family="python", digest="one")
    (tmp_path / "old").mkdir()
    (tmp_path / "old/images.tar").touch()
    after = replace(before, content_id="sha256:" + "b" * 64)
    manifest.write(tmp_path, (after,), family="python", digest="two")
    monkeypatch.setattr(engine, "answers", lambda: True)
    monkeypatch.setattr(engine, "retire", tuple)
    build.tidy(tmp_path, say=lambda _line: None)
    assert manifest.installed(tmp_path) == {"sql": after}
    assert manifest.earlier(tmp_path) == {after.content_id}
    assert not (tmp_path / "old").exists()


def test_whoever_may_not_build_is_told_the_exact_command(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(ImageError) as refused:
        debian.bootstrap(tmp_path / "tree", ("python3",))
    assert refused.value.code == "not-root"
    assert debian.COMMAND in refused.value.fix


def test_the_command_says_what_is_wrong_and_what_to_do(tmp_path, capsys):
    assert (
        command.main(["build", "--dest", str(tmp_path), "--requirements", str(tmp_path / "absent.txt")]) == 1
    )
    said = capsys.readouterr().err
    assert "no-pins" in said
    assert "checkout" in said


def test_the_list_is_one_image_a_line(tmp_path, capsys):
    manifest.write(tmp_path, (made(tmp_path),), family="python", digest="x")
    assert command.main(["list", "--dest", str(tmp_path)]) == 0
    assert capsys.readouterr().out.split("\t")[:2] == ["sql", CONTENT]
