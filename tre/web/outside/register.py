"""The public register: every study that was ever approved, every job, every release, for anybody [P12].

Refuses to know more than the register's own rows: no member's name, no stage of a review, no figure that has not left.
"""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import asdict, fields
from typing import Any

from litestar.exceptions import NotFoundException
from litestar.response import Stream, Template

from tre.records.read_models import (
    Listing,
    RegisteredJob,
    RegisteredRelease,
    RegisteredStudy,
    Wanted,
)
from tre.web.asking import Ask
from tre.web.errors import not_there
from tre.web.lists import filter_asked, page_asked, query_of, words_asked
from tre.web.outside.doors import Outside
from tre.web.routes import shows
from tre.web.who import PUBLIC

STUDY_STATUS = ("approved", "suspended", "withdrawn", "expired")
JOB_STATUS = ("submitted", "running", "in review", "released", "failed", "cancelled", "refused", "recalled")
PORTION = 2000
LISTS: dict[str, tuple[Any, str]] = {
    "studies": (RegisteredStudy, "approved_at"),
    "jobs": (RegisteredJob, "submitted_at"),
    "releases": (RegisteredRelease, "released_at"),
}
TYPES = {"csv": "text/csv; charset=utf-8", "json": "application/json"}
SHORT = 20
FORMULA = ("=", "+", "-", "@", "\t", "\r")


@shows("/register", PUBLIC)
def register_page(ask: Ask, outside: Outside) -> Template:
    """Every approved study, searched and filtered, with how many jobs and releases there ever were."""
    models = outside.common.read_models
    models.catch_up()
    words, status = words_asked(ask), filter_asked(ask, "status", STUDY_STATUS)
    where = {"status": status} if status else {}
    within = ("title", "lay_summary", "organisation", "id")
    wanted = Wanted("approved_at", where, words=words, within=within, page=page_asked(ask), size=SHORT)
    return ask.page(
        "outside/register.html",
        studies=models.listing(RegisteredStudy, wanted),
        words=words,
        status=status,
        offered=STUDY_STATUS,
        query=query_of(words=words, status=status),
        by_study=models.counts(RegisteredStudy, "status"),
        by_job=models.counts(RegisteredJob, "status"),
    )


@shows("/register/jobs", PUBLIC)
def register_jobs(ask: Ask, outside: Outside) -> Template:
    """Every job ever run, the newest first."""
    models = outside.common.read_models
    models.catch_up()
    status = filter_asked(ask, "status", JOB_STATUS)
    wanted = Wanted("submitted_at", {"status": status} if status else {}, page=page_asked(ask))
    jobs = models.listing(RegisteredJob, wanted)
    return ask.page(
        "outside/register_jobs.html",
        jobs=jobs,
        status=status,
        offered=JOB_STATUS,
        query=query_of(status=status),
    )


@shows("/register/releases", PUBLIC)
def register_releases(ask: Ask, outside: Outside) -> Template:
    """Every release, the newest first; a recalled one stays, and says so [P15]."""
    models = outside.common.read_models
    models.catch_up()
    return ask.page(
        "outside/register_releases.html",
        releases=models.listing(RegisteredRelease, Wanted("released_at", page=page_asked(ask))),
    )


@shows("/register/studies/{study:str}", PUBLIC)
def register_study(ask: Ask, outside: Outside, study: str) -> Template:
    """One study on the register, with its jobs and releases."""
    models = outside.common.read_models
    models.catch_up()
    found = models.row(RegisteredStudy, study)
    if found is None:
        raise not_there("study")
    jobs: Listing[RegisteredJob] = models.listing(
        RegisteredJob, Wanted("submitted_at", {"study": study}, page=page_asked(ask), size=SHORT)
    )
    releases = models.listing(RegisteredRelease, Wanted("released_at", {"study": study}, size=SHORT))
    return ask.page("outside/register_study.html", study=found, jobs=jobs, releases=releases)


@shows("/register/export/{name:str}", PUBLIC)
def register_export(outside: Outside, name: str) -> Stream:
    """A whole list of the register as a CSV or JSON file: ``studies.csv``, ``jobs.json`` and the like."""
    listed, _, kind = name.partition(".")
    if listed not in LISTS or kind not in TYPES:
        raise NotFoundException
    outside.common.read_models.catch_up()
    rows = _every_row(outside, listed)
    names = [field.name for field in fields(LISTS[listed][0])]
    body = _as_csv(names, rows) if kind == "csv" else _as_json(rows)
    headers = {
        "content-disposition": f'attachment; filename="{listed}.{kind}"',
        "cache-control": "max-age=60",
    }
    return Stream(body, media_type=TYPES[kind], headers=headers)


def _every_row(outside: Outside, listed: str) -> Iterator[dict[str, Any]]:
    shape, newest = LISTS[listed]
    page, last = 1, 1
    while page <= last:
        found: Listing[Any] = outside.common.read_models.listing(
            shape, Wanted(newest, page=page, size=PORTION)
        )
        yield from (asdict(row) for row in found.rows)
        page, last = page + 1, found.last


def _as_csv(names: list[str], rows: Iterator[dict[str, Any]]) -> Iterator[str]:
    yield line_of(names)
    for row in rows:
        yield line_of([plain(row[name]) for name in names])


def line_of(cells: list[str]) -> str:
    """One line of CSV."""
    out = io.StringIO()
    csv.writer(out).writerow(cells)
    return out.getvalue()


def plain(value: Any) -> str:
    """A cell that no spreadsheet takes for a formula: researchers wrote these titles."""
    text = " | ".join(value) if isinstance(value, tuple) else str(value)
    return "'" + text if text.startswith(FORMULA) else text


def _as_json(rows: Iterator[dict[str, Any]]) -> Iterator[str]:
    yield "["
    for number, row in enumerate(rows):
        yield ("," if number else "") + "\n" + json.dumps(row, ensure_ascii=False)
    yield "\n]\n"


ROUTES = (register_page, register_jobs, register_releases, register_study, register_export)
