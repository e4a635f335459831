"""An image that holds a program with a set-id bit is found, in whichever form an engine saves it."""

import io
import subprocess
import tarfile

import pytest

from sandboxes.docker import DockerRunner
from sandboxes.model import Box, BoxRefused
from sandboxes.set_id import has_set_id


def tar(entries, kind="w"):
    """Entries as (name, mode, content); the bytes of an archive."""
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode=kind) as packed:
        for name, mode, content in entries:
            member = tarfile.TarInfo(name)
            member.mode, member.size = mode, len(content)
            packed.addfile(member, io.BytesIO(content))
    return whole.getvalue()


def saved(layer, form):
    """An image of one layer as an older or a newer engine saves it."""
    names = {
        "old": ("a/layer.tar", "a.json", "a/VERSION"),
        "new": ("blobs/sha256/aa", "blobs/sha256/bb", "oci-layout"),
    }
    layer_name, config, version = names[form]
    version_text = b"1.0" if form == "old" else b'{"imageLayoutVersion": "1.0.0"}'
    return tar(
        [(config, 0o644, b'{"os": "linux"}'), (version, 0o644, version_text), (layer_name, 0o644, layer)]
    )


def pieces(whole, size):
    return (whole[start : start + size] for start in range(0, len(whole), size))


@pytest.mark.parametrize("form", ["old", "new"])
@pytest.mark.parametrize("kind", ["w", "w:gz"])
@pytest.mark.parametrize("padding", [0, 3 << 20])
@pytest.mark.parametrize(("mode", "found"), [(0o755, False), (0o4755, True), (0o2755, True), (0o1755, False)])
def test_a_set_id_bit_is_found_wherever_it_is(form, kind, padding, mode, found):
    layer = tar([("etc/large", 0o644, b"x" * padding), ("usr/bin/su", mode, b"#!")], kind)
    assert has_set_id(pieces(saved(layer, form), 777_777)) is found


@pytest.mark.parametrize("form", ["old", "new"])
def test_an_image_that_can_not_be_read_is_refused(form):
    with pytest.raises(BoxRefused) as refused:
        has_set_id(pieces(saved(b"\x01" * 4096, form), 1000))
    assert refused.value.code == "IMAGE_UNREADABLE"


@pytest.mark.engine
@pytest.mark.hostile
@pytest.mark.parametrize(("mode", "refusal"), [("4755", "IMAGE_SET_ID"), ("0755", None)])
def test_an_image_of_the_sites_own_is_looked_through_before_a_box_is_made_from_it(tmp_path, mode, refusal):
    runner = DockerRunner(state_dir=tmp_path / "state")
    base = runner.images().get("sql")
    if base is None:
        pytest.skip("the sandbox images are not built: run `python -m sandboxes.images build` as root")
    recipe = f"FROM {base}\nUSER 0:0\nRUN cp /usr/bin/id /usr/bin/other && chmod {mode} /usr/bin/other\n"
    build = ["docker", "build", "--quiet", "--network", "none", "--label", "tre.image=", "-"]
    image = subprocess.run(build, input=recipe, capture_output=True, text=True, check=True).stdout.strip()
    try:
        box = Box("set-id", image, ("true",))
        if refusal is None:
            runner.prepare(box)
        else:
            with pytest.raises(BoxRefused) as refused:
                runner.prepare(box)
            assert refused.value.code == refusal
    finally:
        runner.sweep()
        subprocess.run(["docker", "rmi", image], check=True, capture_output=True)
