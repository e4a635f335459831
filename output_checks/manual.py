"""The manual of the checks, written from the rules themselves, their cases and the policy packs.

Refuses to say anything that is not in one of those: a sentence that should change is changed there.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import yaml

from output_checks.check import CHECKS
from output_checks.policy import Policy, load_policy, pack_names, sources
from output_checks.read import READABLE
from output_checks.rule import Rule

_CASES = Path(__file__).with_name("cases")
_SIDES = (("failing", "Stopped"), ("passing", "Let through"), ("edge", "On the line"))
_NAMED = ("name", "version", "title")


def manual() -> str:
    """The whole manual, as Markdown."""
    return (
        "\n".join((*_opening(), *(line for rule in CHECKS for line in _section(rule)), *_packs())).rstrip()
        + "\n"
    )


def _opening() -> Iterator[str]:
    yield "# What is checked before anything leaves"
    yield ""
    yield "Written by `python -m output_checks manual` from the rules, their cases and the policy packs."
    yield f"Files that are read: {', '.join(READABLE)}. Every other kind is refused, with how to convert it."
    yield ""


def _section(rule: Rule) -> Iterator[str]:
    text = inspect.getdoc(inspect.getmodule(rule.look)) or ""
    yield f"## {rule.name} [{rule.promise}]"
    yield ""
    yield text
    yield ""
    cases: list[dict[str, Any]] = yaml.safe_load((_CASES / f"{rule.name}.yaml").read_text(encoding="utf-8"))
    for kind, words in _SIDES:
        names = [str(case["name"]) for case in cases if case["kind"] == kind]
        yield f"- {words}: {'; '.join(names)}."
    yield ""


def _packs() -> Iterator[str]:
    yield "# Policy packs"
    yield ""
    for pack in pack_names():
        policy, where = load_policy(pack=pack), sources(pack=pack)
        yield f"## {policy.title}"
        yield ""
        yield f"`{policy.label}`, digest `{policy.digest[:16]}`"
        yield ""
        yield "| number | value | source |"
        yield "|---|---|---|"
        for each in fields(Policy):
            if each.name not in _NAMED:
                yield f"| {each.name} | {getattr(policy, each.name)} | {where[each.name]} |"
        yield ""
