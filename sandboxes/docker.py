"""Boxes in containers: the one module that speaks to a container engine.

Nothing is pulled, no name is trusted, no default is left to the engine. What it answers is compared with what was
asked before a program starts, and asked again rather than remembered. It refuses an image that is not here or that
brings in anything of its own, an engine that differs from its request in any field, and an engine that is silent.
"""

import os
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

import requests
from docker import APIClient
from docker.errors import APIError, DockerException, ImageNotFound, NotFound

from sandboxes import cgroups, disk, docker_form, mounts, places, profile
from sandboxes.docker_knock import LOOK_AT_ENGINE, knock, silent
from sandboxes.docker_state import Surroundings, observed
from sandboxes.home import Home, Record, box_digest
from sandboxes.inputs import require_inputs, require_same, unpacked_images
from sandboxes.model import (
    Box,
    BoxRefused,
    Observation,
    Phase,
    Receipt,
    RunnerUnavailable,
    Wall,
)
from sandboxes.receipts import Log, recall, settle
from sandboxes.runner import Clock, SystemClock, lost, not_prepared, still_running
from sandboxes.saying import share_said
from sandboxes.set_id import has_set_id

DEFAULT_ADDRESS = "unix:///var/run/docker.sock"
FIRST_UID = 200_000
MOST_BOXES = 1_000

JOB, HOME, BOX, DEADLINE, IMAGE_NAME = "tre.job", "tre.home", "tre.box", "tre.deadline", "tre.image"

_SECONDS_TO_ANSWER = 60
_SECONDS_TO_DIE = 30
_BLIND_TRIES = 8
_LOG_ENTRY_OVERHEAD = 32
"""About what the engine's log keeps beside each line, so that we can tell when it may have thrown lines away."""

_NOT_AS_ROOT = frozenset({"uid-per-job", "output-limit", "output-flags"})
"""Walls that need the right to mount and to choose an owner on the host."""


@dataclass(frozen=True)
class _Container:
    """One of our containers as the engine listed it."""

    id: str
    job: str


