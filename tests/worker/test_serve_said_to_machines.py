"""`tre serve` is heard by machines as a worker is: what it counts, on this host alone, and a trace of each job; never a value [P1]."""

import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tests.torture.stand import begin, tre_says, write_study

PATIENCE = 180
UNKNOWN = 'tre_pages_total{method="GET",page="other",status="404"} 1.0'
SERVE = """
import sys
from pathlib import Path
from tests.torture.stand import die_with_parent, hands
from tre.cli.app import run_command_line
die_with_parent()
sys.exit(run_command_line(hands(Path(sys.argv[1])).wiring(), ["--site", *sys.argv[1:]]))
"""


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def until(told: Callable[[], bool], said: Callable[[], str]) -> None:
    ends = time.monotonic() + PATIENCE
    while not told():
        assert time.monotonic() < ends, said()
        time.sleep(0.1)


def page(port: int, path: str) -> str:
    """A page's text; nothing while nobody answers."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}") as answer:
            return str(answer.read().decode())
    except urllib.error.HTTPError as refused:
        return f"refused: {refused.code}"
    except OSError:
        return ""


@pytest.fixture
def collector() -> Iterator[tuple[int, list[bytes]]]:
    """An OpenTelemetry collector on this host, as far as being sent to goes: its port, and what it was sent."""
    sent: list[bytes] = []

    class Collecting(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            sent.append(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    server = HTTPServer(("127.0.0.1", 0), Collecting)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port, sent
    server.shutdown()
    thread.join()
    server.server_close()


def test_what_is_served_is_counted_and_each_job_traced(
    tmp_path: Path, collector: tuple[int, list[bytes]]
) -> None:
    site, pages, metrics = tmp_path / "site", free_port(), free_port()
    study = begin(site, lease=30)
    words = ["serve", "--port", str(pages), "--metrics-port", str(metrics)]
    words += ["--traces", f"http://127.0.0.1:{collector[0]}/v1/traces"]
    log = (tmp_path / "log").open("wb")
    with subprocess.Popen(
        [sys.executable, "-c", SERVE, str(site), *words], stdout=log, stderr=log
    ) as serving:
        try:
            until(lambda: "tre_" in page(metrics, "/metrics"), (tmp_path / "log").read_text)
            made = write_study(tmp_path / "study", "table", 1, 0)
            job = tre_says(site, "--as", "ada", "job", "submit", str(made), "--study", study)["request"]
            until(
                lambda: "tre_actions_ended_total" in page(metrics, "/metrics"),
                lambda: page(metrics, "/metrics"),
            )
            until(lambda: "refused: 404" in page(pages, "/register/studies/aubergine"), lambda: "")
            assert "register" in page(pages, "/register")
            assert page(pages, f"/{job}") == "refused: 404"
            until(lambda: UNKNOWN in page(metrics, "/metrics"), lambda: page(metrics, "/metrics"))
            until(lambda: b"".join(collector[1]).count(job.encode()) > 0, lambda: "no trace was sent")
            told = page(metrics, "/metrics")
            assert_nobody_else_is_answered(metrics)
        finally:
            serving.terminate()
            serving.wait(timeout=PATIENCE)
            log.close()
    assert 'tre_pages_total{method="GET",page="/register/studies/{' in told
    assert not any(word in told for word in (job, study, "aubergine", "ada"))


def assert_nobody_else_is_answered(port: int) -> None:
    """It listens on the loopback, and on no other address of the host."""
    listening = Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]
    addresses = {line.split()[1] for line in listening if line.split()[3] == "0A"}
    assert {each for each in addresses if each.endswith(f":{port:04X}")} == {f"0100007F:{port:04X}"}


def test_a_trace_that_nobody_would_make_is_refused(tmp_path: Path) -> None:
    site = tmp_path / "site"
    begin(site)
    with pytest.raises(RuntimeError, match="ended with 2"):
        tre_says(site, "serve", "--no-work", "--traces", "https://collector.example/v1/traces")
