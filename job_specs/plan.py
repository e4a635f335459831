"""Which actions run, in which order, and whether one has already been run: Plan, content_key.

Pure. Refuses a request for an action that does not exist and a graph that waits for itself, link by link.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from job_specs.complaints import nearest
from job_specs.errors import Problem, SpecError, Where, problem
from job_specs.graph import cycles, descendants, in_order
from job_specs.model import Action, JobSpec, Value, canonical_action, digest_of, plain_value
from job_specs.names import RUN_ALL

KEY_VERSION = 1
"""Raised when what a content key covers changes, so that no older result is ever taken for a current one."""


@dataclass(frozen=True)
class Plan:
    """Actions in an order in which each comes after what it needs."""

    order: tuple[str, ...]
    needs: Mapping[str, tuple[str, ...]]

    def __post_init__(self) -> None:
        object.__setattr__(self, "needs", MappingProxyType(dict(self.needs)))
        if not self.order or set(self.order) != set(self.needs):
            raise ValueError("a plan has actions, and says of each what it needs")

    def cone(self, names: Collection[str]) -> frozenset[str]:
        """`names` and every planned action that depends on one of them."""
        return frozenset(descendants(self.needs, [name for name in names if name in self.needs]))

    def runnable(self, done: Collection[str], busy: Collection[str] = frozenset()) -> tuple[str, ...]:
        """Actions that could start now: not done, not busy, and everything they need is done; in plan order."""
        finished, occupied = frozenset(done), frozenset(busy)
        return tuple(
            name
            for name in self.order
            if name not in finished and name not in occupied and finished.issuperset(self.needs[name])
        )

    def hopeless(self, failed: Collection[str]) -> tuple[str, ...]:
        """Actions that can never start because something they need has failed; in plan order."""
        lost = self.cone(failed) - frozenset(failed)
        return tuple(name for name in self.order if name in lost)


def plan(spec: JobSpec, requested: Sequence[str] = (RUN_ALL,)) -> Plan:
    """The requested actions and everything they need. `run_all` means every action.

    Raises SpecError for names that are no action of the spec, for an empty request, and for cycles.
    """
    needs = {action.name: action.needs for action in spec.actions}
    wanted = _wanted(needs, requested)
    _refuse_cycles(spec, needs)
    order = in_order(needs, wanted)
    return Plan(order, {name: needs[name] for name in order})


def _wanted(needs: Mapping[str, Sequence[str]], requested: Sequence[str]) -> Sequence[str]:
    unknown = [name for name in requested if name != RUN_ALL and name not in needs]
    problems = [_unknown(name, needs) for name in unknown] if requested else [_unknown("", needs)]
    if problems:
        raise SpecError(problems)
    return tuple(needs) if RUN_ALL in requested else tuple(requested)


def _unknown(name: str, needs: Mapping[str, Sequence[str]]) -> Problem:
    fix = "Name an action of the project, or run_all for every action."
    return problem("unknown-action", Where("request", 1, 1), name, fix, nearest=nearest(name, needs))


def _refuse_cycles(spec: JobSpec, needs: Mapping[str, Sequence[str]]) -> None:
    found = cycles(needs)
    if found:
        places = {action.name: action.where for action in spec.actions}
        fixes = [(c, f"Delete one of these needs: {' needs '.join([*c, c[0]])}.") for c in found]
        raise SpecError(problem("cycle", places[c[0]], c[0], fix) for c, fix in fixes)


def content_key(
    action: Action,
    *,
    code: Mapping[str, str],
    inputs: Mapping[str, str],
    image: str,
    data_version: str,
    policy_version: str,
    parameters: Mapping[str, Value],
) -> str:
    """SHA-256, in hex, of everything that the action's result depends on. An equal key may be re-used.

    `code` and `inputs` map paths to SHA-256 hex digests: the study's files, and the outputs it needs. `image` is the
    image's content digest. What the action may use (memory, time) and where it stands in the file change no result.
    """
    return digest_of(
        {
            "key": KEY_VERSION,
            "action": canonical_action(action),
            "code": dict(code),
            "inputs": dict(inputs),
            "image": image,
            "data": data_version,
            "policy": policy_version,
            "parameters": {name: plain_value(value) for name, value in parameters.items()},
        }
    )
