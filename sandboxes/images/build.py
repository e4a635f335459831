"""Builds every image of the recipe, once: a Debian tree for each family, scrubbed, plus pinned wheels, as layers and archive.

It refuses to leave half a build behind: everything is made in a scratch folder and moved into place at the end, under a
lock, and the manifest is written last. Nothing is downloaded later: a job runs without a network. What an earlier build
left stays until `tidy` is asked for: somebody may be running in it.
"""

import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from sandboxes.images import (
    archive,
    commands,
    debian,
    engine,
    licences,
    manifest,
    recipe,
    sbom,
    scrub,
    wheels,
)
from sandboxes.images.errors import ImageError
from sandboxes.images.manifest import Image
from sandboxes.images.recipe import Family, ImageRecipe

REQUIREMENTS = Path(__file__).parents[2] / "requirements" / "images.txt"
ARCHIVE = "images.tar"
Say = Callable[[str], None]


@dataclass(frozen=True)
class _Built:
    """One image on its way: its tree, every path in it, its layers so far, and what was put in."""

    tree: Path
    entries: frozenset[str]
    layers: tuple[archive.Layer, ...]
    packages: tuple[sbom.Package, ...]


def build(
    cache: Path,
    *,
    say: Say,
    names: Iterable[str] = recipe.NAMES,
    requirements: Path = REQUIREMENTS,
    fresh: bool = False,
) -> Mapping[str, Image]:
    """Makes sure that the cache and the engine hold the named images, and returns all that are there by name.

    Raises ImageError. Quick when the recipe, the pins and the processor are those of the cached build.
    """
    if not requirements.is_file():
        raise ImageError(
            "no-pins", f"There is no `{requirements.name}`.", "Run this from a checkout, or name the file."
        )
    cache.mkdir(parents=True, exist_ok=True, mode=0o755)
    wanted = _families(names)
    with _locked(cache):
        missing = [family for family in wanted if fresh or not _is_built(cache, family, requirements)]
        _build_all(cache, missing, requirements, say)
        images = manifest.installed(cache)
        ids = ", ".join(f"{name} {one.content_id[:19]}" for name, one in images.items())
        say(f"images are in {cache}: {ids}")
        _load([images[one.name] for family in wanted for one in family.images], say)
    return images


def differing(
    cache: Path, *, say: Say, names: Iterable[str] = recipe.NAMES, requirements: Path = REQUIREMENTS
) -> tuple[str, ...]:
    """Builds a second time in a scratch folder; the names whose content id is not the cache's.

    None may differ while Debian's packages are the same. Nothing is loaded and the cache is as it was.
    """
    families = _families(names)
    with tempfile.TemporaryDirectory(prefix=".again-", dir=cache) as scratch:
        again = Path(scratch)
        _build_all(again, families, requirements, say)
        first, second = manifest.installed(cache), manifest.installed(again)
        built = [one.name for family in families for one in family.images]
        return tuple(one for one in built if _content(first, one) != _content(second, one))


def tidy(cache: Path, *, say: Say) -> None:
    """Removes what earlier builds of this cache left, here and in the engine, where no container uses it."""
    with _locked(cache):
        keep = {image.archive.parent for image in manifest.installed(cache).values()}
        for home in sorted(path.parent for path in cache.glob(f"*/{ARCHIVE}") if path.parent not in keep):
            say(f"removing {home.name}")
            shutil.rmtree(home)
        current = frozenset(image.content_id for image in manifest.installed(cache).values())
        gone = engine.retire(manifest.earlier(cache) - current) if engine.answers() else ()
        manifest.forget(cache, gone)
        say(f"removed {len(gone)} images of earlier builds from the engine")


def _families(untrusted_names: Iterable[str]) -> tuple[Family, ...]:
    names = frozenset(untrusted_names)
    if unknown := sorted(names - set(recipe.NAMES)):
        known = ", ".join(recipe.NAMES)
        raise ImageError("no-such-image", f"There is no image {unknown[0]!a}.", f"There are: {known}.")
    return tuple(one for one in recipe.FAMILIES if names & {image.name for image in one.images})


def _is_built(cache: Path, family: Family, requirements: Path) -> bool:
    same = manifest.inputs(cache).get(family.name) == recipe.inputs_digest(family, requirements)
    return same and {image.name for image in family.images} <= set(manifest.installed(cache))


def _content(images: Mapping[str, Image], name: str) -> str | None:
    return images[name].content_id if name in images else None


def _build_all(cache: Path, families: Iterable[Family], requirements: Path, say: Say) -> None:
    """Every family at the same time: while one unpacks Debian packages another may compile."""
    for left_over in cache.glob(".building*"):
        shutil.rmtree(left_over)
    with _plain_mask(), ThreadPoolExecutor() as pool:
        made = [pool.submit(_build_family, cache, one, requirements, say) for one in families]
        done = [one.result() for one in made]
    for family, key, images in done:
        manifest.write(cache, images, family=family.name, digest=key)


