"""Typed use of request, response and `g`, mostly through the proxies; read by mypy, not run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, assert_type

from cocopot import (
    Request,
    Response,
    after_this_request,
    copy_current_request_context,
    g,
    has_request_context,
    request,
)

if TYPE_CHECKING:
    from werkzeug.datastructures import FileStorage, Headers, ImmutableMultiDict, MultiDict
    from werkzeug.routing import Rule


def read() -> None:
    assert_type(request, Request)
    assert_type(request.method, str)
    assert_type(request.path, str)
    assert_type(request.host, str)
    assert_type(request.url, str)
    assert_type(request.is_secure, bool)
    assert_type(request.endpoint, str | None)
    assert_type(request.blueprint, str | None)
    assert_type(request.blueprints, list[str])
    assert_type(request.view_args, dict[str, Any] | None)
    assert_type(request.data, bytes)
    assert_type(request.get_data(as_text=True), str)
    assert_type(request.mimetype, str)
    assert_type(request.content_length, int | None)
    assert_type(request.remote_addr, str | None)


def read_collections() -> None:
    arguments: MultiDict[str, str] = request.args
    form: ImmutableMultiDict[str, str] = request.form
    files: ImmutableMultiDict[str, FileStorage] = request.files
    headers: Headers = request.headers
    rule: Rule | None = request.url_rule
    failure: Exception | None = request.routing_exception
    assert_type(arguments.get("page", default=1, type=int), int)
    assert_type(form["name"], str)
    assert_type(files["picture"].filename, str | None)
    assert_type(headers.get("Accept"), str | None)
    assert_type(request.cookies.get("session"), str | None)
    assert_type(request.accept_languages.best_match(["de", "en"]), str | None)
    assert_type(request.get_json(silent=True), Any)
    if rule is None and failure is not None:
        raise failure


def write() -> Response:
    response = Response("text", 201, {"X-Seen": "1"}, mimetype="text/plain")
    assert_type(response.status_code, int)
    assert_type(response.status, str)
    assert_type(response.get_data(), bytes)
    response.set_cookie("seen", "1", max_age=60, httponly=True, samesite="Lax")
    response.headers.add("Vary", "Cookie")
    response.cache_control.max_age = 60
    response.content_type = "text/plain"
    return response


def keep() -> str:
    g.user = "Ada"
    assert_type(g.get("user"), Any)
    assert_type(has_request_context(), bool)
    return f"{g.user}"


@after_this_request
def stamp(response: Response) -> Response:
    return response


@copy_current_request_context
def in_another_thread(count: int) -> str:
    return request.path * count


assert_type(stamp(Response()), Response)
assert_type(in_another_thread(2), str)
