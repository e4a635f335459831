"""One action, from the ledger's word for it to a box and back: laid out, run behind walls, kept by digest.

Everything here may be repeated after a crash: the box has the request's own opaque name, the engine is asked where it
stands, and its outputs reach the quarantine before anyone is told. Refuses to run bare, to run in an image that is not
here, and to say more of an ending than one of a handful of outcomes [P1].
"""

import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path

from job_specs.model import Action, Resources, RunBody, Sensitivity, SqlBody
from sandboxes.model import IMAGE_ID, Box, BoxRefused, Collected, Input, Limits, Receipt, Status
from sandboxes.runner import LOST, Clock, Runner, wait
from tre.custody.outputs import Output
from tre.custody.requests import JobRequest, Outcome
from tre.dispatch.code import DRAFT, fetch, lay_file, lay_out
from tre.dispatch.errors import DispatchError
from tre.dispatch.intake import OUTPUTS, Intake, image_name, question, read_study
from tre.dispatch.ports import Asked, DataRooms, KeepingShelf, Shelf, inside_path

_MOST_READ = 64
_IMAGES_FOR_SECONDS = 5.0
WORKSPACE = "/workspace"
WORKSPACE_OUTPUT = "/workspace/output"
OUTCOMES = {
    Status.OK: Outcome.SUCCEEDED,
    Status.FAILED: Outcome.FAILED,
    Status.OUT_OF_MEMORY: Outcome.OUT_OF_MEMORY,
    Status.TIMED_OUT: Outcome.OUT_OF_TIME,
    Status.OUTPUT_LIMIT: Outcome.OUTPUTS_REFUSED,
    Status.OUTPUT_REFUSED: Outcome.OUTPUTS_REFUSED,
    Status.CANCELLED: Outcome.CANCELLED,
}
LACKED = {4: Outcome.OUT_OF_MEMORY, 5: Outcome.OUT_OF_TIME}
"""How the engine ends that had too little memory and disk, or time, for a query: `tre.data.engine.run.LACKED`."""
R_OPTIONS = ("--no-environ", "--no-init-file", "--no-restore", "--no-save")
"""As `--vanilla`, but the image's own profile is read: an error then names its line. A study's `.Rprofile` is not run."""
ENVIRONMENT = {"HOME": "/tmp", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0", "TZ": "UTC"}  # noqa: S108 - the box's own tmpfs


@dataclass(frozen=True)
class Ending:
    """How an action ended, what it left in the quarantine, and the digest of its quarantined log.

    What follows the log is for a rehearsal on synthetic data; of a run on real data nobody is told it [P1].
    """

    outcome: Outcome
    outputs: tuple[Output, ...]
    log: str
    status: Status = Status.OK
    refused: tuple[str, ...] = ()
    """Outputs that could not be kept, each with the reason; names escaped."""
    undeclared: tuple[str, ...] = ()
    """Files that it wrote and that no output declares; names escaped."""


@dataclass(frozen=True)
class Rooms:
    """What a dispatcher reaches: the shelves, the data room, the runner, and the clock of the host.

    ``steady`` counts seconds from any moment, and nobody can set it.
    """

    documents: Shelf
    quarantine: KeepingShelf
    data: DataRooms
    runner: Runner
    clock: Clock
    steady: Callable[[], float]


class Steadied:
    """The host's clock as it was when this was made, and steady from then on, however it is set meanwhile."""

    def __init__(self, clock: Clock, steady: Callable[[], float]) -> None:
        self._clock, self._steady = clock, steady
        self._ahead = clock.now() - steady()

    def now(self) -> float:
        """Seconds since 1970."""
        return self._steady() + self._ahead

    def sleep(self, seconds: float) -> None:
        """Wait."""
        self._clock.sleep(seconds)


@dataclass(frozen=True)
class Task:
    """One action of one request, with the study it belongs to and a folder of its own."""

    case: JobRequest
    action: Action
    intake: Intake
    folder: Path


class Dispatcher:
    """Takes actions to boxes."""

    def __init__(self, rooms: Rooms, images: Mapping[str, str], folder: Path) -> None:
        """``images`` maps the names in specs to the site's own image names; ``folder`` is scratch, one folder a job."""
        self._rooms = rooms
        self._images = images
        self._folder = folder
        self._read = lru_cache(maxsize=_MOST_READ)(self._read_afresh)
        self._here: tuple[float, Mapping[str, str]] = (0.0, {})

    def image_for(self, case: JobRequest, action: str) -> str:
        """The content id of the image that the action will run in.

        Raises:
            DispatchError: the image is not on this host.
        """
        intake = self._intake(case)
        name = image_name(intake.spec.action(action), self._images)
        if IMAGE_ID.fullmatch(name):
            # An image of the site's own: the runner refuses it, before anything starts, where it is not here.
            return name
        available = self._available()
        if name in available:
            return available[name]
        raise DispatchError(
            "image-not-here",
            f"The sandbox image {name!r} is not on this host.",
            where=name,
            fix="A maintainer builds it: `python -m sandboxes.images build`.",
        )

    def resources(self, case: JobRequest) -> Mapping[str, Resources]:
        """What each action of a request asks of its host."""
        return {action.name: action.resources for action in self._intake(case).spec.actions}

    def run(
        self,
        case: JobRequest,
        action: str,
        *,
        cancelled: Callable[[], bool],
        token: int = 0,
        told: Callable[[int], None] = lambda _share: None,
    ) -> Ending:
        """Run a started action to its end, or take it up where a dead worker left it.

        ``token`` is the claim under which it runs: what ran under another is another box. ``told`` hears, while a query
        runs, how many hundredths of it the engine says are done; of a study's own code nothing is heard [P1].
        """
        name = box_name(case, action, token)
        folder = self._folder / name
        resumed, began = folder.exists(), self._rooms.steady()
        task = self._task(case, action, folder)
        laid = self._lay_out(task)
        box = self._box(task, name, laid)
        look = self._listening(name, told) if isinstance(task.action.body, SqlBody) else _deaf
        receipt = self._through(box, laid, folder / "collected", cancelled, look=look)
        watched = 0.0 if resumed else self._rooms.steady() - began
        if not believed(receipt.status, box.limits, watched=watched, cancelled=cancelled()):
            self.forget(case, action, token)
            raise _not_believed()
        return self._keep(task, laid, receipt)

    def forget(self, case: JobRequest, action: str, token: int = 0) -> None:
        """Remove what is left of a job whose end is on the ledger, or no longer matters."""
        self._clear_away(box_name(case, action, token))

    def _clear_away(self, name: str) -> None:
        self._rooms.runner.discard(name)
        shutil.rmtree(self._folder / name, ignore_errors=True)

    def sweep(self, keep: frozenset[str]) -> tuple[str, ...]:
        """End and remove every box of ours that is not to be kept, and its folder."""
        for folder in self._folder.glob("*"):
            if folder.name not in keep:
                shutil.rmtree(folder, ignore_errors=True)
        return self._rooms.runner.sweep(keep)

    def has(self, digest: str) -> bool:
        """Whether the quarantine holds those bytes, and goes on to; they are hashed when they are next read."""
        return self._rooms.quarantine.hold(digest)

    def note(self, words: str) -> str:
        """Keep words of ours in the quarantine, as a log is kept; gives their digest."""
        return self._rooms.quarantine.put(words.encode())

    def _available(self) -> Mapping[str, str]:
        """The images that are here, asked again every few seconds."""
        now = self._rooms.clock.now()
        asked, here = self._here
        if not here or not 0 <= now - asked <= _IMAGES_FOR_SECONDS:
            self._here = (now, self._rooms.runner.images())
        return self._here[1]

    def _intake(self, case: JobRequest) -> Intake:
        return self._read(case.submission.code, case.submission.backend)

    def _read_afresh(self, code: str, backend: str) -> Intake:
        return read_study(fetch(code, self._rooms.documents.get), self._rooms.data.of(backend), self._images)

    def _task(self, case: JobRequest, action: str, folder: Path) -> Task:
        intake = self._intake(case)
        folder.mkdir(parents=True, exist_ok=True)
        return Task(case, intake.spec.action(action), intake, folder)

    def _lay_out(self, task: Task) -> "Laid":
        if isinstance(task.action.body, RunBody):
            return self._lay_out_code(task, task.action.body)
        data = self._rooms.data.of(task.case.submission.backend)
        asked = question(task.intake, task.action, data)
        ask = data.ask_extract if task.action.is_extract else data.ask_aggregate
        job = task.case.job(task.action.name)
        return _laid_query(task, ask(task.case, asked, task.folder, under=job.opt_outs if job else ""))

    def _lay_out_code(self, task: Task, body: RunBody) -> "Laid":
        seen = task.intake.seen_by(task.action)
        lay_out(seen, task.folder / "code")
        tops = sorted({path.split("/")[0] for path in seen.files})
        code = [Input(task.folder / "code" / top, f"{WORKSPACE}/{top}") for top in tops]
        return _laid_code(task, body, (*code, *self._needed(task)))

    def _needed(self, task: Task) -> Iterable[Input]:
        """The outputs of the actions that this one needs, each read-only where the script expects it."""
        for need in task.action.needs:
            job = task.case.job(need)
            # What the engine left for the data room is not laid out, not even beside a box.
            for output in (each for each in (job.outputs if job else ()) if each.path.startswith(OUTPUTS)):
                target = task.folder / "inputs" / output.path
                lay_file(target, self._rooms.quarantine.get(output.digest), draft=task.folder / DRAFT)
                yield Input(target, f"{WORKSPACE}/{output.path}")

    def _box(self, task: Task, name: str, laid: "Laid") -> Box:
        image = task.case.job(task.action.name)
        asked = task.action.resources
        return Box(
            job=name,
            image=image.image if image else "",
            argv=laid.argv,
            inputs=laid.inputs,
            environment=ENVIRONMENT,
            limits=limits_of(task.action),
            output_target=laid.output_target,
            unix_sockets=asked.local_sockets,
        )

    def _listening(self, box: str, told: Callable[[int], None]) -> Callable[[], None]:
        def look() -> None:
            share = self._rooms.runner.progress(box)
            if share is not None:
                told(share)

        return look

    def _through(
        self, box: Box, laid: "Laid", into: Path, cancelled: Callable[[], bool], *, look: Callable[[], None]
    ) -> Receipt:
        """Take the box the whole way, or on from where it stands; one that its host lost is cleared away, to be made anew."""
        runner = self._rooms.runner
        try:
            runner.prepare(box)
            runner.launch(box.job)
            wait(runner, box, cancelled, Steadied(self._rooms.clock, self._rooms.steady), look=look)
            return runner.collect(box.job, tuple(laid.files), into)
        except BoxRefused as refusal:
            if refusal.code == LOST:
                self._clear_away(box.job)
            raise DispatchError(
                refusal.code, refusal.sentence, where=f"action {box.job}", fix=refusal.fix
            ) from refusal

    def _keep(self, task: Task, laid: "Laid", receipt: Receipt) -> Ending:
        """Put the log and, where it ended well, the outputs into the quarantine."""
        log = self._rooms.quarantine.put(receipt.log.read_bytes())
        if receipt.status is not Status.OK:
            told = (receipt.status, receipt.refused, receipt.undeclared)
            return Ending(self._outcome(task, receipt), (), log, *told)
        outputs = tuple(self._output(task, laid, collected) for collected in receipt.collected)
        return Ending(Outcome.SUCCEEDED, outputs, log)

    def _outcome(self, task: Task, receipt: Receipt) -> Outcome:
        """Of a query the engine itself says, by how it ends, what it lacked; study code is not asked."""
        if receipt.status is Status.FAILED and isinstance(task.action.body, SqlBody):
            return LACKED.get(receipt.exit_code or 0, Outcome.FAILED)
        return OUTCOMES[receipt.status]

    def _output(self, task: Task, laid: "Laid", collected: Collected) -> Output:
        digest = self._rooms.quarantine.put(collected.stored.read_bytes())
        path, sensitivity = laid.named(collected.path)
        return Output(task.action.name, path, digest, collected.size, sensitivity)


@dataclass(frozen=True)
class Laid:
    """An action laid out for a box: what it runs, what it reads, and the files it promised.

    ``files`` maps each pattern, relative to the output folder, to the sensitivity it was declared with; ``names`` says
    under which path of the study a file is kept, where that is not the path it was written to.
    """

    argv: tuple[str, ...]
    inputs: tuple[Input, ...]
    output_target: str
    files: Mapping[str, Sensitivity]
    names: Mapping[str, str]

    def named(self, untrusted_path: str) -> tuple[str, Sensitivity]:
        """The path and the sensitivity under which a collected file is kept."""
        matching = [pattern for pattern in self.files if matches(untrusted_path, pattern)]
        if not matching:
            raise DispatchError(
                "output-undeclared",
                "A file was collected that no pattern of the spec declares.",
                where="the runner",
                fix="Tell a maintainer: this should not happen.",
            )
        worst = min((self.files[pattern] for pattern in matching), key=list(Sensitivity).index)
        return self.names.get(untrusted_path, OUTPUTS + untrusted_path), worst


def limits_of(action: Action) -> Limits:
    """What an action's box may use. Study code has no disk, whatever it asked for: it would not be written encrypted."""
    asked = action.resources
    return Limits(
        memory_bytes=asked.memory_mb << 20,
        cpus=asked.cpus,
        wall_seconds=asked.seconds,
        output_bytes=asked.output_mb << 20,
        disk_bytes=asked.disk_mb << 20 if isinstance(action.body, SqlBody) else 0,
    )


def matches(path: str, pattern: str) -> bool:
    """Whether a path fits a declared pattern, where ``*`` stays within one part of the path."""
    parts, wanted = path.split("/"), pattern.split("/")
    fits = (fnmatchcase(part, want) for part, want in zip(parts, wanted, strict=False))
    return len(parts) == len(wanted) and all(fits)


def believed(status: Status, limits: Limits, *, watched: float, cancelled: bool) -> bool:
    """Whether an ending is the action's own, and not that of an engine that was ended or of a clock that was set.

    ``watched`` is how long it was watched, in seconds by a steady clock; 0 where a dead worker began it. A bad ending
    that nobody saw come may be the engine's; a time limit reached sooner than it can be is the clock's.
    """
    if status is Status.OK:
        return True
    if status is Status.CANCELLED:
        return cancelled
    if status is Status.TIMED_OUT:
        return watched >= limits.wall_seconds
    return watched > 0


def box_name(case: JobRequest, action: str, token: int = 0) -> str:
    """The box's opaque name: the request, the action's place in it, and the claim it runs under; no words of theirs."""
    name = f"{case.id}-{[job.action.name for job in case.jobs].index(action)}"
    return f"{name}-{token}" if token else name


def _deaf() -> None:
    """Study code chooses what it says of itself, so nobody listens."""


def _not_believed() -> DispatchError:
    return DispatchError(
        "ending-not-believed",
        "How the action ended is not its own doing: nobody watched it, its engine was restarted, or a clock was set.",
        where="the sandbox",
        fix="Nothing is to be done: it is run once more, watched from its beginning, and then believed.",
    )


def _laid_query(task: Task, asked: Asked) -> Laid:
    sensitivity = Sensitivity.HIGH if task.action.is_extract else Sensitivity.MODERATE
    files = {asked.result: sensitivity} | dict.fromkeys(asked.kept, Sensitivity.HIGH)
    names = {asked.result: task.action.outputs[0].pattern}
    names |= {name: inside_path(task.action.name, name) for name in asked.kept}
    return Laid(asked.argv, asked.inputs, "/out", files, names)


def _laid_code(task: Task, body: RunBody, inputs: tuple[Input, ...]) -> Laid:
    files = {output.pattern.removeprefix(OUTPUTS): output.sensitivity for output in task.action.outputs}
    return Laid(command(body), inputs, WORKSPACE_OUTPUT, files, {})


def command(body: RunBody) -> tuple[str, ...]:
    """The whole command of a run line: a script is given to its interpreter, a program is itself."""
    interpreters = {".py": ("python3",), ".R": ("Rscript", *R_OPTIONS)}
    first = body.argv[0] if body.argv else ""
    return (*interpreters.get(Path(first).suffix, ()), *body.argv)
