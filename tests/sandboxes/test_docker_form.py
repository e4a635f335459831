"""What the engine is asked for, and that nothing it could have made differently goes unseen."""

import copy
import json
from dataclasses import replace
from pathlib import Path

import pytest

from sandboxes import docker_form
from sandboxes.model import Box, BoxRefused, Input, Limits
from sandboxes.profile import MASKED, WALLS, Place, Profile, settings

IMAGE = docker_form.Image(
    "sha256:" + "a" * 64, {"PATH": "/usr/bin", "LANG": "C.UTF-8"}, {"tre.image": "sql"}, ()
)
BOX = Box("job-1", IMAGE.content_id, ("python3", "/code/x.py"), inputs=(Input(Path("/srv/x"), "/data/x"),))
PLACE = Place(200_007, Path("/srv/out"), Path("/srv/empty"), "x86_64", {"tre.job": "job-1"})


def asked(**changes):
    return docker_form.request(replace(settings(BOX, PLACE), **changes), IMAGE)


def inspected(body) -> dict:
    """What the engine of the notes says of a container made from a request: the request, and much that is empty."""
    host = {
        "Binds": None, "CapAdd": None, "Devices": None, "DeviceRequests": None, "Privileged": False, "PidMode": "",
        "UsernsMode": "", "UTSMode": "", "Dns": None, "ExtraHosts": None, "GroupAdd": None, "VolumesFrom": None,
        "PortBindings": None, "OomKillDisable": False, "OomScoreAdj": 0, "ConsoleSize": [0, 0], "AutoRemove": False,
        "PublishAllPorts": False, "Links": None, "Isolation": "", "CpuShares": 0, "VolumeDriver": "",
        **copy.deepcopy(body["HostConfig"]),
    }  # fmt: skip
    for mount in host["Mounts"]:
        if not mount["ReadOnly"]:
            del mount["ReadOnly"]
    config = {
        "Domainname": "", "AttachStdin": False, "AttachStdout": False, "Tty": False, "OpenStdin": False,
        "Volumes": None, "Entrypoint": None, "OnBuild": None,
        **copy.deepcopy({key: value for key, value in body.items() if key != "HostConfig"}),
    }  # fmt: skip
    mounts = [
        {
            "Type": "bind", "Source": item["Source"], "Destination": item["Target"], "Mode": "",
            "RW": not item["ReadOnly"], "Propagation": "rprivate",
        }
        for item in body["HostConfig"]["Mounts"]
    ]  # fmt: skip
    return {
        "Image": body["Image"],
        "Path": body["Cmd"][0],
        "Args": body["Cmd"][1:],
        "State": {"Status": "created"},
        "ExecIDs": None,
        "RestartCount": 0,
        "Mounts": mounts,
        "NetworkSettings": {"Networks": {"none": {}}},
        "HostConfig": host,
        "Config": config,
    }


def test_every_wall_of_the_notes_is_asked_for():
    body = asked()
    host = body["HostConfig"]
    assert host["NetworkMode"] == "none"
    assert host["ReadonlyRootfs"] is True
    assert host["CapDrop"] == ["ALL"]
    assert host["SecurityOpt"][0] == "no-new-privileges:true"
    assert json.loads(host["SecurityOpt"][1].removeprefix("seccomp="))["defaultAction"] == "SCMP_ACT_ERRNO"
    assert host["Memory"] == host["MemorySwap"] == BOX.limits.memory_bytes
    assert (host["PidsLimit"], host["NanoCpus"]) == (256, 1_000_000_000)
    assert host["IpcMode"] == "none"
    assert host["CgroupnsMode"] == "private"
    assert host["Init"] is True
    assert host["RestartPolicy"] == {"Name": "no", "MaximumRetryCount": 0}
    assert host["LogConfig"]["Type"] == "local"
    assert host["MaskedPaths"] == list(MASKED)
    assert len(host["Tmpfs"]) == 2
    assert all("noexec" in options and "nr_inodes=" in options for options in host["Tmpfs"].values())
    assert {item["Name"]: item["Hard"] for item in host["Ulimits"]} == {
        "nofile": 1024, "core": 0, "cpu": 605, "fsize": 256 << 20,
    }  # fmt: skip
    assert (body["User"], body["Hostname"], body["Healthcheck"]) == (
        "200007:200007",
        "job",
        {"Test": ["NONE"]},
    )
    assert {item["Target"]: item["ReadOnly"] for item in host["Mounts"]} == {
        "/data/x": True, "/out": False, "/etc/resolv.conf": True,
    }  # fmt: skip
    assert all(item["BindOptions"]["NonRecursive"] for item in host["Mounts"])


def test_the_environment_is_the_images_and_ours_and_nobody_elses():
    box = replace(BOX, environment={"TZ": "UTC"})
    body = docker_form.request(settings(box, PLACE), IMAGE)
    assert body["Env"] == [
        "HOME=/tmp", "LANG=C.UTF-8", "PATH=/usr/bin", "PYTHONDONTWRITEBYTECODE=1", "TZ=UTC",
    ]  # fmt: skip


def test_what_the_engine_made_as_asked_has_no_difference():
    assert docker_form.differences(asked(), inspected(asked())) == ()


@pytest.mark.parametrize(
    "wall", [wall.name for wall in WALLS if wall.name not in {"output-limit", "output-flags", "disk-limit"}]
)
def test_a_container_without_a_wall_differs_from_one_with_it(wall):
    bare = docker_form.request(settings(BOX, PLACE, Profile(without=frozenset({wall}))), IMAGE)
    assert docker_form.differences(asked(), inspected(bare))


