"""What a worker says to machines: logs, metrics and traces that say enough to keep it well, and no value [P1]."""

import ast
import io
import json
import logging
import re
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from wsgiref.simple_server import WSGIServer

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from scripts.source import product_modules
from tests.torture.stand import begin, hands, review, tre_says, write_study
from tre.cli.house import House
from tre.records.site import SiteError
from tre.worker.logs import FACTS, JsonLines, write_to
from tre.worker.meter import Meter
from tre.worker.traces import Traces, exporter_to

VALUE = "Aubergine, NHS number 999 000 0018"


@pytest.fixture(scope="module")
def story(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[House, str, tuple[ReadableSpan, ...], str]]:
    """A job that was released and one that failed: the house, the study, the spans, and what the metrics page said."""
    site = tmp_path_factory.mktemp("told") / "site"
    study, asked, spans = begin(site, lease=30), {}, InMemorySpanExporter()
    for kind in ("table", "boom"):
        folder = write_study(site.parent / kind, kind, 1, 0)
        asked[kind] = tre_says(site, "--as", "ada", "job", "submit", str(folder), "--study", study)["request"]
    house = hands(site).wiring().open_house(site)
    worker = house.worker("worker")
    worker.settle()
    worker.watch.traces = Traces(spans, "worker")
    worker.run_until_idle()
    review(house)
    worker.run_until_idle()
    worker.watch._counted_at = 0.0
    worker.look()
    server, _thread = worker.tools.meter.serve(0)
    with urllib.request.urlopen(f"http://127.0.0.1:{server.server_port}/metrics") as page:
        metrics = page.read().decode()
    stop(server)
    worker.close()
    yield house, study, spans.get_finished_spans(), metrics
    house.service.ledger.close()


def stop(server: WSGIServer) -> None:
    server.shutdown()
    server.server_close()


# -- logs ----------------------------------------------------------------------------------------------------------------


def logged(name: str, *words: object, **more: object) -> dict[str, object]:
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(JsonLines())
    logger = logging.getLogger(name)
    logger.addHandler(handler)
    try:
        logger.warning(*words, **more)  # type: ignore[arg-type]
    finally:
        logger.removeHandler(handler)
    return dict(json.loads(out.getvalue()))


def test_a_line_is_one_json_object_with_the_jobs_id() -> None:
    line = logged("tre.worker", "running", extra={"job": "job-1", "action": "table"})
    assert (line["says"], line["job"], line["action"], line["level"]) == (
        "running",
        "job-1",
        "table",
        "warning",
    )


def test_what_is_put_into_a_sentence_is_not_written_down() -> None:
    assert VALUE not in json.dumps(logged("tre.worker", "read %s", VALUE))


def test_what_an_exception_says_is_not_written_down_and_its_kind_is() -> None:
    try:
        int(VALUE)
    except ValueError:
        line = logged("tre.worker", "fault", exc_info=True)
    assert VALUE not in json.dumps(line)
    assert line["error"] == "ValueError"
    assert "test_what_an_exception_says" in str(line["raised"])


def test_a_fact_that_is_not_on_the_list_is_not_written_down() -> None:
    assert VALUE not in json.dumps(logged("tre.worker", "running", extra={"row": VALUE}))


def test_what_a_library_says_is_not_written_down_and_where_it_spoke_is() -> None:
    line = logged("duckdb.somewhere", VALUE)
    assert VALUE not in json.dumps(line)
    assert str(line["says"]).startswith("withheld: test_said_to_machines, line ")


def test_our_sentences_are_constants_and_their_facts_are_on_the_list() -> None:
    """Otherwise the two tests above would say little: what is written in the code is all that is written down."""
    calls = [
        (f"{module.path}:{node.lineno}", node)
        for module in product_modules()
        if module.path.startswith("tre/")
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        if isinstance(node.func.value, ast.Name) and node.func.value.id == "LOG"
    ]
    assert calls
    assert [where for where, call in calls if not is_plain(call)] == []


def is_plain(call: ast.Call) -> bool:
    extras = [each.value for each in call.keywords if each.arg == "extra"]
    keys = [key for extra in extras if isinstance(extra, ast.Dict) for key in extra.keys]
    # A name for the facts may stand there: what is not on the list is left out by the formatter, which is tried above.
    constant = len(call.args) == 1 and isinstance(call.args[0], ast.Constant)
    return constant and all(isinstance(key, ast.Constant) and key.value in FACTS for key in keys)


