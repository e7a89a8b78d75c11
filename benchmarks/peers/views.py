"""The ways of `ways.py` in Cocopot and Flask: the same source for both."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup
from ways import CHANGED, CHUNK, FILE, MANY, MEDIA_TYPES, RULES, STATIC
from werkzeug.datastructures import Headers
from werkzeug.routing import BaseConverter
from werkzeug.wrappers import Response as WerkzeugResponse
from workloads import HELLO, Workload

if TYPE_CHECKING:
    from collections.abc import Callable

_SEEN = {"X-A": "1"}
_FIVE = {f"X-A{number}": "1" for number in range(5)}


def _set_defaults(response: Any) -> None:
    for name, value in _FIVE.items():
        response.headers.setdefault(name, value)


_CHANGES: dict[str, Callable[[Any], object]] = {
    "update": lambda response: response.headers.update(_FIVE),
    "setdefault": _set_defaults,
    "cache-control": lambda response: setattr(response.cache_control, "max_age", 60),
    "last-modified": lambda response: setattr(response, "last_modified", CHANGED),
}


class Joined(BaseConverter):
    """A converter as an application writes it."""

    def to_python(self, value: str) -> str:
        return value.replace("-", "")


class OtherError(Exception):
    """An exception with a handler."""


def make(framework: Any, app: Any, workload: Workload) -> Any:
    """Add a workload's view to an application.

    Args:
        framework: The module `cocopot` or `flask`.
        app: A new application of that framework.
        workload: One of `WAYS`.
    """
    define = globals()[f"_{workload.group}"]
    define(framework, app, workload.name)
    return app


def _returns(app: Any, name: str, view: Any, **options: Any) -> None:
    app.add_url_rule(f"/{name}", name, view, **options)


# -------------------------------------------------------------------------
# Responses
# -------------------------------------------------------------------------


def _spellings(framework: Any, app: Any, name: str) -> None:
    response_class, make_response = framework.Response, framework.make_response

    def made() -> Any:
        response = make_response(HELLO)
        response.headers["X-A"] = "1"
        return response

    views = {
        "text": lambda: HELLO,
        "bytes": lambda: b"Hello, World!",
        "markup": lambda: Markup("Hello, World!"),
        "text-dict": lambda: (HELLO, {"X-A": "1"}),
        "text-list": lambda: (HELLO, [("X-A", "1")]),
        "text-status": lambda: (HELLO, 200, {"X-A": "1"}),
        "text-type": lambda: (HELLO, {"X-A": "1", "Content-Type": "text/plain"}),
        "response": lambda: response_class(HELLO, headers={"X-A": "1"}),
        "response-type": lambda: response_class(HELLO, headers={"X-A": "1", "Content-Type": "text/plain"}),
        "response-mimetype": lambda: response_class(HELLO, mimetype="text/plain", headers={"X-A": "1"}),
        "response-status": lambda: (response_class(HELLO), 201),
        "text-headers": lambda: (HELLO, Headers({"X-A": "1"})),
        "response-class": lambda: HELLO,
        "made": made,
        "json": lambda: {"a": 1},
        "json-status": lambda: ({"a": 1}, 201),
        "empty": lambda: ("", 204),
        "created": lambda: ("", 201, {"Location": "/items/7"}),
    }
    if name == "response-class":
        app.response_class = type("Plain", (response_class,), {"default_mimetype": "text/plain"})
    _returns(app, name, views[name])


def _responses(framework: Any, app: Any, name: str) -> None:
    make_response, redirect = framework.make_response, framework.redirect

    def five() -> Any:
        response = make_response(HELLO)
        for number in range(5):
            response.headers[f"X-A{number}"] = "1"
        return response

    def vary() -> Any:
        response = make_response(HELLO)
        response.vary.add("Accept-Language")
        return response

    def set_cookie() -> Any:
        response = make_response(HELLO)
        response.set_cookie("theme", "dark", max_age=3600, httponly=True)
        return response

    def delete_cookie() -> Any:
        response = make_response(HELLO)
        response.delete_cookie("theme")
        return response

    def after_this() -> str:
        @framework.after_this_request
        def add(response: Any) -> Any:
            response.headers["X-A"] = "1"
            return response

        return HELLO

    if name == "preflight":
        _allow_origins(framework, app)

    def changed() -> Any:
        response = make_response(HELLO)
        _CHANGES[name](response)
        return response

    views = {
        **dict.fromkeys(_CHANGES, changed),
        "werkzeug": lambda: WerkzeugResponse(HELLO, mimetype="text/html"),
        "five-headers": five,
        "vary": vary,
        "set-cookie": set_cookie,
        "delete-cookie": delete_cookie,
        "after-this": after_this,
        "redirect": lambda: redirect("/hello"),
    }
    _returns(app, name, views.get(name, lambda: HELLO))


def _allow_origins(framework: Any, app: Any) -> None:
    """Answer preflights: by the plugin of Cocopot, and in Flask, which has none, by functions."""
    if hasattr(app, "plugins"):
        from cocopot_cors import CORS

        app.plugins.register(CORS())
        return
    request = framework.request

    def answer() -> Any:
        if request.method != "OPTIONS" or "Access-Control-Request-Method" not in request.headers:
            return None
        return "", 204, {"Access-Control-Allow-Methods": "GET", "Access-Control-Allow-Headers": "*"}

    def allow(response: Any) -> Any:
        response.headers["Access-Control-Allow-Origin"] = "*"
        return response

    app.before_request(answer)
    app.after_request(allow)


def _files(framework: Any, app: Any, name: str) -> None:
    folder = Path(tempfile.mkdtemp())
    (folder / "file.txt").write_bytes(FILE)
    if name in STATIC:
        app.static_folder = str(folder)
        app.add_url_rule("/static/<path:filename>", "static", app.send_static_file)
        return
    path = str(folder / "file.txt")
    _returns(app, name, lambda: framework.send_file(path))


def _streams(framework: Any, app: Any, name: str) -> None:
    def chunks() -> Any:
        for _ in range(100):
            yield CHUNK

    views = {
        "stream": lambda: framework.Response(chunks()),
        "stream-context": lambda: framework.Response(framework.stream_with_context(chunks())),
    }
    _returns(app, name, views[name])


# -------------------------------------------------------------------------
# Requests
# -------------------------------------------------------------------------


def _requests(framework: Any, app: Any, name: str) -> None:
    request, g = framework.request, framework.g

    def seen(value: object) -> str:
        return HELLO if value else "nothing"

    def write_g() -> str:
        g.user = HELLO
        return g.user if "user" in g else "nothing"

    def write_attribute() -> str:
        request.user = HELLO
        return request.user

    views = {
        "header": lambda: seen(request.headers["User-Agent"]),
        "query": lambda: seen(request.args["limit"]),
        "query-encoded": lambda: seen(request.args["note"]),
        "query-1000": lambda: seen(request.args["k500"]),
        "query-missing": lambda: seen(request.args.get("page", 1, type=int)),
        "cookies": lambda: seen(request.cookies["session"]),
        "form": lambda: seen(request.form["note"]),
        "form-large": lambda: seen(request.form["text"]),
        "data": lambda: seen(request.get_data()),
        "body": lambda: seen(request.data),
        "chunked": lambda: seen(request.data),
        "json-body": lambda: seen(request.json["a"]),
        "json-charset": lambda: seen(request.json["a"]),
        "multipart": lambda: seen(request.files["file"].filename),
        "multipart-fields": lambda: seen(request.form["note"]),
        "multipart-mixed": lambda: seen(request.form["note"] and request.files["file"].read()),
        "request-class": lambda: seen(request.json["a"]),
        "url": lambda: seen(request.url),
        "accept": lambda: seen(request.accept_mimetypes.best_match(MEDIA_TYPES)),
        "all-headers": lambda: seen(dict(request.headers)),
        "g": write_g,
        "attribute": write_attribute,
    }
    if name == "request-class":
        app.request_class = type("OwnRequest", (framework.Request,), {"user": property(lambda _: HELLO)})
    _returns(app, name, views[name], methods=["GET", "POST"])


# -------------------------------------------------------------------------
# Errors and URLs
# -------------------------------------------------------------------------


def _errors(framework: Any, app: Any, name: str) -> None:
    def fail() -> str:
        raise OtherError

    app.add_url_rule("/hello", "hello", lambda: HELLO)
    app.register_error_handler(OtherError, lambda _error: HELLO)

    def add_header(response: Any) -> Any:
        response.headers["X-A"] = "1"
        return response

    if name == "handled-after":
        app.after_request(add_header)
    if name == "handled-json":
        app.register_error_handler(OtherError, lambda _error: ({"a": 1}, 400))
    if name == "missing-handled":
        app.register_error_handler(404, lambda _error: (HELLO, 404))
    views = {
        "abort": lambda: framework.abort(403),
        "abort-text": lambda: framework.abort(404, "There is no such thing."),
        "abort-response": lambda: framework.abort(framework.Response(HELLO, 403)),
        "missing-key": lambda: framework.request.args["missing"],
        **dict.fromkeys(("handled", "handled-json", "handled-after"), fail),
        "method": lambda: HELLO,
    }
    if name in views:
        _returns(app, name, views[name])
    if name == "method-variable":
        app.add_url_rule("/method-variable/<int:number>", name, lambda number: f"{number}")


def _urls(framework: Any, app: Any, name: str) -> None:
    url_for, redirect = framework.url_for, framework.redirect
    app.url_map.converters = {**app.url_map.converters, "joined": Joined}
    app.add_url_rule("/items/<int:number>", "item", lambda number: f"{number}")
    if name == "trusted":
        app.config["TRUSTED_HOSTS"] = ["127.0.0.1"]
    if name in {"server-name", "subdomains"}:
        app.config["SERVER_NAME"] = "127.0.0.1:8000"
        app.subdomain_matching = name == "subdomains"

    def ten() -> str:
        urls = [url_for("item", number=number) for number in range(10)]
        return urls[-1]

    rules = {
        "url-for": ("/url-for", lambda: url_for("item", number=7)),
        "url-for-ten": ("/url-for-ten", ten),
        "server-name": ("/server-name", lambda: HELLO),
        "subdomains": ("/subdomains", lambda: HELLO),
        "redirect-url-for": ("/redirect-url-for", lambda: redirect(url_for("item", number=7))),
        "slash": ("/slash/", lambda: HELLO),
        "path": ("/path/<path:rest>", lambda rest: rest),
        "custom": ("/custom/<joined:word>", lambda word: word),
        "unicode": ("/unicode/<word>", lambda word: word),
        "url-unicode": ("/url-unicode/<word>", lambda word: HELLO if framework.request.url else word),
        "extension": ("/extension/<name>.<kind>", lambda name, kind: name),  # noqa: ARG005
        "not-strict": ("/not-strict/<int:number>", lambda number: f"{number}"),
        "defaults": ("/defaults/<int:number>", lambda number: f"{number}"),
        "trusted": ("/trusted", lambda: HELLO),
    }
    rule, view = rules[name]
    if name == "defaults":
        app.add_url_rule("/defaults/", name, defaults={"number": 1})
    app.add_url_rule(rule, name, view, strict_slashes=name != "not-strict")


def _growth(framework: Any, app: Any, name: str) -> None:
    if name == "handlers":
        for number in range(MANY):
            app.register_error_handler(type(f"Error{number}", (Exception,), {}), lambda _error: "another")
        _errors(framework, app, "handled")
        app.add_url_rule("/handlers", "handlers", app.view_functions["handled"])
    elif name == "groups":
        for number in range(MANY):
            group = framework.Blueprint(f"b{number}", "views", url_prefix=f"/b{number}")
            group.add_url_rule("/", "index", lambda: HELLO)
            app.register_blueprint(group)
    else:
        for number in range(RULES):
            app.add_url_rule(f"/x{number}-<a>", f"r{number}", lambda a: a)
