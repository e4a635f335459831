"""Boxes without an engine, for a laptop: namespaces by bubblewrap, and as many of the other walls as this host lets us.

As root it has control groups, a uid for each job and limited file systems; as anyone else it has not, and
`missing_walls` names each one that is not there: a caller prints them, and a site may refuse. It refuses to run where
bubblewrap is not installed or may not make a namespace, and an image that was not unpacked here.
"""

import base64
import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from sandboxes import bubblewrap_form, cgroups, disk, keeper, mounts, places, profile, seccomp
from sandboxes.home import Home, Record, write_json
from sandboxes.inputs import require_inputs, require_same, unpacked_images
from sandboxes.model import (
    Box,
    BoxRefused,
    Observation,
    Phase,
    Receipt,
    RunnerUnavailable,
    Status,
    Wall,
)
from sandboxes.receipts import Log, recall, settle
from sandboxes.runner import Clock, SystemClock, lost, not_prepared, still_running
from sandboxes.saying import share_said
from sandboxes.verdict import Ended, verdict

FIRST_UID = 300_000
MOST_BOXES = 1_000

_SECONDS_TO_START = 60
_SECONDS_TO_DIE = 30
_UIDS = Path("/run/tre-uids")
_PIECE = 1 << 16


class BubblewrapRunner:
    """The contract of `sandboxes.runner.Runner` over bubblewrap.

    Each box has a keeper, a process of ours that outlives this one and writes the end of the box down. A box whose
    keeper was killed has died with it, and is reported ABSENT: nothing it did counts.
    """

    name = "bubblewrap"

    def __init__(
        self,
        rootfs_dir: Path | None = None,
        *,
        state_dir: Path,
        site: profile.Profile | None = None,
        clock: Clock | None = None,
    ) -> None:
        """`rootfs_dir` is the cache of built images, by default the usual one. Raises RunnerUnavailable when no box can be built here."""
        self._cache = rootfs_dir
        self._home = Home(state_dir)
        self._site = site or profile.Profile()
        self._clock = clock or SystemClock()
        self._root = os.geteuid() == 0
        self._groups = self._root and cgroups.hold_together(
            self._site.group, memory_bytes=self._site.together_bytes, pids=self._site.together_pids
        )
        self._bwrap = _find_bubblewrap()
        _require_namespaces(self._bwrap, as_uid=FIRST_UID if self._root else None)

    def walls(self) -> tuple[Wall, ...]:
        """The walls that stand around every box of this runner, here and now."""
        missing = self._without()
        return tuple(wall for wall in (*profile.WALLS, *profile.PROCEDURES) if wall.name not in missing)

    def missing_walls(self) -> tuple[Wall, ...]:
        """The walls it cannot build here."""
        missing = self._without()
        return tuple(wall for wall in (*profile.WALLS, *profile.PROCEDURES) if wall.name in missing)

    def _without(self) -> frozenset[str]:
        missing = self._site.without | bubblewrap_form.NEVER | disk.missing_walls()
        missing |= frozenset() if self._root else bubblewrap_form.NOT_AS_ROOT
        return missing if self._groups else missing | bubblewrap_form.NOT_WITHOUT_GROUPS

    def versions(self) -> Mapping[str, str]:
        """What builds the boxes, and its version, for a report."""
        said = subprocess.run([self._bwrap, "--version"], capture_output=True, text=True, check=True)  # noqa: S603
        return {"engine": said.stdout.strip(), "kernel": platform.release()}

    def images(self) -> Mapping[str, str]:
        """The images that were unpacked here: name -> content id."""
        return {image.name: image.content_id for image in unpacked_images(self._cache).values()}

    # -- making ----------------------------------------------------------------------------------------------------

    def prepare(self, box: Box) -> None:
        """Make the box, without starting its program. See `Runner.prepare`."""
        require_inputs(box)
        with self._home.locked(box.job):
            record = self._home.load(box.job)
            if record is not None and self.observe(box.job).phase is not Phase.ABSENT:
                require_same(record.box, box)
                return
            tree = self._tree(box.image)
            self._forget(box.job)
            try:
                self._make(box, tree)
            except BaseException:
                self._forget(box.job)
                raise

    def _tree(self, content_id: str) -> bubblewrap_form.Tree:
        for image in unpacked_images(self._cache).values():
            if image.content_id == content_id:
                return bubblewrap_form.read_tree(image.rootfs)
        raise BoxRefused(
            "IMAGE_ABSENT",
            "That image was not unpacked here, and none is fetched at run time.",
            fix="Build it with `python -m sandboxes.images build`.",
        )

    def _make(self, box: Box, tree: bubblewrap_form.Tree) -> None:
        folder = self._home.folder(box.job)
        folder.mkdir(mode=0o700)
        record = Record(box, self._claim_uid(folder), self._clock.now())
        made = self._settings(record)
        places.make(self._home, record, made)
        write_json(folder / keeper.PLAN, asdict(self._plan(record, made, tree)))
        self._home.save(record)

    def _claim_uid(self, folder: Path) -> int:
        """The first uid that no other box of this host has. A claim is a link that names its box's folder, and counts
        while that folder is there, so that a claim whose maker was killed is free again.
        """
        if not self._root:
            return os.geteuid()
        _UIDS.mkdir(mode=0o700, exist_ok=True)
        for owner in range(FIRST_UID, FIRST_UID + MOST_BOXES):
            if _claimed(_UIDS / str(owner), folder):
                return owner
        raise RunnerUnavailable(
            "HOST_FULL", f"{MOST_BOXES} boxes are here already.", fix="Wait for one to end."
        )

    def _settings(self, record: Record) -> profile.Settings:
        place = places.of(self._home, record)
        return profile.settings(record.box, place, replace(self._site, without=self._without()))

    def _plan(self, record: Record, made: profile.Settings, tree: bubblewrap_form.Tree) -> keeper.Plan:
        made = _hidden_only(made, tree)
        stage, shown, tree = self._staged(made, tree)
        command = bubblewrap_form.command(
            shown,
            tree,
            masked=[Path(path) for path in made.masked if path.startswith("/proc/") and Path(path).exists()],
            seccomp_fd=keeper.SECCOMP_FD if made.seccomp else -1,
            mounted=bool(stage),
        )
        rules = seccomp.bpf(platform.machine(), unix_sockets=record.box.unix_sockets) if made.seccomp else b""
        memories = [*made.scratch, *([made.shared_memory] if made.shared_memory else [])] if stage else []
        return keeper.Plan(
            command=[self._bwrap, *command[1:]],
            owner=record.owner,
            become_owner=self._root,
            rlimits={name: list(values) for name, values in made.rlimits.items()},
            group=f"{self._site.group}/{self._home.label}-{record.box.job}" if self._groups else "",
            ceiling=asdict(cgroups.Ceiling(made.memory_bytes, made.pids, made.cpus)) if self._groups else {},
            seccomp=base64.b64encode(rules).decode("ascii"),
            stage=stage,
            memories=[[_stage_name(item), item.size, item.inodes, list(item.flags)] for item in memories],
            wall_seconds=record.box.limits.wall_seconds,
            log_bytes=made.log_bytes,
        )

    def _staged(
        self, made: profile.Settings, tree: bubblewrap_form.Tree
    ) -> tuple[list[list[str]], profile.Settings, bubblewrap_form.Tree]:
        """As root the program is another uid, which could not reach our folders: they are shown to it elsewhere."""
        if not self._root:
            return [], made, tree
        stage = [[str(tree.root), "image"]]
        binds = []
        for serial, bind in enumerate(made.binds):
            stage.append([str(bind.source), f"bind-{serial}"])
            binds.append(replace(bind, source=keeper.STAGE / f"bind-{serial}"))
        memories = [*made.scratch, *([made.shared_memory] if made.shared_memory else [])]
        binds += [
            profile.Bind(keeper.STAGE / _stage_name(item), item.target, read_only=False) for item in memories
        ]
        return stage, replace(made, binds=tuple(binds)), replace(tree, root=keeper.STAGE / "image")

    # -- running ---------------------------------------------------------------------------------------------------

    def launch(self, job: str) -> None:
        """Start the box's keeper, once. See `Runner.launch`."""
        with self._home.locked(job):
            if self._home.load(job) is None:
                raise not_prepared(job)
            if self.observe(job).phase is not Phase.PREPARED:
                return
            self._start_keeper(self._home.folder(job))

    def _start_keeper(self, folder: Path) -> None:
        package = str(Path(__file__).parents[1])
        done = subprocess.run(  # noqa: S603 - our own module
            [sys.executable, "-m", "sandboxes.keeper", str(folder)],
            env={"PATH": os.defpath, "PYTHONPATH": package},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS_TO_START,
            check=False,
        )
        if done.returncode not in {0, keeper.ALREADY_STARTED}:
            raise RunnerUnavailable(
                "BOX_NOT_BUILT",
                "Bubblewrap could not build the box, so nothing was run.",
                fix="Run `python -m sandboxes report`, which says what this host does not allow.",
            )

    def observe(self, job: str) -> Observation:
        """What the keeper wrote and the kernel says. See `Runner.observe`."""
        record, folder = self._home.load(job), self._home.folder(job)
        if record is None:
            return Observation(job, Phase.ABSENT)
        # In this order: a keeper that is gone has written all that it ever will.
        alive = keeper.is_alive(folder)
        started, ended = _read(folder / keeper.STARTED), _read(folder / keeper.ENDED)
        if ended is not None and started is not None:
            return self._ended(record, started["started"], ended)
        if alive:
            return Observation(job, Phase.RUNNING, started=started["started"] if started else None)
        if started is not None:
            return Observation(job, Phase.ABSENT)
        halted = self._home.was_halted(job)
        return (
            Observation(job, Phase.STOPPED, Status.CANCELLED) if halted else Observation(job, Phase.PREPARED)
        )

    def _ended(self, record: Record, started: float, said: Mapping[str, Any]) -> Observation:
        ended = Ended(
            exit_code=int(said["exit_code"]),
            wall_seconds=said["finished"] - started,
            limit_seconds=record.box.limits.wall_seconds,
            out_of_memory=bool(said["out_of_memory"]),
            halted=self._home.was_halted(record.box.job),
            output_full=mounts.is_full(self._home.output(record.box.job)),
        )
        status = verdict(ended)
        return Observation(record.box.job, Phase.STOPPED, status, started, said["finished"], ended.exit_code)

    def progress(self, job: str) -> int | None:
        """See `Runner.progress`."""
        return share_said(self._home, job)

    def halt(self, job: str) -> None:
        """Ask the keeper to end the box, and wait until it has. See `Runner.halt`."""
        with self._home.locked(job):
            if self.observe(job).phase not in {Phase.ABSENT, Phase.STOPPED}:
                self._home.mark_halted(job)
                self._wait_for_keeper(job)

    def _wait_for_keeper(self, job: str) -> None:
        deadline = self._clock.now() + _SECONDS_TO_DIE
        while keeper.is_alive(self._home.folder(job)):
            if self._clock.now() > deadline:
                raise RunnerUnavailable(
                    "WILL_NOT_DIE",
                    "The end of a box was asked for, and its keeper still lives.",
                    fix="Look for a process `sandboxes.keeper` of this job on the host, and end it.",
                )
            self._clock.sleep(0.02)

    # -- taking out ------------------------------------------------------------------------------------------------

    def collect(self, job: str, patterns: tuple[str, ...], into: Path) -> Receipt:
        """Take the declared outputs and the log out of a box that has stopped. See `Runner.collect`."""
        with self._home.locked(job):
            if (record := self._home.load(job)) is None:
                raise not_prepared(job)
            if again := recall(self._home, job, patterns, into):
                return again
            seen = self.observe(job)
            if seen.phase is Phase.ABSENT:
                raise lost(job)
            if seen.phase is not Phase.STOPPED:
                raise still_running(job)
            if self._settings(record).output.size and not mounts.is_mounted(self._home.output(job)):
                raise lost(job)
            with _log(self._home.folder(job)) as log:
                return settle(self._home, record, seen, patterns=patterns, into=into, log=log)

    def discard(self, job: str) -> None:
        """End the job if it runs and remove all that is held of it. See `Runner.discard`."""
        with self._home.locked(job):
            folder = self._home.folder(job)
            if keeper.is_alive(folder):
                self._home.mark_halted(job)
                self._wait_for_keeper(job)
            self._forget(job)

    def _forget(self, job: str) -> None:
        if self._groups:
            cgroups.group(f"{self._site.group}/{self._home.label}-{job}").remove()
        self._home.forget(job)

    def sweep(self, keep: frozenset[str] = frozenset()) -> tuple[str, ...]:
        """Discard what is not kept. The keepers end what is past its time. See `Runner.sweep`."""
        gone = tuple(sorted(set(self._home.jobs()) - keep))
        for job in gone:
            self.discard(job)
        return gone


