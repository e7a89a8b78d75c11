"""The workloads in Bottle."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from bottle import Bottle, JSONPlugin, request, response
from workloads import HELLO, TEXT, Workload


def make(workload: Workload) -> Any:
    app = Bottle()
    app.uninstall("json")  # writes blanks
    app.install(JSONPlugin(partial(json.dumps, separators=(",", ":"))))
    for _ in range(workload.plugins):
        app.add_hook("before_request", lambda: None)
        app.add_hook("after_request", lambda: None)

    @app.get("/hello")
    def hello() -> str:
        return HELLO

    @app.get("/hello/<account_id>/test")
    def test(account_id: str) -> str:  # noqa: ARG001 - a view takes its variables
        response.content_type = "text/plain; charset=utf-8"
        response.set_header("X-Seen", f"{request.get_header('User-Agent')} {request.query['limit']}")
        return TEXT

    @app.post("/json")
    def document() -> dict[str, Any]:
        return {"got": request.json}

    for number in range(workload.rules):
        app.route(f"/r{number}/<a:int>/s{number}/<b>", callback=lambda a, b: f"{a}{b}")
    return app
