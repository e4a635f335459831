"""The automatic checks over what landed: bytes from the quarantine, the declaration from the spec, people from the units.

Refuses to offer an output without a report. Reports, and the canonical twins that may leave, are kept by digest.
"""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from job_specs.model import Action, RunBody, Sensitivity, SqlBody
from output_checks.check import check_together
from output_checks.model import Confidence, Evidence, Report, Shares
from output_checks.model import Offered as ForCheck
from output_checks.policy import Policy
from output_checks.read import WORDS, kind_of
from tre.custody.outputs import Offered, Output
from tre.custody.policies.run import to_offer
from tre.custody.requests import ActionKind, JobRequest
from tre.dispatch import remembering
from tre.dispatch.actions import matches
from tre.dispatch.code import fetch
from tre.dispatch.code_tables import declaration
from tre.dispatch.comparing import Compared, File, Known, Memory
from tre.dispatch.intake import OUTPUTS, Intake, question, read_study
from tre.dispatch.ports import DataRoom, DataRooms, Question, Shelf, inside_path
from tre.dispatch.recompute import evident, numbers_shown

_NOT_PROVED = "Ask so that the people behind each number can be counted: the guard says where they were lost."
UNITS = "units.json"
"""The engine's own count of people beside an aggregate."""


@dataclass(frozen=True)
class Around:
    """What lies around one output: its backend's data, the request's extracts, the outputs offered with it and their numbers, what
    comparing with earlier releases found, whether there are any, and how each extract was asked for, and who is in
    them.
    """

    data: DataRoom
    extracts: Mapping[str, bytes]
    beside: frozenset[str]
    numbers: frozenset[str] = frozenset()
    compared: Mapping[Output, Compared] = field(default_factory=dict)
    before: bool = False
    made: Mapping[str, Question] = field(default_factory=dict)
    pseudonyms: frozenset[str] | None = None


class Checks:
    """Runs the disclosure checks for the platform."""

    def __init__(
        self,
        documents: Shelf,
        quarantine: Shelf,
        data: DataRooms,
        *,
        policy: Policy,
        images: Mapping[str, str],
        kept: Callable[[], Mapping[File, str]] = dict,
    ) -> None:
        """``policy`` is the disclosure policy in force; its digest goes on every report [P10]. ``kept`` are the digests of
        the lists of people behind tables that left, where these are files of their own.
        """
        self._documents = documents
        self._quarantine = quarantine
        self._data = data
        self._policy = policy
        self._images = images
        self._kept_lists = kept
        self._known = Known()

    def over(self, case: JobRequest, others: Sequence[JobRequest] = ()) -> tuple[Offered, ...]:
        """Check every output that is asked to leave, beside what left before of this request and of others.

        Words come last, beside the numbers that the tables may show.
        """
        intake = self._intake(case)
        asked = to_offer(case)
        before = any(each.statements for each in (case, *others))
        compared = self._compared(case, asked, others)
        around = replace(self._around(case, intake, asked), compared=compared, before=before)
        # Tables first and at once: what one hides must not be in another, and words may say what tables may show.
        tables = [output for output in asked if not is_words(output.path)]
        reports = self._judged(case, intake, tables, around)
        shown = (numbers_shown(each.file, each.twin) for each in reports.values() if each.twin is not None)
        around = replace(around, numbers=around.numbers.union(*shown))
        reports |= self._judged(case, intake, [output for output in asked if output not in reports], around)
        return tuple(self._kept(output, reports[output]) for output in asked)

    def _intake(self, case: JobRequest) -> Intake:
        data = self._data.of(case.submission.backend)
        return read_study(fetch(case.submission.code, self._documents.get), data, self._images)

    def overtaken(self, case: JobRequest, others: Sequence[JobRequest]) -> bool:
        """Whether something of what is about to leave may not any more, for what left since it was checked [P10]."""
        actions = {each.path: each.action for each in case.outputs}
        twins = [
            Output(actions[each.path], each.path, each.digest, 0, Sensitivity.MODERATE)
            for each in case.offered
        ]
        return any(each.withheld or not each.told for each in self._compared(case, twins, others).values())

    def _compared(
        self, case: JobRequest, asked: Sequence[Output], others: Sequence[JobRequest]
    ) -> Mapping[Output, Compared]:
        """Each aggregate beside what left before from the same backend, and beside those offered with it."""
        backend = case.submission.backend
        memory = self._memory(backend)
        mine = {each: memory.listed(case, each.action, each.path, each.digest) for each in asked}
        if not any(mine.values()):
            return {}
        before = memory.related(
            case, [each for each in (case, *others) if each.submission.backend == backend]
        )
        earlier = [listed for each in before for listed in memory.left(each)]
        return {
            output: replace(
                memory.compared(case, lists, earlier),
                same=tuple(same for each in before for same in memory.same(each, lists)),
            )
            for output, lists in mine.items()
            if lists
        }

    def list_people(self, case: JobRequest, file: File) -> str:
        """List who is behind a table of study code that left, and keep the lists; their digest [P10]."""
        _, path, digest = file
        action = next(each.action for each in case.outputs if each.path == path)
        lists = self._memory(case.submission.backend).listed(case, action, path, digest)
        return self._quarantine.put(remembering.written(lists))

    def _memory(self, backend: str) -> Memory:
        return Memory(
            self._quarantine,
            self._data.of(backend),
            self._policy,
            study=self._intake,
            known=self._known,
            kept=self._kept_lists(),
        )

    def _judged(
        self, case: JobRequest, intake: Intake, asked: Sequence[Output], around: Around
    ) -> dict[Output, Report]:
        """A report on each of some outputs, which are judged as offered together."""
        offers = [self._for_check(case, intake, output, around) for output in asked]
        return dict(zip(asked, check_together(offers, self._policy), strict=True))

    def _around(self, case: JobRequest, intake: Intake, asked: tuple[Output, ...]) -> Around:
        named = ((intake.spec.action(output.action), output.path) for output in asked)
        beside = frozenset(name for action, path in named for name in (declared_name(action, path),) if name)
        data, extracts = self._data.of(case.submission.backend), self._extracts(case)
        made = {name: question(intake, intake.spec.action(name), data) for name in extracts}
        return Around(data, extracts, beside, made=made, pseudonyms=pseudonyms_in(extracts, data))

    def _for_check(self, case: JobRequest, intake: Intake, output: Output, around: Around) -> ForCheck:
        """An output with what it claims to be and what is known of it."""
        action = intake.spec.action(output.action)
        content = self._quarantine.get(output.digest)
        said = declaration(action, output.path) or {}
        made = around.made.get(str(said.get("of")))
        offer = ForCheck(
            path=output.path,
            content=content,
            declaration=said or None,
            evidence=self._evidence(case, intake, action, content),
            pseudonyms=around.pseudonyms,
            beside=around.beside,
            numbers=around.numbers,
            compared=output in around.compared,
            before=around.before,
            left_before=around.compared.get(output, Compared()).same,
            named_freely=is_named_freely(action, output.path),
            mixed=made is not None and made.mixes,
            chosen=made.chosen if made is not None else frozenset(),
        )
        if offer.evidence is None and isinstance(action.body, SqlBody):
            offer = replace(offer, unmeasured=_NOT_PROVED)
        if offer.evidence is None and isinstance(action.body, RunBody):
            parameters = intake.spec.parameters_of(action)
            offer = evident(offer, around.extracts, around.data, policy=self._policy, parameters=parameters)
            offer = replace(offer, evidence=of_made(offer.evidence, made))
        return replace(offer, evidence=beside(offer.evidence, around.compared.get(output)))

    def _kept(self, output: Output, report: Report) -> Offered:
        return Offered(
            path=output.path,
            raw=output.digest,
            digest=self._quarantine.put(report.twin) if report.twin is not None else output.digest,
            report=self._quarantine.put(report.to_json(inside=True).encode()),
            level=report.level,
            verdict=report.verdict,
        )

    def _evidence(self, case: JobRequest, intake: Intake, action: Action, content: bytes) -> Evidence | None:
        """People behind each row, where the engine counted them beside the numbers."""
        job = case.job(action.name)
        kept_as = inside_path(action.name, UNITS)
        counted = [output for output in (job.outputs if job else ()) if output.path == kept_as]
        if not counted:
            return None
        data = self._data.of(case.submission.backend)
        asked = question(intake, action, data)
        untrusted = self._quarantine.get(counted[0].digest)
        people = data.people(untrusted, asked, rows=_rows(content))
        held = {name: tuple(_held(*each) for each in rows) for name, rows in people.shares.items()}
        found = Evidence(people=people.per_row, source=Confidence.PROVED, roles=people.roles, shares=held)
        columns = asked.units.columns if asked.units is not None else ()
        partly = (each.name for each in columns if each.role == "count_people" and not each.everybody)
        return of_made(replace(found, partly=frozenset(partly)), asked)

    def _extracts(self, case: JobRequest) -> Mapping[str, bytes]:
        """Every extract of the request, however far upstream, by the action that made it."""
        jobs = (job for job in case.jobs if job.action.kind is ActionKind.EXTRACT)
        files = [
            (job.action.name, out) for job in jobs for out in job.outputs if out.path.startswith(OUTPUTS)
        ]
        return {name: self._quarantine.get(output.digest) for name, output in files}


