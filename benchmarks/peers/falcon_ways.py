"""The ways of `ways.py` in Falcon; rows without a counterpart are omitted."""

from __future__ import annotations

import json
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import falcon
from falcon.media import JSONHandler
from falcon.routing import BaseConverter
from ways import CHANGED, CHUNK, FILE, MANY, MEDIA_TYPES, RULES, STATIC
from workloads import HELLO, Workload

if TYPE_CHECKING:
    from collections.abc import Callable


_FIVE = {f"X-A{number}": "1" for number in range(5)}


def _set_defaults(response: Any) -> None:
    for name, value in _FIVE.items():
        if response.get_header(name) is None:
            response.set_header(name, value)


_CHANGES: dict[str, Callable[[Any], object]] = {
    "update": lambda response: response.set_headers(_FIVE),
    "setdefault": _set_defaults,
    "cache-control": lambda response: setattr(response, "cache_control", ("max-age=60",)),
    "last-modified": lambda response: setattr(response, "last_modified", CHANGED),
}


class OtherError(Exception):
    """An exception with a handler."""


class OwnRequest(falcon.Request):
    """A class of requests as an application writes it."""

    @property
    def user(self) -> str:
        return HELLO


class Joined(BaseConverter):
    """A converter as an application writes it."""

    def convert(self, value: str) -> str:
        return value.replace("-", "")


class View:
    """A resource with one function for all methods that the rows use."""

    def __init__(self, function: Any) -> None:
        self.on_get = self.on_post = self.on_head = function


def make(workload: Workload) -> Any:
    app = falcon.App(media_type=falcon.MEDIA_HTML, cors_enable=workload.name == "preflight")
    handler = JSONHandler(dumps=partial(json.dumps, ensure_ascii=False, separators=(",", ":")))
    app.req_options.media_handlers[falcon.MEDIA_JSON] = handler
    app.resp_options.media_handlers[falcon.MEDIA_JSON] = handler
    return globals()[f"_{workload.group}"](app, workload.name)


def _added(app: Any, name: str, views: dict[str, Any]) -> Any:
    if name not in views:
        return None
    app.add_route(f"/{name}", View(views[name]))
    return app


# -------------------------------------------------------------------------
# Responses
# -------------------------------------------------------------------------


def _spellings(app: Any, name: str) -> Any:
    def text(_request: Any, response: Any) -> None:
        response.text = HELLO

    def data(_request: Any, response: Any) -> None:
        response.data = b"Hello, World!"

    def header(_request: Any, response: Any) -> None:
        response.set_header("X-A", "1")
        response.text = HELLO

    def plain(_request: Any, response: Any) -> None:
        response.content_type = "text/plain"
        response.set_header("X-A", "1")
        response.text = HELLO

    def status(_request: Any, response: Any) -> None:
        response.status = falcon.HTTP_201
        response.text = HELLO

    def document(_request: Any, response: Any) -> None:
        response.content_type = falcon.MEDIA_JSON
        response.media = {"a": 1}

    def created_document(_request: Any, response: Any) -> None:
        response.status = falcon.HTTP_201
        response.content_type = falcon.MEDIA_JSON
        response.media = {"a": 1}

    def empty(_request: Any, response: Any) -> None:
        response.status = falcon.HTTP_204

    def created(_request: Any, response: Any) -> None:
        response.status = falcon.HTTP_201
        response.location = "/items/7"

    return _added(
        app,
        name,
        {
            "text": text,
            "bytes": data,
            "markup": text,
            **dict.fromkeys(("text-dict", "text-list", "text-status", "response", "made"), header),
            **dict.fromkeys(("text-type", "response-type", "response-mimetype"), plain),
            "response-status": status,
            "text-headers": header,
            "response-class": text,
            "json": document,
            "json-status": created_document,
            "empty": empty,
            "created": created,
        },
    )


def _responses(app: Any, name: str) -> Any:
    def text(_request: Any, response: Any) -> None:
        response.text = HELLO

    def header(_request: Any, response: Any) -> None:
        response.set_header("X-A", "1")
        response.text = HELLO

    def five(_request: Any, response: Any) -> None:
        for number in range(5):
            response.set_header(f"X-A{number}", "1")
        response.text = HELLO

    def vary(_request: Any, response: Any) -> None:
        response.vary = ("Accept-Language",)
        response.text = HELLO

    def set_cookie(_request: Any, response: Any) -> None:
        response.set_cookie("theme", "dark", max_age=3600, http_only=True, secure=False)
        response.text = HELLO

    def delete_cookie(_request: Any, response: Any) -> None:
        response.unset_cookie("theme")
        response.text = HELLO

    def redirect(_request: Any, _response: Any) -> None:
        raise falcon.HTTPFound("/hello")

    def changed(_request: Any, response: Any) -> None:
        _CHANGES[name](response)
        response.text = HELLO

    views = {
        **dict.fromkeys(_CHANGES, changed),
        "head": text,
        "options": text,
        "preflight": text,
        "five-headers": five,
        "vary": vary,
        "set-cookie": set_cookie,
        "delete-cookie": delete_cookie,
        "after-this": header,
        "redirect": redirect,
    }
    return _added(app, name, views)


def _files(app: Any, name: str) -> Any:
    folder = Path(tempfile.mkdtemp())
    (folder / "file.txt").write_bytes(FILE)
    if name in STATIC:
        app.add_static_route("/static", str(folder))
        return app
    path = folder / "file.txt"

    def send(_request: Any, response: Any) -> None:
        response.set_stream(path.open("rb"), len(FILE))

    return _added(app, name, {"send-file": send})


