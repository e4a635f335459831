"""Trees to bytes that do not depend on when or where: layers, and one archive that an engine loads.

It refuses to put a device, a socket or a clock into a layer. The same tree gives the same bytes, so the content id of an
image is a fact about its files, and a site can check that it runs what was reviewed.
"""

import hashlib
import io
import json
import os
import stat
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from sandboxes.images import recipe
from sandboxes.images.errors import ImageError


@dataclass(frozen=True)
class Layer:
    """One layer's bytes on disk and their sha256 ("sha256:<hex>"), which is the engine's name for it."""

    diff_id: str
    path: Path


@dataclass(frozen=True)
class ImageConfig:
    """An image's configuration as canonical bytes; its sha256 is the image's content id."""

    name: str
    tag: str
    content: bytes
    layers: tuple[Layer, ...]

    @property
    def content_id(self) -> str:
        """The id that a classic Docker engine gives to this image."""
        return "sha256:" + hashlib.sha256(self.content).hexdigest()


class _Hashing(io.RawIOBase):
    """A file that is written once, front to back, and remembers the digest of what passed."""

    def __init__(self, under: BinaryIO) -> None:
        self.digest = hashlib.sha256()
        self._under = under

    def write(self, data: Any) -> int:
        self.digest.update(data)
        return self._under.write(data)

    def tell(self) -> int:
        return self._under.tell()


def entries(tree: Path) -> tuple[str, ...]:
    """Every path in a tree, relative, sorted, folders and links included."""
    return tuple(sorted(_walk(tree)))


def write_layer(tree: Path, names: Sequence[str], into: Path) -> Layer:
    """Writes the named entries as one layer. Raises ImageError for what a layer must not hold."""
    with into.open("wb") as file:
        hashing = _Hashing(file)
        with tarfile.open(fileobj=hashing, mode="w", format=tarfile.PAX_FORMAT) as tar:
            for name in names:
                _add(tar, tree, name)
    return Layer("sha256:" + hashing.digest.hexdigest(), into)


def configure(name: str, layers: Sequence[Layer], *, tag: str, labels: Mapping[str, str]) -> ImageConfig:
    """The image's configuration: nobody by default, no entry point, no volume, no health check."""
    config = {
        "architecture": recipe.architecture(),
        "config": {
            "Env": list(recipe.ENVIRONMENT),
            "Labels": dict(labels),
            "User": recipe.NOBODY,
            "WorkingDir": "/",
        },
        "created": recipe.CREATED,
        "history": [{"created": recipe.CREATED, "created_by": "sandboxes.images"} for _ in layers],
        "os": "linux",
        "rootfs": {"type": "layers", "diff_ids": [layer.diff_id for layer in layers]},
    }
    return ImageConfig(name, tag, canonical(config), tuple(layers))


def write_archive(images: Sequence[ImageConfig], into: Path) -> None:
    """One archive of all the images in the engine's `load` format; a shared layer is in it once."""
    layers = {layer.diff_id: layer for image in images for layer in image.layers}
    with tarfile.open(into, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for diff_id in sorted(layers):
            _add_file(tar, _layer_name(diff_id), layers[diff_id].path)
        for image in images:
            _add_bytes(tar, _config_name(image), image.content)
        _add_bytes(tar, "manifest.json", canonical([_manifest(image) for image in images]))


def canonical(value: Any) -> bytes:
    """JSON with one spelling."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def _manifest(image: ImageConfig) -> Mapping[str, Any]:
    layers = [_layer_name(layer.diff_id) for layer in image.layers]
    return {"Config": _config_name(image), "RepoTags": [image.tag], "Layers": layers}


def _layer_name(diff_id: str) -> str:
    return f"{diff_id.removeprefix('sha256:')}/layer.tar"


def _config_name(image: ImageConfig) -> str:
    return f"{image.content_id.removeprefix('sha256:')}.json"


def _walk(tree: Path) -> Iterator[str]:
    for folder, folders, files in os.walk(tree):
        yield from (str(Path(folder, name).relative_to(tree)) for name in (*folders, *files))


def _add(tar: tarfile.TarFile, tree: Path, name: str) -> None:
    mode = (tree / name).lstat().st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_ISLNK(mode)):
        raise ImageError("special-file", f"`{name}` is not a file, folder or link.", "Remove it in scrub.py.")
    member = tar.gettarinfo(tree / name, arcname=name)
    member.mtime, member.uid, member.gid, member.uname, member.gname = recipe.EPOCH, 0, 0, "", ""
    member.mode = _mode(mode)
    if member.isreg():
        with (tree / name).open("rb") as content:
            tar.addfile(member, content)
    else:
        tar.addfile(member)


def _mode(mode: int) -> int:
    """A mode that does not depend on the mask of whoever built: may it be run, is it everybody's to write in?"""
    if stat.S_ISLNK(mode):
        return 0o777
    if mode & stat.S_ISVTX:
        return 0o1777
    return 0o755 if stat.S_ISDIR(mode) or mode & stat.S_IXUSR else 0o644


def _add_file(tar: tarfile.TarFile, name: str, path: Path) -> None:
    with path.open("rb") as content:
        tar.addfile(_member(name, path.stat().st_size), content)


def _add_bytes(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    tar.addfile(_member(name, len(content)), io.BytesIO(content))


def _member(name: str, size: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mtime, member.mode = size, recipe.EPOCH, 0o644
    return member