def _find_bubblewrap() -> str:
    found = shutil.which("bwrap")
    if found is None:
        raise RunnerUnavailable(
            "NO_BUBBLEWRAP",
            "Bubblewrap is not installed here.",
            fix="Run `apt-get install bubblewrap` as root.",
        )
    return found


def _require_namespaces(bwrap: str, *, as_uid: int | None) -> None:
    """This kernel lets the uid that boxes are built by make namespaces. Raises RunnerUnavailable."""
    words = [
        bwrap,
        "--unshare-all",
        "--unshare-user",
        "--disable-userns",
        "--ro-bind",
        "/",
        "/",
        "--proc",
        "/proc",
    ]
    done = subprocess.run(  # noqa: S603 - bubblewrap, around a program that does nothing
        [*words, "--", "true"], user=as_uid, group=as_uid, extra_groups=[] if as_uid else None,
        env={"PATH": os.defpath}, cwd="/", capture_output=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise RunnerUnavailable(
            "NO_NAMESPACES",
            "Bubblewrap is here, but this kernel does not let it make namespaces.",
            fix="As root: `sysctl -w kernel.unprivileged_userns_clone=1 kernel.apparmor_restrict_unprivileged_userns=0`,"
            " whichever of the two this kernel has.",
        )


def _claimed(claim: Path, folder: Path) -> bool:
    try:
        claim.symlink_to(folder)
    except FileExistsError:
        if claim.readlink() != folder and claim.exists():
            return False
        claim.unlink(missing_ok=True)
        return _claimed(claim, folder)
    return True


def _hidden_only(made: profile.Settings, tree: bubblewrap_form.Tree) -> profile.Settings:
    """Bubblewrap can cover a file of the image only where there is one; where there is none, nothing needs covering."""
    kept = (
        item
        for item in made.binds
        if not item.target.startswith("/etc/") or (tree.root / item.target[1:]).exists()
    )
    return replace(made, binds=tuple(kept))


def _stage_name(item: profile.Memory) -> str:
    return "memory" + item.target.replace("/", "-")


def _read(path: Path) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return found


@contextmanager
def _log(folder: Path) -> Iterator[Log]:
    path = folder / keeper.LOG
    path.touch(mode=0o600)
    truncated = bool((_read(folder / keeper.ENDED) or {}).get("log_truncated"))
    with path.open("rb") as source:
        yield Log(iter(lambda: source.read(_PIECE), b""), lost=truncated)
