"""The functions and operators a query may use: a reviewed list, each group with the reason it is safe.

An allow-list, never a deny-list: DuckDB 2.0 has 814 scalar and 105 table functions, and each release adds more. What is
not named here is refused, whatever it does. The second list holds names people are likely to reach for, with the
sentence that helps them; a name's absence from it changes nothing but the sentence.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Kind(StrEnum):
    """Where a function may stand."""

    SCALAR = "scalar"
    AGGREGATE = "aggregate"
    WINDOW = "window"
    TABLE = "table"


@dataclass(frozen=True)
class Function:
    """One admitted function: its canonical name, how many arguments, and why its group is safe."""

    name: str
    kind: Kind
    least: int
    most: int
    reason: str


_ANY = 64

_GROUPS: tuple[tuple[Kind, str, str], ...] = (
    (
        Kind.SCALAR,
        "Operators on values of the same row; they read nothing else.",
        (
            "+:1-2 -:1-2 *:2 /:2 //:2 %:2 **:2 ||:2 =:2 <>:2 <:2 >:2 <=:2 >=:2 is_not_distinct:2 and:2-* or:2-* not:1 "
            "is_null:1 in:2-* between:3 ~~:2 ~~*:2"
        ),
    ),
    (
        Kind.SCALAR,
        "Choosing between values of the same row.",
        "coalesce:1-* nullif:2 greatest:1-* least:1-*",
    ),
    (
        Kind.SCALAR,
        "Arithmetic of bounded size.",
        "abs:1 round:1-2 floor:1 ceil:1 trunc:1 sign:1 ln:1 log10:1 log2:1 exp:1 sqrt:1 isnan:1 isfinite:1",
    ),
    (
        Kind.SCALAR,
        "Text that can only get shorter, or join what is there: nothing that repeats or pads to a size of one's choice.",
        (
            "lower:1 upper:1 trim:1-2 ltrim:1-2 rtrim:1-2 length:1 substring:2-3 left:2 right:2 replace:3 contains:2 "
            "starts_with:2 ends_with:2 split_part:3 concat:1-* concat_ws:2-* regexp_matches:2-3 regexp_full_match:2-3 "
            "regexp_replace:3-4 regexp_extract:2-3 strip_accents:1"
        ),
    ),
    (
        Kind.SCALAR,
        "Calendar arithmetic on given dates; none reads the clock.",
        (
            "year:1 month:1 day:1 quarter:1 week:1 isoyear:1 yearweek:1 dayofweek:1 isodow:1 dayofyear:1 hour:1 "
            "monthname:1 dayname:1 last_day:1 date_trunc:2 date_part:2 date_diff:3 date_sub:3 make_date:3 age:2 "
            "time_bucket:2-3 strftime:2 try_strptime:2 to_years:1 to_months:1 to_weeks:1 to_days:1 to_hours:1 to_minutes:1 "
            "to_seconds:1"
        ),
    ),
    (Kind.SCALAR, "Membership of a codelist given as a parameter.", "list_contains:2"),
    (Kind.SCALAR, "Which totals of a ROLLUP, CUBE or GROUPING SETS a row is.", "grouping:1-*"),
    (
        Kind.AGGREGATE,
        "Counts and totals: every contributor weighs by what the text says.",
        "count_star:0 count:1 count_if:1 sum:1 avg:1",
    ),
    (
        Kind.AGGREGATE,
        "Values of single rows: right inside a per-patient step, and classed as extremes where they reach a result.",
        "min:1 max:1 arg_max:2-5 arg_min:2-5 bool_and:1 bool_or:1",
    ),
    (Kind.AGGREGATE, "Positions in a distribution.", "median:1 quantile_cont:2 quantile_disc:2"),
    (
        Kind.AGGREGATE,
        "Shape and association; classed so that degrees of freedom are asked for.",
        (
            "stddev_samp:1 stddev_pop:1 var_samp:1 var_pop:1 skewness:1 kurtosis:1 corr:2 covar_samp:2 covar_pop:2 "
            "regr_slope:2 regr_intercept:2 regr_r2:2"
        ),
    ),
    (
        Kind.WINDOW,
        "Order and neighbours within a window.",
        (
            "row_number:0 rank:0 dense_rank:0 percent_rank:0 cume_dist:0 ntile:1 lag:1-3 lead:1-3 first_value:1 "
            "last_value:1 nth_value:2"
        ),
    ),
    (Kind.TABLE, "A calendar or a row of numbers made from constants.", "range:1-3 generate_series:1-3"),
)

#: Other spellings, of either parser, for the same function.
_ALIASES = (
    "pow=** power=** ^=** mod=% ifnull=coalesce substr=substring len=length character_length=length char_length=length "
    "ceiling=ceil mean=avg countif=count_if max_by=arg_max argmax=arg_max min_by=arg_min argmin=arg_min "
    "stddev=stddev_samp variance=var_samp datediff=date_diff datesub=date_sub datepart=date_part datetrunc=date_trunc "
    "lcase=lower ucase=upper prefix=starts_with suffix=ends_with ^@=starts_with weekofyear=week dayofmonth=day "
    "array_contains=list_contains list_has=list_contains array_has=list_contains weekday=dayofweek "
    "percentile_cont=quantile_cont percentile_disc=quantile_disc quantile=quantile_disc count_rows=count_star "
    "every=bool_and logical_and=bool_and logical_or=bool_or"
)

UNITS = frozenset(
    {"year", "quarter", "month", "week", "day", "hour", "minute", "second", "isoyear", "dow", "isodow", "doy"}
)
"""Calendar units that may be named in date_trunc, date_part, date_diff and date_sub."""

UNIT_ALIASES: Mapping[str, str] = MappingProxyType(
    {
        "dayofweek": "dow",
        "dayofyear": "doy",
        "weekday": "dow",
        "weekofyear": "week",
        "y": "year",
        "yr": "year",
    }
)
TAKES_UNIT = frozenset({"date_trunc", "date_part", "date_diff", "date_sub"})

_CLOCK = "Give the date as a parameter, such as $index_date, so that a run can be repeated."
_CHANCE = (
    "Results must be repeatable: derive the choice from the data, or sample in a later step with a seed."
)
_ONE_OF_MANY = "Which row wins is not defined. Say which: `min`, `max`, or `arg_max(value, date)`."
_WHOLE_LIST = "It returns every person's value. Count, or summarise, instead."
_ESCAPE = "It reaches beyond the tables of this study. Name the tables themselves in FROM."
_CHANNEL = "It can carry data out in an error, a delay or a log. Leave it out."
_BIG = "It makes text of any size. Use `substring`, or format in a later step."

#: Names people try, and what to do instead. Their absence would refuse them just the same.
HINTS: Mapping[str, str] = MappingProxyType(
    dict.fromkeys(("now", "current_date", "current_timestamp", "today", "get_current_timestamp", "transaction_timestamp", "current_time", "localtimestamp", "localtime"), _CLOCK)
    | dict.fromkeys(("random", "setseed", "uuid", "gen_random_uuid", "uuidv4", "uuidv7", "hash", "md5", "sha1", "sha256", "reservoir_quantile", "approx_quantile", "approx_count_distinct"), _CHANCE)
    | dict.fromkeys(("any_value", "first", "last", "arbitrary", "mode"), _ONE_OF_MANY)
    | dict.fromkeys(("list", "array_agg", "string_agg", "group_concat", "listagg", "histogram", "json_group_array", "json_group_object", "approx_top_k", "bitstring_agg", "histogram_values", "lttb", "map_from_entries", "to_json", "list_value"), _WHOLE_LIST)
    | dict.fromkeys(("query", "query_table", "json_execute_serialized_sql", "read_csv", "read_csv_auto", "read_parquet", "parquet_scan", "read_json", "read_text", "read_blob", "read_duckdb", "glob", "sniff_csv", "seq_scan", "pragma_storage_info", "duckdb_tables", "summary", "duckdb_settings", "duckdb_secrets", "current_setting", "getvariable", "getenv", "nextval", "currval", "current_query", "current_schema", "current_database"), _ESCAPE)
    | dict.fromkeys(("error", "sleep_ms", "pg_sleep", "write_log", "stats", "txid_current"), _CHANNEL)
    | dict.fromkeys(("repeat", "lpad", "rpad", "printf", "format"), _BIG)
    | {"strptime": "Use `try_strptime`, which gives NULL where a text is not a date.",
       "unnest": "Lists are not read. Join the rows themselves, or a VALUES list."}
)  # fmt: skip


def find(untrusted_name: str) -> Function | None:
    """The admitted function behind a name or alias in any case, or None."""
    return FUNCTIONS.get(canonical(untrusted_name))


def canonical(untrusted_name: str) -> str:
    """The canonical spelling of a function name (itself, where it has no other)."""
    lowered = untrusted_name.lower()
    return ALIASES.get(lowered, lowered)


def is_aggregate(name: str) -> bool:
    """Whether a canonical name is an admitted aggregate."""
    found = FUNCTIONS.get(name)
    return found is not None and found.kind is Kind.AGGREGATE


def _functions() -> Iterator[Function]:
    for kind, reason, names in _GROUPS:
        for entry in names.split():
            name, _, arity = entry.rpartition(":")
            least, _, most = arity.partition("-")
            yield Function(name, kind, int(least), _ANY if most == "*" else int(most or least), reason)


ALIASES: Mapping[str, str] = MappingProxyType(dict(pair.rsplit("=", 1) for pair in _ALIASES.split()))
FUNCTIONS: Mapping[str, Function] = MappingProxyType({each.name: each for each in _functions()})
