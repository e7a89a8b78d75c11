"""The workloads in Flask."""

from __future__ import annotations

import time
from typing import Any

from flask import Flask, request
from workloads import HELLO, TEXT, WAIT_SECONDS, Workload


def make(workload: Workload) -> Any:
    app = Flask("benchmark", static_folder=None)
    for _ in range(workload.plugins):
        app.before_request(lambda: None)
        app.after_request(lambda response: response)
        app.teardown_request(lambda _: None)

    @app.get("/hello")
    def hello() -> str:
        return HELLO

    @app.get("/hello/<account_id>/test")
    def test(account_id: str) -> tuple[str, dict[str, str]]:  # noqa: ARG001 - a view takes its variables
        seen = f"{request.headers['User-Agent']} {request.args['limit']}"
        return TEXT, {"Content-Type": "text/plain; charset=utf-8", "X-Seen": seen}

    @app.post("/json")
    def document() -> dict[str, Any]:
        return {"got": request.json}

    @app.get("/wait")
    def wait() -> str:
        time.sleep(WAIT_SECONDS)
        return HELLO

    for number in range(workload.rules):
        app.add_url_rule(f"/r{number}/<int:a>/s{number}/<b>", f"r{number}", lambda a, b: f"{a}{b}")
    return app
