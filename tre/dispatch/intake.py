"""From a study's folder to what can be submitted: the spec parsed, every question guarded, every byte pinned [P3] [P8].

Refuses whatever the parser or the guard refuses, a spec without a purpose tag, an image that the site does not map, and
an output that is not beneath ``output/``. The same reading is done again when an action starts: nothing that was true at
submit is taken on trust.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from job_specs.code import code_of
from job_specs.model import Action, JobSpec, RunBody, Sensitivity, SqlBody
from job_specs.parse import parse
from job_specs.plan import content_key, plan
from job_specs.sql.guard import guard, guard_extract
from job_specs.sql.model import Guarded, Scope, Units
from job_specs.sql.units import units
from job_specs.study import codes, rendered
from tre.custody.requests import ActionAsked, ActionKind, Submission
from tre.dispatch.code import Code
from tre.dispatch.errors import DispatchError
from tre.dispatch.ports import DataRoom, Question

SPEC = "project.yaml"
OUTPUTS = "output/"


@dataclass(frozen=True)
class Intake:
    """A study as it will be run: its spec, its code, and the order of its actions."""

    spec: JobSpec
    code: Code
    order: tuple[str, ...]

    def submission(
        self, application: str, *, spec: str, code: str, images: Mapping[str, str], backend: str
    ) -> Submission:
        """What is handed in to a backend, with spec and code named by digest."""
        if self.spec.purpose is None:
            raise DispatchError(
                "purpose-missing",
                "The spec carries no purpose tag [P3].",
                where=SPEC,
                fix="Add `purpose:` with the purpose that the study was approved for.",
            )
        return Submission(
            application=application,
            purpose=self.spec.purpose,
            spec=spec,
            code=code,
            datasets=self.spec.data,
            actions=self.asked(images),
            backend=backend,
        )

    def asked(self, images: Mapping[str, str]) -> tuple[ActionAsked, ...]:
        """The actions in the order they run."""
        return tuple(self._asked(self.spec.action(name), images) for name in self.order)

    def seen_by(self, action: Action) -> Code:
        """The study's files that the action may see: what decides its result, and nothing else."""
        return Code({path: self.code.files[path] for path in code_of(self.spec, action, self.code.files)})

    def _asked(self, action: Action, images: Mapping[str, str]) -> ActionAsked:
        key = content_key(
            action,
            code=self.seen_by(action).digests,
            inputs={},
            image=image_name(action, images),
            data_version="",
            policy_version="",
            parameters=self.spec.parameters_of(action),
        )
        return ActionAsked(action.name, kind_of(action), action.needs, key)


def read_study(code: Code, data: DataRoom, images: Mapping[str, str]) -> Intake:
    """Parse, plan and guard a whole study.

    Raises:
        SpecError: the spec is refused, with every problem.
        SqlRefused: a query is refused, with every problem.
        DispatchError: a file is missing, an image is unknown, or an output lies elsewhere.
    """
    spec = parse(code.text(SPEC), file=SPEC)
    intake = Intake(spec, code, plan(spec).order)
    for action in spec.actions:
        _require_outputs(action)
        image_name(action, images)
        if isinstance(action.body, SqlBody):
            question(intake, action, data)
    return intake


def question(intake: Intake, action: Action, data: DataRoom) -> Question:
    """An SQL action as a guarded question.

    Raises:
        SpecError: the template is refused.
        SqlRefused: the query is refused.
    """
    spec = intake.spec
    scope = data.scope(spec.data)
    read = intake.code.files.__getitem__
    query = rendered(spec, action, read, codes(spec, read))
    if action.is_extract:
        guarded = guard_extract(query.sql, scope, parameters=query.parameters)
        return _extract(guarded, action)
    guarded = guard(query.sql, scope, parameters=query.parameters)
    return _aggregate(guarded, action, scope)


def kind_of(action: Action) -> ActionKind:
    """How the action reaches data."""
    if isinstance(action.body, RunBody):
        return ActionKind.CODE
    return ActionKind.EXTRACT if action.is_extract else ActionKind.AGGREGATE


def image_name(action: Action, images: Mapping[str, str]) -> str:
    """The sandbox image that runs the action, by the site's own name for it.

    Raises:
        DispatchError: the site maps no image to the name in the spec.
    """
    if isinstance(action.body, SqlBody):
        return "sql"
    if action.body.image in images:
        return images[action.body.image]
    raise DispatchError(
        "image-unknown",
        f"This site has no image for the name in the action {action.name!r}.",
        where=f"{SPEC}: actions.{action.name}.run",
        fix=f"Use one of: {', '.join(sorted(images))}.",
    )


def paths_of(action: Action, sensitivity: Sensitivity) -> tuple[str, ...]:
    """The action's declared patterns of one sensitivity, as written in the spec."""
    return tuple(output.pattern for output in action.outputs if output.sensitivity is sensitivity)


def _require_outputs(action: Action) -> None:
    astray = [output for output in action.outputs if not output.pattern.startswith(OUTPUTS)]
    if astray:
        raise DispatchError(
            "output-elsewhere",
            f"The output {astray[0].name!r} does not lie beneath {OUTPUTS}, the only folder that a job may write.",
            where=f"{SPEC}: actions.{action.name}.outputs",
            fix=f"Write it to {OUTPUTS}{astray[0].name} and declare that.",
        )


def _extract(guarded: Guarded, action: Action) -> Question:
    roles = dict.fromkeys(guarded.output_columns, "other")
    return _question(guarded, action, roles, None)


def _aggregate(guarded: Guarded, action: Action, scope: Scope) -> Question:
    counted = units(guarded, scope)
    known = {column.name: column.role for column in counted.columns}
    roles = {name: known.get(name, "other") for name in guarded.output_columns}
    proved = counted if isinstance(counted, Units) else None
    return _question(guarded, action, roles, proved)


def _question(guarded: Guarded, action: Action, roles: Mapping[str, str], proved: Units | None) -> Question:
    return Question(
        sql=guarded.sql,
        parameters=guarded.parameters,
        datasets=guarded.tables,
        output=action.outputs[0].pattern,
        roles=roles,
        units=proved,
        resources=action.resources,
        chosen=frozenset(guarded.chosen),
        mixes=guarded.mixes,
        made=guarded.made if proved is None else {each.name: each.made for each in proved.columns},
    )
