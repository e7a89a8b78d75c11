"""The workloads: requests, and the responses that every framework must send."""

from __future__ import annotations

import io
import sys
from dataclasses import dataclass, field
from typing import Any

HELLO = "Hello, World!"
TEXT = "x" * 10_240
#: Compact and with sorted keys, so that it does not matter whether a framework sorts them.
DOCUMENT = b'{"live":true,"name":"widget","price":12.5,"stock":7,"tags":["a","b"]}'
AGENT = "benchmark/1.0"
HTML = {"content-type": "text/html; charset=utf-8"}


@dataclass(frozen=True)
class Workload:
    """One kind of request, and the expected response.

    Args:
        name: Letter or name, as in the tables.
        title: Title in the chart.
        paths: The paths of the requests, in turn.
        status: The expected status code, or `None` if it depends on the framework.
        body: The expected body, or `None` if it depends on the framework.
        query: The query string.
        method: The method.
        payload: The request's body.
        headers: All expected headers except Content-Length, names and values in lower case.
        plugins: Number of plugins or middlewares that do nothing before, after and at teardown.
        rules: Number of rules with variables.
        group: The group of a row of `WAYS`, whose response may have further headers.
        type: The content type of the request's body.
        sent: Further variables of the environment.
    """

    name: str
    title: str
    paths: tuple[str, ...]
    status: int | None = 200
    body: bytes | None = HELLO.encode()
    query: str = ""
    method: str = "GET"
    payload: bytes = b""
    headers: dict[str, str] = field(default_factory=lambda: HTML)
    plugins: int = 0
    rules: int = 0
    group: str = ""
    type: str = "application/json"
    sent: dict[str, str] = field(default_factory=dict)

    @property
    def takes_line_feed(self) -> bool:
        """Whether the response is a JSON document, after which a framework may write a line feed."""
        return (self.body or b"")[:1] == b"{"

    def environs(self) -> list[dict[str, Any]]:
        """Return WSGI environments, one for each path, as a server creates them."""
        return [self._environ(path) for path in self.paths]

    def fresh(self, environ: dict[str, Any]) -> dict[str, Any]:
        """Return a copy of `environ` with an unread body."""
        copy = environ.copy()
        copy["wsgi.input"] = io.BytesIO(self.payload)
        return copy

    def _environ(self, path: str) -> dict[str, Any]:
        environ: dict[str, Any] = {
            "REQUEST_METHOD": self.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": path,
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
            environ["CONTENT_TYPE"] = self.type
        return environ | self.sent


def _numbered(*numbers: int) -> tuple[str, ...]:
    return tuple(f"/r{number}/12/s{number}/abc" for number in numbers)


_HELLO, _TEST = ("/hello",), ("/hello/4711/test",)
WORKLOADS = [
    Workload("A", "the view returns a short text", _HELLO),
    Workload(
        "B",
        "header and query read, 10 KiB returned",
        _TEST,
        query="limit=10&thing=ab",
        body=TEXT.encode(),
        headers={"content-type": "text/plain; charset=utf-8", "x-seen": f"{AGENT} 10"},
    ),
    Workload(
        "C",
        "a small JSON document in and out",
        ("/json",),
        method="POST",
        payload=DOCUMENT,
        body=b'{"got":' + DOCUMENT + b"}",
        headers={"content-type": "application/json"},
    ),
    Workload("D", "as A, with 10 plugins that do nothing", _HELLO, plugins=10),
    Workload("E", "as A, with 50 plugins that do nothing", _HELLO, plugins=50),
    Workload("F", "one of 10 rules with variables", _numbered(7), body=b"12abc", rules=10),
    Workload("G", "one of 5,000 rules, added late", _numbered(4711), body=b"12abc", rules=5000),
    Workload(
        "G-all",
        "as G, 50 rules in turn",
        _numbered(*range(0, 5000, 100)),
        body=b"12abc",
        rules=5000,
    ),
    Workload("404", "no such path", ("/nowhere",), status=404, body=None),
    Workload("405", "no such method", _HELLO, status=405, body=None, method="DELETE"),
]
WAIT = Workload("wait", "the view waits 5 ms, as for a database", ("/wait",))
#: Those under servers: the text, the large text, the JSON document, and a view that waits.
SERVED = [*WORKLOADS[:3], WAIT]
#: Seconds that the view of the last one waits.
WAIT_SECONDS = 0.005
#: The number of rows of PAGE.
PAGE_ROWS = 20
_LINES = "".join(
    f'<li><a href="/notes/{number}">note &lt;{number}&gt;</a> {number / 4}</li>\n'
    for number in range(1, PAGE_ROWS + 1)
)
#: The page of `stack.py`.
PAGE = Workload(
    "page",
    "20 rows of a database in a template",
    ("/",),
    body=f"<!doctype html>\n<title>Notes</title>\n<h1>Notes</h1>\n<ul>\n{_LINES}</ul>".encode(),
)
