"""Cocopot: a WSGI framework whose whole request lifecycle is a set of pluggy hooks."""

from __future__ import annotations

from importlib import import_module as _import_module
from typing import TYPE_CHECKING

from cocopot import lazy_werkzeug as _lazy_werkzeug  # noqa: F401 - before Werkzeug is imported
from cocopot.app import Cocopot
from cocopot.config import Config
from cocopot.context import (
    copy_current_request_context,
    has_app_context,
    has_request_context,
)
from cocopot.exceptions import HTTPException, PluginError
from cocopot.flashing import flash, get_flashed_messages
from cocopot.helpers import (
    abort,
    after_this_request,
    jsonify,
    make_response,
    redirect,
    send_file,
    send_from_directory,
    url_for,
)
from cocopot.hooks import PluginManager, hookimpl, hookspec
from cocopot.missing_names import raise_missing as _raise_missing
from cocopot.proxies import current_app, g, request, session
from cocopot.request import Request
from cocopot.response import Response
from cocopot.streaming import stream_with_context
from cocopot.teardown_functions import teardown_this_context
from cocopot.templating import (
    get_template_attribute,
    render_template,
    render_template_string,
    stream_template,
    stream_template_string,
)

if TYPE_CHECKING:
    from cocopot.registry.blueprints import Blueprint
    from cocopot.sse import ServerSentEvent, event_stream
    from cocopot.types import ResponseValue

__all__ = [
    "Blueprint",
    "Cocopot",
    "Config",
    "HTTPException",
    "PluginError",
    "PluginManager",
    "Request",
    "Response",
    "ResponseValue",
    "ServerSentEvent",
    "abort",
    "after_this_request",
    "copy_current_request_context",
    "current_app",
    "event_stream",
    "flash",
    "g",
    "get_flashed_messages",
    "get_template_attribute",
    "has_app_context",
    "has_request_context",
    "hookimpl",
    "hookspec",
    "jsonify",
    "make_response",
    "redirect",
    "render_template",
    "render_template_string",
    "request",
    "send_file",
    "send_from_directory",
    "session",
    "stream_template",
    "stream_template_string",
    "stream_with_context",
    "teardown_this_context",
    "url_for",
]

#: The modules of the names that not every application uses: each is imported when its name is first read.
_MODULES = {
    "Blueprint": "cocopot.registry.blueprints",
    "ResponseValue": "cocopot.types",
    "ServerSentEvent": "cocopot.sse",
    "event_stream": "cocopot.sse",
}

if not TYPE_CHECKING:  # type checkers would accept any name

    def __getattr__(name: str) -> object:
        if name not in _MODULES:
            return _raise_missing(__name__, name, __all__)
        return getattr(_import_module(_MODULES[name]), name)

    def __dir__() -> list[str]:
        return sorted({*vars(_import_module(__name__)), *__all__})
