"""The workloads in Pyramid."""

from __future__ import annotations

from typing import Any

from pyramid.config import Configurator
from pyramid.response import Response
from workloads import HELLO, TEXT, Workload


def hello(_request: Any) -> Response:
    return Response(HELLO)


def test(request: Any) -> Response:
    return Response(
        TEXT,
        content_type="text/plain",
        headerlist=[
            ("Content-Type", "text/plain; charset=utf-8"),
            ("X-Agent", request.headers["User-Agent"]),
            ("X-Limit", request.params["limit"]),
        ],
    )


def document(request: Any) -> Response:
    return Response(json_body={"got": request.json_body}, content_type="application/json")


def make(workload: Workload) -> Any:
    if workload.plugins or workload.rules or workload.status != 200:
        return None
    with Configurator() as config:
        config.add_route("hello", "/hello")
        config.add_view(hello, route_name="hello", request_method="GET")
        config.add_route("test", "/hello/{account_id}/test")
        config.add_view(test, route_name="test", request_method="GET")
        config.add_route("json", "/json")
        config.add_view(document, route_name="json", request_method="POST")
        return config.make_wsgi_app()
