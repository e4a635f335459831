"""The types a value may be cast to, in one spelling. Refuses nested, user-defined and binary types."""

import re

_SPELLINGS = {
    "BOOLEAN": "bool boolean logical",
    "TINYINT": "tinyint int1",
    "SMALLINT": "smallint int2 short int16",
    "INTEGER": "integer int int4 signed int32",
    "BIGINT": "bigint int8 long int64",
    "HUGEINT": "hugeint int128",
    "FLOAT": "float float4 real",
    "DOUBLE": "double float8",
    "DECIMAL": "decimal numeric dec",
    "VARCHAR": "varchar text string char bpchar nvarchar",
    "DATE": "date",
    "TIMESTAMP": "timestamp datetime",
    "TIME": "time",
    "INTERVAL": "interval",
}
_CANONICAL = {spelling: name for name, spellings in _SPELLINGS.items() for spelling in spellings.split()}
_DECIMAL = re.compile(r"DECIMAL\((\d{1,2}),(\d{1,2})\)\Z")

NAMES = tuple(_SPELLINGS)
_WIDEST_DECIMAL = 38


def canonical(name: str, sizes: tuple[int, ...] = ()) -> str | None:
    """The one spelling of a type, or None where it is not admitted. VARCHAR's length means nothing in DuckDB."""
    found = _CANONICAL.get(name.lower())
    if found == "VARCHAR":
        return found
    if found == "DECIMAL":
        return _decimal(sizes)
    return None if sizes else found


def is_admitted(canonical_name: str) -> bool:
    """Whether a text is a canonical spelling."""
    return canonical_name in _SPELLINGS or bool(_DECIMAL.match(canonical_name))


def _decimal(sizes: tuple[int, ...]) -> str | None:
    match sizes:
        case ():
            width, scale = 18, 3
        case (width,):
            scale = 0
        case (width, scale):
            pass
        case _:
            return None
    return f"DECIMAL({width},{scale})" if 0 < width <= _WIDEST_DECIMAL and 0 <= scale <= width else None
