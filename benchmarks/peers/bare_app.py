"""The workloads as plain WSGI functions: what no framework can be quicker than."""

from __future__ import annotations

from typing import Any

from workloads import HELLO, TEXT, Workload


def hello(_environ: Any, start_response: Any) -> list[bytes]:
    body = HELLO.encode()
    start_response(
        "200 OK", [("Content-Type", "text/html; charset=utf-8"), ("Content-Length", str(len(body)))]
    )
    return [body]


def test(environ: Any, start_response: Any) -> list[bytes]:
    query = dict(pair.split("=") for pair in environ["QUERY_STRING"].split("&"))
    body = TEXT.encode()
    headers = [
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Content-Length", str(len(body))),
        ("X-Agent", environ["HTTP_USER_AGENT"]),
        ("X-Limit", query["limit"]),
    ]
    start_response("200 OK", headers)
    return [body]


def make(workload: Workload) -> Any:
    return {"A": hello, "B": test}.get(workload.name)
