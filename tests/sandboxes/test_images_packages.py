"""What is unpacked into an image depends on the wheel and on nothing else; what packages say of their licences is told."""

import hashlib
import os
import zipfile

import pytest

from sandboxes.images import licences, recipe, wheels
from sandboxes.images.errors import ImageError

METADATA = "Metadata-Version: 2.4\nName: A.Thing\nVersion: 1.0\n{}\nLong words.\n"


def wheel(path, files):
    with zipfile.ZipFile(path, "w") as packed:
        for name, text in files.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = (0o755 if name.endswith(".so") else 0o600) << 16
            packed.writestr(entry, text)
    return path


def contents(folder):
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): (path.read_text(), path.stat().st_mode & 0o777) for path in files}


def test_a_wheel_is_unpacked_the_same_whoever_does_it(tmp_path):
    packed = wheel(
        tmp_path / "a.whl",
        {
            "thing/__init__.py": "1",
            "thing/fast.so": "2",
            "thing/tests/test_thing.py": "3",
            "thing-1.data/purelib/more.py": "4",
            "thing-1.data/scripts/run": "#!python",
            "thing-1.data/headers/thing.h": "5",
        },
    )
    found = []
    for number, mask in enumerate((0o022, 0o077)):
        before = os.umask(mask)
        try:
            wheels.unpack(packed, tmp_path / str(number))
        finally:
            os.umask(before)
        found.append(contents(tmp_path / str(number)))
    assert found[0] == found[1]
    assert found[0] == {
        "more.py": ("4", 0o644),
        "thing/__init__.py": ("1", 0o644),
        "thing/fast.so": ("2", 0o755),
    }


@pytest.mark.parametrize("name", ["../outside.py", "/etc/outside.py", "thing/../../outside.py"])
def test_a_wheel_that_leads_out_of_its_folder_is_refused(tmp_path, name):
    packed = wheel(tmp_path / "a.whl", {name: "x"})
    with pytest.raises(ImageError) as refused:
        wheels.unpack(packed, tmp_path / "site")
    assert refused.value.code == "bad-wheel"
    assert not (tmp_path / "outside.py").exists()


def test_only_a_wheel_with_a_pinned_digest_is_unpacked(tmp_path):
    (tmp_path / "wheels").mkdir()
    packed = wheel(tmp_path / "wheels/a_thing-1.0-py3-none-any.whl", {"thing.py": "x"})
    digest = hashlib.sha256(packed.read_bytes()).hexdigest()
    assert wheels._pinned(f"a-thing==1.0 --hash=sha256:{digest}", {digest: packed}) == packed
    with pytest.raises(ImageError) as refused:
        wheels.install(
            [f"a-thing==1.0 --hash=sha256:{'0' * 64}"], wheels=tmp_path / "wheels", tree=tmp_path / "tree"
        )
    assert refused.value.code == "no-wheel"


@pytest.mark.parametrize(
    ("said", "words", "is_expression"),
    [
        ("License-Expression: BSD-3-Clause AND MIT", ("BSD-3-Clause AND MIT",), True),
        ("License: MIT", ("MIT",), False),
        ("License: " + "x" * 500, (), False),
        ("Classifier: License :: OSI Approved :: BSD License", ("BSD License",), False),
        ("Summary: nothing", (), False),
    ],
)
def test_a_wheels_licence_is_what_its_metadata_says(tmp_path, said, words, is_expression):
    folder = tmp_path / "a_thing-1.0.dist-info"
    (folder / "licenses").mkdir(parents=True)
    (folder / "licenses/LICENSE").touch()
    (folder / "METADATA").write_text(METADATA.format(said))
    (found,) = licences.of_wheels(tmp_path, [("a-thing", "1.0")])
    assert (found.licences, found.is_expression) == (words, is_expression)
    assert found.text == f"/{recipe.SITE}/{folder.name}/"


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (
            "Files: *\nLicense: GPL-2+\n\nFiles: x\nLicense: MIT\n text\n\nLicense: GPL-2+\n text",
            ("GPL-2+", "MIT"),
        ),
        ("The licence is in `/usr/share/common-licenses/LGPL-2.1'.", ("LGPL-2.1",)),
        ("Do what you like.", ()),
    ],
)
def test_a_debian_packages_licence_is_what_its_copyright_file_says(tmp_path, said, words):
    folder = tmp_path / "usr/share/doc/thing"
    folder.mkdir(parents=True)
    (folder / "copyright").write_text(said)
    found, silent = licences.of_debian(tmp_path, [("thing", "1"), ("without", "2")])
    assert (found.licences, found.text) == (words, "/usr/share/doc/thing/copyright")
    assert (silent.licences, silent.text) == ((), "")