def test_a_worker_writes_json_lines(tmp_path: Path) -> None:
    site = tmp_path / "site"
    study = begin(site, lease=30)
    folder = write_study(tmp_path / "study", "boom", 1, 0)
    request = tre_says(site, "--as", "ada", "job", "submit", str(folder), "--study", study)["request"]
    command = [sys.executable, "-m", "tests.torture.stand", str(site), "worker"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as worker:
        assert worker.stderr is not None
        lines = (json.loads(line) for line in worker.stderr)
        found = next(line for line in lines if line["says"] == "running")
        worker.kill()
    assert (found["job"], found["action"], found["from"]) == (request, "boom", "tre.worker")


def test_logs_go_where_they_are_sent() -> None:
    out, root, ours = io.StringIO(), logging.getLogger(), logging.getLogger("tre")
    kept, level, own = root.handlers[:], root.level, ours.level
    try:
        write_to(out)
        logging.getLogger("tre.worker").info("running", extra={"job": "job-1"})
        logging.getLogger("urllib3").info("chatter")
    finally:
        root.handlers[:], root.level = kept, level
        ours.setLevel(own)
    assert [json.loads(line)["says"] for line in out.getvalue().splitlines()] == ["running"]


# -- metrics -------------------------------------------------------------------------------------------------------------


def test_the_metrics_say_what_ended_and_what_is_open(
    story: tuple[House, str, tuple[ReadableSpan, ...], str],
) -> None:
    metrics = story[3]
    assert 'tre_actions_ended_total{kind="sql-extract",outcome="succeeded"} 1.0' in metrics
    assert 'tre_actions_ended_total{kind="code",outcome="failed-in-your-code"} 1.0' in metrics
    assert "tre_look_seconds_bucket" in metrics


def test_no_metric_names_a_study_a_job_or_a_person(
    story: tuple[House, str, tuple[ReadableSpan, ...], str],
) -> None:
    house, study, _, metrics = story
    names = [study, *house.service.request_ids(), *house.site.people, "Tortured", "cohort"]
    assert set(names) & set(re.findall(r"[\w-]+", metrics)) == set()
    assert "created" not in metrics, "the moment of a first count is an exact time"


def test_times_of_actions_are_told_in_coarse_steps() -> None:
    pages = []
    for seconds in (61.0, 599.0):
        meter = Meter()
        meter.ended("extract", "succeeded", seconds)
        pages.append(
            sorted(
                f"{sample.name} {sample.labels} {sample.value}"
                for metric in meter.registry.collect()
                for sample in metric.samples
                if sample.name == "tre_action_seconds_bucket"
            )
        )
    assert pages[0] == pages[1]


def test_the_sum_of_times_does_not_tell_what_the_steps_hide() -> None:
    meter = Meter()
    meter.ended("extract", "succeeded", 61.0)
    meter.ended("extract", "succeeded", 599.0)
    (total,) = (
        sample.value
        for metric in meter.registry.collect()
        for sample in metric.samples
        if sample.name == "tre_action_seconds_sum"
    )
    assert total == 1200.0, "each is counted as the end of its step"


def test_the_metrics_are_answered_on_this_host_alone() -> None:
    server, _thread = Meter().serve(0)
    try:
        assert server.server_address[0] == "127.0.0.1"
        assert server.socket.getsockname()[0] == "127.0.0.1"
        with (
            pytest.raises(OSError, match="refused"),
            socket.create_connection(("127.0.0.2", server.server_port), 2),
        ):
            pass
    finally:
        stop(server)


# -- traces --------------------------------------------------------------------------------------------------------------


def test_a_released_job_is_one_trace_with_a_span_for_each_state_it_left(
    story: tuple[House, str, tuple[ReadableSpan, ...], str],
) -> None:
    house, _, spans, _ = story
    released = house.service.request_ids()[0]
    mine = [span for span in spans if (span.attributes or {})["tre.job"] == released]
    assert [span.name for span in mine if span.name.startswith("state ")] == [
        f"state {stage}"
        for stage in ("submitted", "running", "landed", "checked", "voted", "reviewed", "signed-off")
    ]
    assert sum(span.name == "action" for span in mine) == 2
    (root,) = (span for span in mine if span.parent is None)
    assert root.name == "job"
    assert {span.context.trace_id for span in mine} == {root.context.trace_id}
    assert {span.parent.span_id for span in mine if span.parent} == {root.context.span_id}


def test_a_failed_job_says_how_in_the_words_its_author_is_told(
    story: tuple[House, str, tuple[ReadableSpan, ...], str],
) -> None:
    house, _, spans, _ = story
    failed = house.service.request_ids()[1]
    mine = [span for span in spans if (span.attributes or {})["tre.job"] == failed]
    outcomes = [(span.attributes or {}).get("tre.outcome") for span in mine if span.name == "action"]
    assert outcomes == ["failed-in-your-code"]


def test_a_span_of_real_data_is_timed_to_the_second_and_holds_few_words(
    story: tuple[House, str, tuple[ReadableSpan, ...], str],
) -> None:
    allowed = {"tre.job", "tre.action", "tre.outcome", "tre.left_for", "tre.ended"}
    for span in story[2]:
        assert {time % 1_000_000_000 for time in (span.start_time, span.end_time) if time} <= {0}
        assert set(span.attributes or {}) <= allowed


def test_a_span_that_is_sent_twice_is_the_same_span(
    story: tuple[House, str, tuple[ReadableSpan, ...], str],
) -> None:
    house, _, spans, _ = story
    again, request = InMemorySpanExporter(), house.service.request_ids()[0]
    traces = Traces(again, "another-worker")
    history = house.service.ledger.case_events(request)
    for number in range(1, len(history) + 1):
        traces.event(history[:number], house.service.request(request).submission.purpose)
    traces.close()
    mine = {span.context.span_id for span in spans if (span.attributes or {})["tre.job"] == request}
    assert {span.context.span_id for span in again.get_finished_spans()} == mine


def test_a_collector_elsewhere_is_sent_to_by_https_or_not_at_all() -> None:
    with pytest.raises(SiteError, match="could be read on its way"):
        exporter_to("http://collector.example/v1/traces")
    exporter_to("http://127.0.0.1:4318/v1/traces")
    exporter_to("https://collector.example/v1/traces")
