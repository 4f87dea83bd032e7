"""Just enough of S3 for a client that keeps one object: a bucket in memory, which remembers who wrote to it."""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

EMPTY = b'<?xml version="1.0"?><ListBucketResult><Name>state</Name><IsTruncated>false</IsTruncated></ListBucketResult>'
MISSING = (
    b'<?xml version="1.0"?><Error><Code>NoSuchKey</Code><Message>The key does not exist.</Message></Error>'
)


class Bucket:
    """`objects` by path; `writers` are the access key ids that signed the requests that stored them."""

    def __init__(self, port: int) -> None:
        self.endpoint = f"http://127.0.0.1:{port}"
        self.objects: dict[str, bytes] = {}
        self.writers: list[str] = []


@contextlib.contextmanager
def keeping() -> Iterator[Bucket]:
    """Run a bucket until the block ends."""
    held: list[Bucket] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path, _, query = self.path.partition("?")
            found = held[0].objects.get(path)
            if "list-type" in query or path.count("/") < 2:
                self.answer(200, EMPTY)
            else:
                self.answer(200 if found is not None else 404, MISSING if found is None else found)

        do_HEAD = do_GET

        def do_PUT(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            held[0].objects[self.path.partition("?")[0]] = body
            signer = re.search(r"Credential=(\w+)/", self.headers["Authorization"])
            held[0].writers.append(signer[1] if signer else "")
            self.answer(200, b"")

        def answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/xml")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        held.append(Bucket(server.server_port))
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield held[0]
        finally:
            server.shutdown()
            thread.join()
