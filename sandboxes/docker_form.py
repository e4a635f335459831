"""What the engine is asked for, and whether what it says it made is the same: two pure functions over plain data.

`request` writes settings in the words of the engine's API. `differences` compares them with an inspection, field by
field, closed by default: a field that was not asked for must be empty, so a field that a newer engine, a plugin or a
person added is a difference too. Nothing here talks to the engine, and nothing is forgiven for being unknown.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sandboxes.model import BoxRefused
from sandboxes.profile import LOG_FILES, LOG_HEADROOM, STOP_SECONDS, Bind, Memory, Settings

IMAGE_ENVIRONMENT = frozenset(
    {"PATH", "LANG", "LC_ALL", "TZ", "SOURCE_DATE_EPOCH", "PYTHONDONTWRITEBYTECODE"}
)
"""The names an image may bring into the environment."""

Body = Mapping[str, Any]

_ORDERED = {"Cmd", "Entrypoint", "Args"}
_EMPTY: tuple[Any, ...] = (None, "", 0, False, [], {})
_INERT = {"ConsoleSize": [0, 0]}
"""Not asked for, not empty, and of no effect on a box without a terminal."""


@dataclass(frozen=True)
class Image:
    """What an engine says of an image, as far as a container takes it over."""

    content_id: str
    environment: Mapping[str, str]
    labels: Mapping[str, str]
    entrypoint: tuple[str, ...]
    health_check: Mapping[str, Any] = field(default_factory=dict)


def read_image(inspected: Body, *, entrypoints: frozenset[tuple[str, ...]] = frozenset()) -> Image:
    """The image an engine describes. Raises BoxRefused for one that would bring in a disk or a program of its own."""
    config = inspected.get("Config") or {}
    entrypoint = tuple(config.get("Entrypoint") or ())
    environment = dict(pair.split("=", 1) for pair in config.get("Env") or ())
    if config.get("Volumes"):
        raise _not_plain("IMAGE_VOLUME", "declares a VOLUME, which is a writable disk of the host")
    if entrypoint and entrypoint not in entrypoints:
        raise _not_plain("IMAGE_ENTRYPOINT", "has an ENTRYPOINT that this site does not list")
    if config.get("OnBuild"):
        raise _not_plain("IMAGE_ONBUILD", "carries ONBUILD steps")
    if set(environment) - IMAGE_ENVIRONMENT:
        raise _not_plain("IMAGE_ENVIRONMENT", "sets environment variables that a box may not have")
    labels, health_check = config.get("Labels") or {}, config.get("Healthcheck") or {}
    return Image(str(inspected.get("Id", "")), environment, labels, entrypoint, health_check)


def _not_plain(code: str, reason: str) -> BoxRefused:
    return BoxRefused(
        code, f"This image {reason}, so no box is made from it.", fix="Rebuild the image without it."
    )


def request(settings: Settings, image: Image) -> dict[str, Any]:
    """The body of the engine's request to create a container."""
    body: dict[str, Any] = {
        "Image": settings.image,
        "Cmd": list(settings.argv),
        "User": settings.user,
        "WorkingDir": settings.workdir,
        "Env": _pairs({**image.environment, **settings.environment}),
        "Labels": {**image.labels, **settings.labels},
        "StopTimeout": STOP_SECONDS,
        "HostConfig": _host(settings),
    }
    if settings.hostname:
        body["Hostname"] = settings.hostname
    if image.entrypoint:
        body["Entrypoint"] = list(image.entrypoint)
    if not settings.health_checks:
        # The engine takes over the rest of the image's health check whatever is asked, so the rest is asked for.
        body["Healthcheck"] = {**image.health_check, "Test": ["NONE"]}
    return body


def _host(settings: Settings) -> dict[str, Any]:
    return {
        "NetworkMode": settings.network,
        "ReadonlyRootfs": settings.read_only_root,
        "CapDrop": ["ALL"] if settings.drop_all_capabilities else None,
        "SecurityOpt": _security(settings),
        "PidsLimit": settings.pids or None,
        "Memory": settings.memory_bytes,
        "MemorySwap": settings.memory_bytes,
        "NanoCpus": round(settings.cpus * 1e9),
        "Ulimits": [_ulimit(name, *values) for name, values in sorted(settings.rlimits.items())],
        "IpcMode": settings.ipc,
        "CgroupnsMode": settings.cgroup_namespace,
        "CgroupParent": settings.cgroup_parent,
        "Runtime": settings.runtime or "runc",
        "ShmSize": 64 << 20,
        "Tmpfs": {item.target: _options(item) for item in _memories(settings)},
        "Mounts": [_mount(bind) for bind in settings.binds],
        "MaskedPaths": list(settings.masked),
        "ReadonlyPaths": list(settings.read_only_paths),
        "LogConfig": _log(settings.log_bytes),
        "RestartPolicy": {"Name": "no", "MaximumRetryCount": 0},
        "Init": settings.init,
    }


