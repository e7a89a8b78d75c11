"""The ways of `ways.py` in wheezy.web; rows without a counterpart are omitted."""

from __future__ import annotations

from typing import Any

from ways import RULES
from wheezy.core.json import json_encode
from wheezy.http import HTTPCookie
from wheezy.http.response import redirect
from wheezy.routing import url
from workloads import HELLO, Workload

from peers.wheezy_app import response, wsgi


def make(workload: Workload) -> Any:
    handlers = globals().get(f"_{workload.group}", {})
    if workload.name == "fixed":
        return wsgi([url(f"x{number}-{{a}}", fixed, name=f"x{number}") for number in range(RULES)])
    if workload.name == "missing":
        return wsgi([url("hello", text)])
    if workload.name not in handlers:
        return None
    return wsgi([url(workload.name, handlers[workload.name])])


def text(_request: Any) -> Any:
    created = response()
    created.write(HELLO)
    return created


def data(_request: Any) -> Any:
    created = response()
    created.write_bytes(b"Hello, World!")
    return created


def header(_request: Any) -> Any:
    created = response()
    created.headers.append(("X-A", "1"))
    created.write(HELLO)
    return created


def plain(_request: Any) -> Any:
    created = response("text/plain")
    created.headers.append(("X-A", "1"))
    created.write(HELLO)
    return created


def status(_request: Any) -> Any:
    created = text(_request)
    created.status_code = 201
    return created


def document(_request: Any) -> Any:
    created = response("application/json")
    created.write(json_encode({"a": 1}))
    return created


def created_document(request: Any) -> Any:
    created = document(request)
    created.status_code = 201
    return created


def empty(_request: Any) -> Any:
    created = response()
    created.status_code = 204
    return created


def created_item(_request: Any) -> Any:
    created = response()
    created.redirect("/items/7", 201)
    return created


def five(_request: Any) -> Any:
    created = response()
    for number in range(5):
        created.headers.append((f"X-A{number}", "1"))
    created.write(HELLO)
    return created


def set_cookie(request: Any) -> Any:
    created = response()
    created.cookies.append(
        HTTPCookie("theme", value="dark", path="/", max_age=3600, httponly=True, options=request.options)
    )
    created.write(HELLO)
    return created


def delete_cookie(request: Any) -> Any:
    created = response()
    created.cookies.append(HTTPCookie.delete("theme", path="/", options=request.options))
    created.write(HELLO)
    return created


def redirected(_request: Any) -> Any:
    return redirect("/hello")


def abort(_request: Any) -> Any:
    created = response()
    created.status_code = 403
    return created


def abort_text(_request: Any) -> Any:
    created = response()
    created.status_code = 404
    created.write("There is no such thing.")
    return created


def abort_response(_request: Any) -> Any:
    created = text(_request)
    created.status_code = 403
    return created


def fixed(request: Any) -> Any:
    created = response()
    created.write(request.environ["route_args"]["a"])
    return created


def _reads(read: Any) -> Any:
    def handler(request: Any) -> Any:
        created = response()
        created.write(HELLO if read(request) else "nothing")
        return created

    return handler


_spellings = {
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
    "created": created_item,
}
_responses = {
    "five-headers": five,
    "set-cookie": set_cookie,
    "delete-cookie": delete_cookie,
    "after-this": header,
    "redirect": redirected,
}
_requests = {
    "header": _reads(lambda request: request.environ["HTTP_USER_AGENT"]),
    "query": _reads(lambda request: request.get_param("limit")),
    "query-encoded": _reads(lambda request: request.get_param("note")),
    "query-1000": _reads(lambda request: request.get_param("k500")),
    "query-missing": _reads(lambda request: int(request.query.get("page", [1])[-1])),
    "cookies": _reads(lambda request: request.cookies["session"]),
    "form": _reads(lambda request: request.form["note"]),
    "form-large": _reads(lambda request: request.form["text"]),
    "json-body": _reads(lambda request: request.form["a"]),
    "json-charset": _reads(lambda request: request.form["a"]),
    "multipart": _reads(lambda request: request.files["file"]),
    "multipart-fields": _reads(lambda request: request.form["note"]),
    "multipart-mixed": _reads(lambda request: request.form["note"] and request.files["file"]),
    "url": _reads(lambda request: request.urlparts.geturl()),
}
_errors = {"abort": abort, "abort-text": abort_text, "abort-response": abort_response}
