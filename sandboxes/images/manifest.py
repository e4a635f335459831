"""Which images this host has: the cache's `images.json`, written last and read strictly.

It refuses a manifest whose content ids are not digests, or whose trees are gone: an image is there whole or not at all.
"""

import json
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sandboxes.images.errors import ImageError

MANIFEST = "images.json"
_CONTENT_ID = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True)
class Image:
    """One image on this host.

    `content_id` names it to the engine; `rootfs` is the same tree unpacked, for bubblewrap; `archive` can be loaded
    into an engine; `packages` is the sha256 of its bill of materials, which lies beside the archive.
    """

    name: str
    content_id: str
    rootfs: Path
    archive: Path
    packages: str

    def __post_init__(self) -> None:
        if not _CONTENT_ID.fullmatch(self.content_id) or not _CONTENT_ID.fullmatch(self.packages):
            raise ImageError("bad-manifest", "An image is not named by its content.", _REBUILD)


_REBUILD = "Run `python -m sandboxes.images build --fresh`."


def default_cache() -> Path:
    """Where images are kept: $TRE_CACHE/images, or ~/.cache/tre/images, or /var/cache/tre/images for an account without a home."""
    site = os.environ.get("TRE_CACHE")
    home = Path(os.path.expanduser("~"))  # noqa: PTH111 - Path.home() raises where an account has none; this does not
    kept = home / ".cache" / "tre" if home.is_absolute() else Path("/var/cache/tre")
    return (Path(site) if site else kept) / "images"


def installed(cache: Path | None = None) -> Mapping[str, Image]:
    """The images in the cache by name; empty where none were built. Raises ImageError for a damaged manifest."""
    folder = cache or default_cache()
    images = {image.name: image for image in (_image(folder, one) for one in _said(folder)["images"])}
    return {
        name: image for name, image in images.items() if image.rootfs.is_dir() and image.archive.is_file()
    }


def inputs(cache: Path) -> Mapping[str, str]:
    """Family -> the digest of the inputs that its images in the cache were built from."""
    said = _said(cache)["inputs"]
    return {str(family): str(digest) for family, digest in said.items()} if isinstance(said, dict) else {}


def earlier(cache: Path) -> frozenset[str]:
    """The content ids of every image that this cache has built and not forgotten."""
    return frozenset(map(str, _said(cache).get("earlier", ())))


def write(cache: Path, images: tuple[Image, ...], *, family: str, digest: str) -> None:
    """Puts a family's images in the place of those of the same names, in one step."""
    before = {row["name"]: row for row in _said(cache)["images"]}
    rows = before | {one.name: _row(cache, one) for one in images}
    ids = {str(row["content_id"]) for row in (*before.values(), *rows.values())}
    _replace(cache, {**inputs(cache), family: digest}, list(rows.values()), sorted(earlier(cache) | ids))


def forget(cache: Path, content_ids: Iterable[str]) -> None:
    """No longer remembers images that are gone."""
    _replace(cache, inputs(cache), _said(cache)["images"], sorted(earlier(cache) - set(content_ids)))


def _replace(cache: Path, digests: Mapping[str, str], rows: list[Any], known: list[str]) -> None:
    value = {"inputs": dict(digests), "images": rows, "earlier": known}
    fresh = cache / f".{MANIFEST}.new"
    fresh.write_text(json.dumps(value, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    fresh.rename(cache / MANIFEST)


def _row(cache: Path, image: Image) -> dict[str, str]:
    places = {"rootfs": _relative(cache, image.rootfs), "archive": _relative(cache, image.archive)}
    return {**asdict(image), **places}


def _said(cache: Path) -> Mapping[str, Any]:
    path = cache / MANIFEST
    return _read(path) if path.is_file() else {"inputs": {}, "images": []}


def _relative(cache: Path, path: Path) -> str:
    return str(path.relative_to(cache))


def _read(path: Path) -> Mapping[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
        if {"inputs", "images"} <= set(value):
            return dict(value)
    except (ValueError, TypeError):
        pass
    raise ImageError("bad-manifest", f"{MANIFEST} in the image cache cannot be read.", _REBUILD)


def _image(cache: Path, row: Mapping[str, str]) -> Image:
    try:
        return Image(
            row["name"], row["content_id"], cache / row["rootfs"], cache / row["archive"], row["packages"]
        )
    except (KeyError, TypeError) as wrong:
        raise ImageError("bad-manifest", f"{MANIFEST} in the image cache is damaged.", _REBUILD) from wrong
