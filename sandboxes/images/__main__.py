"""`python -m sandboxes.images build`: makes the sandbox images of this host, or says what a person must run.

`verify` builds them a second time and compares; `list` says what is there; `tidy` removes what earlier builds left. It
refuses to run an image: that is the runner's.
"""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from sandboxes.images import build, manifest, recipe
from sandboxes.images.errors import ImageError


def main(argv: Sequence[str] | None = None) -> int:
    """Exit status 0 when every image is there, 1 with a sentence on standard error when not."""
    options = _options(argv)
    started = time.monotonic()

    def say(line: str) -> None:
        sys.stdout.write(f"[{time.monotonic() - started:6.1f}s] {line}\n")
        sys.stdout.flush()

    try:
        return _commanded(options, say)
    except ImageError as refused:
        sys.stderr.write(f"{refused.code}: {refused.sentence}\n{refused.fix}\n")
        return 1


def _commanded(options: argparse.Namespace, say: Callable[[str], None]) -> int:
    if options.command == "build":
        build.build(
            options.dest,
            say=say,
            names=options.images or recipe.NAMES,
            requirements=options.requirements,
            fresh=options.fresh,
        )
    elif options.command == "verify":
        names = options.images or recipe.NAMES
        differ = build.differing(options.dest, say=say, names=names, requirements=options.requirements)
        say(
            f"differs from the cache: {', '.join(differ)}"
            if differ
            else "a second build has the same content ids"
        )
        return int(bool(differ))
    elif options.command == "tidy":
        build.tidy(options.dest, say=say)
    else:
        for image in manifest.installed(options.dest).values():
            sys.stdout.write(f"{image.name}\t{image.content_id}\t{image.rootfs}\n")
    return 0


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m sandboxes.images", description="Sandbox images of this host."
    )
    parser.add_argument("command", choices=("build", "verify", "list", "tidy"))
    parser.add_argument(
        "images", nargs="*", metavar="IMAGE", help=f"of: {', '.join(recipe.NAMES)}; all without"
    )
    parser.add_argument("--dest", type=Path, default=manifest.default_cache(), help="the image cache")
    parser.add_argument("--requirements", type=Path, default=build.REQUIREMENTS, help="pinned wheels")
    parser.add_argument("--fresh", action="store_true", help="build again although nothing changed")
    return parser.parse_args(argv)


if __name__ == "__main__":
    raise SystemExit(main())
