"""The workloads in Falcon."""

from __future__ import annotations

from typing import Any

import falcon
from workloads import HELLO, TEXT, Workload


class Hello:
    def on_get(self, _request: Any, response: Any) -> None:
        response.content_type = "text/html; charset=utf-8"
        response.text = HELLO


class Test:
    def on_get(self, request: Any, response: Any, account_id: str) -> None:  # noqa: ARG002
        response.content_type = "text/plain; charset=utf-8"
        response.set_header("X-Agent", request.get_header("User-Agent"))
        response.set_header("X-Limit", request.get_param("limit"))
        response.text = TEXT


class Document:
    def on_post(self, request: Any, response: Any) -> None:
        response.media = {"got": request.media}


class Numbered:
    def on_get(self, _request: Any, response: Any, a: int, b: str) -> None:
        response.content_type = "text/html; charset=utf-8"
        response.text = f"{a}{b}"


class Idle:
    """A middleware that does nothing; Falcon's way to be called before and after, whatever happened."""

    def process_request(self, request: Any, response: Any) -> None: ...

    def process_response(self, request: Any, response: Any, resource: Any, req_succeeded: bool) -> None: ...


def make(workload: Workload) -> Any:
    app = falcon.App(middleware=[Idle() for _ in range(workload.plugins)])
    app.add_route("/hello", Hello())
    app.add_route("/hello/{account_id}/test", Test())
    app.add_route("/json", Document())
    numbered = Numbered()
    for number in range(workload.rules):
        app.add_route(f"/r{number}/{{a:int}}/s{number}/{{b}}", numbered)
    return app
