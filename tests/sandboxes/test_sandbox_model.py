"""A box that exists is a box that may be asked for."""

from dataclasses import FrozenInstanceError, replace
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sandboxes.home import box_digest
from sandboxes.model import ENVIRONMENT, Box, BoxRefused, Input, Limits, Status

IMAGE = "sha256:" + "a" * 64
BOX = Box("job-1", IMAGE, ("python3",), inputs=(Input(Path("/srv/x"), "/data/x"),), environment={"TZ": "UTC"})


def refusal(make) -> str:
    with pytest.raises(BoxRefused) as refused:
        make()
    assert refused.value.fix
    assert refused.value.code in str(refused.value)
    return refused.value.code


@pytest.mark.parametrize("job", ["", "-a", "a-", "A", "a_b", "a/b", "..", "a" * 65, "a\n", "é"])
def test_a_name_that_is_not_opaque_is_refused(job):
    assert refusal(lambda: replace(BOX, job=job)) == "JOB_NAME"


@pytest.mark.parametrize("job", ["a", "7", "a-b", "a" * 64])
def test_an_opaque_name_is_taken(job):
    assert replace(BOX, job=job).job == job


@pytest.mark.parametrize(
    "image", ["python", "python:v2", "sha256:abc", IMAGE.upper(), IMAGE + "0", "x@" + IMAGE, IMAGE + "\n"]
)
def test_an_image_by_anything_but_its_content_is_refused(image):
    assert refusal(lambda: replace(BOX, image=image)) == "IMAGE_NOT_PINNED"


@pytest.mark.parametrize("argv", [(), ("",), ("-c", "x"), ("sh", "a\0b"), ("sh", "x" * 4097), ("x",) * 257])
def test_a_command_that_could_be_read_in_two_ways_is_refused(argv):
    assert refusal(lambda: replace(BOX, argv=argv)) == "ARGV"


@pytest.mark.parametrize(
    "target",
    [
        "/etc/passwd",
        "/out/x",
        "data/x",
        "/data/../etc",
        "/data//x",
        "/data/",
        "/workspace",
        "/data/a\nb",
        "/database",
        "/",
    ],
)
def test_an_input_anywhere_else_is_refused(target):
    assert refusal(lambda: Input(Path("/srv/x"), target)) == "INPUT_TARGET"


@pytest.mark.parametrize("target", ["/data", "/code/a/b", "/workspace/analysis", "/workspace/output/x.csv"])
def test_an_input_in_its_place_is_taken(target):
    assert Input(Path("/srv/x"), target).target == target


def test_a_source_that_depends_on_where_we_stand_is_refused():
    assert refusal(lambda: Input(Path("srv/x"), "/data/x")) == "INPUT_SOURCE"


@pytest.mark.parametrize(
    ("targets", "output"),
    [(("/data/x", "/data/x"), "/out"), (("/data/x", "/data/x/y"), "/out"), (("/data", "/data/x"), "/out"),
     (("/workspace/output",), "/workspace/output")],
)  # fmt: skip
def test_inputs_that_cover_each_other_are_refused(targets, output):
    inputs = tuple(Input(Path("/srv/x"), target) for target in targets)
    assert refusal(lambda: replace(BOX, inputs=inputs, output_target=output)) == "INPUTS_OVERLAP"


@pytest.mark.parametrize(
    "name",
    [
        "LD_PRELOAD",
        "PYTHONPATH",
        "PYTHONSTARTUP",
        "R_PROFILE",
        "R_LIBS",
        "PATH",
        "http_proxy",
        "HTTPS_PROXY",
        "BASH_ENV",
        "",
        "A=B",
    ],
)
def test_a_variable_that_loads_or_leaks_is_refused(name):
    assert name not in ENVIRONMENT
    assert refusal(lambda: replace(BOX, environment={name: "x"})) == "ENVIRONMENT_NAME"


@pytest.mark.parametrize("value", ["a\nb", "\x1b[2J", "\0", "x" * 4097])
def test_a_value_with_control_characters_is_refused(value):
    assert refusal(lambda: replace(BOX, environment={"TZ": value})) == "ENVIRONMENT_VALUE"


@pytest.mark.parametrize("target", ["/", "/tmp", "/out/x", "out", "/code"])  # noqa: S108 - a path inside the box
def test_outputs_anywhere_else_are_refused(target):
    assert refusal(lambda: replace(BOX, output_target=target)) == "OUTPUT_TARGET"


@pytest.mark.parametrize("name", list(Limits.__dataclass_fields__))
@given(
    value=st.one_of(
        st.just(0), st.integers(max_value=0), st.just(1 << 60), st.just(True), st.just(float("nan"))
    )
)
def test_no_limit_is_unlimited(name, value):
    assume((name, repr(value)) != ("disk_bytes", "0"))  # which is none at all
    assert refusal(lambda: Limits(**{name: value})) == "LIMIT_OUT_OF_RANGE"


def test_a_box_can_not_be_changed_from_outside():
    environment = {"TZ": "UTC"}
    box = replace(BOX, environment=environment)
    environment["TZ"] = "changed"
    assert box.environment["TZ"] == "UTC"
    with pytest.raises(TypeError):
        box.environment["TZ"] = "changed"
    with pytest.raises(FrozenInstanceError):
        box.job = "other"


def test_boxes_have_one_digest_exactly_when_they_are_equal():
    changes = {"job": "job-2", "argv": ("sh",), "inputs": (), "environment": {}, "limits": Limits(pids=9),
               "unix_sockets": True, "output_target": "/workspace/output", "image": "sha256:" + "b" * 64}  # fmt: skip
    assert set(changes) == set(Box.__dataclass_fields__)
    digests = {box_digest(replace(BOX, **{name: value})) for name, value in changes.items()}
    assert len(digests | {box_digest(BOX)}) == len(changes) + 1
    assert box_digest(replace(BOX)) == box_digest(BOX)


def test_every_status_has_one_sentence_that_carries_nothing():
    sentences = {status.sentence for status in Status}
    assert len(sentences) == len(Status)
    assert not any(character.isdigit() for sentence in sentences for character in sentence)


def test_a_script_starts_where_its_convention_expects():
    assert BOX.workdir == "/code"
    assert replace(BOX, output_target="/workspace/output").workdir == "/workspace"
