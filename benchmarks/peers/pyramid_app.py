"""The workloads in Pyramid."""

from __future__ import annotations

from typing import Any

from pyramid.config import Configurator
from pyramid.events import NewRequest, NewResponse
from pyramid.response import Response
from workloads import HELLO, TEXT, Workload


def hello(_request: Any) -> Response:
    return Response(HELLO)


def test(request: Any) -> Response:
    response = Response(TEXT, content_type="text/plain")
    response.headers["X-Seen"] = f"{request.headers['User-Agent']} {request.GET['limit']}"
    return response


def document(request: Any) -> Response:
    return Response(json_body={"got": request.json_body}, content_type="application/json")


def numbered(request: Any) -> Response:
    return Response(f"{int(request.matchdict['a'])}{request.matchdict['b']}")


def make(workload: Workload) -> Any:
    if workload.status == 405:  # Pyramid responds with 404 if a view exists only for another method
        return None
    with Configurator() as config:
        for _ in range(workload.plugins):
            config.add_subscriber(lambda _event: None, NewRequest)
            config.add_subscriber(lambda _event: None, NewResponse)
        config.add_route("hello", "/hello")
        config.add_view(hello, route_name="hello", request_method="GET")
        config.add_route("test", "/hello/{account_id}/test")
        config.add_view(test, route_name="test", request_method="GET")
        config.add_route("json", "/json")
        config.add_view(document, route_name="json", request_method="POST")
        for number in range(workload.rules):
            config.add_route(f"r{number}", rf"/r{number}/{{a:\d+}}/s{number}/{{b}}")
            config.add_view(numbered, route_name=f"r{number}", request_method="GET")
        return config.make_wsgi_app()