def _build_family(
    cache: Path, family: Family, requirements: Path, say: Say
) -> tuple[Family, str, tuple[Image, ...]]:
    """Builds in a scratch folder of the cache, then moves the whole result to its name."""
    key = recipe.inputs_digest(family, requirements)
    work = cache / f".building-{family.name}"
    (work / "wheels").mkdir(parents=True)
    if family.pinned:
        say(f"{family.name}: downloading pinned wheels")
        wheels.download(requirements, work / "wheels")
    made = _trees(work, family, dict(wheels.pins(requirements)), say)
    say(f"{family.name}: writing the archive")
    images = _finish(work, made, key)
    shutil.rmtree(work / "wheels")
    for layer in work.glob("*.layer"):
        layer.unlink()
    home = cache / key[:16]
    replaced = cache / f".building-{family.name}-replaced"
    if home.exists():
        home.rename(replaced)
    work.rename(home)
    shutil.rmtree(replaced, ignore_errors=True)
    return family, key, tuple(_moved(one, work, home) for one in images)


def _trees(work: Path, family: Family, left: dict[str, str], say: Say) -> dict[str, _Built]:
    """Every image's tree: the first one is the Debian tree, each other one a copy of the one before."""
    below = _base(work, family, say)
    made: dict[str, _Built] = {}
    for image in family.images:
        tree = work / "rootfs" / image.name
        tree.parent.mkdir(exist_ok=True)
        if made:
            argv = ("cp", "--archive", "--reflink=auto", str(below.tree), str(tree))
            commands.run(argv, fix="Check the disk's free space.")
        else:
            below.tree.rename(tree)
        say(f"{family.name}: finishing `{image.name}`")
        below = made[image.name] = _grown(work, image, replace(below, tree=tree), left)
    return made


def _base(work: Path, family: Family, say: Say) -> _Built:
    say(f"{family.name}: making a Debian {recipe.SUITE} tree (half a minute or more)")
    tree = work / "base"
    debian.bootstrap(tree, family.debian)
    packages = licences.of_debian(tree, debian.packages(tree))
    say(f"{family.name}: scrubbing {len(packages)} Debian packages")
    for name, text in family.files.items():
        (tree / name).write_text(text, encoding="utf-8")
    scrub.scrub(tree)
    wheels.compile_all(tree, f"/usr/lib/python{recipe.PYTHON}")
    entries = archive.entries(tree)
    layer = archive.write_layer(tree, entries, work / "base.layer")
    return _Built(tree, frozenset(entries), (layer,), packages)


def _grown(work: Path, image: ImageRecipe, below: _Built, left: dict[str, str]) -> _Built:
    """The tree with the image's wheels in it, and one more layer that holds just those."""
    names = tuple(left) if image.wheels is None else image.wheels
    chosen = [left.pop(name) for name in names]
    if not chosen:
        return below
    wheels.install(chosen, wheels=work / "wheels", tree=below.tree)
    scrub.verify(below.tree)
    entries = archive.entries(below.tree)
    added = [one for one in entries if one not in below.entries]
    layer = archive.write_layer(below.tree, added, work / f"{image.name}.layer")
    packages = licences.of_wheels(below.tree / recipe.SITE, wheels.versions(chosen))
    return _Built(
        below.tree, frozenset(entries), (*below.layers, layer), tuple(sorted((*below.packages, *packages)))
    )


def _finish(work: Path, made: Mapping[str, _Built], key: str) -> tuple[Image, ...]:
    """Configurations, bills of materials and the one archive, in the scratch folder."""
    configs, images = [], []
    for name, built in made.items():
        bill = archive.canonical(sbom.bill(name, built.packages))
        (work / f"{name}.sbom.json").write_bytes(bill + b"\n")
        (work / f"{name}.packages.txt").write_text(sbom.package_list(built.packages), encoding="utf-8")
        (work / f"{name}.licences.txt").write_text(sbom.licence_list(built.packages), encoding="utf-8")
        packages = "sha256:" + hashlib.sha256(bill).hexdigest()
        labels = {engine.LABEL: name, "tre.packages": packages}
        config = archive.configure(name, built.layers, tag=f"tre-sandbox/{name}:{key[:12]}", labels=labels)
        configs.append(config)
        images.append(Image(name, config.content_id, built.tree, work / ARCHIVE, packages))
    archive.write_archive(configs, work / ARCHIVE)
    return tuple(images)


def _load(images: Iterable[Image], say: Say) -> None:
    """Into the engine, only what it lacks. A host without an engine still has the trees for bubblewrap."""
    if not engine.answers():
        say("no container engine answers here: trees are ready for bubblewrap, nothing was loaded")
        return
    ids: dict[Path, list[str]] = {}
    for image in images:
        ids.setdefault(image.archive, []).append(image.content_id)
    for packed, inside in ids.items():
        if engine.absent(inside):
            say(f"loading {len(inside)} images into the container engine")
            engine.load(packed, tuple(inside))
    say("the container engine has every image")


def _moved(image: Image, before: Path, after: Path) -> Image:
    rootfs, packed = (after / path.relative_to(before) for path in (image.rootfs, image.archive))
    return replace(image, rootfs=rootfs, archive=packed)


@contextmanager
def _plain_mask() -> Iterator[None]:
    """Files are made as everyone may read them, whatever mask the person who builds has."""
    mask = os.umask(0o022)
    try:
        yield
    finally:
        os.umask(mask)


@contextmanager
def _locked(cache: Path) -> Iterator[None]:
    """One build at a time on this cache; a second one waits for the first and then finds its work done."""
    handle = os.open(cache / ".lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
