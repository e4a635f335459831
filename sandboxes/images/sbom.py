"""What an image is made of, as a CycloneDX document: one component for each Debian package and each wheel.

It refuses a clock and a serial number: the list is part of what is compared between two builds.
"""

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

Versions = Iterable[tuple[str, str]]


def bill(name: str, *, debian: Versions, wheels: Versions) -> Mapping[str, Any]:
    """A CycloneDX 1.5 bill of materials for the image `name`."""
    components = [_component("deb", "pkg:deb/debian/", one) for one in debian]
    components += [_component("pypi", "pkg:pypi/", one) for one in wheels]
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": {"type": "container", "name": f"tre-sandbox-{name}"}},
        "components": components,
    }


def _component(group: str, prefix: str, package: tuple[str, str]) -> Mapping[str, str]:
    name, version = package
    purl = f"{prefix}{quote(name)}@{quote(version, safe='')}"
    return {"type": "library", "group": group, "name": name, "version": version, "purl": purl}
