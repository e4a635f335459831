"""Which licences the packages of a tree are under, as the packages themselves say.

Debian packages bring a `copyright` file, wheels their metadata. It refuses to guess: where a package does not say it in
words that can be read by a machine, the list says where its text is, and a person reads that.
"""

import re
from collections.abc import Iterable, Iterator
from email.parser import HeaderParser
from pathlib import Path

from sandboxes.images import recipe
from sandboxes.images.sbom import Package

Versions = Iterable[tuple[str, str]]

_DEP5 = re.compile(r"^License:[ \t]*(\S[^\n]*)$", re.MULTILINE)
_COMMON = re.compile(r"/usr/share/common-licenses/([A-Za-z0-9.+-]*[A-Za-z0-9+])")
_CLASSIFIER = "License :: "
_LONGEST = 80
_TEXTS = ("LICEN*", "COPYING*", "licenses/*", "licenses/**/LICEN*")


def of_debian(tree: Path, packages: Versions) -> tuple[Package, ...]:
    """The Debian packages of a tree with their licences, sorted."""
    return tuple(sorted(_debian(tree, name, version) for name, version in packages))


def _debian(tree: Path, name: str, version: str) -> Package:
    text = f"usr/share/doc/{name}/copyright"
    path = tree / text
    if not path.is_file():
        return Package("deb", name, version)
    said = path.read_text(encoding="utf-8", errors="replace")
    found = _DEP5.findall(said) or _COMMON.findall(said)
    return Package("deb", name, version, _words(found), text=f"/{text}")


def of_wheels(site: Path, packages: Versions) -> tuple[Package, ...]:
    """The named packages in a folder of Python packages, with their licences, sorted."""
    folders = {_plain(path.name.split("-")[0]): path for path in site.glob("*.dist-info")}
    return tuple(sorted(_wheel(folders[_plain(name)], name, version) for name, version in packages))


def _wheel(folder: Path, name: str, version: str) -> Package:
    said = HeaderParser().parsestr((folder / "METADATA").read_text(encoding="utf-8"))
    text = next((str(path.name) for path in _texts(folder)), "")
    where = f"/{recipe.SITE}/{folder.name}/" if text else ""
    expression = said["License-Expression"]
    words = (expression,) if expression else _words(_free(said["License"], said.get_all("Classifier") or ()))
    return Package("pypi", name, version, words, is_expression=bool(expression), text=where)


def _texts(folder: Path) -> Iterator[Path]:
    return (path for pattern in _TEXTS for path in sorted(folder.glob(pattern)) if path.is_file())


def _free(licence: str | None, classifiers: Iterable[str]) -> list[str]:
    short = [licence.strip()] if licence and "\n" not in licence.strip() else []
    classified = [one.rpartition(" :: ")[2] for one in classifiers if one.startswith(_CLASSIFIER)]
    return short or classified


def _words(found: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({one.strip() for one in found if 0 < len(one.strip()) <= _LONGEST}))


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