class DockerRunner:
    """The contract of `sandboxes.runner.Runner` over a Docker engine.

    As root, each job writes to a file system of its own under `state_dir`, which outlives this process; after the
    host was restarted it is gone, and so is the job (`BOX_LOST`). Not as root, outputs go to a plain folder there
    under our own uid, and `missing_walls` says so: a site that needs those walls must refuse this runner.
    """

    name = "docker"

    def __init__(
        self,
        base_url: str | None = None,
        *,
        state_dir: Path,
        site: profile.Profile | None = None,
        image_cache: Path | None = None,
        clock: Clock | None = None,
    ) -> None:
        """Nothing is made yet; the engine is only asked whether it answers. Raises RunnerUnavailable when it does not."""
        self._cache = image_cache
        self._home = Home(state_dir)
        self._site = site or profile.Profile()
        self._clock = clock or SystemClock()
        self._images: dict[str, docker_form.Image] = {}
        self._seen: dict[str, str] = {}
        self._turn = count()
        self._root = os.geteuid() == 0
        with _answering():
            knock(base_url or DEFAULT_ADDRESS)
            self._api = APIClient(base_url=base_url, version="auto", timeout=_SECONDS_TO_ANSWER)
        weakref.finalize(self, self._api.close)
        with _answering():
            engine = self._api.info()
        self._require_runtime(engine.get("Runtimes") or {})
        # One group of ours over all boxes can be made by root alone, and in the way of the engine's own driver.
        driver = str(engine.get("CgroupDriver", "")) if self._root else ""
        site = self._site
        ceiling = cgroups.Ceiling(site.together_bytes, site.together_pids)
        self._parent = cgroups.parent_of_all(site.group, ceiling, driver=driver)

    def _require_runtime(self, known: Mapping[str, Any]) -> None:
        if self._site.runtime and self._site.runtime not in known:
            raise RunnerUnavailable(
                "RUNTIME_UNKNOWN",
                f"This site runs every box in {self._site.runtime[:40]!a}, which the engine does not know.",
                fix="Add it to the engine's configuration (`runtimes` in daemon.json), or change `runtime` in site.toml.",
            )

    def walls(self) -> tuple[Wall, ...]:
        """The walls that stand around every box of this runner, here and now."""
        missing = self._without()
        return tuple(wall for wall in (*profile.WALLS, *profile.PROCEDURES) if wall.name not in missing)

    def missing_walls(self) -> tuple[Wall, ...]:
        """The walls it cannot build here."""
        missing = self._without()
        return tuple(wall for wall in (*profile.WALLS, *profile.PROCEDURES) if wall.name in missing)

    def _without(self) -> frozenset[str]:
        missing = self._site.without | disk.missing_walls()
        missing = missing if self._root else missing | _NOT_AS_ROOT
        return missing if self._parent else missing | {"held-together"}

    def versions(self) -> Mapping[str, str]:
        """The engine's parts and their versions, for a report."""
        with _answering():
            said = self._api.version()
        parts = {str(part["Name"]).lower(): str(part["Version"]) for part in said.get("Components", ())}
        return {**parts, "engine": f"docker {said['Version']}", "kernel": str(said.get("KernelVersion", ""))}

    def images(self) -> Mapping[str, str]:
        """Images that carry our label: name -> content id. Of several of one name, the one that was built here, or
        else the last one made.
        """
        with _answering():
            found = self._api.images(filters={"label": IMAGE_NAME})
        ordered = sorted(found, key=lambda image: (image["Created"], image["Id"]))
        here = {image["Id"] for image in ordered}
        built = {name: image.content_id for name, image in unpacked_images(self._cache).items()}
        last = {name: image["Id"] for image in ordered if (name := image["Labels"][IMAGE_NAME])}
        return {**last, **{name: content_id for name, content_id in built.items() if content_id in here}}

    # -- making ----------------------------------------------------------------------------------------------------

    def prepare(self, box: Box) -> None:
        """Make the box, without starting its program. See `Runner.prepare`."""
        require_inputs(box)
        with self._home.locked(box.job), _answering():
            record, found = self._home.load(box.job), self._find(box.job)
            if record is not None and found is not None:
                require_same(record.box, box)
                return
            image = self._image(box.image)
            if found is not None or self._home.folder(box.job).exists():
                self._discard(box.job)
            try:
                self._make(box, image)
            except BaseException:
                self._discard(box.job)
                raise

    def _image(self, content_id: str) -> docker_form.Image:
        """What the engine says of an image, asked once: what a content id names does not change."""
        if content_id not in self._images:
            self._images[content_id] = self._read_image(content_id)
        return self._images[content_id]

    def _read_image(self, content_id: str) -> docker_form.Image:
        try:
            said = self._api.inspect_image(content_id)  # type: ignore[no-untyped-call]
        except ImageNotFound:
            raise _image_absent() from None
        if said.get("Id") != content_id:
            raise _image_absent()
        image = docker_form.read_image(said, entrypoints=self._site.entrypoints)
        self._require_no_set_id(content_id)
        return image

    def _require_no_set_id(self, content_id: str) -> None:
        """Look through an image that was not built here."""
        built_here = {image.content_id for image in unpacked_images(self._cache).values()}
        if content_id not in built_here and has_set_id(self._api.get_image(content_id)):
            raise BoxRefused(
                "IMAGE_SET_ID",
                "This image holds a program with a set-id bit, so no box is made from it.",
                fix="Rebuild the image without: `find / -perm /6000 -exec chmod a-s {} +` as its last step.",
            )

    def _make(self, box: Box, image: docker_form.Image) -> None:
        places.lay(self._home, box)
        record = self._create(box, image)
        places.make(self._home, record, self._settings(record))
        self._home.save(record)

    def _create(self, box: Box, image: docker_form.Image) -> Record:
        """Create the container under a uid that no other has: its name says the uid, and the engine refuses a name
        twice, so that two runners can never choose the same one.
        """
        for owner in self._owners():
            record = Record(box, owner, self._clock.now())
            body = docker_form.request(self._settings(record), image)
            try:
                name = self._container_name(record)
                made = self._api.create_container_from_config(body, name=name)  # type: ignore[no-untyped-call]
            except ImageNotFound:
                raise _image_absent() from None
            except APIError as said:
                if said.status_code != requests.codes.conflict:
                    raise
            else:
                self._seen[box.job] = made["Id"]
                return record
        raise RunnerUnavailable(
            "HOST_FULL", f"{MOST_BOXES} boxes are here already.", fix="Wait for one to end."
        )

    def _owners(self) -> Iterator[int]:
        if not self._root:
            yield os.geteuid()
            return
        # In turn, so that a uid is not used again soon; only when many are taken is it worth asking for them all.
        yield from (FIRST_UID + next(self._turn) % MOST_BOXES for _ in range(_BLIND_TRIES))
        names = {name for entry in self._api.containers(all=True) for name in entry["Names"]}
        for owner in range(FIRST_UID, FIRST_UID + MOST_BOXES):
            if f"/tre-uid-{owner}" not in names:
                yield owner

    def _container_name(self, record: Record) -> str:
        return f"tre-uid-{record.owner}" if self._root else f"tre-{self._home.label}-{record.box.job}"

    def _settings(self, record: Record) -> profile.Settings:
        labels = {
            JOB: record.box.job,
            HOME: self._home.label,
            BOX: box_digest(record.box),
            DEADLINE: str(int(record.overdue_at)),
        }
        place = places.of(self._home, record, labels, self._parent)
        return profile.settings(record.box, place, replace(self._site, without=self._without()))

    # -- running ---------------------------------------------------------------------------------------------------

    def launch(self, job: str) -> None:
        """Compare the box with what was asked, then start it, once. See `Runner.launch`."""
        with self._home.locked(job), _answering():
            record, said = self._whole(job)
            if said["State"]["Status"] != "created" or self._home.was_halted(job):
                return
            if "inspected" not in self._without():
                self._require_as_asked(record, said)
            self._api.start(said["Id"])

    def _require_as_asked(self, record: Record, said: Mapping[str, Any]) -> None:
        made = self._settings(record)
        wrong = docker_form.differences(docker_form.request(made, self._image(record.box.image)), said)
        wrong += places.differences(self._home, record.box.job, made)
        if wrong:
            self._discard(record.box.job)
            raise BoxRefused(
                "NOT_AS_ASKED",
                f"The engine made something else than was asked, so it was destroyed unstarted: {', '.join(wrong)}.",
                fix="Run `python -m sandboxes report` on this host and compare the engine's version with its notes.",
            )

    def observe(self, job: str) -> Observation:
        """What the engine says of the job now. See `Runner.observe`."""
        with _answering():
            record, said = self._home.load(job), self._inspect(job)
        if record is None or said is None:
            return Observation(job, Phase.ABSENT)
        return self._observed(record, said["State"])

    def _observed(self, record: Record, state: Mapping[str, Any]) -> Observation:
        together = self._parent.startswith("/")
        return observed(record, state, Surroundings(self._home, together, self._clock.now()))

    def progress(self, job: str) -> int | None:
        """See `Runner.progress`."""
        return share_said(self._home, job)

    def halt(self, job: str) -> None:
        """End the program by SIGKILL through the engine, and wait until the engine says it is gone."""
        with self._home.locked(job), _answering():
            seen = self.observe(job)
            said = self._inspect(job)
            if said is None or seen.phase in {Phase.ABSENT, Phase.STOPPED}:
                return
            self._home.mark_halted(job)
            self._kill(said["Id"])

    def _kill(self, container: str) -> None:
        pause, deadline = 0.02, self._clock.now() + _SECONDS_TO_DIE
        while self._is_running(container):
            try:
                self._api.kill(container, "KILL")
            except APIError as said:
                if said.status_code not in {requests.codes.conflict, requests.codes.not_found}:
                    raise
            if self._clock.now() > deadline:
                raise RunnerUnavailable(
                    "WILL_NOT_DIE",
                    "A program was killed through the engine, and the engine says that it still runs.",
                    fix="Look at the engine's own log, and restart the host if the container stays.",
                )
            self._clock.sleep(pause)
            pause = min(0.5, pause * 1.5)

    def _is_running(self, container: str) -> bool:
        try:
            state = self._api.inspect_container(container)["State"]
        except NotFound:
            return False
        return bool(state["Running"] or state["Paused"] or state["Restarting"])

    # -- taking out ------------------------------------------------------------------------------------------------

    def collect(self, job: str, patterns: tuple[str, ...], into: Path) -> Receipt:
        """Take the declared outputs and the log out of a box that has stopped. See `Runner.collect`."""
        with self._home.locked(job), _answering():
            record, said = self._whole(job)
            if again := recall(self._home, job, patterns, into):
                return again
            seen = self._observed(record, said["State"])
            if seen.phase is not Phase.STOPPED:
                raise still_running(job)
            if self._settings(record).output.size and not mounts.is_mounted(self._home.output(job)):
                raise lost(job)
            log = self._log(said["Id"], record.box.limits.log_bytes)
            return settle(self._home, record, seen, patterns=patterns, into=into, log=log)

    def _log(self, container: str, most: int) -> Log:
        """The log in pieces, never whole: a program may have written one line of any length."""
        kept: list[bytes] = []
        size, on_disk = 0, 0
        # Read to the end, which the engine's own cap bounds: a stream that is left half-read leaves its socket open.
        for piece in self._api.logs(container, stdout=True, stderr=True, stream=True, follow=False):
            kept += [piece] if size <= most else []
            size += len(piece)
            on_disk += len(piece) + _LOG_ENTRY_OVERHEAD
        return Log(kept, lost=on_disk >= profile.LOG_HEADROOM * most)

    def discard(self, job: str) -> None:
        """End the job if it runs and remove all that is held of it. See `Runner.discard`."""
        with self._home.locked(job), _answering():
            self._discard(job)

    def _discard(self, job: str) -> None:
        deadline = self._clock.now() + _SECONDS_TO_DIE
        seen = self._seen.pop(job, None)
        while container := seen or self._find(job):
            seen = None
            try:
                self._api.remove_container(container, force=True, v=True)
            except APIError as said:
                # Another call is removing it already: ask again until it is gone.
                conflict = said.status_code in {requests.codes.conflict, requests.codes.not_found}
                if not conflict or self._clock.now() > deadline:
                    raise
                self._clock.sleep(0.05)
        self._home.forget(job)

    def sweep(self, keep: frozenset[str] = frozenset()) -> tuple[str, ...]:
        """Discard what is not kept, halt what is past its time. See `Runner.sweep`."""
        with _answering():
            ours = {found.job for found in self._list(f"{HOME}={self._home.label}")} | set(self._home.jobs())
        for job in ours - keep:
            self.discard(job)
        for job in ours & keep:
            self._halt_if_overdue(job)
        return tuple(sorted(ours - keep))

    def _halt_if_overdue(self, job: str) -> None:
        record, seen = self._home.load(job), self.observe(job)
        if record is None or seen.phase is not Phase.RUNNING or seen.started is None:
            return
        if self._clock.now() - seen.started >= record.box.limits.wall_seconds:
            self.halt(job)

    # -- finding ---------------------------------------------------------------------------------------------------

    def _whole(self, job: str) -> tuple[Record, Mapping[str, Any]]:
        record, said = self._home.load(job), self._inspect(job)
        if record is None or said is None:
            raise not_prepared(job)
        return record, said

    def _inspect(self, job: str) -> Mapping[str, Any] | None:
        """What the engine says of the job's container now. Where it was seen before is only where to look first."""
        seen = self._seen.pop(job, None)
        while container := seen or self._find(job):
            try:
                said: Mapping[str, Any] = self._api.inspect_container(container)
            except NotFound:
                if seen is None:
                    return None
                seen = None
            else:
                self._seen[job] = container
                return said
        return None

    def _find(self, job: str) -> str | None:
        found = self._list(f"{HOME}={self._home.label}", f"{JOB}={job}")
        return found[0].id if found else None

    def _list(self, *labels: str) -> list[_Container]:
        entries = self._api.containers(all=True, filters={"label": list(labels)})
        return [_Container(entry["Id"], entry["Labels"].get(JOB, "")) for entry in entries]


def _image_absent() -> BoxRefused:
    return BoxRefused(
        "IMAGE_ABSENT",
        "The engine does not have that image, and none is fetched at run time.",
        fix="Build it with `python -m sandboxes.images build`, or load it into the engine.",
    )


@contextmanager
def _answering() -> Iterator[None]:
    """Turn every way in which an engine can fail us into one refusal. What it said is not repeated to anyone."""
    try:
        yield
    except (DockerException, requests.exceptions.RequestException) as said:
        status = getattr(getattr(said, "response", None), "status_code", None)
        if status is None:
            raise silent() from said
        raise RunnerUnavailable(
            "ENGINE_REFUSED", f"The engine answered {status}.", fix=LOOK_AT_ENGINE
        ) from said