def _streams(app: Any, name: str) -> Any:
    def stream(_request: Any, response: Any) -> None:
        response.stream = (CHUNK.encode() for _ in range(100))

    return _added(app, name, {"stream": stream, "stream-context": stream})


# -------------------------------------------------------------------------
# Requests
# -------------------------------------------------------------------------


def _requests(app: Any, name: str) -> Any:
    readers = {
        "header": lambda request: request.get_header("User-Agent"),
        "query": lambda request: request.get_param("limit"),
        "query-encoded": lambda request: request.get_param("note"),
        "query-1000": lambda request: request.get_param("k500"),
        "query-missing": lambda request: request.get_param_as_int("page", default=1),
        "cookies": lambda request: request.cookies["session"],
        "form": lambda request: request.get_media()["note"],
        "form-large": lambda request: request.get_media()["text"],
        "data": lambda request: request.bounded_stream.read(),
        "body": lambda request: request.bounded_stream.read(),
        "chunked": lambda request: request.stream.read(),
        "json-body": lambda request: request.media["a"],
        "json-charset": lambda request: request.media["a"],
        "multipart": lambda request: [part.get_data() for part in request.media],
        "multipart-fields": lambda request: {part.name: part.text for part in request.media}["note"],
        "multipart-mixed": lambda request: [part.get_data() for part in request.media],
        "request-class": lambda request: request.media["a"],
        "url": lambda request: request.url,
        "accept": lambda request: request.client_prefers(MEDIA_TYPES),
        "all-headers": lambda request: request.headers,
    }

    def read(request: Any, response: Any) -> None:
        response.text = HELLO if readers[name](request) else "nothing"

    def write(request: Any, response: Any) -> None:
        request.context.user = HELLO
        response.text = request.context.user

    return _added(app, name, {**dict.fromkeys(readers, read), "g": write, "attribute": write})


# -------------------------------------------------------------------------
# Errors and URLs
# -------------------------------------------------------------------------


def _fail(_request: Any, _response: Any) -> None:
    raise OtherError


def _handle(_request: Any, response: Any, _error: Any, _params: Any) -> None:
    response.text = HELLO


def _handle_with_json(_request: Any, response: Any, _error: Any, _params: Any) -> None:
    response.status = falcon.HTTP_400
    response.content_type = falcon.MEDIA_JSON
    response.media = {"a": 1}


def _handle_missing(_request: Any, response: Any, _error: Any, _params: Any) -> None:
    response.status = falcon.HTTP_404
    response.text = HELLO


class AddsHeader:
    """A middleware that adds a header."""

    def process_response(self, _request: Any, response: Any, _resource: Any, _succeeded: bool) -> None:
        response.set_header("X-A", "1")


def _errors(app: Any, name: str) -> Any:
    def abort(_request: Any, _response: Any) -> None:
        raise falcon.HTTPForbidden

    def abort_text(_request: Any, _response: Any) -> None:
        raise falcon.HTTPNotFound(description="There is no such thing.")

    def abort_response(_request: Any, _response: Any) -> None:
        raise falcon.HTTPStatus(falcon.HTTP_403, text=HELLO)

    def read_missing(request: Any, _response: Any) -> None:
        request.get_param("missing", required=True)

    app.add_route("/hello", View(_fail))
    app.add_error_handler(OtherError, _handle_with_json if name == "handled-json" else _handle)
    if name == "handled-after":
        app.add_middleware(AddsHeader())
    if name == "missing-handled":
        app.add_error_handler(falcon.HTTPNotFound, _handle_missing)
    if name == "method-variable":
        app.add_route("/method-variable/{number:int}", View(_fail))
    if name in {"missing", "missing-handled", "method-variable"}:
        return app
    views = {
        "abort": abort,
        "abort-text": abort_text,
        "abort-response": abort_response,
        "missing-key": read_missing,
        **dict.fromkeys(("handled", "handled-json", "handled-after", "method"), _fail),
    }
    return _added(app, name, views)


def _urls(app: Any, name: str) -> Any:
    def text(_request: Any, response: Any, word: str = HELLO) -> None:
        response.text = word

    def show(request: Any, response: Any, word: str) -> None:
        response.text = HELLO if request.url else word

    def name_of(_request: Any, response: Any, name: str, kind: str) -> None:  # noqa: ARG001
        response.text = name

    def number_of(_request: Any, response: Any, number: int) -> None:
        response.text = f"{number}"

    app.router_options.converters["joined"] = Joined
    templates = {
        "path": "/path/{word:path}",
        "custom": "/custom/{word:joined}",
        "unicode": "/unicode/{word}",
        "url-unicode": "/url-unicode/{word}",
        "extension": "/extension/{name}.{kind}",
        "not-strict": "/not-strict/{number:int}/",
        "defaults": "/defaults/{number:int}",
        "trusted": "/trusted",
        "server-name": "/server-name",
        "subdomains": "/subdomains",
    }
    if name not in templates:
        return None
    views = {"url-unicode": show, "extension": name_of, "not-strict": number_of, "defaults": number_of}
    app.add_route(templates[name], View(views.get(name, text)))
    return app


def _growth(app: Any, name: str) -> Any:
    def text(_request: Any, response: Any, a: str = HELLO) -> None:
        response.text = a

    if name == "handlers":
        for number in range(MANY):
            app.add_error_handler(type(f"Error{number}", (Exception,), {}), _handle)
        app.add_error_handler(OtherError, _handle)
        return _added(app, name, {name: _fail})
    if name == "groups":
        for number in range(MANY):
            app.add_route(f"/b{number}/", View(text))
        return app
    view = View(text)
    for number in range(RULES):
        app.add_route(f"/x{number}-{{a}}", view)
    return app
