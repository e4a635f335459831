"""`tre serve --demo`: a site of synthetic people, with studies and jobs at every stage, and somebody of every role to sign in as.

Everything in it went the real way: real sandboxes, real checks, the core's own decisions. Refuses to fill a site that
somebody has begun.
"""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import job_specs
from tre.cli.forms import read_proposal
from tre.cli.house import House, Wiring
from tre.custody.outputs import Decision, FileVote
from tre.custody.reasons import Reason, ReasonCode
from tre.custody.requests import JobRequest
from tre.custody.studies import Proposal
from tre.dispatch.code import Code, gather, keep
from tre.dispatch.intake import SPEC, read_study
from tre.records.accounts import Credentials
from tre.records.accounts.passwords import digest_of, hash_password, new_secret
from tre.records.locks import only_worker
from tre.service import By

SITE = Path(__file__).parent / "demo_site"
STUDY = Path(job_specs.__file__).parent / "examples" / "covid-tests"
PASSWORD = "only synthetic people here"  # noqa: S105 - everybody's, in a demonstration
BACKEND, WORKER = "tpp", "worker"
SECRET_BYTES, CODE_BYTES, CODES = 20, 5, 8
TITLES = (
    "Positive tests and admissions by region",
    "Vaccination and admission in care homes",
    "Repeat infection by age band",
    "Tests in pregnancy",
    "Long waits after a positive test",
)

Run = Callable[[Sequence[str]], Any]


class Demonstration:
    """A site being filled."""

    def __init__(self, wiring: Wiring, house: House, tell: Callable[[str], None]) -> None:
        """``tell`` says what is being done: it takes a minute or two."""
        self._wiring, self._house, self._tell = wiring, house, tell
        self._asked = read_proposal(SITE / "application.toml")
        self._code = gather(STUDY)

    def fill(self) -> None:
        """Studies at every stage, then jobs at every stage."""
        self._tell("studies at every stage")
        study = self._studies()
        self._tell("jobs, in real sandboxes: a minute or two")
        jobs = [self._submitted(study, number) for number in range(6)]
        broken = self._submitted(study, 6, {"analysis/describe.py": b"raise SystemExit('a mistake')\n"})
        self._work()
        self._decide(jobs)
        self._work()
        self._step(
            "gus", lambda by: self._house.service.recall(by, jobs[0], self._note("A practice may show."))
        )
        self._step("ben", lambda by: self._house.service.reinstate(by, study, Reason(ReasonCode.RESOLVED)))
        self._work()
        self._submitted(study, 8)
        self._tell(f"one that failed: {broken}")

    def enrol(self) -> dict[str, list[str]]:
        """Everybody's password and second factor; gives each person's recovery codes, each good for one sign-in."""
        codes: dict[str, list[str]] = {}
        for person in self._house.site.people:
            codes[person] = [self._wiring.chance(CODE_BYTES).hex() for _ in range(CODES)]
            kept = Credentials(
                person, hash_password(PASSWORD, person), new_secret(self._wiring.chance(SECRET_BYTES))
            )
            recovery = tuple(digest_of(code) for code in codes[person])
            self._house.accounts.enrol(kept, recovery, int(self._wiring.clock().timestamp()))
        return codes

    def _studies(self) -> str:
        service = self._house.service
        ids = [self._applied(title) for title in TITLES]
        approved = [self._approved(study) for study in ids[:3]]
        because = Reason(ReasonCode.NEEDS_CHANGES, self._note("Please say why the region is needed."))
        self._step("ben", lambda by: service.return_(by, ids[3], because))
        self._step("ben", lambda by: service.suspend(by, approved[1], Reason(ReasonCode.CONDITIONS_BROKEN)))
        self._step("ada", lambda by: service.withdraw(by, approved[2], Reason(ReasonCode.NO_LONGER_NEEDED)))
        rejected = self._applied("A study of something else")
        self._step("ben", lambda by: service.reject(by, rejected, Reason(ReasonCode.OUT_OF_SCOPE)))
        return approved[0]

    def _decide(self, jobs: list[str]) -> None:
        """One to be recalled, one released, one voted on once, one returned, one refused, one left as it is."""
        for job in jobs[:2]:
            for checker in ("cleo", "dan"):
                self._vote(checker, job)
            self._sign_off(job)
        self._vote("cleo", jobs[2])
        words = Reason(ReasonCode.CONTEXT_MISSING, self._note("Say who is counted in the second table."))
        self._step("cleo", lambda by: self._house.service.request_changes(by, jobs[3], words))
        self._step(
            "dan", lambda by: self._house.service.refuse(by, jobs[4], Reason(ReasonCode.NOT_PERMITTED))
        )

    def _applied(self, title: str) -> str:
        study = self._wiring.new_id("study")
        asked: Proposal = replace(
            self._asked, title=title, public_benefit="The next winter is planned better."
        )
        self._step("ada", lambda by: self._house.service.apply(by, study, asked))
        return study

    def _approved(self, study: str) -> str:
        asked = self._asked
        self._step(
            "ben",
            lambda by: self._house.service.approve(
                by,
                study,
                starts=asked.starts,
                ends=asked.ends,
                datasets=asked.datasets,
                conditions=("By region only.",),
            ),
        )
        return study

    def _submitted(self, study: str, number: int, changed: dict[str, bytes] | None = None) -> str:
        files = {**self._code.files, "analysis/version.txt": b"%d\n" % number, **(changed or {})}
        code, put, images = Code(files), self._house.documents.put, self._house.site.images
        intake = read_study(code, self._house.data.of(BACKEND), images)
        submission = intake.submission(
            study, spec=put(code.files[SPEC]), code=keep(code, put), images=images, backend=BACKEND
        )
        case: JobRequest = self._step("ada", lambda by: self._house.service.submit_once(by, submission))
        return case.id

    def _vote(self, checker: str, job: str) -> None:
        case = self._house.service.request(job)
        note = self._note("Looked at, cell by cell.")
        votes = tuple(FileVote(each.path, each.digest, Decision.APPROVE, note) for each in case.offered)
        self._step(checker, lambda by: self._house.service.vote(by, job, votes))

    def _sign_off(self, job: str) -> None:
        self._step("dan", lambda by: self._house.service.sign_off(by, job))

    def _work(self) -> None:
        with only_worker(self._house.folders.worker_lock(WORKER)):
            worker = self._house.worker(WORKER)
            worker.settle()
            worker.run_until_idle()
            worker.close()

    def _note(self, words: str) -> str:
        return self._house.documents.put(words.encode())

    def _step(self, person: str, take: Callable[[By], Any]) -> Any:
        return take(By(self._house.site.people[person], self._wiring.clock()))


def begin(run: Run, wiring: Wiring, site: Path) -> None:
    """A new site with the demonstration's people and synthetic patients behind pseudonyms."""
    wiring.create_site(site)
    shutil.copy(SITE / "people.toml", site / "people.toml")
    supply = str(site / "supply.duckdb")
    run(["--site", str(site), "--json", "synth", supply, "--patients", "20000"])
    run(["--site", str(site), "--as", "eve", "--json", "data", "ingest", supply])
