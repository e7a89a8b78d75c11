"""The page in Django, with its ORM and its templates, without the default middlewares of a new project."""

from __future__ import annotations

import os
from pathlib import Path
from types import ModuleType
from typing import Any

import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.shortcuts import render
from django.urls import path
from workloads import PAGE_ROWS, Workload


def make(_workload: Workload) -> Any:
    if settings.configured:  # granian imports the module again in its worker, which is forked
        return WSGIHandler()
    urls: Any = ModuleType("urls")
    settings.configure(
        ROOT_URLCONF=urls,
        ALLOWED_HOSTS=["*"],
        MIDDLEWARE=[],
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": os.environ["BENCHMARK_DATABASE"],
                "CONN_MAX_AGE": None,
            }
        },
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "DIRS": [Path(__file__).parent / "templates"],
            }
        ],
    )
    django.setup()
    from django.db import models

    class Note(models.Model):  # noqa: DJ008 - it is never shown
        title = models.TextField()
        weight = models.FloatField()

        class Meta:
            app_label = "notes"
            db_table = "note"
            managed = False

    def notes(request: Any) -> Any:
        response = render(request, "notes.html", {"notes": Note.objects.order_by("id")[:PAGE_ROWS]})
        response["Content-Length"] = str(len(response.content))  # as CommonMiddleware does
        return response

    urls.urlpatterns = [path("", notes)]
    return WSGIHandler()
