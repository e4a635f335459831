"""Jobs: hand in code, watch it in a handful of words, read it again, take it back [P1].

Refuses to show a log, a value, a row count or an exit code: what a run made is told of in coarse bands, in its pre-flight.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from litestar.response import Redirect, Response, Template

from tre.custody.commands import Step
from tre.custody.people import Role
from tre.custody.reasons import Reason, ReasonCode
from tre.custody.requests import JobRequest
from tre.custody.studies import Application, ApplicationStage
from tre.data.catalogue import BACKENDS
from tre.dispatch.archive import unpack
from tre.dispatch.code import Code, fetch, keep
from tre.dispatch.commit import Committed, Origin, from_commit, origin, uncommitted
from tre.dispatch.intake import SPEC, read_study
from tre.records.read_models import RequestRow, StudyRow, Wanted
from tre.views import Sight, sight
from tre.web.asking import Ask, unclear
from tre.web.errors import not_there
from tre.web.lists import page_asked
from tre.web.outside.code_view import coloured, compared
from tre.web.outside.doors import Outside
from tre.web.outside.job_view import job_view
from tre.web.outside.plan_drawing import drawn
from tre.web.routes import shows, takes
from tre.web.who import SIGNED_IN, takers, those

MOST_STUDIES = 200
ENDS = (Step.CANCEL,)


@shows("/jobs", those(Role.RESEARCHER, Role.MAINTAINER))
def jobs(ask: Ask, outside: Outside) -> Template:
    """The job requests of one's own studies, the newest first."""
    models = outside.common.read_models
    models.catch_up()
    mine = own_ids(ask, outside)
    listed = models.listing(RequestRow, Wanted("submitted_at", {"study": mine}, page=page_asked(ask)))
    return ask.page("outside/jobs.html", jobs=listed)


@shows("/jobs/new", takers(Step.SUBMIT))
def new_job(ask: Ask, outside: Outside) -> Template:
    """Where a study's code is handed in."""
    outside.common.read_models.catch_up()
    open_now = [study for study in own_studies(ask, outside) if study.stage == ApplicationStage.APPROVED]
    return ask.page(
        "outside/job_new.html",
        studies=open_now,
        chosen=ask.query.get("study", ""),
        backends=BACKENDS,
        repositories=ask.common.site.repositories,
        continues=ask.query.get("continues", "")[:100],
    )


@takes("/jobs/new", takers(Step.SUBMIT))
def submit(ask: Ask, outside: Outside) -> Redirect:
    """Hand in a study's code for a run on real data [P3] [P4] [P5] [P8]."""
    study, backend = ask.form.required("study", most=100), filled_backend(ask)
    found = taken(ask)
    authors = ask.form.text("authors").replace(",", " ").split()
    whence = origin_said(ask, found, authors, ask.form.text("continues", most=100))
    case = hand_in(ask, outside, Handed(study, found.code, backend, whence))
    return ask.go(f"/jobs/{case.id}")


def taken(ask: Ask) -> Committed:
    """The code that a form sends, or names a commit of."""
    repository = ask.form.text("repository", most=500)
    if repository:
        return committed(ask, repository, ask.form.text("commit", most=64))
    return uncommitted(uploaded(ask))


def uploaded(ask: Ask) -> Code:
    """The study in the ZIP file that was sent.

    Raises:
        Refusal: none was. DispatchError: it holds what a study may not.
    """
    uploads = ask.form.files.get("code", ())
    if not uploads or not uploads[0][1]:
        raise unclear("code", "holds no file")
    return unpack(uploads[0][1])


def committed(ask: Ask, repository: str, commit: str) -> Committed:
    """The study at a commit of a repository that this site takes code from."""
    return from_commit(repository, commit, ask.common.site.repositories)


def origin_said(ask: Ask, found: Committed, authors: Sequence[str], continues: str) -> Origin:
    """Where code is from, with everybody who wrote it as far as that is said or a commit names them [P16].

    Raises:
        Refusal: somebody who is said to have written it has no account here.
    """
    site = ask.common.site
    strangers = [name for name in authors if name not in site.people]
    if strangers:
        raise unclear("authors", f"names nobody who has an account here: {ascii(strangers[0])[:60]}")
    return origin(found, authors, continues, addresses=site.emails)


@dataclass(frozen=True)
class Handed:
    """What is handed in: for which study, which code, to run in which backend [P7]; where it is from, who wrote it [P16]."""

    study: str
    code: Code
    backend: str
    origin: Origin


def hand_in(ask: Ask, outside: Outside, handed: Handed) -> JobRequest:
    """Read a study's code as it will be run, keep it, and submit it; the same, still on its way, is handed in once."""
    common = outside.common
    intake = read_study(handed.code, outside.data.of(handed.backend), common.site.images)
    put = common.documents.put
    submission = intake.submission(
        handed.study,
        spec=put(handed.code.files[SPEC]),
        code=keep(handed.code, put),
        images=common.site.images,
        backend=handed.backend,
    )
    return common.service.submit_once(ask.by, handed.origin.of(submission))


def filled_backend(ask: Ask) -> str:
    """The backend that a form names.

    Raises:
        Refusal: there is none of that name.
    """
    untrusted = ask.form.text("backend", most=20) or BACKENDS[0]
    if untrusted not in BACKENDS:
        raise unclear("backend", f"is none of: {', '.join(BACKENDS)}")
    return untrusted


