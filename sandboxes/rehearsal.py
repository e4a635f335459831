"""A runner without walls, for tests of the layers above: its programs are functions of those tests, never text.

It keeps the whole contract, with the real collector and the real receipts, but nothing runs that is not already part
of the test, so it can not be used to run a stranger's program: it refuses any command that it was not given a function
for. It says that every wall is missing.
"""

import errno
import json
import os
import tempfile
import weakref
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from sandboxes import mounts, profile
from sandboxes.home import Home, Record, write_json
from sandboxes.inputs import require_inputs, require_same
from sandboxes.model import Box, BoxRefused, Observation, Phase, Receipt, Wall
from sandboxes.placeholders import place_inputs
from sandboxes.receipts import Log, recall, settle
from sandboxes.runner import Clock, SystemClock, not_prepared, still_running
from sandboxes.saying import share_said
from sandboxes.verdict import Ended, verdict

IMAGES: Mapping[str, str] = {"sql": "sha256:" + "5" * 64, "python": "sha256:" + "9" * 64}


@dataclass
class Room:
    """What a rehearsed program sees of its box."""

    box: Box
    output: Path
    """The real folder that stands for the box's output folder."""
    log: bytearray = field(default_factory=bytearray)
    seconds: float = 0.0
    """How long the program says that it takes; `float("inf")` for one that never ends by itself."""

    def input(self, target: str) -> Path:
        """Where the input that a real box would see at `target` is on the host. Raises KeyError."""
        return {item.target: item.source for item in self.box.inputs}[target]

    def print(self, line: str) -> None:
        """Write a line to the program's standard output."""
        self.log += line.encode() + b"\n"


Program = Callable[[Room], int]
"""Does what the program would do, and returns its exit code. MemoryError: it ran out of memory. OSError with ENOSPC: out
of space for outputs."""


@dataclass(frozen=True)
class _Played:
    """What became of a program that was launched: this runner's engine, as it is kept."""

    started: float
    seconds: float
    exit_code: int
    out_of_memory: bool = False
    output_full: bool = False
    halted_at: float | None = None

    @property
    def finished(self) -> float:
        ends = self.started + self.seconds
        return ends if self.halted_at is None else min(ends, self.halted_at)


