# ruff: noqa: S608 - texts of queries are what this module is for
"""Random admitted queries: every construct that the guard admits, over the tables of the SQL tests, as text.

A query is grown from relations whose rows are people (tables, steps, joins, unions) to a table of groups. What is
written is meant to be admitted; where several rows could be "the first", the sort keys leave no tie.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace

Columns = Mapping[str, str]  # name -> kind


@dataclass(frozen=True)
class People:
    """Something that can stand in FROM, whose rows are people's, with an alias; columns are written qualified."""

    text: str
    columns: Columns
    patient: str
    order: str


_TABLES: dict[str, dict[str, str]] = {
    "patients": {
        "date_of_birth": "date",
        "sex": "text",
        "ethnicity": "text",
        "region": "text",
        "imd_quintile": "int",
    },
    "practice_registrations": {
        "start_date": "date",
        "end_date": "date",
        "practice_nuts1_region_name": "text",
    },
    "clinical_events": {"date": "date", "snomedct_code": "fine", "numeric_value": "num"},
    "medications": {"date": "date", "dmd_code": "fine"},
    "vaccinations": {"date": "date", "target_disease": "text", "product_name": "text"},
    "covid_tests": {"specimen_date": "date", "result": "text"},
    "admissions": {"admission_date": "date", "discharge_date": "date", "primary_diagnosis": "text"},
    "ons_deaths": {"date": "date", "underlying_cause_of_death": "text"},
}
_UNIQUE_BY = {
    "patients": "region", "practice_registrations": "start_date", "clinical_events": "date", "medications": "date",
    "vaccinations": "date", "covid_tests": "specimen_date", "admissions": "admission_date", "ons_deaths": "date",
}  # fmt: skip

