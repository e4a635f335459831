"""What an image is made of: a CycloneDX document, a list of packages, and a list of their licences.

It refuses a clock and a serial number: the list is part of what is compared between two builds.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

_PURLS = {"deb": "pkg:deb/debian/", "pypi": "pkg:pypi/"}


@dataclass(frozen=True, order=True)
class Package:
    """One package of an image. `licences` are words as its makers wrote them, or one SPDX expression."""

    kind: str
    """`deb` for a Debian package, `pypi` for a wheel."""
    name: str
    version: str
    licences: tuple[str, ...] = ()
    is_expression: bool = False
    """Whether the one entry of `licences` is an SPDX expression."""
    text: str = ""
    """Where in the image the licence itself can be read; empty when the package brought none."""


def bill(name: str, packages: Iterable[Package]) -> Mapping[str, Any]:
    """A CycloneDX 1.5 bill of materials for the image `name`: one component for each package."""
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": {"type": "container", "name": f"tre-sandbox-{name}"}},
        "components": [_component(one) for one in packages],
    }


def _component(package: Package) -> Mapping[str, Any]:
    purl = f"{_PURLS[package.kind]}{quote(package.name)}@{quote(package.version, safe='')}"
    described = {"type": "library", "group": package.kind, "name": package.name, "version": package.version}
    return {**described, "purl": purl, "bom-ref": purl, **_licences(package)}


def _licences(package: Package) -> Mapping[str, Any]:
    if package.is_expression:
        return {"licenses": [{"expression": package.licences[0]}]}
    named = [{"license": {"name": one}} for one in package.licences]
    return {"licenses": named} if named else {}


def package_list(packages: Iterable[Package]) -> str:
    """One line for each package: kind, name, version, set apart by tabs."""
    return "".join(f"{one.kind}\t{one.name}\t{one.version}\n" for one in packages)


def licence_list(packages: Iterable[Package]) -> str:
    """One line for each package: name, version, licences, and where in the image the text is, set apart by tabs."""
    return "".join(
        f"{one.name}\t{one.version}\t{'; '.join(one.licences) or 'see its text'}\t{one.text or 'no text'}\n"
        for one in packages
    )
