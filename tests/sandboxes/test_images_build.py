"""An image is built whole from pinned parts, or a person is told what to do."""

import json
import os

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
    assert {name for image in recipe.IMAGES for name in image.wheels or ()} <= set(pins)


@pytest.mark.parametrize(
    "line", ["numpy", "numpy==1.0", "numpy>=1.0 --hash=sha256:00", "-r other.txt", "https://x/y.whl"]
)
def test_a_line_without_a_pin_is_refused(tmp_path, line):
    path = tmp_path / "images.txt"
    path.write_text(f"duckdb==1.0 \\\n    --hash=sha256:{'a' * 64}\n{line}\n")
    with pytest.raises(ImageError) as refused:
        wheels.pins(path)
    assert refused.value.code == "unpinned"


def test_the_name_of_a_build_changes_with_its_pins(tmp_path):
    (tmp_path / "one").write_text("a")
    (tmp_path / "two").write_text("b")
    assert recipe.inputs_digest(tmp_path / "one") != recipe.inputs_digest(tmp_path / "two")


def made(cache, name="sql"):
    (cache / "k/rootfs" / name).mkdir(parents=True)
    (cache / "k/images.tar").touch()
    return Image(name, CONTENT, cache / "k/rootfs" / name, cache / "k/images.tar", CONTENT)


def test_what_was_written_is_what_is_installed(tmp_path):
    assert manifest.installed(tmp_path) == {}
    image = made(tmp_path)
    manifest.write(tmp_path, (image,), inputs="digest")
    assert manifest.installed(tmp_path) == {"sql": image}
    assert manifest.inputs(tmp_path) == "digest"
    assert str(tmp_path) not in (tmp_path / manifest.MANIFEST).read_text()


def test_an_image_whose_tree_is_gone_is_not_installed(tmp_path):
    image = made(tmp_path)
    manifest.write(tmp_path, (image,), inputs="digest")
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
    rows = tuple(
        Image(one.name, CONTENT, made(tmp_path, one.name).rootfs, tmp_path / "k/images.tar", CONTENT)
        for one in recipe.IMAGES
    )
    manifest.write(tmp_path, rows, inputs=recipe.inputs_digest(build.REQUIREMENTS))
    monkeypatch.setattr(build, "_build_all", lambda *_: pytest.fail("nothing had changed"))
    monkeypatch.setattr(engine, "answers", lambda: False)
    said = []
    assert set(build.build(tmp_path, say=said.append)) == {"sql", "python"}
    assert "bubblewrap" in said[-1]


def test_an_engine_that_renames_images_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(engine.commands, "run", lambda *_args, **_more: "sha256:" + "b" * 64)
    with pytest.raises(ImageError) as refused:
        engine.load(tmp_path / "images.tar", (CONTENT,))
    assert refused.value.code == "renamed-by-engine"


def test_images_of_earlier_builds_go_unless_they_are_in_use(monkeypatch):
    calls = []

    def docker(argv, **_more):
        calls.append(argv)
        if argv[1:3] == ("image", "rm") and argv[3] == "used":
            raise ImageError("tool-failed", "in use", "")
        return "current\nused\nold\n"

    monkeypatch.setattr(engine.commands, "run", docker)
    assert engine.retire(frozenset({"current"})) == ("old",)
    assert not any("--force" in argv for argv in calls)


def test_whoever_may_not_build_is_told_the_exact_command(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(ImageError) as refused:
        debian.bootstrap(tmp_path / "tree")
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
    manifest.write(tmp_path, (made(tmp_path),), inputs="x")
    assert command.main(["list", "--dest", str(tmp_path)]) == 0
    assert capsys.readouterr().out.split("\t")[:2] == ["sql", CONTENT]
