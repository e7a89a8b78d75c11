"""What the frameworks are asked to do in process: the requests, and the answers that count as the same
work.
"""

from __future__ import annotations

import io
import sys
from dataclasses import dataclass, field
from typing import Any

HELLO = "Hello, World!"
TEXT = "x" * 10_240
DOCUMENT = b'{"name": "widget", "tags": ["a", "b"], "price": 12.5, "stock": 7, "live": true}'
AGENT = "benchmark/1.0"


@dataclass(frozen=True)
class Workload:
    """One request, and what must come back.

    Args:
        name: Letter or name, as in the tables.
        title: What it shows.
        path: The path of the URL.
        status: The status code expected.
        body: The body expected, or `None` if it is each framework's own.
        query: The query string.
        method: The method.
        payload: The request's body.
        headers: Headers expected beside Content-Length.
        plugins: How many plugins or middlewares do nothing, before, after and at teardown.
        rules: How many rules there are.
    """

    name: str
    title: str
    path: str
    status: int = 200
    body: bytes | None = HELLO.encode()
    query: str = ""
    method: str = "GET"
    payload: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    plugins: int = 0
    rules: int = 0

    def environ(self) -> dict[str, Any]:
        """Return a WSGI environment, as a server would make it."""
        environ: dict[str, Any] = {
            "REQUEST_METHOD": self.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": self.path,
            "QUERY_STRING": self.query,
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "8000",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "HTTP_HOST": "127.0.0.1:8000",
            "HTTP_USER_AGENT": AGENT,
            "HTTP_ACCEPT": "*/*",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": False,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        if self.payload:
            environ["CONTENT_LENGTH"] = str(len(self.payload))
            environ["CONTENT_TYPE"] = "application/json"
        return environ

    def fresh(self, environ: dict[str, Any]) -> dict[str, Any]:
        """Return a copy of `environ` with an unread body."""
        copy = environ.copy()
        copy["wsgi.input"] = io.BytesIO(self.payload)
        return copy


_B = {
    "path": "/hello/4711/test",
    "query": "limit=10&thing=ab",
    "body": TEXT.encode(),
    "headers": {"x-agent": AGENT, "x-limit": "10"},
}
WORKLOADS = [
    Workload("A", "the view returns a short text", "/hello"),
    Workload("B", "header and query read, 10 KiB with an extra header", **_B),
    Workload(
        "C",
        "a small JSON document in and out",
        "/json",
        method="POST",
        payload=DOCUMENT,
        body=b'{"got":' + DOCUMENT + b"}",
    ),
    Workload("D", "as A, with 10 plugins", "/hello", plugins=10),
    Workload("E", "as A, with 50 plugins", "/hello", plugins=50),
    Workload("F", "one of 10 rules", "/r7/12/s7/abc", body=b"12abc", rules=10),
    Workload("G", "one of 5,000 rules", "/r4711/12/s4711/abc", body=b"12abc", rules=5000),
    Workload("404", "no such path", "/nowhere", status=404, body=None),
    Workload("405", "no such method", "/hello", status=405, body=None, method="DELETE"),
]
