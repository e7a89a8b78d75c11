"""Three workloads as plain WSGI functions: a lower bound for every framework."""

from __future__ import annotations

import json
from typing import Any

from workloads import HELLO, TEXT, Workload


def _send(start_response: Any, body: bytes, *headers: tuple[str, str]) -> list[bytes]:
    start_response("200 OK", [*headers, ("Content-Length", str(len(body)))])
    return [body]


def hello(_environ: Any, start_response: Any) -> list[bytes]:
    return _send(start_response, HELLO.encode(), ("Content-Type", "text/html; charset=utf-8"))


def test(environ: Any, start_response: Any) -> list[bytes]:
    query = dict(pair.split("=") for pair in environ["QUERY_STRING"].split("&"))
    headers = [
        ("Content-Type", "text/plain; charset=utf-8"),
        ("X-Seen", f"{environ['HTTP_USER_AGENT']} {query['limit']}"),
    ]
    return _send(start_response, TEXT.encode(), *headers)


def document(environ: Any, start_response: Any) -> list[bytes]:
    payload = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
    body = json.dumps({"got": json.loads(payload)}, separators=(",", ":"))
    return _send(start_response, body.encode(), ("Content-Type", "application/json"))


def make(workload: Workload) -> Any:
    return {"A": hello, "B": test, "C": document}.get(workload.name)
