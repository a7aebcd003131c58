"""Traces, as a receiver of them on this machine sees them. Nothing of it is loaded where nobody asks for it."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from macropod_server.app import close_deps, create_app
from macropod_server.domain.naming import run_token
from macropod_server.domain.run import Reason
from macropod_server.flows.finish_run import Ending, finish_run
from macropod_server.flows.issue_token import issue_token
from macropod_server.flows.start_run import start_runs
from macropod_server.settings_reading import read_settings
from macropod_server.telemetry.tracing import place_named
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from starlette.testclient import TestClient

from tests.builders import make_deps, make_task, runs_of

TRACE, CALLER = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


class Receiver(ThreadingHTTPServer):
    """Keeps every span it is sent."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.spans = []

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}"

    def named(self, name):
        (span,) = [span for span in self.spans if span.name == name]
        return span


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        import gzip

        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        sent = ExportTraceServiceRequest.FromString(body)
        assert self.path == "/v1/traces"
        self.server.spans += [s for r in sent.resource_spans for scope in r.scope_spans for s in scope.spans]
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@contextmanager
def traced(tmp_path, receiver):
    endpoint = read_settings({"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url}).otel_endpoint
    deps = make_deps(tmp_path, otel_endpoint=endpoint)
    try:
        yield deps
    finally:
        close_deps(deps)  # Sends what was not sent yet.


def facts(span):
    return {each.key: each.value.string_value or each.value.int_value for each in span.attributes}


def test_a_run_is_a_trace_with_its_start_in_it_and_is_told_where_it_stands(tmp_path, receiver):
    with traced(tmp_path, receiver) as deps:
        (run,) = runs_of(deps, make_task(deps, name="nightly"))
        start_runs(deps)
        with TestClient(create_app(deps, with_engine=False)) as client:
            headers = {"Authorization": f"Bearer {run_token(run.id, key=deps.run_key)}"}
            told = client.get("/v1/runner/spec", headers=headers).json()["traceparent"]
        deps.clock.advance(seconds=40)
        finish_run(deps, run.id, Ending(Reason.EXIT_CODE, exit_code=3), now=deps.clock())
    whole, start = receiver.named("run nightly"), receiver.named("spawn")
    assert told == f"00-{whole.trace_id.hex()}-{whole.span_id.hex()}-01"
    assert whole.trace_id.hex() == run.id.replace("-", "")
    assert (start.trace_id, start.parent_span_id) == (whole.trace_id, whole.span_id)
    assert whole.end_time_unix_nano - whole.start_time_unix_nano == 40 * 10**9
    assert (facts(whole)["macropod.reason"], facts(whole)["macropod.exit_code"]) == ("exit_code", 3)


def test_a_request_is_part_of_the_trace_its_caller_names(tmp_path, receiver):
    with traced(tmp_path, receiver) as deps, TestClient(create_app(deps, with_engine=False)) as client:
        token = issue_token(deps.database, name="test", now=deps.clock())
        headers = {"Authorization": f"Bearer {token}", "traceparent": f"00-{TRACE}-{CALLER}-01"}
        assert client.get("/v1/runs/nobody", headers=headers).status_code == 404
        client.get("/health/live")
    (span,) = receiver.spans
    assert (span.name, span.trace_id.hex(), span.parent_span_id.hex()) == ("GET /v1/runs/{run_id}", TRACE, CALLER)
    assert facts(span)["http.response.status_code"] == 404


@pytest.mark.parametrize(
    "text", ["", "00", f"00-{TRACE}-{CALLER}", f"ff-{TRACE}-{CALLER}-01", f"00-{'0' * 32}-{CALLER}-01", "00-x-y-01"]
)
def test_a_caller_that_names_no_span_begins_a_trace(text):
    assert place_named(text) is None


def test_where_traces_go_is_read_from_the_standard_variables():
    def endpoint(**variables):
        return read_settings(variables).otel_endpoint

    assert endpoint() == ""
    assert endpoint(OTEL_EXPORTER_OTLP_ENDPOINT="http://collector:4318/") == "http://collector:4318/v1/traces"
    assert endpoint(OTEL_EXPORTER_OTLP_TRACES_ENDPOINT="http://collector/here") == "http://collector/here"
    assert endpoint(OTEL_EXPORTER_OTLP_ENDPOINT="http://collector:4318", OTEL_SDK_DISABLED="true") == ""


def test_nothing_that_sends_is_loaded_where_nobody_asks_for_traces():
    """The library of the API looks for the names of OpenTelemetry by itself, where they are installed."""
    look = "import sys, macropod_server.serve; print([n for n in sys.modules if n in ('opentelemetry.sdk', 'psycopg')])"
    assert subprocess.run([sys.executable, "-c", look], capture_output=True, text=True).stdout.strip() == "[]"
