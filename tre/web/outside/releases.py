"""Releases, collected by those they are for: the files, the signed statement, or all of it as one bundle [P9] [P13].

Read from where releases are pushed to, never from where they came from. Refuses anybody who is neither a member nor an
independent checker, and everything of a release that was called back [P15].
"""

from dataclasses import dataclass
from pathlib import Path

from litestar.response import Response, Template

from tre.custody.requests import JobRequest, RequestStage
from tre.records.bundle import ENVELOPE, pack_bundle
from tre.records.read_models import RegisteredRelease, Wanted
from tre.web.asking import Ask
from tre.web.errors import not_there
from tre.web.headers import untrusted
from tre.web.lists import page_asked
from tre.web.outside.doors import Outside
from tre.web.outside.jobs import found, own_ids
from tre.web.routes import shows
from tre.web.who import SIGNED_IN

OCTETS = "application/octet-stream"


@dataclass(frozen=True)
class Part:
    """One release of a request: its number, the files that left, and whether it lies ready to be collected."""

    number: int
    files: tuple[tuple[str, str], ...]
    statement: str
    ready: bool


@shows("/releases", SIGNED_IN)
def releases(ask: Ask, outside: Outside) -> Template:
    """The releases of one's own studies, the newest first."""
    models = outside.common.read_models
    models.catch_up()
    mine = own_ids(ask, outside)
    listed = models.listing(RegisteredRelease, Wanted("released_at", {"study": mine}, page=page_asked(ask)))
    return ask.page("outside/releases.html", releases=listed)


@shows("/releases/{case_id:str}", SIGNED_IN)
def release(ask: Ask, outside: Outside, case_id: str) -> Template:
    """Everything of one request that has left, and how to check it."""
    case, title = collected(ask, outside, case_id)
    parts = [part_of(outside, case, number) for number, _ in enumerate(case.statements)]
    recalled = case.stage is RequestStage.RECALLED
    return ask.page("outside/release.html", job_id=case.id, title=title, parts=parts, recalled=recalled)


@shows("/releases/{case_id:str}/{number:int}/bundle", SIGNED_IN)
def release_bundle(ask: Ask, outside: Outside, case_id: str, number: int) -> Response[bytes]:
    """One release as a file to take along: its files, its signed statement, and the key."""
    return bundle_of(ask, outside, case_id, number)


def bundle_of(ask: Ask, outside: Outside, case_id: str, number: int) -> Response[bytes]:
    """One release as a ZIP file, where it may be collected."""
    place = _place(ask, outside, case_id, number)
    files = {str(each.relative_to(place)): each.read_bytes() for each in place.rglob("*") if each.is_file()}
    headers = untrusted("application/zip", f"{case_id}.{number + 1}.zip")
    return Response(pack_bundle(files), media_type="application/zip", headers=headers)


@shows("/releases/{case_id:str}/{number:int}/files/{index:int}", SIGNED_IN)
def release_file(ask: Ask, outside: Outside, case_id: str, number: int, *, index: int) -> Response[bytes]:
    """One file of a release, exactly the bytes that were signed off; a download, never a page."""
    return file_of(ask, outside, case_id, number=number, index=index)


def file_of(ask: Ask, outside: Outside, case_id: str, *, number: int, index: int) -> Response[bytes]:
    """One file of a release that may be collected, as a download."""
    _place(ask, outside, case_id, number)
    files = outside.common.service.request(case_id).statements[number].files
    if not 0 <= index < len(files):
        raise not_there("file")
    content = outside.released.get(files[index].digest)
    name = files[index].path.rpartition("/")[2]
    return Response(content, media_type=OCTETS, headers=untrusted(OCTETS, name))


def collected(ask: Ask, outside: Outside, case_id: str) -> tuple[JobRequest, str]:
    """A request of which something has left, for those it is for; and its study's title."""
    case, study, seen = found(ask, outside, case_id)
    if not seen.findings or not case.statements:
        raise not_there("release")
    return case, study.proposal.title


def _place(ask: Ask, outside: Outside, case_id: str, number: int) -> Path:
    """Where a release lies that may be collected now."""
    case, _ = collected(ask, outside, case_id)
    if case.stage is RequestStage.RECALLED or not 0 <= number < len(case.statements):
        raise not_there("release")
    place = outside.place(case, number)
    if not (place / ENVELOPE).exists():
        raise not_there("release")
    return place


def part_of(outside: Outside, case: JobRequest, number: int) -> Part:
    """One release of a request."""
    statement = case.statements[number]
    files = tuple((file.path, file.digest) for file in statement.files)
    return Part(number, files, statement.digest, (outside.place(case, number) / ENVELOPE).exists())


ROUTES = (releases, release, release_bundle, release_file)
