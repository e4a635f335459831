"""The maintainers' jobs go the same corridor as a study, find what was planted, and let nothing out [P3] [P16].

Each thing that a walk is judged by is shown to fail when its fault is planted: in the checker, over what real boxes made;
and in the data, on a second walk through real boxes. What is said then is `tests/health/planted.py`.
"""

import shutil
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import pytest

from output_checks.check import CHECKS, check_together
from tests.health.planted import WALKING
from tre.cli.exits import Exit
from tre.cli.house import Folders
from tre.custody.policies import study as study_policies
from tre.custody.requests import RequestStage
from tre.data import extract, room
from tre.data.ingest import sign_manifest
from tre.data.keyring import KeyRing
from tre.data.keys import open_backend_key
from tre.data.publish import publish, staging_in, take_up
from tre.data.store import MANIFEST, Partition, canonical, file_digest, open_store
from tre.dispatch import checks as dispatch_checks
from tre.health import canaries, live, speed
from tre.health.corridor import Corridor, Walked, walk
from tre.health.found import Found
from tre.main import Hands, Opening
from tre.records.looks import RAN
from tre.service import By

pytestmark = pytest.mark.engine

MADE_BY_A_WALK = {fault.check for fault in WALKING}
PATIENTS = 2_000
SPEC_OF = {
    "small_number": "canaries",
    "everyone": "pair-first",
    "all_but_three": "pair-second",
    "months": "live-tpp",
}
"""The spec that each of these actions is of."""


def built(desk_at: Any, folder: Path) -> Any:
    """A site with people, a store, and the two maintenance studies, approved."""
    desk = desk_at(folder / "site")
    desk.tre("init")
    shutil.copy(Path(dispatch_checks.__file__).parents[1] / "cli" / "demo_site" / "people.toml", desk.site)
    desk.tre("synth", str(folder / "supply.duckdb"), "--patients", str(PATIENTS))
    desk.tre("--as", "eve", "data", "ingest", str(folder / "supply.duckdb"))
    desk.tre("--as", "eve", "health", "run", ends=Exit.REFUSED)
    assert "health-not-approved" in desk.said
    for study in desk.tre("study", "list"):
        desk.tre("--as", "ben", "study", "approve", study["study"])
    return desk


