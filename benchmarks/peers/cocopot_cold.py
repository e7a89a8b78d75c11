"""The rows of `cold.py` in Cocopot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cocopot import Cocopot, Response, g

if TYPE_CHECKING:
    from workloads import Workload


def make(workload: Workload) -> Any:
    app = Cocopot("benchmark", static_folder=None, autoload=False)

    @app.get("/document")
    def document() -> dict[str, Any]:
        return {"live": True, "name": "widget", "price": 12.5}

    if workload.plugins:
        app.before_request(_begin)
        app.after_request(_note)
        app.teardown_request(_end)
    return app


def _begin() -> None:
    g.user = "wren"


def _note(response: Response) -> Response:
    response.headers["X-User"] = g.user
    return response


def _end(_exc: BaseException | None) -> None:
    g.pop("user", None)