class RehearsalRunner:
    """The contract of `sandboxes.runner.Runner`, played."""

    name = "rehearsal"

    def __init__(
        self,
        programs: Mapping[tuple[str, ...] | str, Program],
        *,
        state_dir: Path | None = None,
        images: Mapping[str, str] = IMAGES,
        clock: Clock | None = None,
    ) -> None:
        """`programs` maps a whole command, or its first word, to a function."""
        self._programs = programs
        self._home = Home(state_dir or self._temporary())
        self._images = dict(images)
        self._clock = clock or SystemClock()

    def _temporary(self) -> Path:
        """A folder that goes when this runner does."""
        path = Path(tempfile.mkdtemp(prefix="tre-rehearsal-"))
        weakref.finalize(self, mounts.remove, path)
        return path

    def walls(self) -> tuple[Wall, ...]:
        """None: it runs only functions of the test that made it."""
        return ()

    def missing_walls(self) -> tuple[Wall, ...]:
        """All of them."""
        return (*profile.WALLS, *profile.PROCEDURES)

    def versions(self) -> Mapping[str, str]:
        """No part of any host has a hand in it."""
        return {"engine": "rehearsal"}

    def images(self) -> Mapping[str, str]:
        """The names and ids it was given."""
        return dict(self._images)

    def prepare(self, box: Box) -> None:
        """See `Runner.prepare`."""
        require_inputs(box)
        if (record := self._home.load(box.job)) is not None:
            require_same(record.box, box)
            return
        self._program(box)
        self._home.forget(box.job)
        output = self._home.output(box.job)
        output.mkdir(parents=True)
        place_inputs(output, box, os.geteuid())
        self._home.save(Record(box, os.geteuid(), self._clock.now()))

    def _program(self, box: Box) -> Program:
        if box.image not in self._images.values():
            raise BoxRefused(
                "IMAGE_ABSENT", "That image is not rehearsed.", fix="Use an id that images() gives."
            )
        found = self._programs.get(box.argv) or self._programs.get(box.argv[0])
        if found is None:
            raise BoxRefused(
                "NOT_REHEARSED", "There is no function for this command.", fix="Give the runner one."
            )
        return found

    def launch(self, job: str) -> None:
        """See `Runner.launch`. The whole program is played now; its end is seen when its time has passed."""
        record = self._whole(job)
        if self.observe(job).phase is not Phase.PREPARED:
            return
        room = Room(record.box, self._home.output(job))
        played = _play(self._program(record.box), room, self._clock.now())
        (self._home.folder(job) / "log").write_bytes(bytes(room.log))
        write_json(self._home.folder(job) / "played.json", asdict(played))

    def observe(self, job: str) -> Observation:
        """See `Runner.observe`."""
        record = self._home.load(job)
        if record is None:
            return Observation(job, Phase.ABSENT)
        played, halted = self._played(job), self._home.was_halted(job)
        if played is None:
            ended = verdict(Ended(0, 0, 1, out_of_memory=False, halted=True, output_full=False))
            return Observation(job, Phase.STOPPED, ended) if halted else Observation(job, Phase.PREPARED)
        if self._clock.now() < played.finished:
            return Observation(job, Phase.RUNNING, started=played.started)
        ended = verdict(
            Ended(
                exit_code=played.exit_code,
                wall_seconds=played.finished - played.started,
                limit_seconds=record.box.limits.wall_seconds,
                out_of_memory=played.out_of_memory,
                halted=halted,
                output_full=played.output_full,
            )
        )
        return Observation(job, Phase.STOPPED, ended, played.started, played.finished, played.exit_code)

    def _played(self, job: str) -> _Played | None:
        try:
            return _Played(**json.loads((self._home.folder(job) / "played.json").read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None

    def progress(self, job: str) -> int | None:
        """See `Runner.progress`."""
        return share_said(self._home, job)

    def halt(self, job: str) -> None:
        """See `Runner.halt`."""
        if self.observe(job).phase in {Phase.ABSENT, Phase.STOPPED}:
            return
        self._home.mark_halted(job)
        if played := self._played(job):
            ended = {**asdict(played), "halted_at": self._clock.now()}
            write_json(self._home.folder(job) / "played.json", ended)

    def collect(self, job: str, patterns: tuple[str, ...], into: Path) -> Receipt:
        """See `Runner.collect`."""
        record = self._whole(job)
        if again := recall(self._home, job, patterns, into):
            return again
        seen = self.observe(job)
        if seen.phase is not Phase.STOPPED:
            raise still_running(job)
        written = self._home.folder(job) / "log"
        log = Log([written.read_bytes()] if written.exists() else [])
        return settle(self._home, record, seen, patterns=patterns, into=into, log=log)

    def discard(self, job: str) -> None:
        """See `Runner.discard`."""
        self._home.forget(job)

    def sweep(self, keep: frozenset[str] = frozenset()) -> tuple[str, ...]:
        """See `Runner.sweep`."""
        gone = tuple(sorted(set(self._home.jobs()) - keep))
        for job in gone:
            self.discard(job)
        for job in keep & set(self._home.jobs()):
            record, seen = self._home.load(job), self.observe(job)
            if record and seen.started and self._clock.now() - seen.started >= record.box.limits.wall_seconds:
                self.halt(job)
        return gone

    def _whole(self, job: str) -> Record:
        if (record := self._home.load(job)) is None:
            raise not_prepared(job)
        return record


def _play(program: Program, room: Room, started: float) -> _Played:
    try:
        code = program(room)
    except MemoryError:
        return _Played(started, room.seconds, 137, out_of_memory=True)
    except OSError as failed:
        return _Played(started, room.seconds, 1, output_full=failed.errno == errno.ENOSPC)
    return _Played(started, room.seconds, code)
