"""Why an action will run, or why its last result is used again: in sentences, from what it was made of.

Pure. Refuses to call anything up to date on trust: an action is re-used only when every ingredient of its last run is
what it would be made of now, and nothing that it needs runs again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from job_specs.errors import SpecError, Where, problem
from job_specs.model import Action, Value, canonical_action, digest_of, plain_value
from job_specs.plan import KEY_VERSION, Plan


@dataclass(frozen=True)
class Ingredients:
    """Everything that an action's result depends on; files by path and SHA-256."""

    action: str
    code: Mapping[str, str]
    inputs: Mapping[str, str]
    image: str
    data_version: str
    policy_version: str
    parameters: str
    version: int = KEY_VERSION

    def __post_init__(self) -> None:
        object.__setattr__(self, "code", MappingProxyType(dict(self.code)))
        object.__setattr__(self, "inputs", MappingProxyType(dict(self.inputs)))


def ingredients(
    action: Action,
    *,
    code: Mapping[str, str],
    inputs: Mapping[str, str],
    image: str,
    data_version: str,
    policy_version: str,
    parameters: Mapping[str, Value],
) -> Ingredients:
    """The same evidence as `plan.content_key` takes, kept apart so that two runs can be compared part by part."""
    settings = digest_of({name: plain_value(value) for name, value in parameters.items()})
    return Ingredients(
        action=digest_of(canonical_action(action)),
        code=code,
        inputs=inputs,
        image=image,
        data_version=data_version,
        policy_version=policy_version,
        parameters=settings,
    )


def differences(before: Ingredients, now: Ingredients) -> tuple[str, ...]:
    """What changed between two makings of one action, each in a sentence; empty when nothing did."""
    whole = (
        (before.version == now.version, "how results are compared has changed"),
        (before.action == now.action, "its part of the spec has changed"),
        (before.parameters == now.parameters, "a parameter has changed"),
        (before.image == now.image, "its image has changed"),
        (before.data_version == now.data_version, "the data has been rebuilt"),
        (before.policy_version == now.policy_version, "the site's policy has changed"),
    )
    changed = [sentence for same, sentence in whole if not same]
    files = _files(before.code, now.code) + _files(before.inputs, now.inputs)
    return tuple(changed + files)


def _files(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    words = []
    for path in sorted(before.keys() | now.keys()):
        if path not in now:
            words.append(f"{path} is gone")
        elif path not in before:
            words.append(f"{path} is new")
        elif before[path] != now[path]:
            words.append(f"{path} has changed")
    return words


@dataclass(frozen=True)
class Choice:
    """Whether one action runs, and why."""

    action: str
    runs: bool
    because: str


def choices(
    planned: Plan,
    *,
    now: Mapping[str, Ingredients],
    last: Mapping[str, Ingredients],
    force: bool = False,
    only: Collection[str] = (),
    start: Collection[str] = (),
) -> tuple[Choice, ...]:
    """For every planned action, in order: run it, or use its last result.

    `now` is what each action would be made of (inputs as they stand), `last` what its last successful run was made of.
    `force` runs all; `only` runs nothing but the named; `start` runs the named and what depends on them.
    Raises SpecError for names outside the plan, and when `only` leaves out something that has never been run.
    """
    _refuse_unknown([*only, *start], planned)
    cone = planned.cone(start)
    made: dict[str, Choice] = {}
    for name in planned.order:
        running = next((need for need in planned.needs[name] if made[need].runs), None)
        reason = _reason(last.get(name), now[name], running)
        if force:
            reason = "you asked for everything to run"
        elif name in cone:
            reason = "you named it" if name in start else "it depends on what you named"
        if only and name not in only:
            made[name] = _left_out(name, last)
        elif only:
            made[name] = Choice(name, True, reason or "you named it")
        else:
            made[name] = Choice(name, reason is not None, reason or "nothing it is made of has changed")
    return tuple(made.values())


def _reason(before: Ingredients | None, now: Ingredients, running: str | None) -> str | None:
    """Why it must run; None when nothing says so. `running` is something it needs that runs again."""
    if before is None:
        return "it has not been run"
    changed = differences(before, now)
    if changed:
        return "; ".join(changed)
    return f"{running} runs again, and this needs it" if running is not None else None


def _left_out(name: str, last: Mapping[str, Ingredients]) -> Choice:
    if name in last:
        return Choice(name, False, "you named others")
    fix = "Name it too: it has never been run, and an action that you named needs it."
    raise SpecError([problem("unknown-action", Where("request", 1, 1), name, fix)])


def _refuse_unknown(names: list[str], planned: Plan) -> None:
    fix = "Name actions of the plan."
    unknown = [name for name in names if name not in planned.needs]
    if unknown:
        raise SpecError(problem("unknown-action", Where("request", 1, 1), name, fix) for name in unknown)
