"""A whole study on synthetic data, on the researcher's own machine: the same sandbox, the same checks, everything shown.

There is nothing here to protect and nobody to ask: no ledger, no approval, no release. What is the same is what decides
whether a job works: the intake, the boxes, the walls, the collector and the checker. Refuses an input that was not
declared, as the real thing does, because it hands each action only what the real thing would.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from job_specs.model import Action, Purpose, Sensitivity
from job_specs.plan import content_key
from tre.custody.outputs import Offered, Output
from tre.custody.requests import Job, JobRequest, JobState, Outcome, RequestStage, Submission
from tre.dispatch.actions import Dispatcher, Ending
from tre.dispatch.checks import Checks
from tre.dispatch.code import gather, keep
from tre.dispatch.intake import SPEC, read_study
from tre.dispatch.ports import DataRoom, Shelf

NAME = "rehearsal"
"""The request's name: one rehearsal at a time in one folder."""


class Kept(Shelf, Protocol):
    """A shelf that can say what it holds."""

    def has(self, digest: str) -> bool:
        """Whether the bytes with that digest are here."""
        ...


@dataclass(frozen=True)
class Bench:
    """What a rehearsal works with."""

    dispatcher: Dispatcher
    checks: Checks
    data: DataRoom
    documents: Shelf
    quarantine: Kept
    images: Mapping[str, str]
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


class Rehearsal:
    """One study being played from its first action to its last."""

    def __init__(self, bench: Bench, folder: Path, earlier: "Earlier") -> None:
        """``earlier`` remembers what was played before, by content key."""
        self._bench = bench
        self._earlier = earlier
        self.code = gather(folder)
        self.intake = read_study(self.code, bench.data, bench.images)
        self.case = self._case()

    def play(
        self, chosen: tuple[str, ...], *, forced: frozenset[str], tell: Callable[[str], None]
    ) -> Iterator[Played]:
        """Play the chosen actions in order; a result with an unchanged key is used again unless forced.

        Stops at the first that does not end well: what needs it cannot run.
        """
        for name in chosen:
            tell(name)
            played = self._one(self.intake.spec.action(name), force=name in forced)
            yield played
            if played.outcome is not Outcome.SUCCEEDED:
                return

    def offered(self) -> tuple[Offered, ...]:
        """What the checks say of every output that would be asked to leave."""
        return self._bench.checks.over(self.case)

    def read(self, digest: str) -> bytes:
        """The bytes of an output, a log or a report of this rehearsal."""
        return self._bench.quarantine.get(digest)

    def key(self, action: Action) -> str:
        """Everything that the action's result depends on, as one digest."""
        needed = [self.case.job(need) for need in action.needs]
        inputs = {output.path: output.digest for job in needed if job for output in job.outputs}
        return content_key(
            action,
            code=self.intake.seen_by(action).digests,
            inputs=inputs,
            image=self._image(action),
            data_version=self._bench.data_version,
            policy_version=self._bench.policy_version,
            parameters=self.intake.spec.parameters_of(action),
        )

    def _one(self, action: Action, *, force: bool) -> Played:
        key = self.key(action)
        known = None if force else self._earlier.recall(key)
        if known is not None:
            self._landed(action, known)
            return Played(
                action.name, Outcome.SUCCEEDED, True, "nothing it depends on has changed", "", known
            )
        why = "it was asked to run again" if force else "it has not run with this code, spec, data and inputs"
        ending = self._run(action)
        if ending.outcome is Outcome.SUCCEEDED:
            self._earlier.remember(key, ending.outputs)
        return Played(action.name, ending.outcome, False, why, ending.log, ending.outputs)

    def _run(self, action: Action) -> Ending:
        job = self.case.job(action.name)
        if job is not None:
            started = replace(job, state=JobState.STARTED, image=self._image(action))
            self.case = self.case.with_job(started)
        ending = self._bench.dispatcher.run(self.case, action.name, cancelled=lambda: False)
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
        )
        jobs = tuple(Job(action) for action in submission.actions)
        return JobRequest(NAME, RequestStage.RUNNING, (submission,), jobs=jobs)


class Earlier:
    """What was played before in a study's folder: outputs by content key, kept beside the study."""

    def __init__(self, path: Path, shelf: Kept) -> None:
        """``path`` is a small JSON file; a result whose bytes are gone is forgotten."""
        self._path = path
        self._shelf = shelf
        self._known: dict[str, Any] = json.loads(path.read_bytes()) if path.exists() else {}

    def recall(self, key: str) -> tuple[Output, ...] | None:
        """The outputs of an action with that key, if all of them are still here."""
        if key not in self._known:
            return None
        outputs = tuple(_output(fields) for fields in self._known[key])
        return outputs if all(self._shelf.has(output.digest) for output in outputs) else None

    def remember(self, key: str, outputs: tuple[Output, ...]) -> None:
        """Keep the outputs under the key."""
        self._known[key] = [asdict(output) for output in outputs]
        draft = self._path.with_suffix(".part")
        draft.write_text(json.dumps(self._known, sort_keys=True), encoding="utf-8")
        draft.replace(self._path)


def _output(fields: Mapping[str, Any]) -> Output:
    return Output(**{**fields, "sensitivity": Sensitivity(fields["sensitivity"])})