EXPRESSIONS: dict[str, tuple[str, ...]] = {
    "bool": (
        "({num} = {num})", "({num} <> {num})", "({num} < {num})", "({int} >= {int})", "({date} > {date})", "({date} <= {date})",
        "({text} = {text})", "({bool} AND {bool})", "({bool} OR {bool})", "(NOT {bool})", "({num} IS NULL)", "({text} IS NOT NULL)",
        "({text} IS NOT DISTINCT FROM {text})", "({int} IS DISTINCT FROM {int})", "({int} IN (1, 2, 3))", "({text} NOT IN ('a', 'London'))",
        "({num} BETWEEN 1 AND 40)", "({date} NOT BETWEEN $study_start AND $end_date)", "({text} LIKE 'L%')", "({text} NOT LIKE '%e')",
        "({text} ILIKE 'l%')", "contains({text}, 'o')", "starts_with({text}, 'M')", "ends_with({text}, 't')",
        "regexp_matches({text}, '^[A-M]')", "regexp_full_match({text}, '.*e')", "list_contains($codes, {text})", "isnan({num})",
        "isfinite({num})", "CAST({int} AS BOOLEAN)", "({bool} IS TRUE)", "({date} < {date} + INTERVAL 30 DAY)",
        "(age({date}, DATE '1900-01-01') > INTERVAL 100 YEAR)", "coalesce({bool}, false)", "({text} IS NULL)",
    ),
    "int": (
        "1", "2", "({int} + {int})", "({int} - {int})", "({int} * 2)", "(- {int})", "(+ {int})", "(abs({int}) // 3)", "(sign({int}) + 2)", "(abs({int}) % 3)", "length({text})",
        "year({date})", "month({date})", "day({date})", "quarter({date})", "week({date})", "isoyear({date})", "yearweek({date})",
        "dayofweek({date})", "isodow({date})", "dayofyear({date})", "hour({date})", "date_diff('month', {date}, {date})",
        "date_diff('day', {date}, {date})", "date_diff('year', {date}, {date})", "date_sub('day', {date}, {date})", "date_part('year', {date})",
        "extract(month FROM {date})", "CASE WHEN {bool} THEN {int} ELSE {int} END", "if({bool}, {int}, 0)", "coalesce({int}, 0)",
        "nullif({int}, 1)", "greatest({int}, {int})", "least({int}, 5)", "CAST({bool} AS INTEGER)", "{bool}::INT", "abs({int})", "sign({int})",
        "TRY_CAST('7' AS INTEGER)", "({date} - {date})",
    ),
    "num": (
        "{int}", "({num} / 4)", "sqrt(abs({num}))", "ln(abs({num}) + 1)", "log10(abs({num}) + 1)", "log2(abs({num}) + 1)",
        "exp(least({num}, 3))", "pow(abs({num}), 2)", "round({num}, 1)", "round({num})", "floor({num})", "ceil({num})", "trunc({num})",
        "CAST({int} AS DOUBLE)", "({num} * 0.5)", "CASE {int} WHEN 1 THEN {num} WHEN 2 THEN 0.5 END", "coalesce({num}, 0.0)",
    ),
    "text": (
        "lower({text})", "upper({text})", "trim({text})", "ltrim({text})", "rtrim({text})", "substring({text}, 1, 3)", "left({text}, 4)",
        "right({text}, 2)", "replace({text}, 'o', '0')", "split_part({text}, ' ', 1)", "concat({text}, '-', {text})", "({text} || '!')",
        "concat_ws('-', {text}, 'x')", "regexp_replace({text}, 'o', '0')", "regexp_extract({text}, '[a-z]+')", "strip_accents({text})",
        "monthname({date})", "dayname({date})", "CASE WHEN {bool} THEN {text} ELSE 'other' END", "coalesce({text}, 'none')",
        "CAST({int} AS VARCHAR)", "strftime({date}, '%Y-%m')", "greatest({text}, {text})", "nullif({text}, 'London')", "'it''s'",
    ),
    "date": (
        "DATE '2021-06-01'", "$index_date", "CAST($study_start AS DATE)", "date_trunc('month', {date})::DATE", "date_trunc('year', {date})::DATE",
        "CAST({date} + INTERVAL 3 MONTH AS DATE)", "CAST({date} - INTERVAL 1 YEAR AS DATE)", "CAST({date} + to_weeks(2) AS DATE)",
        "CAST({date} + to_days(10) AS DATE)", "CAST({date} + to_hours(48) AS DATE)", "CAST({date} + to_minutes(2880) AS DATE)",
        "CAST({date} + to_seconds(172800) AS DATE)", "CAST({date} - to_years(1) AS DATE)", "CAST({date} + to_months(1) AS DATE)", "({date} - 30)",
        "last_day({date})", "make_date(2020, 1 + abs({int}) % 12, 1)", "time_bucket(INTERVAL 1 MONTH, {date})",
        "CAST(try_strptime('2020-02-03', '%Y-%m-%d') AS DATE)", "greatest({date}, {date})", "least({date}, $index_date)",
        "CASE WHEN {bool} THEN {date} END",
    ),
}  # fmt: skip
MEASURES = (
    "count(*)", "count({num})", "count(DISTINCT {patient})", "count(DISTINCT CASE WHEN {bool} THEN {patient} END)", "count(DISTINCT {int})",
    "count(*) FILTER (WHERE {bool})", "count_if({bool})", "sum({num})", "sum(CASE WHEN {bool} THEN 1 ELSE 0 END)", "sum(({bool})::INT)",
    "sum({num}) FILTER (WHERE {bool})", "avg({num})", "avg(({bool})::INT)", "avg(CASE WHEN {bool} THEN 1 ELSE 0 END)", "min({date})",
    "max({num})", "arg_max({num}, {date})", "arg_min({unique}, ({date}, {text}))", "arg_max({text}, {int})", "bool_and({bool})", "bool_or({bool})", "median(CAST({num} AS DOUBLE))",
    "quantile_cont(CAST({num} AS DOUBLE), 0.25)", "quantile_disc({int}, 0.75)", "percentile_cont(0.5) WITHIN GROUP (ORDER BY CAST({num} AS DOUBLE))",
    "round(stddev_samp({int}), 6)", "round(stddev_pop({int}), 6)", "round(var_samp({int}), 6)", "round(var_pop({int}), 6)",
    "round(covar_samp({int}, {int}), 6)", "round(covar_pop({int}, {int}), 6)", "round(corr({int}, {int}), 6)",
    "round(regr_slope({int}, {int}), 6)", "round(regr_intercept({int}, {int}), 6)", "round(regr_r2({int}, {int}), 6)",
    "round(skewness({imd}), 6)", "round(kurtosis({imd}), 6)", "100.0 * count_if({bool}) / count(*)", "sum({int}) / nullif(count({int}), 0)",
    "1.0 * count(*) FILTER (WHERE {bool}) / count(*)", "coalesce(count({int}), 0)", "count(*) - count({int})", "count(*) + count({int})",
    "CASE WHEN count(*) > 3 THEN count(*) END",
)  # fmt: skip
RANKS = (
    "row_number()", "rank()", "dense_rank()", "percent_rank()", "cume_dist()", "ntile(3)", "lag({unique})", "lead({unique})",
    "first_value({unique})", "last_value({unique})", "nth_value({unique}, 2)", "count(*)", "sum(1)", "max({unique})",
)  # fmt: skip


