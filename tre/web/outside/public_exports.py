"""The register in other people's columns, to be taken away by anybody [P12]. Refuses to add a word to what the register says."""

from collections.abc import Iterator

from litestar.response import Stream

from tre.records.read_models import RegisteredRelease, RegisteredStudy, Wanted
from tre.records.read_models.public_registers import HDR_UK, NHS_ENGLAND, hdr_uk_row, nhs_england_rows
from tre.web.outside.doors import Outside
from tre.web.outside.register import PORTION, line_of, plain
from tre.web.routes import shows
from tre.web.who import PUBLIC

CSV = "text/csv; charset=utf-8"


@shows("/register/hdr-uk-data-uses.csv", PUBLIC)
def hdr_uk(outside: Outside) -> Stream:
    """Every study in the columns of HDR UK's data use register, ready to be uploaded to its Gateway."""
    rows = (hdr_uk_row(study) for study in _studies(outside))
    return _taken_away("hdr-uk-data-uses.csv", HDR_UK, rows)


@shows("/register/nhs-england-data-releases.csv", PUBLIC)
def nhs_england(outside: Outside) -> Stream:
    """Every file that was released, in the columns of NHS England's register."""
    studies = {study.id: study for study in _studies(outside)}
    models = outside.common.read_models

    def rows() -> Iterator[dict[str, str]]:
        page, last = 1, 1
        while page <= last:
            found = models.listing(RegisteredRelease, Wanted("released_at", page=page, size=PORTION))
            yield from nhs_england_rows(found.rows, studies)
            page, last = page + 1, found.last

    return _taken_away("nhs-england-data-releases.csv", NHS_ENGLAND, rows())


def _studies(outside: Outside) -> Iterator[RegisteredStudy]:
    models, page, last = outside.common.read_models, 1, 1
    models.catch_up()
    while page <= last:
        found = models.listing(RegisteredStudy, Wanted("approved_at", page=page, size=PORTION))
        yield from found.rows
        page, last = page + 1, found.last


def _taken_away(name: str, headings: tuple[str, ...], rows: Iterator[dict[str, str]]) -> Stream:
    def lines() -> Iterator[str]:
        yield line_of(list(headings))
        for row in rows:
            yield line_of([plain(row[heading]) for heading in headings])

    headers = {"content-disposition": f'attachment; filename="{name}"', "cache-control": "max-age=60"}
    return Stream(lines(), media_type=CSV, headers=headers)


ROUTES = (hdr_uk, nhs_england)
