"""The worker is killed at ten moments of one job, started again, and the same state is reached each time [P13]."""

import json
import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from tre.custody.encoding import encode
from tre.main import Hands

pytestmark = [pytest.mark.engine, pytest.mark.slow]

MOMENTS = 10


def history(desk, request: str) -> list[tuple[str, str]]:
    """What happened to a request, without when, how long it took, and which of two independent actions ended first."""
    house = Hands().wiring().open_house(desk.site)
    events = house.service.ledger.case_events(request)
    house.service.ledger.close()
    return sorted((each.kind, json.dumps(untimed(encode(each.event)), sort_keys=True)) for each in events)


def untimed(event: dict[str, Any]) -> dict[str, Any]:
    """An event without the digest of the engine's own account, in which stands how many seconds the engine took."""
    outputs = [
        {"path": each["path"]} if each["path"].endswith("/engine.json") else each
        for each in event.get("outputs", ())
    ]
    return {**event, "outputs": outputs}


def test_ten_kills_and_the_same_final_state_each_time(desk, tmp_path: Path) -> None:
    request = desk.submitted()
    shutil.copytree(desk.site, tmp_path / "before", symlinks=True)
    begun = time.monotonic()
    worker = desk.started("worker", "run", "--until-idle")
    worker.communicate(timeout=120)
    assert worker.returncode == 0
    whole = time.monotonic() - begun
    undisturbed = history(desk, request)
    assert desk.stage(request) == "checked"
    interrupted_at = set()
    for moment in range(MOMENTS):
        seconds = whole * (moment + 1) / (MOMENTS + 1)
        interrupted_at.add(killed_then_started_again(desk, tmp_path, request, seconds))
        assert history(desk, request) == undisturbed
    assert len(interrupted_at) >= 4, "the kills must fall into different stages of the job"


def killed_then_started_again(desk, tmp_path: Path, request: str, seconds: float) -> str:
    """Start afresh, kill the worker after so many seconds, start it again; what the ledger last said when it was killed."""
    shutil.rmtree(desk.site)
    shutil.copytree(tmp_path / "before", desk.site, symlinks=True)
    worker = desk.started("worker", "run", "--until-idle")
    time.sleep(seconds)
    worker.kill()
    worker.communicate()
    reached = "/".join(kind for kind, _ in history(desk, request))
    assert desk.work() == []
    assert desk.tre("ledger", "verify")["verified"] is True
    return reached
