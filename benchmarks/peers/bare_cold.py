"""The rows of `cold.py` as plain WSGI functions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workloads import Workload


def _send(start_response: Any, *headers: tuple[str, str]) -> list[bytes]:
    text = json.dumps({"live": True, "name": "widget", "price": 12.5}, separators=(",", ":"))
    body = text.encode()
    length = ("Content-Length", str(len(body)))
    start_response("200 OK", [("Content-Type", "application/json"), length, *headers])
    return [body]


def document(_environ: Any, start_response: Any) -> list[bytes]:
    return _send(start_response)


def noted(environ: Any, start_response: Any) -> list[bytes]:
    _begin(environ)
    try:
        return _send(start_response, _note(environ))
    finally:
        _end(environ)


def _begin(environ: Any) -> None:
    environ["user"] = "wren"


def _note(environ: Any) -> tuple[str, str]:
    return "X-User", environ["user"]


def _end(environ: Any) -> None:
    del environ["user"]


def make(workload: Workload) -> Any:
    return noted if workload.plugins else document
