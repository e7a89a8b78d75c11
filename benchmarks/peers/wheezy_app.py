"""The workloads in wheezy.web, with functions as handlers and its routing middleware alone."""

from __future__ import annotations

import warnings
from typing import Any

from wheezy.core.json import json_encode
from wheezy.http import HTTPResponse, WSGIApplication
from wheezy.routing import url
from wheezy.web.middleware import bootstrap_defaults, path_routing_middleware_factory
from workloads import HELLO, TEXT, Workload


class NoPolicy:
    """A cache policy that sends no header, as the other frameworks do."""

    def extend(self, headers: list[tuple[str, str]]) -> None: ...


_NO_POLICY = NoPolicy()


def response(content_type: str = "text/html; charset=UTF-8") -> Any:
    """Return a new response."""
    created = HTTPResponse(content_type)
    created.cache_policy = _NO_POLICY
    return created


def hello(_request: Any) -> Any:
    created = response()
    created.write(HELLO)
    return created


def test(request: Any) -> Any:
    created = response("text/plain; charset=UTF-8")
    seen = f"{request.environ['HTTP_USER_AGENT']} {request.get_param('limit')}"
    created.headers.append(("X-Seen", seen))
    created.write(TEXT)
    return created


def document(request: Any) -> Any:
    created = response("application/json")
    created.write(json_encode({"got": request.form}))
    return created


def numbered(request: Any) -> Any:
    created = response()
    route = request.environ["route_args"]
    created.write(f"{int(route['a'])}{route['b']}")
    return created


def wsgi(routes: list[Any]) -> Any:
    """Return an application with routes."""
    options = {"render_template": None, "MAX_CONTENT_LENGTH": 1 << 20, "http_cookie_httponly": True}
    middleware = [bootstrap_defaults(url_mapping=routes), path_routing_middleware_factory]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about parts that no row uses
        return WSGIApplication(middleware=middleware, options=options)


def make(workload: Workload) -> Any:
    # It has no check of the method for functions; its middleware wraps a request.
    if workload.name == "405" or workload.plugins:
        return None
    numbers = range(workload.rules)
    rules = [url(f"r{number}/{{a:i}}/s{number}/{{b}}", numbered, name=f"r{number}") for number in numbers]
    return wsgi([url("hello", hello), url("hello/{account_id}/test", test), url("json", document), *rules])
