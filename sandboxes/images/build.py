"""Builds every image of the recipe, once: Debian tree, scrubbed, plus pinned wheels, as layers, archive and trees.

It refuses to leave half a build behind: everything is made in a scratch folder and moved into place at the end, under a
lock, and the manifest is written last. Nothing is downloaded later: a job runs without a network.
"""

import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from sandboxes.images import archive, commands, debian, engine, manifest, recipe, sbom, scrub, wheels
from sandboxes.images.errors import ImageError
from sandboxes.images.manifest import Image

REQUIREMENTS = Path(__file__).parents[2] / "requirements" / "images.txt"
ARCHIVE = "images.tar"
Say = Callable[[str], None]


@dataclass(frozen=True)
class _Built:
    """One image on its way: its tree, its layers so far, and what was put in."""

    tree: Path
    layers: tuple[archive.Layer, ...]
    debian: tuple[tuple[str, str], ...]
    wheels: tuple[tuple[str, str], ...] = ()


def build(
    cache: Path, *, say: Say, requirements: Path = REQUIREMENTS, fresh: bool = False
) -> Mapping[str, Image]:
    """Makes sure that the cache and the engine hold every image of the recipe, and returns them by name.

    Raises ImageError. Quick when the recipe, the pins and the processor are those of the cached build.
    """
    if not requirements.is_file():
        raise ImageError(
            "no-pins", f"There is no `{requirements.name}`.", "Run this from a checkout, or name the file."
        )
    cache.mkdir(parents=True, exist_ok=True, mode=0o755)
    with _locked(cache):
        key = recipe.inputs_digest(requirements)
        if fresh or manifest.inputs(cache) != key or len(manifest.installed(cache)) != len(recipe.IMAGES):
            _build_all(cache, key, requirements, say)
        images = manifest.installed(cache)
        say(
            f"images are in {cache}: "
            + ", ".join(f"{name} {one.content_id[:19]}" for name, one in images.items())
        )
        _load(images, say)
    return images


def differing(cache: Path, *, say: Say, requirements: Path = REQUIREMENTS) -> tuple[str, ...]:
    """Builds everything a second time in a scratch folder; the names whose content id is not the cache's.

    None may differ while Debian's packages are the same. Nothing is loaded and the cache is as it was.
    """
    with tempfile.TemporaryDirectory(prefix=".again-", dir=cache) as scratch:
        again = Path(scratch)
        _build_all(again, recipe.inputs_digest(requirements), requirements, say)
        first, second = manifest.installed(cache), manifest.installed(again)
        names = sorted({*first, *second})
        return tuple(one for one in names if _content(first, one) != _content(second, one))


def _content(images: Mapping[str, Image], name: str) -> str | None:
    return images[name].content_id if name in images else None


def _build_all(cache: Path, key: str, requirements: Path, say: Say) -> None:
    """Builds in a scratch folder of the cache, then moves the whole result to its name."""
    for left_over in cache.glob(".building*"):
        shutil.rmtree(left_over)
    work = cache / ".building"
    (work / "wheels").mkdir(parents=True)
    say("downloading pinned wheels")
    wheels.download(requirements, work / "wheels")
    made = _trees(work, wheels.pins(requirements), say)
    say("writing the archive")
    images = _finish(work, made, key)
    shutil.rmtree(work / "wheels")
    for layer in work.glob("*.layer"):
        layer.unlink()
    home = cache / key[:16]
    if home.exists():
        home.rename(cache / ".building-replaced")
    work.rename(home)
    manifest.write(cache, tuple(_moved(one, work, home) for one in images), inputs=key)
    shutil.rmtree(cache / ".building-replaced", ignore_errors=True)


def _trees(work: Path, pins: Mapping[str, str], say: Say) -> dict[str, _Built]:
    """Every image's tree, each on a copy of the one below it."""
    base = _base(work, say)
    made: dict[str, _Built] = {}
    left = dict(pins)
    for image in recipe.IMAGES:
        say(f"adding wheels for `{image.name}`")
        chosen = [left.pop(name) for name in (image.wheels if image.wheels is not None else tuple(left))]
        below = made[image.parent] if image.parent else base
        made[image.name] = _grown(work, image.name, below, chosen)
        _smoke(image.name, made[image.name].tree)
    return made