@shows("/jobs/{case_id:str}", SIGNED_IN)
def job(ask: Ask, outside: Outside, case_id: str) -> Template:
    """One job request: its plan, where each action stands, and what may be done."""
    case, study, seen = found(ask, outside, case_id)
    needs = {each.action.name: each.action.needs for each in case.jobs}
    return ask.page(
        "outside/job.html",
        job=job_view(ask, outside, case, study),
        title=study.proposal.title,
        submitter=case.submitter,
        commit=case.submission.commit,
        authors=case.submission.code_authors,
        continues=case.submission.continues,
        drawing=drawn([*needs], needs),
        findings=bool(case.offered) and seen.findings,
        member=ask.person.id in study.members,
    )


@shows("/jobs/{case_id:str}/status", SIGNED_IN)
def job_status(ask: Ask, outside: Outside, case_id: str) -> Response[dict[str, Any]]:
    """Where each action stands, for the script that keeps the page fresh."""
    case, study, _ = found(ask, outside, case_id)
    return Response(job_view(ask, outside, case, study))


@shows("/jobs/{case_id:str}/code", SIGNED_IN)
def job_code(ask: Ask, outside: Outside, case_id: str) -> Template:
    """The code exactly as it was submitted, coloured."""
    case, _, seen = found(ask, outside, case_id)
    if not seen.findings:
        raise not_there("code")
    files = code_of(outside, case).files
    shown = {path: coloured(path, files[path]) for path in sorted(files)}
    return ask.page("outside/job_code.html", job_id=case.id, digest=case.submission.code, files=shown)


@shows("/jobs/{case_id:str}/changes", SIGNED_IN)
def job_changes(ask: Ask, outside: Outside, case_id: str) -> Template:
    """What changed in the code since the study's run before this one."""
    case, _, seen = found(ask, outside, case_id)
    if not seen.findings:
        raise not_there("code")
    before = previous(outside, case)
    changes = compared(code_of(outside, before).files, code_of(outside, case).files) if before else ()
    return ask.page("outside/job_changes.html", job_id=case.id, before=before, changes=changes)


@takes("/jobs/{case_id:str}/cancel", takers(Step.CANCEL))
def cancel(ask: Ask, outside: Outside, case_id: str) -> Redirect:
    """Take a job request back."""
    found(ask, outside, case_id)
    note = ask.note(ask.form.text("note"))
    outside.common.service.cancel(ask.by, case_id, Reason(ReasonCode.NO_LONGER_NEEDED, note))
    return ask.go(f"/jobs/{case_id}")


@takes("/jobs/{case_id:str}/again", takers(Step.SUBMIT))
def again(ask: Ask, outside: Outside, case_id: str) -> Redirect:
    """Submit the very same code once more; what has not changed need not be run again."""
    case, study, _ = found(ask, outside, case_id)
    return ask.go(f"/jobs/{hand_in(ask, outside, handed_again(outside, case, study)).id}")


def handed_again(outside: Outside, case: JobRequest, study: Application) -> Handed:
    """The very same, once more: its code, and whose it is."""
    was = case.submission
    whence = Origin(was.commit, was.code_authors, was.continues)
    return Handed(study.id, code_of(outside, case), was.backend, whence)


def found(ask: Ask, outside: Outside, case_id: str) -> tuple[JobRequest, Application, Sight]:
    """A request that this person may see the outline of, its study, and how much they may see.

    Raises:
        Refusal: there is none, or it is not theirs to see; the words are the same.
    """
    case = outside.common.service.request(case_id)
    if not case.submissions:
        raise not_there("job")
    study = outside.common.service.study_of(case)
    seen = sight(ask.person, case, study)
    if not seen.outline:
        raise not_there("job")
    return case, study, seen


def own_studies(ask: Ask, outside: Outside) -> tuple[StudyRow, ...]:
    """The studies that this person is a member of, the last changed first."""
    wanted = Wanted("changed_at", holds={"members": ask.person.id}, size=MOST_STUDIES)
    return outside.common.read_models.listing(StudyRow, wanted).rows


def own_ids(ask: Ask, outside: Outside) -> tuple[str, ...]:
    """The names of the studies that this person is a member of."""
    wanted = Wanted("changed_at", holds={"members": ask.person.id}, size=MOST_STUDIES)
    return outside.common.read_models.ids(StudyRow, wanted)


def code_of(outside: Outside, case: JobRequest) -> Code:
    """The code of a request, by digest, hashed again on the way."""
    return fetch(case.submission.code, outside.common.documents.get)


def previous(outside: Outside, case: JobRequest) -> JobRequest | None:
    """The study's request before this one, if there was one."""
    models = outside.common.read_models
    models.catch_up()
    ids = models.ids(
        RequestRow, Wanted("submitted_at", {"study": case.submission.application}, size=MOST_STUDIES)
    )
    earlier = ids[ids.index(case.id) + 1 :] if case.id in ids else []
    return outside.common.service.request(earlier[0]) if earlier else None


ROUTES = (jobs, new_job, submit, job, job_status, job_code, job_changes, cancel, again)
