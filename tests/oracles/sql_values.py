"""Values as DuckDB has them, the slow and obvious way: three-valued logic, dates, text; one small function for each name."""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any


@dataclass(frozen=True)
class Span:
    """An interval of whole months and days."""

    months: int = 0
    days: int = 0


def compare(name: str, left: Any, right: Any) -> bool | None:
    if left is None or right is None:
        return None
    left, right = _alike(left), _alike(right)
    if isinstance(left, Span):
        left, right = left.months * 30 + left.days, right.months * 30 + right.days
    return {
        "=": left == right, "<>": left != right, "<": left < right, ">": left > right, "<=": left <= right, ">=": left >= right,
    }[name]  # fmt: skip


def conjunction(values: list[bool | None]) -> bool | None:
    if any(value is False for value in values):
        return False
    return None if any(value is None for value in values) else True


def disjunction(values: list[bool | None]) -> bool | None:
    if any(value is True for value in values):
        return True
    return None if any(value is None for value in values) else False


def among(value: Any, options: list[Any]) -> bool | None:
    return disjunction([compare("=", value, option) for option in options]) if options else False


def arithmetic(name: str, left: Any, right: Any) -> Any:
    if left is None or right is None:
        return None
    if isinstance(left, date) or isinstance(right, Span):
        return _shifted(name, left, right)
    return _ARITHMETIC[name](left, right)


def cast(value: Any, kind: str, *, lenient: bool = False) -> Any:
    if value is None:
        return None
    try:
        return _CASTS[kind](value)
    except ValueError:
        if lenient:
            return None
        raise


def scalar(name: str, args: list[Any]) -> Any:
    if name in _NULL_TOLERANT:
        return _NULL_TOLERANT[name](*args)
    return None if any(arg is None for arg in args) else _STRICT[name](*args)


def _alike(value: Any) -> Any:
    if isinstance(value, date) and not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day)  # noqa: DTZ001 - DuckDB's TIMESTAMP has no zone
    return value


def _day(value: Any) -> date:
    if isinstance(value, datetime):
        return value.date()
    return value if isinstance(value, date) else date.fromisoformat(value)


def _shifted(name: str, left: Any, right: Any) -> Any:
    sign = 1 if name == "+" else -1
    if isinstance(right, int):
        return left + timedelta(days=sign * right)
    if isinstance(right, Span):
        moved = _months_later(_alike(left), sign * right.months)
        return moved + timedelta(days=sign * right.days)
    return (_day(left) - _day(right)).days


def _months_later(moment: datetime, months: int) -> datetime:
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    following = date(year + (month == 11), (month + 1) % 12 + 1, 1)
    last = (following - timedelta(days=1)).day
    return moment.replace(year=year, month=month + 1, day=min(moment.day, last))


def _half_away(value: float) -> int:
    return int(math.copysign(math.floor(abs(value) + 0.5), value))


def _rounded(value: float, digits: int = 0) -> float:
    scale = 10**digits
    return math.copysign(math.floor(abs(value) * scale + 0.5), value) / scale


def _truncated(unit: str, value: date) -> datetime:
    day = _alike(value)
    match unit:
        case "year":
            return day.replace(month=1, day=1)
        case "quarter":
            return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
        case "month":
            return day.replace(day=1)
        case "week":
            return day - timedelta(days=day.weekday())
        case "day":
            return day
    raise NotImplementedError(unit)


