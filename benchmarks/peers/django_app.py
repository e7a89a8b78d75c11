"""The workloads in Django, without the default middlewares of a new project."""

from __future__ import annotations

import json
from types import ModuleType
from typing import Any

import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.http import HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.http import require_GET, require_POST
from workloads import HELLO, TEXT, Workload


def _with_length(response: HttpResponse) -> HttpResponse:
    # In a new project CommonMiddleware sets it.
    response["Content-Length"] = str(len(response.content))
    return response


@require_GET
def hello(_request: Any) -> HttpResponse:
    return _with_length(HttpResponse(HELLO))


@require_GET
def test(request: Any, account_id: str) -> HttpResponse:  # noqa: ARG001 - a view takes its variables
    response = HttpResponse(TEXT, content_type="text/plain; charset=utf-8")
    response["X-Seen"] = f"{request.headers['User-Agent']} {request.GET['limit']}"
    return _with_length(response)


@require_POST
def document(request: Any) -> HttpResponse:
    got = {"got": json.loads(request.body)}
    return _with_length(JsonResponse(got, json_dumps_params={"separators": (",", ":")}))


@require_GET
def numbered(_request: Any, a: int, b: str) -> HttpResponse:
    return _with_length(HttpResponse(f"{a}{b}"))


class Idle:
    """A middleware that does nothing before and after each request."""

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> Any:
        return self.get_response(request)


def _urls(rules: int) -> ModuleType:
    urls: Any = ModuleType("urls")
    urls.urlpatterns = [
        path("hello", hello),
        path("hello/<account_id>/test", test),
        path("json", document),
        *(path(f"r{number}/<int:a>/s{number}/<b>", numbered) for number in range(rules)),
    ]
    return urls  # type: ignore[no-any-return]  # a module with names of its own


def make(workload: Workload) -> Any:
    if not settings.configured:
        settings.configure(ROOT_URLCONF=_urls(0), ALLOWED_HOSTS=["*"], MIDDLEWARE=[])
        django.setup()
    settings.MIDDLEWARE = [f"{__name__}.Idle"] * workload.plugins
    handler = WSGIHandler()
    if workload.rules:  # ROOT_URLCONF is process-wide; a request may override it
        handler.request_class = type("Request", (WSGIRequest,), {"urlconf": _urls(workload.rules)})
    return handler
