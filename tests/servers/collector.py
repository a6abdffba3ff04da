"""A collector of OpenTelemetry's, as far as a client of traces can tell: a program of its own.

It keeps every request of ``POST /v1/traces`` and says on ``/requests`` what it got, bodies as hex.
Of the first requests, those of ``--statuses`` are answered so; ``--reject N`` says of every
request that N spans were refused. It prints its port.
"""

from __future__ import annotations

import argparse
import gzip
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceResponse,
)


class Collector(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    got: list[dict[str, object]] = []  # noqa: RUF012 (one server a process)
    statuses: list[int] = []  # noqa: RUF012
    rejected = 0

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        headers = {name.lower(): value for name, value in self.headers.items()}
        status = self.statuses.pop(0) if self.statuses else 200
        self.got.append(
            {"path": self.path, "headers": headers, "status": status, "body": body.hex()}
        )
        if status != 200:
            self._answer(status, b"no thanks", "text/plain")
            return
        partial = ExportTracePartialSuccess(
            rejected_spans=self.rejected, error_message="too many" if self.rejected else ""
        )
        reply = ExportTraceServiceResponse(partial_success=partial)
        self._answer(200, reply.SerializeToString(), "application/x-protobuf")

    def do_GET(self) -> None:
        self._answer(200, json.dumps(self.got).encode(), "application/json")

    def _answer(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        if status == 503:
            self.send_header("retry-after", "0")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--statuses", default="")
    options.add_argument("--reject", type=int, default=0)
    given = options.parse_args()
    Collector.statuses = [int(status) for status in given.statuses.split(",") if status]
    Collector.rejected = given.reject
    server = ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    print(json.dumps({"port": server.server_port}), flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
