"""A whole study on synthetic data, on the researcher's own machine: the same sandbox, the same checks, everything shown.

There is nothing here to protect and nobody to ask: no ledger, no approval, no release. What is the same is what decides
whether a job works: the intake, the boxes, the walls, the collector and the checker. Refuses an input that was not
declared, as the real thing does, because it hands each action only what the real thing would.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from job_specs.model import Action, Purpose, RunBody, Sensitivity, SqlBody
from job_specs.rerun import Choice, Ingredients, differences, ingredients
from sandboxes.explain import Explanation, explain
from sandboxes.leftovers import cleared_after
from tre.custody.outputs import Offered, Output
from tre.custody.requests import Job, JobRequest, JobState, Outcome, RequestStage, Submission
from tre.dispatch.actions import Dispatcher, Ending
from tre.dispatch.checks import Checks
from tre.dispatch.code import gather, keep
from tre.dispatch.intake import SPEC, question, read_study
from tre.dispatch.ports import DataRoom, KeepingShelf, Shelf

NAME = "rehearsal"
"""The request's name: one rehearsal at a time in one folder."""
BESIDE = Path("metadata", "tre")
"""Where in a study's folder a rehearsal keeps what it makes."""
BOXES = BESIDE / "boxes"
"""Where the runner of a rehearsal keeps its boxes."""


@dataclass(frozen=True)
class Bench:
    """What a rehearsal works with."""

    dispatcher: Dispatcher
    checks: Checks
    data: DataRoom
    documents: Shelf
    quarantine: KeepingShelf
    images: Mapping[str, str]
    backend: str
    data_version: str
    policy_version: str


@dataclass(frozen=True)
class Played:
    """One action, played: how it ended, whether an earlier result was used again, and why."""

    action: str
    outcome: Outcome
    reused: bool
    why: str
    log: str
    outputs: tuple[Output, ...]
    explained: Explanation | None = None
    """Why it did not end well, as far as its log and its code say."""
    refused: tuple[str, ...] = ()
    """Outputs that could not be kept, each with the reason."""
    undeclared: tuple[str, ...] = ()
    """Files that it wrote and that no output declares."""


class Rehearsal:
    """One study being played from its first action to its last."""

    def __init__(self, bench: Bench, folder: Path, earlier: "Earlier") -> None:
        """``earlier`` remembers what was played before."""
        self._bench = bench
        self._earlier = earlier
        self._folder = folder
        self.code = gather(folder)
        self._queries = folder / BESIDE / "queries"
        self.intake = read_study(self.code, bench.data, bench.images)
        self.case = self._case()

    def play(self, chosen: tuple[str, ...], asked: "Asked", tell: Callable[[str], None]) -> Iterator[Played]:
        """Play the chosen actions in order; a result is used again unless what it was made of has changed.

        Stops at the first that does not end well: what needs it cannot run. Nothing stays mounted of a rehearsal that is killed.
        """
        with cleared_after(self._folder):
            for name in chosen:
                tell(name)
                played = self._one(self.intake.spec.action(name), asked, _sharing(name, tell))
                yield played
                if played.outcome is not Outcome.SUCCEEDED:
                    return

    def clear(self) -> None:
        """End what a rehearsal that was interrupted in this folder has left."""
        self._bench.dispatcher.sweep(frozenset())

    def key(self, action: str) -> str:
        """What an action's result depends on, but for the data: the same wherever the same is asked."""
        job = self.case.job(action)
        return job.action.content_key if job is not None else ""

    def offered(self) -> tuple[Offered, ...]:
        """What the checks say of every output that would be asked to leave."""
        return self._bench.checks.over(self.case)

    def read(self, digest: str) -> bytes:
        """The bytes of an output, a log or a report of this rehearsal."""
        return self._bench.quarantine.get(digest)

    def made_of(self, action: Action) -> Ingredients:
        """Everything that the action's result depends on, as it stands now."""
        needed = [self.case.job(need) for need in action.needs]
        return ingredients(
            action,
            code=self.intake.seen_by(action).digests,
            inputs={output.path: output.digest for job in needed if job for output in job.outputs},
            image=self._image(action),
            data_version=self._bench.data_version,
            policy_version=self._bench.policy_version,
            parameters=self.intake.spec.parameters_of(action),
        )

    def _one(self, action: Action, asked: "Asked", told: Callable[[int], None]) -> Played:
        now, last = self.made_of(action), self._earlier.recall(action.name)
        why = asked.reason(action.name, last, now)
        if last is not None and not why.runs:
            self._landed(action, last.outputs)
            return Played(action.name, Outcome.SUCCEEDED, True, why.because, "", last.outputs)
        ending = self._run(action, told)
        if ending.outcome is Outcome.SUCCEEDED:
            self._earlier.remember(action.name, Made(now, ending.outputs))
        return Played(
            action.name,
            ending.outcome,
            False,
            why.because,
            ending.log,
            ending.outputs,
            self._explained(action, ending),
            ending.refused,
            ending.undeclared,
        )

    def _explained(self, action: Action, ending: Ending) -> Explanation | None:
        """The author's own lines are looked up in the study's own files, wherever the log says that they are."""
        argv = action.body.argv if isinstance(action.body, RunBody) else ()
        log = self.read(ending.log).decode("utf-8", "backslashreplace")
        return explain(ending.status, log, self._source, script=argv[0] if argv else "")

    def _source(self, untrusted_path: str) -> str | None:
        found = self.code.files.get(untrusted_path)
        return None if found is None else found.decode("utf-8", "backslashreplace")

    def _keep_query(self, action: Action) -> None:
        """Keep the SQL that the template wrote and the guard passed, for its author to read."""
        if isinstance(action.body, SqlBody):
            self._queries.mkdir(parents=True, exist_ok=True)
            asked = question(self.intake, action, self._bench.data)
            (self._queries / f"{action.name}.sql").write_text(asked.sql + "\n", encoding="utf-8")

    def _run(self, action: Action, told: Callable[[int], None]) -> Ending:
        self._keep_query(action)
        job = self.case.job(action.name)
        if job is not None:
            started = replace(job, state=JobState.STARTED, image=self._image(action))
            self.case = self.case.with_job(started)
        ending = self._bench.dispatcher.run(self.case, action.name, cancelled=lambda: False, told=told)
        self._bench.dispatcher.forget(self.case, action.name)
        if ending.outcome is Outcome.SUCCEEDED:
            self._landed(action, ending.outputs)
        return ending

    def _landed(self, action: Action, outputs: tuple[Output, ...]) -> None:
        job = self.case.job(action.name)
        if job is not None:
            self.case = self.case.with_job(replace(job, state=JobState.LANDED, outputs=outputs))

    def _image(self, action: Action) -> str:
        return self._bench.dispatcher.image_for(self.case, action.name)

    def _case(self) -> JobRequest:
        """A request as the boxes and the checks know it; nobody asked for it and nothing of it is ever on a ledger."""
        put = self._bench.documents.put
        spec = self.intake.spec
        submission = Submission(
            application=NAME,
            purpose=spec.purpose or Purpose.COVID_19_RESEARCH,
            spec=put(self.code.files[SPEC]),
            code=keep(self.code, put),
            datasets=spec.data,
            actions=self.intake.asked(self._bench.images),
            backend=self._bench.backend,
        )
        jobs = tuple(Job(action) for action in submission.actions)
        return JobRequest(NAME, RequestStage.RUNNING, (submission,), jobs=jobs)


