"""`tre serve --demo`, as somebody starts it: people to sign in as, and studies and jobs at every stage, on real sandboxes."""

import json
import os
import re
import select
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tre.cli.serve_demo import PASSWORD

LONGEST = 420
FORM = re.compile(r'name="_csrf_token" value="([^"]+)"')
pytestmark = [pytest.mark.engine, pytest.mark.slow]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, dict[str, str]]]:
    """The demonstration being served: its address, and everybody's codes."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    site = tmp_path_factory.mktemp("demo") / "site"
    words = ["--site", str(site), "--json", "serve", "--demo", "--port", str(port)]
    with subprocess.Popen(
        [sys.executable, "-m", "tre.main", *words], stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]
    ) as process:
        try:
            codes = _said(process, "codes, each good once")
            address = str(_said(process, "address"))
            _answering(address)
            yield address, codes
        finally:
            process.terminate()
            process.wait(timeout=30)


def _said(process: "subprocess.Popen[bytes]", key: str) -> Any:
    """The value under a key of the next JSON value that holds it."""
    assert process.stdout is not None
    text, ends = "", time.monotonic() + LONGEST
    while time.monotonic() < ends:
        ready, _, _ = select.select([process.stdout], [], [], 1)
        portion = os.read(process.stdout.fileno(), 1) if ready else b""
        if ready and not portion:
            break
        text += portion.decode()
        if text.rstrip().endswith("}") and text.count("{") == text.count("}"):
            value, text = json.loads(text), ""
            if key in value:
                return value[key]
    raise AssertionError(f"the demonstration did not say {key}: {text}")


def _answering(address: str) -> None:
    ends = time.monotonic() + 60
    while time.monotonic() < ends:
        try:
            httpx.get(address)
        except httpx.ConnectError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("the pages do not answer")


@contextmanager
def signed_in(demo: tuple[str, dict[str, str]], person: str, number: int = 0) -> Iterator[httpx.Client]:
    address, codes = demo
    with httpx.Client(base_url=address) as client:
        _sign_in(client, person, codes[person].split()[number])
        yield client


def _sign_in(client: httpx.Client, person: str, code: str) -> None:
    token = FORM.search(client.get("/login").text)
    assert token
    form = {"account": person, "password": PASSWORD, "code": code, "next": "/"}
    answer = client.post("/login", data=form | {"_csrf_token": token[1]})
    assert answer.status_code == 303, answer.text


def test_somebody_of_every_role_signs_in_and_finds_work(demo) -> None:
    for person, path in (
        ("ada", "/jobs"),
        ("ben", "/studies"),
        ("cleo", "/review"),
        ("eve", "/inbox"),
        ("fay", "/studies"),
        ("gus", "/studies"),
    ):
        with signed_in(demo, person) as client:
            assert client.get(path).status_code == 200, person


def test_there_are_studies_and_jobs_at_every_stage(demo) -> None:
    with signed_in(demo, "ben", 1) as ben, signed_in(demo, "ada", 1) as ada:
        studies, jobs = ben.get("/studies").text, ada.get("/jobs").text
    for stage in ("applied", "approved", "returned", "rejected", "suspended", "withdrawn"):
        assert stage in studies, stage
    for stage in ("recalled", "released", "voted", "returned", "refused", "checked", "failed"):
        assert stage in jobs, stage


def test_the_register_is_there_for_everybody(demo) -> None:
    page = httpx.get(f"{demo[0]}/register")
    assert page.status_code == 200
    assert "Positive tests and admissions by region" in page.text
