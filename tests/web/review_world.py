"""A job request that is ready for checkers: the platform's part is written as the events it writes, the checks are the real ones."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import job_specs
from job_specs.model import Purpose, Sensitivity
from output_checks.check import check
from output_checks.model import Confidence, Verdict
from output_checks.model import Offered as ForCheck
from output_checks.policy import load_policy
from tre.custody import events as e
from tre.custody.outputs import Offered, Output
from tre.custody.requests import ActionAsked, ActionKind, Submission
from tre.dispatch.code import Code, keep
from tre.dispatch.intake import SPEC
from tre.records.vault.quarantine import Quarantine

TABLE = b"region,people\nNorth East,120\nLondon,3\nSouth West,45\n"
ROUNDED = b"region,people\nNorth East,120\nLondon,55\nSouth West,45\n"
STUDY = Path(job_specs.__file__).parent / "examples" / "covid-tests"
ACTION = "tables"
IMAGE, STORE, LIST, LOG = "sha256:" + "6" * 64, "7" * 64, "8" * 64, "0" * 64


def offered_for(desk: Any, path: str, content: bytes, verdict: Verdict | None = None) -> Offered:
    """What the real checks say of the bytes, kept in the quarantine; or, with a verdict, that and no twin."""
    policy = load_policy(pack=desk.common.site.disclosure_pack)
    shelf = Quarantine(desk.site / "vault" / "quarantine")
    report = check(ForCheck(path=path, content=content), policy)
    raw = shelf.put(content)
    return Offered(
        path=path,
        raw=raw,
        digest=shelf.put(report.twin) if report.twin is not None and verdict is None else raw,
        report=shelf.put(report.to_json(inside=True).encode()),
        level=report.level if verdict is None else Confidence.PROVED,
        verdict=report.verdict if verdict is None else verdict,
    )


def offered(
    desk: Any,
    files: Mapping[str, bytes],
    *,
    request: str = "run-1",
    study: str = "study-1",
    verdict: Verdict | None = Verdict.CLEAN,
    **more: Any,
) -> str:
    """A request of Ada's whose files are on offer, in one study: all of them clean or, without a verdict, as the checks judge."""
    if not desk.common.service.study(study).proposals:
        desk.approved(study)
    proposal = desk.common.service.study(study).proposal
    submission = Submission(
        study, Purpose.COVID_19_RESEARCH, *written(desk), proposal.datasets,
        (ActionAsked(ACTION, ActionKind.CODE, (), "e" * 64),), **more,
    )  # fmt: skip
    desk.common.service.submit(desk.by("ada"), request, submission)
    shown = tuple(offered_for(desk, path, content, verdict) for path, content in files.items())
    outputs = tuple(
        Output(ACTION, each.path, each.raw, len(files[each.path]), Sensitivity.MODERATE) for each in shown
    )
    shelf = Quarantine(desk.site / "vault" / "quarantine")
    tell(
        desk,
        request,
        e.Started(ACTION, IMAGE, STORE, LIST, date(2026, 1, 1)),
        e.Landed(ACTION, outputs, shelf.put(b"log")),
        e.Finished(),
    )
    check_again(desk, request, shown)
    return request


def written(desk: Any) -> tuple[str, str]:
    """A spec and its code, kept; by digest."""
    code = Code({SPEC: (STUDY / SPEC).read_bytes()})
    return desk.common.documents.put(code.files[SPEC]), keep(code, desk.common.documents.put)


def check_again(desk: Any, request: str, shown: tuple[Offered, ...]) -> None:
    """The platform checks: what the core decides, written as the worker writes it."""
    service = desk.common.service
    token = service.claim_errand(desk.now(), request, "@check", worker="test")
    service.check(desk.now(), request, shown, errand="@check", token=token)


def tell(desk: Any, request: str, *events: e.Event) -> None:
    """Append what the platform did."""
    ledger = desk.common.service.ledger
    _, seq = ledger.case("request", request)
    ledger.append(
        "request",
        request,
        events,
        expected_seq=seq,
        actor="platform",
        at=desk.now(),
        policy=desk.common.site.policy,
    )