def _sharing(action: str, tell: Callable[[str], None]) -> Callable[[int], None]:
    """On people who do not exist every hundredth is told."""
    return lambda share: tell(f"{action}: {share} %")


@dataclass(frozen=True)
class Made:
    """What an action's last good run was made of, and what it made."""

    of: Ingredients
    outputs: tuple[Output, ...]


@dataclass(frozen=True)
class Asked:
    """What the researcher asked to run again: named actions, nothing but those, or everything."""

    again: frozenset[str] = frozenset()
    only: frozenset[str] = frozenset()
    everything: bool = False

    def reason(self, action: str, last: Made | None, now: Ingredients) -> Choice:
        """Whether the action runs, and why."""
        if last is None:
            return Choice(action, True, "it has not been run")
        if self.everything or action in self.again | self.only:
            return Choice(action, True, "you asked for it to run")
        if self.only:
            return Choice(action, False, "you named others")
        changed = differences(last.of, now)
        return Choice(action, bool(changed), "; ".join(changed) or "nothing it is made of has changed")


class Earlier:
    """What was played before in a study's folder: each action's last good run, kept beside the study."""

    def __init__(self, path: Path, shelf: KeepingShelf) -> None:
        """``path`` is a small JSON file; a result whose bytes are gone is forgotten."""
        self._path = path
        self._shelf = shelf
        self._known: dict[str, Any] = json.loads(path.read_bytes()) if path.exists() else {}

    def recall(self, action: str) -> Made | None:
        """The action's last good run, if all that it made is still here."""
        if action not in self._known:
            return None
        made = _made(self._known[action])
        return made if all(self._shelf.has(output.digest) for output in made.outputs) else None

    def remember(self, action: str, made: Made) -> None:
        """Keep the run in the place of the one before."""
        of = {field.name: getattr(made.of, field.name) for field in fields(made.of)}
        plain = {**of, "code": dict(made.of.code), "inputs": dict(made.of.inputs)}
        self._known[action] = {"of": plain, "outputs": [asdict(output) for output in made.outputs]}
        draft = self._path.with_suffix(".part")
        draft.write_text(json.dumps(self._known, sort_keys=True), encoding="utf-8")
        draft.replace(self._path)


def _made(plain: Mapping[str, Any]) -> Made:
    outputs = (
        Output(**{**each, "sensitivity": Sensitivity(each["sensitivity"])}) for each in plain["outputs"]
    )
    return Made(Ingredients(**plain["of"]), tuple(outputs))
