"""Which images this host has: the cache's `images.json`, written last and read strictly.

It refuses a manifest whose content ids are not digests, or whose trees are gone: an image is there whole or not at all.
"""

import json
import os
import re
from collections.abc import Mapping
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
    path = folder / MANIFEST
    if not path.is_file():
        return {}
    images = {image.name: image for image in (_image(folder, one) for one in _read(path)["images"])}
    return {
        name: image for name, image in images.items() if image.rootfs.is_dir() and image.archive.is_file()
    }


def inputs(cache: Path) -> str | None:
    """The digest of the inputs that the cache's images were built from, or None."""
    path = cache / MANIFEST
    return str(_read(path)["inputs"]) if path.is_file() else None


def write(cache: Path, images: tuple[Image, ...], *, inputs: str) -> None:
    """Replaces the manifest in one step, so that a reader sees the old images or the new ones."""
    rows = [
        {**asdict(one), "rootfs": _relative(cache, one.rootfs), "archive": _relative(cache, one.archive)}
        for one in images
    ]
    fresh = cache / f".{MANIFEST}.new"
    fresh.write_text(
        json.dumps({"inputs": inputs, "images": rows}, indent=1, sort_keys=True) + "\n", encoding="utf-8"
    )
    fresh.rename(cache / MANIFEST)


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
