"""The workloads in Falcon."""

from __future__ import annotations

import json
import time
from functools import partial
from typing import Any

import falcon
from falcon.media import JSONHandler
from workloads import HELLO, TEXT, WAIT_SECONDS, Workload


class Hello:
    def on_get(self, _request: Any, response: Any) -> None:
        response.text = HELLO


class Test:
    def on_get(self, request: Any, response: Any, account_id: str) -> None:  # noqa: ARG002 - it takes its variables
        response.content_type = falcon.MEDIA_TEXT
        response.set_header("X-Seen", f"{request.get_header('User-Agent')} {request.get_param('limit')}")
        response.text = TEXT


class Document:
    def on_post(self, request: Any, response: Any) -> None:
        response.media = {"got": request.media}


class TypedDocument(Document):
    """The same in an application whose default type is HTML."""

    def on_post(self, request: Any, response: Any) -> None:
        response.content_type = falcon.MEDIA_JSON
        super().on_post(request, response)


class Wait:
    def on_get(self, _request: Any, response: Any) -> None:
        time.sleep(WAIT_SECONDS)
        response.text = HELLO


class Numbered:
    def on_get(self, _request: Any, response: Any, a: int, b: str) -> None:
        response.text = f"{a}{b}"


class Idle:
    """A middleware that does nothing before and after each request, also after an error."""

    def process_request(self, request: Any, response: Any) -> None: ...

    def process_response(self, request: Any, response: Any, resource: Any, req_succeeded: bool) -> None: ...


def make(workload: Workload) -> Any:
    # The default type of the application is faster than setting the type of each response.
    media_type = falcon.MEDIA_JSON if workload.payload else falcon.MEDIA_HTML
    app = falcon.App(media_type=media_type, middleware=[Idle() for _ in range(workload.plugins)])
    # Falcon's own handler, without the blanks that it writes by default.
    handler = JSONHandler(dumps=partial(json.dumps, ensure_ascii=False, separators=(",", ":")))
    app.req_options.media_handlers[falcon.MEDIA_JSON] = handler
    app.resp_options.media_handlers[falcon.MEDIA_JSON] = handler
    app.add_route("/hello", Hello())
    app.add_route("/hello/{account_id}/test", Test())
    app.add_route("/json", Document() if workload.payload else TypedDocument())
    app.add_route("/wait", Wait())
    numbered = Numbered()
    for number in range(workload.rules):
        app.add_route(f"/r{number}/{{a:int}}/s{number}/{{b}}", numbered)
    return app
