"""What must never be in a tracked file: where one machine keeps things, and which hosts one site fetches packages from."""

import re

import pytest

from scripts.source import tracked_texts

# Written in pieces so that this file does not hold what it looks for.
REGISTRY_HOSTS = tuple(
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("deb", "debian", "org"),
        ("snapshot", "debian", "org"),
        ("index", "docker", "io"),
        ("registry-1", "docker", "io"),
        ("ghcr", "io"),
        ("quay", "io"),
        ("gcr", "io"),
        ("registry", "npmjs", "org"),
        ("conda", "anaconda", "org"),
        ("crates", "io"),
    )
)
HOSTS = re.compile("|".join(re.escape(host) for host in REGISTRY_HOSTS) + r"|\bdocker\.io/[a-z]")
HOMES = re.compile(r"(?<![\w./-])/(?:root|home/[a-z]|Users|wor" + r"k|farm)/")
UNFINISHED = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|X" + r"XX)\b")


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        pytest.param(HOSTS, "a site's own configuration says where packages come from", id="hosts"),
        pytest.param(HOMES, "a path of one machine means nothing on another", id="homes"),
        pytest.param(UNFINISHED, "an issue holds what is left to do", id="unfinished"),
    ],
)
def test_no_tracked_file_holds(pattern: re.Pattern[str], why: str) -> None:
    found = [
        f"{path}:{number}: {line.strip()[:100]}"
        for path, text in tracked_texts()
        for number, line in enumerate(text.splitlines(), start=1)
        if pattern.search(line)
    ]
    assert not found, f"{why}:\n" + "\n".join(found)


def test_the_patterns_tell_a_host_from_a_debian_package() -> None:
    assert HOSTS.search("docker" + ".io/library/python")
    assert not HOSTS.search("apt-get install docker.io iptables")
    assert HOMES.search("open('/ro" + "ot/x')")
    assert not HOMES.search("/workspace/output/x.csv and some/root/x and /workspace")