def _base(work: Path, say: Say) -> _Built:
    say(f"making a Debian {recipe.SUITE} tree (half a minute or more)")
    tree = work / "base"
    debian.bootstrap(tree)
    packages = debian.packages(tree)
    say(f"scrubbing {len(packages)} Debian packages")
    scrub.scrub(tree)
    wheels.compile_all(tree, f"/usr/lib/python{recipe.PYTHON}")
    return _Built(tree, (archive.write_layer(tree, archive.entries(tree), work / "base.layer"),), packages)


def _grown(work: Path, name: str, below: _Built, chosen: list[str]) -> _Built:
    """A copy of the tree below with the chosen wheels in it, and one more layer holding just those."""
    tree = work / "rootfs" / name
    tree.parent.mkdir(exist_ok=True)
    commands.run(
        ("cp", "--archive", "--reflink=auto", str(below.tree), str(tree)), fix="Check the disk's free space."
    )
    wheels.install(chosen, wheels=work / "wheels", tree=tree, scratch=work / f"{name}.requirements")
    scrub.verify(tree)
    added = sorted(set(archive.entries(tree)) - set(archive.entries(below.tree)))
    layer = archive.write_layer(tree, added, work / f"{name}.layer")
    have = tuple(sorted((*below.wheels, *wheels.versions(chosen))))
    return replace(below, tree=tree, layers=(*below.layers, layer), wheels=have)


def _finish(work: Path, made: Mapping[str, _Built], key: str) -> tuple[Image, ...]:
    """Configurations, bills of materials and the one archive, in the scratch folder."""
    configs, images = [], []
    for name, built in made.items():
        bill = archive.canonical(sbom.bill(name, debian=built.debian, wheels=built.wheels))
        (work / f"{name}.sbom.json").write_bytes(bill + b"\n")
        packages = "sha256:" + hashlib.sha256(bill).hexdigest()
        labels = {engine.LABEL: name, "tre.packages": packages}
        config = archive.configure(name, built.layers, tag=f"tre-sandbox/{name}:{key[:12]}", labels=labels)
        configs.append(config)
        images.append(Image(name, config.content_id, built.tree, work / ARCHIVE, packages))
    archive.write_archive(configs, work / ARCHIVE)
    shutil.rmtree(work / "base")
    return tuple(images)


def _smoke(name: str, tree: Path) -> None:
    """The image does what it is for, as nobody, before anyone relies on it."""
    argv = (
        "chroot",
        f"--userspec={recipe.NOBODY}",
        str(tree),
        "/usr/bin/python3",
        "-I",
        "-B",
        "-c",
        recipe.SMOKE[name],
    )
    commands.run(argv, fix="Add the library it misses to recipe.DEBIAN_PACKAGES.")


def _load(images: Mapping[str, Image], say: Say) -> None:
    """Into the engine, only what it lacks. A host without an engine still has the trees for bubblewrap."""
    if not engine.answers():
        say("no container engine answers here: trees are ready for bubblewrap, nothing was loaded")
        return
    ids = tuple(one.content_id for one in images.values())
    if engine.absent(ids):
        say("loading the images into the container engine")
        engine.load(next(iter(images.values())).archive, ids)
        if gone := engine.retire(frozenset(ids)):
            say(f"removed {len(gone)} images of earlier builds")
    say("the container engine has every image")


def _moved(image: Image, before: Path, after: Path) -> Image:
    rootfs, packed = (after / path.relative_to(before) for path in (image.rootfs, image.archive))
    return replace(image, rootfs=rootfs, archive=packed)


@contextmanager
def _locked(cache: Path) -> Iterator[None]:
    """One build at a time on this cache; a second one waits for the first and then finds its work done."""
    handle = os.open(cache / ".lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