def fields() -> list[tuple[str, str]]:
    said = inspected(asked())
    return [(part, key) for part in ("HostConfig", "Config") for key in said[part]]


def other(value):
    """Something else of the same kind."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    if isinstance(value, str):
        return value + "x"
    if isinstance(value, list):
        return [*value, "x"]
    return {**(value or {}), "x": "x"}


@pytest.mark.parametrize(("part", "key"), fields())
def test_a_change_in_any_field_is_seen(part, key):
    said = inspected(asked())
    said[part][key] = other(said[part][key])
    assert docker_form.differences(asked(), said) == (f"{part}.{key}",)


@pytest.mark.parametrize("key", sorted(key for key, value in asked()["HostConfig"].items() if value))
def test_a_field_that_the_engine_dropped_is_seen(key):
    said = inspected(asked())
    del said["HostConfig"][key]
    assert docker_form.differences(asked(), said) == (f"HostConfig.{key}",)


@pytest.mark.parametrize(
    ("key", "value"),
    [("Image", "sha256:x"), ("Path", "sh"), ("Args", ["-c"]), ("ExecIDs", ["1"]), ("RestartCount", 1),
     ("State", {"Status": "running"}), ("NetworkSettings", {"Networks": {"bridge": {}}}),
     ("NetworkSettings", {"Networks": {"none": {}, "bridge": {}}}), ("Mounts", [])],
)  # fmt: skip
def test_what_the_engine_says_besides_must_agree(key, value):
    assert docker_form.differences(asked(), {**inspected(asked()), key: value})


@pytest.mark.parametrize(
    "change",
    [{"RW": True}, {"Source": "/"}, {"Type": "volume"}, {"Propagation": "rshared"}, {"Name": "volume"}, {"Driver": "x"},
     {"Destination": "/elsewhere"}],
)  # fmt: skip
def test_a_mount_that_became_another_is_seen(change):
    said = inspected(asked())
    said["Mounts"][0].update(change)
    assert docker_form.differences(asked(), said) == ("Seen.Mounts",)


@pytest.mark.parametrize("key", ["Tmpfs", "Ulimits", "LogConfig", "RestartPolicy", "Mounts"])
def test_a_change_inside_a_field_is_seen(key):
    said = inspected(asked())
    text = json.dumps(said["HostConfig"][key])
    for old, new in (
        ("noexec", "exec"),
        ("1024", "1025"),
        ('"local"', '"json-file"'),
        ('"no"', '"always"'),
        ("true", "false"),
    ):
        if old in text:
            said["HostConfig"][key] = json.loads(text.replace(old, new))
            assert f"HostConfig.{key}" in docker_form.differences(asked(), said)
            return
    pytest.fail("nothing to change")


def test_a_field_that_a_newer_engine_brings_must_be_empty():
    said = inspected(asked())
    said["HostConfig"]["Annotations"] = None
    assert docker_form.differences(asked(), said) == ()
    said["HostConfig"]["Annotations"] = {"run.oci.keep_original_groups": "1"}
    assert docker_form.differences(asked(), said) == ("HostConfig.Annotations",)


def test_the_order_of_limits_may_change_and_the_order_of_words_may_not():
    said = inspected(asked())
    said["HostConfig"]["Ulimits"].reverse()
    assert docker_form.differences(asked(), said) == ()
    said["Config"]["Cmd"].reverse()
    assert docker_form.differences(asked(), said) == ("Config.Cmd",)


@pytest.mark.parametrize(
    ("config", "code"),
    [({"Volumes": {"/v": {}}}, "IMAGE_VOLUME"), ({"Entrypoint": ["/run.sh"]}, "IMAGE_ENTRYPOINT"),
     ({"OnBuild": ["RUN x"]}, "IMAGE_ONBUILD"), ({"Env": ["LD_PRELOAD=/x.so"]}, "IMAGE_ENVIRONMENT")],
)  # fmt: skip
def test_an_image_that_brings_something_of_its_own_is_refused(config, code):
    with pytest.raises(BoxRefused) as refused:
        docker_form.read_image({"Id": IMAGE.content_id, "Config": config})
    assert refused.value.code == code


def test_an_entrypoint_that_the_site_lists_is_put_before_the_command():
    listed = frozenset({("/run.sh",)})
    image = docker_form.read_image({"Id": "x", "Config": {"Entrypoint": ["/run.sh"]}}, entrypoints=listed)
    assert docker_form.request(settings(BOX, PLACE), image)["Entrypoint"] == ["/run.sh"]


def test_a_runtime_and_a_parent_group_are_the_sites_choice():
    place = replace(PLACE, cgroup_parent="/tre")
    body = docker_form.request(settings(BOX, place, Profile(runtime="runsc")), IMAGE)
    assert (body["HostConfig"]["Runtime"], body["HostConfig"]["CgroupParent"]) == ("runsc", "/tre")


def test_limits_reach_the_engine():
    box = replace(BOX, limits=Limits(memory_bytes=64 << 20, cpus=0.5, pids=9, wall_seconds=7))
    host = docker_form.request(settings(box, PLACE), IMAGE)["HostConfig"]
    assert (host["Memory"], host["NanoCpus"], host["PidsLimit"]) == (64 << 20, 500_000_000, 9)