def _difference(unit: str, left: date, right: date) -> int:
    """Boundaries crossed, as DuckDB's date_diff counts."""
    months = (right.year - left.year) * 12 + right.month - left.month
    match unit:
        case "day":
            return (_day(right) - _day(left)).days
        case "month":
            return months
        case "year":
            return right.year - left.year
        case "quarter":
            return (right.year * 4 + (right.month - 1) // 3) - (left.year * 4 + (left.month - 1) // 3)
    raise NotImplementedError(unit)


def _bucket(width: Span, value: date) -> date:
    months = (value.year - 2000) * 12 + value.month - 1
    start = months // width.months * width.months
    return date(2000 + start // 12, start % 12 + 1, 1)


def _like(text: str, pattern: str) -> bool:
    regex = "".join(".*" if c == "%" else "." if c == "_" else re.escape(c) for c in pattern)
    return re.fullmatch(regex, text, re.DOTALL) is not None


def _nullif(left: Any, right: Any) -> Any:
    return None if compare("=", left, right) else left


def _age(later: date, earlier: date) -> Span:
    """Whole months and days, for an earlier date on the first of a month."""
    return Span((later.year - earlier.year) * 12 + later.month - earlier.month, later.day - earlier.day)


def _parsed(text: str, form: str) -> datetime | None:
    try:
        return datetime.strptime(text, form)  # noqa: DTZ007 - DuckDB's TIMESTAMP has no zone
    except ValueError:
        return None


def _first_match(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    return found.group(0) if found else ""


_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
           "December")  # fmt: skip
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_NULL_TOLERANT: Mapping[str, Callable[..., Any]] = {
    "coalesce": lambda *args: next((arg for arg in args if arg is not None), None),
    "greatest": lambda *args: max((a for a in args if a is not None), key=_alike, default=None),
    "least": lambda *args: min((a for a in args if a is not None), key=_alike, default=None),
    "nullif": _nullif,
    "concat": lambda *args: "".join(str(arg) for arg in args if arg is not None),
    "concat_ws": lambda mark, *args: mark.join(str(arg) for arg in args if arg is not None),
}
_STRICT: Mapping[str, Callable[..., Any]] = {
    "~~": _like,
    "~~*": lambda text, pattern: _like(text.lower(), pattern.lower()),
    "isnan": math.isnan,
    "isfinite": math.isfinite,
    "sign": lambda value: (value > 0) - (value < 0),
    "trunc": lambda value: float(math.trunc(value)),
    "ln": math.log,
    "log10": math.log10,
    "log2": math.log2,
    "exp": math.exp,
    "trim": lambda text: text.strip(" "),
    "ltrim": lambda text: text.lstrip(" "),
    "rtrim": lambda text: text.rstrip(" "),
    "replace": str.replace,
    "contains": lambda text, part: part in text,
    "ends_with": str.endswith,
    "split_part": lambda text, mark, place: (text.split(mark) + [""] * place)[place - 1],
    "regexp_full_match": lambda text, pattern: re.fullmatch(pattern, text) is not None,
    "regexp_replace": lambda text, pattern, new: re.sub(pattern, new, text, count=1),
    "regexp_extract": lambda text, pattern: _first_match(pattern, text),
    "strip_accents": lambda text: text,
    "day": lambda day: day.day,
    "week": lambda day: day.isocalendar().week,
    "isoyear": lambda day: day.isocalendar().year,
    "yearweek": lambda day: day.isocalendar().year * 100 + day.isocalendar().week,
    "dayofweek": lambda day: day.isoweekday() % 7,
    "isodow": lambda day: day.isoweekday(),
    "dayofyear": lambda day: day.timetuple().tm_yday,
    "hour": lambda day: _alike(day).hour,
    "monthname": lambda day: _MONTHS[day.month - 1],
    "last_day": lambda day: (_months_later(_alike(day).replace(day=1), 1) - timedelta(days=1)).date(),
    "date_sub": lambda unit, left, right: {"day": (_day(right) - _day(left)).days}[unit],
    "make_date": date,
    "age": _age,
    "strftime": lambda day, form: day.strftime(form),
    "try_strptime": _parsed,
    "to_hours": lambda count: Span(days=count // 24),
    "to_minutes": lambda count: Span(days=count // 1440),
    "to_seconds": lambda count: Span(days=int(count) // 86400),
    "||": lambda a, b: str(a) + str(b),
    "abs": abs,
    "round": _rounded,
    "floor": lambda value: float(math.floor(value)),
    "ceil": lambda value: float(math.ceil(value)),
    "sqrt": math.sqrt,
    "lower": str.lower,
    "upper": str.upper,
    "length": len,
    "left": lambda text, count: text[:count],
    "right": lambda text, count: text[-count:],
    "substring": lambda text, start, count: text[start - 1 : start - 1 + count],
    "starts_with": str.startswith,
    "regexp_matches": lambda text, pattern: re.search(pattern, text) is not None,
    "list_contains": lambda options, value: value in options,
    "year": lambda day: day.year,
    "month": lambda day: day.month,
    "quarter": lambda day: (day.month - 1) // 3 + 1,
    "dayname": lambda day: _DAYS[day.weekday()],
    "date_trunc": _truncated,
    "date_diff": _difference,
    "date_part": lambda unit, day: {"year": day.year, "month": day.month, "day": day.day}[unit],
    "time_bucket": _bucket,
    "to_years": lambda count: Span(months=12 * count),
    "to_months": lambda count: Span(months=count),
    "to_weeks": lambda count: Span(days=7 * count),
    "to_days": lambda count: Span(days=count),
}
_ARITHMETIC: Mapping[str, Callable[[Any, Any], Any]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b if b else (math.copysign(math.inf, a) if a else math.nan),
    "//": lambda a, b: int(a / b) if b else None,
    "%": lambda a, b: type(a)(math.fmod(a, b)) if b else None,
    "**": lambda a, b: float(a) ** b,
}
_CASTS: Mapping[str, Callable[[Any], Any]] = {
    "INTEGER": lambda value: int(value) if isinstance(value, bool | str) else _half_away(value),
    "BIGINT": lambda value: int(value) if isinstance(value, bool | str) else _half_away(value),
    "DOUBLE": float,
    "BOOLEAN": bool,
    "DATE": _day,
    "TIMESTAMP": lambda value: _alike(value) if isinstance(value, date) else datetime.fromisoformat(value),
    "VARCHAR": str,
}
