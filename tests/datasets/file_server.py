"""A server of one file that misbehaves as it is told: slow, cut, busy, changed, moved, gone."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class FileServer:
    """What is served at ``/file``, and how.

    cuts: after how many bytes of the body each of the next answers is cut.
    statuses: what the next requests are answered with instead.
    etag: the strong tag of the content; None for a server that gives none.
    block_seconds: how long each block of 1000 bytes takes.
    requests: (path, Range header) of every request.
    """

    content: bytes
    address: str = ""
    cuts: list[int] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    etag: str | None = '"one"'
    block_seconds: float = 0.0
    stated_length: bool = True
    requests: list[tuple[str, str | None]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"{self.address}/file"


@contextmanager
def file_server(content: bytes) -> Iterator[FileServer]:
    """Serve ``content`` on this machine until the block ends."""
    served = FileServer(content)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            _answer(self, served)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _answer(handler: BaseHTTPRequestHandler, served: FileServer) -> None:
    wanted = handler.headers.get("Range")
    served.requests.append((handler.path, wanted))
    if served.statuses:
        handler.send_response(served.statuses.pop(0))
        handler.send_header("Retry-After", "0")
        handler.send_header("Content-Length", "0")
        handler.end_headers()
        return
    if handler.path == "/moved":
        handler.send_response(302)
        handler.send_header("Location", "/file")
        handler.send_header("Content-Length", "0")
        handler.end_headers()
        return
    body, start = served.content, 0
    if wanted and served.etag and handler.headers.get("If-Range") == served.etag:
        start = int(wanted.removeprefix("bytes=").removesuffix("-"))
        handler.send_response(206)
        handler.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
    else:
        handler.send_response(200)
    if served.etag:
        handler.send_header("ETag", served.etag)
    if served.stated_length:
        handler.send_header("Content-Length", str(len(body) - start))
    handler.end_headers()
    body = body[start:]
    end = served.cuts.pop(0) if served.cuts else len(body)
    for at in range(0, min(end, len(body)), 1000):
        handler.wfile.write(body[at : min(at + 1000, end)])
        time.sleep(served.block_seconds)
    handler.close_connection = True
