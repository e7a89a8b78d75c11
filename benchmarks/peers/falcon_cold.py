"""The rows of `cold.py` in Falcon, whose middleware has no teardown."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

import falcon
from falcon.media import JSONHandler

if TYPE_CHECKING:
    from workloads import Workload


class Document:
    def on_get(self, _request: Any, response: Any) -> None:
        response.media = {"live": True, "name": "widget", "price": 12.5}


class Begin:
    def process_request(self, request: Any, _response: Any) -> None:
        request.context.user = "wren"


class Note:
    def process_response(self, request: Any, response: Any, _resource: Any, _req_succeeded: bool) -> None:
        response.set_header("X-User", request.context.user)


class End:
    def process_response(self, request: Any, _response: Any, _resource: Any, _req_succeeded: bool) -> None:
        del request.context.user


def make(workload: Workload) -> Any:
    # The first response of the list runs last.
    app = falcon.App(middleware=[End(), Note(), Begin()] if workload.plugins else None)
    handler = JSONHandler(dumps=partial(json.dumps, ensure_ascii=False, separators=(",", ":")))
    app.resp_options.media_handlers[falcon.MEDIA_JSON] = handler
    app.add_route("/document", Document())
    return app
