"""The workloads in Cocopot."""

from __future__ import annotations

import time
from typing import Any

from workloads import HELLO, TEXT, WAIT_SECONDS, Workload

from cocopot import Cocopot, hookimpl, request


class Idle:
    """A plugin that does nothing before and after each request, and at its teardown."""

    @hookimpl
    def cocopot_before_request(self, request: object) -> None: ...

    @hookimpl
    def cocopot_after_request(self, response: object) -> None: ...

    @hookimpl
    def cocopot_teardown_request(self, request: object) -> None: ...


def make(workload: Workload) -> Any:
    app = Cocopot("benchmark", static_folder=None, autoload=False)
    for number in range(workload.plugins):
        app.plugins.register(Idle(), f"idle-{number}")

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
