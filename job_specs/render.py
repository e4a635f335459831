"""SQL templates: Jinja2 with nothing in it but parameters, codelists and the macro library.

A value never becomes text. `{{ parameters.index_date }}` is written as the DuckDB parameter `$index_date` and handed
to the engine beside the SQL; a list becomes one parameter for each item; codes become literals only after each has
been held to its coding system. Refuses attributes, filters, calls and statements outside a short list, placeholders
inside quotes, names that were not defined, and templates that grow.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError, UndefinedError
from jinja2.runtime import LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment

from job_specs.complaints import nearest
from job_specs.errors import SpecError, Where, problem
from job_specs.macros import MACROS, Fragment, MacroError
from job_specs.model import Scalar, Value
from job_specs.placeholders import Bound, Parameters, placeholders
from job_specs.template_rules import MOST_CHARACTERS, check_template

_LOOP = frozenset({"index", "index0", "first", "last", "length"})
_CODE = re.compile(r"[A-Za-z0-9.]{1,40}")


@dataclass(frozen=True)
class Rendered:
    """SQL in which every value is a named parameter, and the values."""

    sql: str
    parameters: Mapping[str, Scalar]

    def __post_init__(self) -> None:
        object.__setattr__(self, "parameters", MappingProxyType(dict(self.parameters)))


class _Environment(ImmutableSandboxedEnvironment):
    """No attribute and no item is reachable except those that our own objects offer."""

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:  # noqa: ARG002  # Jinja's signature
        return False

    def is_safe_callable(self, obj: Any) -> bool:
        return getattr(obj, "tre_callable", False) is True

    def getattr(self, obj: Any, attribute: str) -> Any:
        return self.getitem(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        if isinstance(obj, Parameters):
            return obj.get(str(argument))
        if isinstance(obj, Bound) and isinstance(argument, int):
            return obj.item(argument)
        if isinstance(obj, LoopContext) and argument in _LOOP:
            return getattr(obj, argument)
        return self.undefined(obj=obj, name=str(argument))


def render(
    untrusted_template: str,
    *,
    parameters: Mapping[str, Value],
    codelists: Mapping[str, tuple[str, ...]],
    file: str = "query.sql",
) -> Rendered:
    """The query that the template writes, and the parameters that it uses.

    `codelists` maps each name to its codes. Raises SpecError, with the template's line.
    """
    environment = _environment(codelists)
    try:
        check_template(environment.parse(untrusted_template), file)
        offered = Parameters(parameters)
        sql = _written(environment, untrusted_template, offered, file)
    except UndefinedError as error:
        raise _undefined(error, untrusted_template, file, {*parameters, *codelists, *MACROS}) from None
    except MacroError as error:
        raise SpecError([problem("macro-argument", _where(file, 1), error.written, error.fix)]) from None
    except TemplateSyntaxError as error:
        fix = f"Jinja says: {error.message}."
        raise SpecError([problem("template-syntax", _where(file, error.lineno), "", fix)]) from None
    except (TemplateError, TypeError, ValueError, ArithmeticError, RecursionError) as error:
        fix = "Use parameters, codelist() and the macros only as their documentation shows."
        raise SpecError([problem("template-syntax", _where(file, 1), type(error).__name__, fix)]) from None
    return Rendered(sql, _used(sql, offered, file))


def _environment(codelists: Mapping[str, tuple[str, ...]]) -> _Environment:
    environment = _Environment(undefined=StrictUndefined, autoescape=False, finalize=_finalize, cache_size=0)
    environment.globals = {"codelist": _codelist(codelists), "range": _range, **MACROS}
    environment.filters = {"join": _join, "length": len, "first": _first, "last": _last}
    environment.tests = {"defined": environment.tests["defined"]}
    return environment


def _written(environment: _Environment, template: str, offered: Parameters, file: str) -> str:
    pieces: list[str] = []
    size = 0
    for piece in environment.from_string(template).generate(parameters=offered):
        size += len(piece)
        if size > MOST_CHARACTERS:
            fix = "Move long lists into codelists or parameters, and loop less."
            raise SpecError([problem("template-limit", _where(file, 1), "", fix)])
        pieces.append(piece)
    return "".join(pieces)


def _finalize(value: Any) -> Any:
    """What `{{ }}` may write: a bound value, a fragment of our own, a whole number (a loop's index)."""
    if isinstance(value, Bound | Fragment) or type(value) is int:
        return str(value)
    if isinstance(value, StrictUndefined):
        return value
    raise TypeError("only parameters, codelists and macros can be written")


def _codelist(codelists: Mapping[str, tuple[str, ...]]) -> Callable[[str], Fragment]:
    def codelist(name: str) -> Fragment:
        """The codes as an SQL list in brackets: for use after IN."""
        if name not in codelists:
            raise UndefinedError(f"'{name}' is undefined")
        codes = codelists[name]
        if not codes or not all(_CODE.fullmatch(code) for code in codes):
            raise MacroError(name, "Give the codelist codes of letters, digits and dots only, at least one.")
        return Fragment("(" + ", ".join(f"'{code}'" for code in codes) + ")")

    return _callable(codelist)


def _callable(function: Callable[..., Any]) -> Callable[..., Any]:
    function.tre_callable = True  # type: ignore[attr-defined]
    return function


@_callable
def _range(start: int, stop: int) -> list[int]:
    """Whole numbers from `start` up to, not including, `stop`: at most 1,000 of them."""
    most = 1_000
    if type(start) is not int or type(stop) is not int or not 0 <= stop - start <= most:
        raise MacroError("range", f"Give two whole numbers, the second larger by at most {most}.")
    return list(range(start, stop))


def _join(values: Any, between: str = ", ") -> Fragment:
    return Fragment(between.join(str(_finalize(value)) for value in values))


def _first(values: Any) -> Any:
    return next(iter(values))


def _last(values: Any) -> Any:
    return list(values)[-1]


def _used(sql: str, offered: Parameters, file: str) -> dict[str, Scalar]:
    """The values of exactly the placeholders in the SQL; each one that was written must stand as code."""
    found = placeholders(sql)
    for name, line in found.hidden:
        fix = "Take the quotes or comment marks off: a parameter needs none."
        raise SpecError([problem("template-value", _where(file, line), f"${name}", fix)])
    strays = [(name, line) for name, line in found.open if name not in offered.written]
    for name, line in strays:
        fix = "Write {{ parameters.name }} instead of a $ in the template."
        raise SpecError([problem("template-value", _where(file, line), f"${name}", fix)])
    return {name: offered.written[name] for name in dict.fromkeys(name for name, _ in found.open)}


def _undefined(error: UndefinedError, template: str, file: str, known: set[str]) -> SpecError:
    quoted = re.search(r"'([^']*)' is undefined|attribute '([^']*)'", str(error))
    name = next((part for part in quoted.groups() if part), "") if quoted else ""
    line = next((n for n, text in enumerate(template.split("\n"), 1) if name and name in text), 1)
    fix = "Define it under `parameters:` or `codelists:`, or correct its name."
    near = nearest(name, sorted(known))
    return SpecError([problem("template-name", _where(file, line), name, fix, nearest=near)])


def _where(file: str, line: int | None) -> Where:
    return Where(file, max(line or 1, 1), 1)