def _security(settings: Settings) -> list[str]:
    profile = [f"seccomp={settings.seccomp}"] if settings.seccomp else []
    return [*(["no-new-privileges:true"] if settings.no_new_privileges else []), *profile]


def _ulimit(name: str, soft: int, hard: int) -> dict[str, Any]:
    return {"Name": name, "Soft": soft, "Hard": hard}


def _memories(settings: Settings) -> tuple[Memory, ...]:
    return settings.scratch if settings.shared_memory is None else (*settings.scratch, settings.shared_memory)


def _options(item: Memory) -> str:
    limits = [f"size={item.size}"] * bool(item.size) + [f"nr_inodes={item.inodes}"] * bool(item.inodes)
    return ",".join(["rw", *(item.flags or ("exec", "suid", "dev")), *limits, "mode=1777"])


def _mount(bind: Bind) -> dict[str, Any]:
    return {
        "Type": "bind",
        "Source": str(bind.source),
        "Target": bind.target,
        "ReadOnly": bind.read_only,
        # Read-only does not reach what is mounted below the source, so what is mounted below it is left out.
        "BindOptions": {"NonRecursive": True, "Propagation": "rprivate"},
    }


def _log(most: int) -> dict[str, Any]:
    if not most:
        return {"Type": "json-file", "Config": {}}
    limits = {"max-size": str(LOG_HEADROOM * most), "max-file": str(LOG_FILES), "compress": "false"}
    return {"Type": "local", "Config": limits}


def differences(asked: Body, inspected: Body) -> tuple[str, ...]:
    """The names of the fields in which a container is not what was asked for, sorted; empty when it is.

    `asked` is what `request` wrote, `inspected` what the engine says of a container that has not started.
    """
    config = {key: value for key, value in asked.items() if key != "HostConfig"}
    found = [
        *_section("HostConfig", asked["HostConfig"], inspected.get("HostConfig") or {}),
        *_section("Config", config, inspected.get("Config") or {}),
        *_section("Seen", _seen_expected(asked), _seen(inspected)),
    ]
    return tuple(sorted(found))


def _section(name: str, asked: Body, said: Body) -> list[str]:
    return [f"{name}.{key}" for key in {*asked, *said} if not _same(key, asked.get(key), said.get(key))]


def _same(key: str, asked: Any, said: Any) -> bool:
    if _is_empty(asked):
        return _is_empty(said) or _INERT.get(key) == said
    return _canonical(key, asked) == _canonical(key, said)


def _is_empty(value: Any) -> bool:
    return any(value == empty and type(value) is type(empty) for empty in _EMPTY)


def _canonical(key: str, value: Any) -> str:
    if isinstance(value, list) and key not in _ORDERED:
        return json.dumps(sorted(_canonical("", item) for item in value))
    if isinstance(value, dict):
        # The engine leaves out what is false or empty: absent and empty are the same answer.
        filled = {name: _canonical(name, item) for name, item in value.items() if not _is_empty(item)}
        return json.dumps(filled, sort_keys=True)
    return json.dumps(value)


def _seen_expected(asked: Body) -> dict[str, Any]:
    """What the engine must say outside of the two sections that repeat the request."""
    words = [*asked.get("Entrypoint", ()), *asked["Cmd"]]
    return {
        "Image": asked["Image"],
        "Path": words[0],
        "Args": words[1:],
        "Mounts": [_seen_mount(item) for item in asked["HostConfig"]["Mounts"]],
        "Networks": [asked["HostConfig"]["NetworkMode"]],
        "Status": "created",
    }


def _seen_mount(item: Body) -> dict[str, Any]:
    return {
        "Type": item["Type"],
        "Source": item["Source"],
        "Destination": item["Target"],
        "RW": not item["ReadOnly"],
        "Propagation": item["BindOptions"]["Propagation"],
    }


def _seen(inspected: Body) -> dict[str, Any]:
    return {
        "Image": inspected.get("Image"),
        "Path": inspected.get("Path"),
        "Args": inspected.get("Args"),
        "Mounts": [_without(item, {"Mode", "Name", "Driver"}) for item in inspected.get("Mounts") or ()],
        "Networks": sorted((inspected.get("NetworkSettings") or {}).get("Networks") or {}),
        "Status": (inspected.get("State") or {}).get("Status"),
        "ExecIDs": inspected.get("ExecIDs"),
        "RestartCount": inspected.get("RestartCount"),
        "VolumesRW": inspected.get("VolumesRW"),
    }


def _without(item: Body, names: Iterable[str]) -> dict[str, Any]:
    return {key: value for key, value in item.items() if key not in names or value}


def _pairs(environment: Mapping[str, str]) -> list[str]:
    return [f"{name}={value}" for name, value in sorted(environment.items())]