def of_made(evidence: Evidence | None, asked: Question | None) -> Evidence | None:
    """What is known of a table's people, with the labels that conditions of its query, or of its extract's, can give."""
    if evidence is None or asked is None:
        return evidence
    made = {name: each.known for name, each in asked.made.items() if each.known}
    unsure = frozenset(name for name, each in asked.made.items() if each.unsure)
    return replace(evidence, made=made, unsure=unsure)


def beside(evidence: Evidence | None, compared: Compared | None) -> Evidence | None:
    """What is known of a table's people, with what comparing it with earlier releases found."""
    if evidence is None or compared is None:
        return evidence
    if not compared.told:
        return replace(evidence, withheld=frozenset(range(len(evidence.people))))
    return replace(evidence, withheld=compared.withheld, earlier=compared.earlier)


def pseudonyms_in(extracts: Mapping[str, bytes], data: DataRoom) -> frozenset[str] | None:
    """The pseudonyms in every extract of the request, to be looked for in what is offered."""
    found = [data.pseudonyms(content) for content in extracts.values()]
    return frozenset().union(*found) if found else None


def is_words(path: str) -> bool:
    """Whether a file is read as words."""
    return kind_of(path) in WORDS


def is_named_freely(action: Action, path: str) -> bool:
    """Whether the action, and not the spec, gave this output its name."""
    return not any(each.pattern == path for each in action.outputs)


def declared_name(action: Action, path: str) -> str | None:
    """What the spec calls this output."""
    return next((each.name for each in action.outputs if matches(path, each.pattern)), None)


def _held(largest: float, two: float) -> Shares:
    """Shares of a sum's size, where the whole is 1."""
    return Shares(1.0, largest, min(two - largest, largest))


def _rows(content: bytes) -> int:
    """How many rows an aggregate's own CSV has below its header; the engine wrote it."""
    return max(sum(1 for _ in csv.reader(io.StringIO(content.decode("utf-8")))) - 1, 0)
