"""Spans really leave for the collector that is configured, over a socket."""

import gzip
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

#: Started in a process of its own: a tracer provider can be set once only.
SCRIPT = """
import sys
from opentelemetry import trace
from vyapar.ops import traces
provider = traces.start(sys.argv[1])
with trace.get_tracer("test").start_as_current_span("cycle"):
    pass
provider.shutdown()
"""


@pytest.fixture
def collector():
    """A collector that keeps the names of spans."""
    names: list[str] = []

    class Door(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            if self.headers.get("content-encoding") == "gzip":
                body = gzip.decompress(body)
            said = ExportTraceServiceRequest()
            said.ParseFromString(body)
            names.extend(
                span.name for one in said.resource_spans for part in one.scope_spans for span in part.spans
            )
            self.send_response(200)
            self.end_headers()

        def log_message(self, *words):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", names
    server.shutdown()


def test_a_span_reaches_the_configured_collector(collector):
    address, names = collector
    subprocess.run([sys.executable, "-c", SCRIPT, address], check=True, timeout=60)
    assert names == ["cycle"]