@pytest.fixture(scope="module")
def walked_site(desk_at: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A site on which the health jobs have run once, for real, beside a standing worker; copied, never used; and what was said."""
    desk = built(desk_at, tmp_path_factory.mktemp("walked"))
    worker = desk.started("worker", "run")
    try:
        stands(desk.site / "worker.lock", worker)
        told = desk.tre("--as", "eve", "health", "run")
    finally:
        worker.terminate()
        worker.communicate()
    return desk.site, told


def stands(lock: Path, worker: subprocess.Popen[bytes]) -> None:
    """Wait until the worker holds the lock that only one may hold."""
    while not lock.exists() or lock.read_text() != str(worker.pid):
        assert worker.poll() is None, "the worker ended before it stood"
        time.sleep(0.05)


@pytest.fixture
def desk(desk_at: Any, walked_site: tuple[Path, dict[str, Any]], tmp_path: Path) -> Any:
    shutil.copytree(walked_site[0], tmp_path / "site", symlinks=True)
    return desk_at(tmp_path / "site")


def corridor_of(site: Path) -> tuple[Corridor, By]:
    opening, hands = Opening(site, Hands()), Hands()
    return opening.corridor(), By(opening.house().site.person("eve"), hands.clock())


def walked_in(corridor: Corridor) -> Walked:
    """The walk that the site remembers, as `walk` gave it."""
    cases = [corridor.service.request(name) for name in corridor.service.request_ids()]
    requests = {
        SPEC_OF[job.action.name]: case for case in cases for job in case.jobs if job.action.name in SPEC_OF
    }
    return Walked(corridor.build_canaries(Hands().clock()), requests)


# -- a platform that is well -----------------------------------------------------------------------------------------


def test_a_healthy_platform_finds_every_planted_thing(walked_site: tuple[Path, dict[str, Any]]) -> None:
    result = walked_site[1]
    assert result["healthy"] is True, result
    assert {each["check"] for each in result["checks"]} == MADE_BY_A_WALK


def test_nothing_that_a_health_job_made_leaves_even_with_two_votes(desk: Any, walked_site: Any) -> None:
    request = walked_site[1]["request"]
    files = {file["path"] for file in desk.tre("--as", "cleo", "review", "show", request)["files"]}
    votes = ("--approve", "output/small_number.csv")
    others = [word for path in sorted(files - {votes[1]}) for word in ("--changes", path)]
    desk.tre("--as", "cleo", "review", "vote", request, "--approve-all", ends=Exit.REFUSED)
    assert "file-refused-by-checks" in desk.said
    for checker in ("cleo", "dan"):
        desk.tre("--as", checker, "review", "vote", request, *votes, *others)
    desk.tre("--as", "cleo", "review", "sign-off", request, ends=Exit.REFUSED)
    assert "purpose-never-leaves" in desk.said
    assert desk.work() == []
    assert not (desk.site / "releases").exists()


@pytest.mark.parametrize("person", ["ada", "cleo", "ben"])
def test_only_a_maintainer_asks_for_maintenance(desk: Any, person: str) -> None:
    desk.tre("--as", person, "health", "run", ends=Exit.REFUSED)


def test_a_maintenance_job_with_an_extract_or_code_reads_canaries_and_aggregates_read_the_store(
    desk: Any,
) -> None:
    """What is told apart is what is asked for, not what it is called [P3] [P8]."""
    corridor, _ = corridor_of(desk.site)
    walked = walked_in(corridor)
    rooms = {name: corridor.data.of("tpp").facts(case) for name, case in walked.requests.items()}
    versions = {name: facts.version for name, facts in rooms.items() if facts is not None}
    (store,) = corridor.stores()
    assert versions["live-tpp"] == store.version
    assert {versions[name] for name in ("canaries", "pair-first", "pair-second")} == {versions["canaries"]}
    assert versions["canaries"] != store.version


# -- faults in the checker, and in what decides ------------------------------------------------------------------------


def found(told: tuple[Found, ...], check: str) -> Found:
    return next(each for each in told if each.check == check)


def is_told(told: tuple[Found, ...], check: str, planted: str) -> bool:
    """Whether the check said of this fault what the table says."""
    (fault,) = (each for each in WALKING if (each.check, each.planted) == (check, planted))
    one = found(told, check)
    assert fault.is_told_by(one), one
    return True


def without(rule: str) -> Callable[..., Any]:
    """The checker, as if one of its rules had never been written."""
    return partial(check_together, checks=tuple(each for each in CHECKS if each.name != rule))


def checked_anew(corridor: Corridor, walked: Walked) -> Walked:
    """The planted request, judged again as the checker now judges."""
    case = replace(walked.planted, offered=corridor.checks.over(walked.planted))
    return replace(walked, requests={**walked.requests, "canaries": case})


@pytest.mark.parametrize(
    ("check", "planted", "rule"),
    [
        ("identifier", "the rule on identifiers is gone", "identifiers"),
        ("pseudonym", "the rule on identifiers is gone", "identifiers"),
        ("differencing", "earlier releases are not compared", "differencing"),
    ],
)
def test_a_rule_that_is_gone_is_missed(
    desk: Any, monkeypatch: pytest.MonkeyPatch, check: str, planted: str, rule: str
) -> None:
    corridor, by = corridor_of(desk.site)
    monkeypatch.setattr(dispatch_checks, "check_together", without(rule))
    walked = checked_anew(corridor, walked_in(corridor))
    assert is_told(canaries.judge(corridor, walked, by), check, planted)


def test_a_threshold_that_is_too_low_is_noticed(desk: Any) -> None:
    corridor, by = corridor_of(desk.site)
    object.__setattr__(corridor.checks, "_policy", replace(corridor.checks._policy, small_max=1))
    walked = checked_anew(corridor, walked_in(corridor))
    assert is_told(canaries.judge(corridor, walked, by), "small-number", "the threshold is 1")


def test_what_does_not_end_and_what_could_leave_are_said(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    corridor, by = corridor_of(desk.site)
    walked = walked_in(corridor)
    running = {**walked.requests, "canaries": replace(walked.planted, stage=RequestStage.RUNNING)}
    told = canaries.judge(corridor, replace(walked, requests=running), by)
    assert is_told(told, "corridor", "a job does not come to its end")
    everything = study_policies.RELEASABLE_PURPOSES | {walked.planted.submission.purpose}
    monkeypatch.setattr(study_policies, "RELEASABLE_PURPOSES", everything)
    assert is_told(canaries.judge(corridor, walked, by), "never-leaves", "maintenance may be released")


@pytest.mark.parametrize("check", ["rows", "freshness", "integrity"])
def test_a_store_that_does_not_answer_is_not_well(desk: Any, check: str) -> None:
    corridor, by = corridor_of(desk.site)
    walked = walked_in(corridor)
    silent = replace(
        walked, requests={name: case for name, case in walked.requests.items() if name != "live-tpp"}
    )
    assert is_told(live.judge(corridor, silent, by), check, "the store does not answer")


def test_every_fault_that_the_page_tells_of_is_planted_here() -> None:
    here = Path(__file__).read_text(encoding="utf-8")
    assert [fault.planted for fault in WALKING if f'"{fault.planted}"' not in here] == []


def test_canaries_of_whom_nobody_has_opted_out_prove_nothing(desk: Any) -> None:
    corridor, by = corridor_of(desk.site)
    walked = walked_in(corridor)
    silent = replace(walked, canaries=replace(walked.canaries, opted_out=0))
    assert is_told(canaries.judge(corridor, silent, by), "opt-outs", "nobody has opted out")


def test_extracts_in_the_stores_order_could_be_laid_side_by_side(desk: Any) -> None:
    """Other pseudonyms, row for row the same people."""
    corridor, by = corridor_of(desk.site)
    walked = walked_in(corridor)
    digest = next(each.digest for each in walked.planted.outputs if each.path == canaries.EXTRACT)
    lines = corridor.read(digest).decode().splitlines()
    same_order = "\n".join([lines[0], *("f" + line[1:] for line in lines[1:])]).encode()
    other = next(
        each.digest for each in walked.requests["pair-first"].outputs if each.path == canaries.EXTRACT
    )
    read = corridor.read
    planted = replace(corridor, read=lambda asked: same_order if asked == other else read(asked))
    assert is_told(
        canaries.judge(planted, walked, by), "pseudonyms", "an extract stands in the store's order"
    )


# -- time --------------------------------------------------------------------------------------------------------------


def test_a_slow_run_stands_out_from_the_runs_before_it_and_an_ordinary_one_does_not(desk: Any) -> None:
    corridor, by = corridor_of(desk.site)
    histories = [
        corridor.service.ledger.case_events(case.id) for case in walked_in(corridor).requests.values()
    ]
    events = [envelope for history in histories for envelope in history]
    pace = speed.pace_of(events)
    assert pace is not None
    for number in range(30):
        # One bad night among them moves no median.
        factor = 50.0 if number == 7 else 1 + number % 5 / 20
        facts = {"healthy": True, "seconds": pace.seconds * factor, "per_minute": pace.per_minute / factor}
        corridor.daybook.note(RAN, actor="eve", at=by.now, facts=facts)
    assert all(each.healthy for each in speed.judge(corridor.daybook, pace))
    begun = min(envelope.at for envelope in events)
    slowly = [replace(each, at=begun + 10 * (each.at - begun)) for each in events]
    told = speed.judge(corridor.daybook, speed.pace_of(slowly))
    for check in ("round-trip", "throughput"):
        assert is_told(told, check, "a run takes ten times as long as the 30 before it")
    assert not any(each.healthy for each in speed.judge(corridor.daybook, None)), "no end is no pace"


# -- faults in the data, through real boxes ------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_second_walk_sees_what_is_wrong_with_the_data(
    desk_at: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everybody in the box, one key for all studies, rows of nobody, a table that was left behind: all at once."""
    desk = built(desk_at, tmp_path)
    take_people_out(Folders(desk.site))
    corridor, by = corridor_of(desk.site)
    of_one_study = extract.study_key
    monkeypatch.setattr(extract, "study_key", lambda key, _study: of_one_study(key, "one for all"))
    monkeypatch.setattr(room.Room, "_sight", lambda _self, _case: (True, False))
    fresher_before(corridor, by)
    walked = walk(corridor, by)
    told = (*canaries.judge(corridor, walked, by), *live.judge(corridor, walked, by))
    assert is_told(told, "opt-outs", "everybody is let into the box")
    assert is_told(told, "pseudonyms", "one key is used for all studies")
    assert is_told(told, "rows", "everybody is let into the box")
    assert is_told(told, "integrity", "rows of people who are not there")
    assert is_told(told, "freshness", "a table was not brought up to date")
    old = replace(corridor, oldest_extract=timedelta(days=31))
    assert is_told(live.judge(old, walked, by), "freshness", "the extract is old")


def take_people_out(folders: Folders) -> None:
    """A store, signed like any, without some of its patients; ingest leaves the rows of such people out, and makes no such store."""
    key = open_backend_key(KeyRing(folders.backend_keys("tpp")), "tpp", outside=())
    built = open_store(folders.store("tpp"))
    with staging_in(folders.store("tpp")) as staging:
        take_up(staging, "planted")
        manifest = built.manifest
        for part, files in manifest["files"].items():
            for told in files.values():
                path = staging / told["file"]
                path.write_bytes((built.root / told["file"]).read_bytes())
                if part == Partition.MAIN and "patients" in told["rows"]:
                    told["rows"]["patients"] = without_some(path)
                path.chmod(0o444)
                told |= {"bytes": path.stat().st_size, "sha256": file_digest(path)}
        (staging / MANIFEST).write_bytes(canonical(manifest))
        publish(folders.store("tpp"), staging, manifest, signature=sign_manifest(key, "tpp", manifest))


def without_some(path: Path) -> int:
    """Take a hundred people out of the table of patients; how many are left."""
    path.chmod(0o644)
    with duckdb.connect(str(path)) as connection:
        some = "SELECT patient_id FROM patients ORDER BY patient_id LIMIT 100"
        connection.execute(f"DELETE FROM patients WHERE patient_id IN ({some})")  # noqa: S608 - our own words
        connection.execute("CHECKPOINT")
        return int(connection.execute("SELECT count(*) FROM patients").fetchall()[0][0])


def fresher_before(corridor: Corridor, by: By) -> None:
    """As if, in the build before, every table had reached to the day of its extract."""
    behind = {f"behind.{table}": 0 for table in ("covid_tests", "vaccinations")}
    facts: Mapping[str, Any] = {"backend": "tpp", "version": "0" * 64, "extracted_on": "2020-01-01", **behind}
    corridor.daybook.note(live.NEWEST, actor="eve", at=by.now, facts=facts)


def test_an_older_extract_than_the_last_is_noticed(desk: Any) -> None:
    corridor, by = corridor_of(desk.site)
    told = {"backend": "tpp", "version": "0" * 64, "extracted_on": "2099-01-01"}
    corridor.daybook.note(live.NEWEST, actor="eve", at=by.now, facts=told)
    assert is_told(live.judge(corridor, walked_in(corridor), by), "freshness", "an older extract was loaded")
