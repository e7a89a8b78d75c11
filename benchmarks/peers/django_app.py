"""The workloads in Django, without its middlewares."""

from __future__ import annotations

import sys
from typing import Any

import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpResponse, JsonResponse
from django.urls import path
from workloads import HELLO, TEXT, Workload


def hello(_request: Any) -> HttpResponse:
    return HttpResponse(HELLO, headers={"Content-Length": str(len(HELLO))})


def test(request: Any, account_id: str) -> HttpResponse:  # noqa: ARG001
    response = HttpResponse(TEXT, content_type="text/plain; charset=utf-8")
    response["X-Agent"] = request.headers["User-Agent"]
    response["X-Limit"] = request.GET["limit"]
    response["Content-Length"] = str(len(response.content))
    return response


def document(request: Any) -> HttpResponse:
    import json

    return JsonResponse({"got": json.loads(request.body)})


urlpatterns = [
    path("hello", hello),
    path("hello/<account_id>/test", test),
    path("json", document),
]


def make(workload: Workload) -> Any:
    if workload.plugins or workload.rules or workload.status != 200:
        return None
    if not settings.configured:
        settings.configure(ROOT_URLCONF=sys.modules[__name__], ALLOWED_HOSTS=["*"], MIDDLEWARE=[])
        django.setup()
    return WSGIHandler()