class Generator:
    """Grows one query from a seed."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)  # noqa: S311 - repeatable on purpose
        self._seed = seed
        self._steps: list[str] = []
        self._named: dict[str, People] = {}
        self._number = 0

    def query(self) -> str:
        """One aggregate query."""
        body = self._one_of(
            (6, self._table_of_groups),
            (1, self._stack),
            (1, self._finished),
            (1, self._ratio_of_steps),
            (1, self._distinct),
        )()
        steps = f"WITH {', '.join(self._steps)} " if self._steps else ""
        return steps + body

    # -- tables of groups -----------------------------------------------------------------------------------------

    def _table_of_groups(self, dimensions: int | None = None, ordered: bool = True) -> str:  # noqa: FBT002
        people = self._people(2)
        count = self._chance.choice((0, 1, 1, 2)) if dimensions is None else dimensions
        dims = [
            self._expression(self._chance.choice(("bool", "int", "text")), people, coarse=True)
            for _ in range(count)
        ]
        measures = [
            self._fill(self._template(MEASURES), people, self._chance.choice((1, 2, 3)))
            for _ in range(self._chance.choice((1, 2, 3)))
        ]
        items = [f"{dim} AS d{i}" for i, dim in enumerate(dims)] + [
            f"{m} AS m{i}" for i, m in enumerate(measures)
        ]
        grouping = self._group_by(count) if count else ""
        if ordered and " (" in grouping and self._chance.random() < 0.5:
            items.append(f"grouping({dims[0]}) AS level")
        text = f"SELECT {', '.join(items)} FROM {people.text}{self._where(people)}{grouping}"
        text += self._chance.choice(("", "", f" HAVING {self._everybody(people)} > 5")) if count else ""
        return text + (self._chance.choice(("", " ORDER BY ALL", " ORDER BY 1 DESC")) if ordered else "")

    def _everybody(self, people: People) -> str:
        """How many there are in a group: rows, where nothing can repeat them."""
        repeats = "(" in people.text or " JOIN " in people.text
        return f"count(DISTINCT {people.patient})" if repeats else "count(*)"

    def _group_by(self, count: int) -> str:
        names = [f"d{i}" for i in range(count)]
        listed = ", ".join(names)
        ways = [
            f" GROUP BY {listed}",
            " GROUP BY ALL",
            f" GROUP BY {', '.join(str(i + 1) for i in range(count))}",
        ]
        ways += [
            f" GROUP BY ROLLUP ({listed})",
            f" GROUP BY CUBE ({listed})",
            f" GROUP BY GROUPING SETS (({listed}), ())",
        ]
        return self._chance.choice(ways)

    def _stack(self) -> str:
        width = self._chance.choice((1, 2))
        parts = []
        for label in ("a", "b"):
            people = self._people(1)
            dims = [self._expression("text", people, coarse=True) for _ in range(width - 1)]
            items = [f"'{label}' AS kind", *(f"{dim} AS d{i}" for i, dim in enumerate(dims)), "count(*) AS n"]
            parts.append(
                f"SELECT {', '.join(items)} FROM {people.text}{self._where(people)}{' GROUP BY ALL' if dims else ''}"
            )
        return " UNION ALL ".join(parts) + self._chance.choice(("", " ORDER BY 1", " ORDER BY n DESC, kind"))

    def _finished(self) -> str:
        name = self._step(
            self._table_of_groups(1, ordered=False).replace("GROUP BY CUBE", "GROUP BY ROLLUP"),
            "t",
        )
        where = self._chance.choice(("", " WHERE t.d0 IS NOT NULL"))
        # A total and a group may both be called NULL: which of two such rows a LIMIT keeps is nobody's promise.
        cuts = (" ORDER BY ALL DESC LIMIT 2", " ORDER BY ALL LIMIT 1 OFFSET 1") if where else ()
        tail = self._chance.choice(("", " ORDER BY ALL", *cuts))
        return f"SELECT t.d0, t.m0 FROM {name} t{where}{tail}"

    def _ratio_of_steps(self) -> str:
        steps = []
        for _ in range(2):
            people = self._table("patients")
            region = next(name for name, _ in people.columns.items() if name.endswith(".region"))
            steps.append(
                self._step(
                    f"SELECT {region} AS k, count(DISTINCT {people.patient}) AS n FROM {people.text}{self._where(people)} GROUP BY {region}",
                    "s",
                )
            )
        kind = self._chance.choice(("JOIN", "LEFT JOIN", "FULL JOIN"))
        return f"SELECT a.k, a.n, b.n AS m, 1.0 * b.n / nullif(a.n, 0) AS r FROM {steps[0]} a {kind} {steps[1]} b ON a.k = b.k"

    def _distinct(self) -> str:
        people = self._people(2)
        return f"SELECT DISTINCT {self._expression('text', people, coarse=True)} AS a, {self._expression('bool', people)} AS b FROM {people.text}"

    # -- relations whose rows are people ----------------------------------------------------------------------------

    def _people(self, depth: int) -> People:
        if depth == 0:
            return self._leaf()
        return self._one_of(
            (3, self._leaf), (2, lambda: self._filtered(depth)), (2, lambda: self._per_person(depth)), (2, lambda: self._ranked(depth)),
            (1, self._stacked), (1, self._set_of_people), (4, lambda: self._joined(self._people(depth - 1), depth)),
            (1, lambda: self._beside_constants(depth)), (1, self._first_each), (1, self._unique_pairs),
        )()  # fmt: skip

    def _leaf(self) -> People:
        if self._named and self._chance.random() < 0.3:
            name = self._chance.choice(sorted(self._named))
            return self._renamed(self._named[name], name)
        return self._table(self._chance.choice(sorted(_TABLES)))

    def _table(self, name: str) -> People:
        alias = self._alias()
        columns = {f"{alias}.{column}": kind for column, kind in _TABLES[name].items()}
        return People(f"{name} AS {alias}", columns, f"{alias}.patient_id", f"{alias}.{_UNIQUE_BY[name]}")

    def _filtered(self, depth: int) -> People:
        inner = self._people(depth - 1)
        return self._projected(inner, self._kept(inner), tail=self._where(inner, always=True))

    def _per_person(self, depth: int) -> People:
        inner = self._people(depth - 1)
        values = {
            "n": ("int", "count(*)"), "latest": ("date", f"max({self._expression('date', inner)})"),
            "total": ("num", f"sum({self._expression('num', inner)})"), "any_of": ("bool", f"bool_or({self._expression('bool', inner)})"),
            "best": ("text", f"min({self._expression('text', inner)})"),
        }  # fmt: skip
        having = self._chance.choice(("", "", " HAVING count(*) = 1", " HAVING count(*) < 4"))
        return self._projected(
            inner, values, tail=f"{self._where(inner)} GROUP BY {inner.patient}{having}", order="n"
        )

    def _ranked(self, depth: int) -> People:
        inner = self._table(self._chance.choice([t for t in sorted(_TABLES) if t != "patients"]))
        frame = self._chance.choice(("", "", " ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW"))
        over = f"OVER (PARTITION BY {inner.patient} ORDER BY {inner.order}{self._chance.choice(('', ' DESC'))}{frame})"
        if self._chance.random() < 0.4:
            return self._projected(
                inner, self._kept(inner), tail=f"{self._where(inner)} QUALIFY row_number() {over} = 1"
            )
        function = self._template(RANKS).replace("{unique}", inner.order)
        kind = "date" if "(" + inner.order in function else "num"
        values = {
            **self._kept(inner),
            "w": (kind, f"{function} {over}"),
            "rn": ("int", f"row_number() {over}"),
        }
        ranked = self._projected(inner, values, tail="")
        return (
            self._chance.choice(
                (
                    ranked,
                    self._projected(ranked, self._kept(ranked), tail=f" WHERE {self._of(ranked, 'rn')} = 1"),
                )
            )
            if depth
            else ranked
        )

    def _stacked(self) -> People:
        parts = []
        for _ in range(self._chance.choice((2, 3))):
            one = self._table(self._chance.choice(sorted(_TABLES)))
            day = next(name for name, kind in one.columns.items() if kind == "date")
            parts.append(
                f"SELECT {one.patient} AS patient_id, {day} AS day FROM {one.text}{self._where(one)}"
            )
        return self._derived(" UNION ALL ".join(parts), {"day": "date"}, order="day")

    def _set_of_people(self) -> People:
        left, right = (
            self._table(self._chance.choice(sorted(_TABLES))),
            self._table(self._chance.choice(sorted(_TABLES))),
        )
        word = self._chance.choice(("UNION", "INTERSECT", "EXCEPT"))
        text = f"SELECT {left.patient} AS patient_id FROM {left.text}{self._where(left)} {word} SELECT {right.patient} FROM {right.text}"
        people = self._derived(text, {}, order="patient_id")
        return self._joined(people, 1, with_people=self._table("patients"))

    def _joined(self, left: People, depth: int, with_people: People | None = None) -> People:
        right = with_people or self._people(min(depth - 1, 1))
        columns = {**left.columns, **right.columns}
        kind = self._chance.choice(
            ("JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN", "SEMI JOIN", "ANTI JOIN", ",", "LATERAL")
        )
        kind = "JOIN" if with_people else kind
        if kind == ",":
            inner = f"(SELECT 1 AS one) one_{self._alias()}, {left.text} CROSS JOIN {right.text}"
            return self._wrapped(inner, columns, left, f" WHERE {left.patient} = {right.patient}")
        if kind == "LATERAL":
            return self._lateral(left, right)
        on = f"{left.patient} = {right.patient}" + self._chance.choice(
            ("", f" AND {self._expression('bool', right)}")
        )
        text = (
            f"{left.text} {kind} ({right.text}) ON {on}"
            if " JOIN " in right.text
            else f"{left.text} {kind} {right.text} ON {on}"
        )
        if kind in {"SEMI JOIN", "ANTI JOIN"}:
            return replace(left, text=text)
        if kind == "FULL JOIN":
            return self._wrapped(
                text, columns, left, "", patient=f"coalesce({left.patient}, {right.patient})"
            )
        return People(text, columns, right.patient if kind == "RIGHT JOIN" else left.patient, left.order)

    def _lateral(self, left: People, right: People) -> People:
        alias = self._alias()
        inner = f"SELECT max({self._expression('date', right)}) AS latest, count(*) AS n FROM {right.text} WHERE {right.patient} = {left.patient}"
        columns = {**left.columns, f"{alias}.latest": "date", f"{alias}.n": "int"}
        return People(
            f"{left.text} LEFT JOIN LATERAL ({inner}) AS {alias} ON true", columns, left.patient, left.order
        )

    def _beside_constants(self, depth: int) -> People:
        people, alias = self._people(depth - 1), self._alias()
        other, columns, on = self._chance.choice(
            (
                (
                    "(VALUES (1, 'low'), (2, 'mid'), (3, 'high'))",
                    {"k": "int", "label": "text"},
                    f"{alias}.k = {self._expression('int', people)}",
                ),
                ("range(3)", {"k": "int"}, f"{alias}.k >= {self._expression('int', people)}"),
                ("generate_series(1, 3)", {"k": "int"}, f"{alias}.k < {self._expression('int', people)}"),
                ("(SELECT 2 AS k, 'x' AS label)", {"k": "int", "label": "text"}, "true"),
            )
        )
        kind = self._chance.choice(("JOIN", "LEFT JOIN"))
        text = f"{people.text} {kind} {other} AS {alias}({', '.join(columns)}) ON {on}"
        return replace(
            people,
            text=text,
            columns={**people.columns, **{f"{alias}.{name}": k for name, k in columns.items()}},
        )

    def _first_each(self) -> People:
        inner = self._table(self._chance.choice([t for t in sorted(_TABLES) if t != "patients"]))
        items = self._items(self._kept(inner))
        text = f"SELECT DISTINCT ON ({inner.patient}) {inner.patient} AS patient_id{items} FROM {inner.text} ORDER BY {inner.patient}, {inner.order}"
        return self._derived(
            text,
            {name: kind for name, (kind, _) in self._kept(inner).items()},
            order=inner.order.split(".")[1],
        )

    def _unique_pairs(self) -> People:
        inner = self._table(self._chance.choice(sorted(_TABLES)))
        value = self._expression("text", inner)
        return self._derived(
            f"SELECT DISTINCT {inner.patient} AS patient_id, {value} AS label FROM {inner.text}",
            {"label": "text"},
            order="label",
        )

    # -- writing ------------------------------------------------------------------------------------------------------

    def _projected(
        self, inner: People, values: Mapping[str, tuple[str, str]], *, tail: str, order: str | None = None
    ) -> People:
        text = f"SELECT {inner.patient} AS patient_id{self._items(values)} FROM {inner.text}{tail}"
        columns = {name: kind for name, (kind, _) in values.items()}
        kept = order or next(
            (name for name, (_, value) in values.items() if value == inner.order), "patient_id"
        )
        return self._derived(text, columns, order=kept)

    def _wrapped(
        self, text: str, columns: Columns, left: People, tail: str, patient: str | None = None
    ) -> People:
        values = {f"c{i}": (kind, name) for i, (name, kind) in enumerate(columns.items())}
        return self._projected(People(text, columns, patient or left.patient, left.order), values, tail=tail)

    def _kept(self, people: People) -> dict[str, tuple[str, str]]:
        return {f"{name.split('.')[1]}": (kind, name) for name, kind in people.columns.items()}

    def _items(self, values: Mapping[str, tuple[str, str]]) -> str:
        return "".join(f", {text} AS {name}" for name, (_, text) in values.items())

    def _derived(self, text: str, columns: Columns, *, order: str) -> People:
        if self._chance.random() < 0.4:
            name = self._step(text, "p")
            people = People("", columns, "patient_id", order)
            self._named[name] = people
            return self._renamed(people, name)
        return self._renamed(People("", columns, "patient_id", order), f"({text})")

    def _renamed(self, people: People, source: str) -> People:
        alias = self._alias()
        columns = {f"{alias}.{name}": kind for name, kind in people.columns.items()}
        return People(f"{source} AS {alias}", columns, f"{alias}.patient_id", f"{alias}.{people.order}")

    def _step(self, text: str, prefix: str) -> str:
        name = f"{prefix}_{self._alias()}"
        self._steps.append(f"{name} AS ({text})")
        return name

    def _where(self, people: People, *, always: bool = False) -> str:
        if not always and self._chance.random() < 0.4:
            return ""
        return " WHERE " + self._one_of(
            (5, lambda: self._expression("bool", people)), (1, lambda: self._exists(people)), (1, lambda: self._in(people)),
            (1, lambda: self._single(people)),
        )()  # fmt: skip

    def _exists(self, people: People) -> str:
        other = self._table(self._chance.choice(sorted(_TABLES)))
        word = self._chance.choice(("EXISTS", "NOT EXISTS"))
        # One in eight is about anybody: it is admitted, and must never be called proved.
        link = f"{other.patient} = {people.patient}" if self._chance.random() < 7 / 8 else "true"
        return f"{word} (SELECT 1 FROM {other.text} WHERE {link} AND {self._expression('bool', other)})"

    def _in(self, people: People) -> str:
        other = self._table(self._chance.choice(sorted(_TABLES)))
        return f"{people.patient} {self._chance.choice(('IN', 'NOT IN'))} (SELECT {other.patient} FROM {other.text}{self._where(other)})"

    def _single(self, people: People) -> str:
        other = self._table(self._chance.choice(sorted(_TABLES)))
        return f"(SELECT count(*) FROM {other.text} WHERE {other.patient} = {people.patient}) >= 1"

    # -- expressions ----------------------------------------------------------------------------------------------------

    def _expression(self, kind: str, people: People, depth: int = 2, *, coarse: bool = False) -> str:
        named = [
            name
            for name, of in people.columns.items()
            if of == kind or (of == "fine" and kind == "text" and not coarse)
        ]
        if coarse:
            named = [
                name
                for name in named
                if people.columns[name] == kind and kind in {"text", "int"} and name.split(".")[1] in _COARSE
            ]
        if named and (depth == 0 or self._chance.random() < 0.4):
            return self._chance.choice(named)
        if depth == 0:
            return {"bool": "true", "int": "3", "num": "1.5", "text": "'none'", "date": "DATE '2021-01-01'"}[
                kind
            ]
        if coarse and kind != "bool":
            wanted = {
                "text": "CASE WHEN {bool} THEN 'yes' WHEN {bool} THEN 'no' ELSE 'other' END",
                "int": "length({text})",
            }[kind]
            return self._fill(wanted, people, depth)
        return self._fill(self._template(EXPRESSIONS[kind]), people, depth)

    def _template(self, templates: tuple[str, ...]) -> str:
        """By chance, but for the one whose turn it is: in a few hundred seeds every one has had its turn."""
        if self._chance.random() < 0.3:
            return templates[self._seed % len(templates)]
        return self._chance.choice(templates)

    def _fill(self, template: str, people: People, depth: int) -> str:
        text = (
            template.replace("{patient}", people.patient)
            .replace("{unique}", people.order)
            .replace("{imd}", "length({text})")
        )
        while "{" in text:
            kind = text.split("{", 1)[1].split("}", 1)[0]
            text = text.replace("{" + kind + "}", self._expression(kind, people, depth - 1), 1)
        return text

    def _of(self, people: People, name: str) -> str:
        return next(column for column in people.columns if column.endswith(f".{name}"))

    def _alias(self) -> str:
        self._number += 1
        return f"x{self._number}"

    def _one_of(self, *weighted: tuple[int, object]) -> object:
        weights, choices = zip(*weighted, strict=True)
        return self._chance.choices(choices, weights)[0]


_COARSE = frozenset({"sex", "ethnicity", "region", "imd_quintile", "practice_nuts1_region_name", "target_disease", "product_name",
                     "result", "n", "k"})  # fmt: skip
