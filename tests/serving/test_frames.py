"""Tracebacks for the debugger."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from werkzeug.debug import DebuggedApplication
from werkzeug.test import Client, create_environ

from cocopot import Cocopot, hookimpl, request
from cocopot.exceptions import ConfigError
from cocopot.serving.frames import hide_framework

if TYPE_CHECKING:
    from collections.abc import Iterator


class Wraps:
    """A plugin with a wrapper around the view, and one that raises."""

    plugin_name = "wraps"

    @hookimpl(wrapper=True)
    def cocopot_dispatch_request(self) -> Iterator[None]:
        return (yield)

    @hookimpl
    def cocopot_before_request(self) -> None:
        if request.path == "/plugin":
            raise ValueError("plugin")


@pytest.fixture
def app() -> Cocopot:
    app = Cocopot("shop", autoload=False, plugins=[Wraps], static_folder=None)
    app.debug = True
    for path, view in (("/plugin", index), ("/view", index), ("/key", read_key), ("/chain", chain)):
        app.add_url_rule(path, path[1:], view)
    return app


def index() -> str:
    raise ValueError("view")


def read_key() -> str:
    return request.args["missing"]


def chain() -> str:
    try:
        return index()
    except ValueError as error:
        raise LookupError("chain") from error


def shown_functions(app: Cocopot, path: str) -> list[str]:
    """Return the functions of the frames on the debugger's page, outermost first."""
    page = Client(DebuggedApplication(hide_framework(app), evalex=False)).get(path).text
    return re.findall(r'in <code class="function">(.*?)</code>', page)


@pytest.mark.parametrize(
    ("path", "functions"),
    [
        ("/plugin", ["cocopot_before_request"]),
        ("/view", ["cocopot_dispatch_request", "index"]),
        ("/key", ["cocopot_dispatch_request", "read_key"]),
        ("/chain", ["chain", "index", "cocopot_dispatch_request", "chain"]),
    ],
)
def test_frames(app: Cocopot, path: str, functions: list[str]) -> None:
    """The debugger shows frames of the application and its plugins, in every exception of a chain."""
    assert shown_functions(app, path) == functions


def test_only_framework(app: Cocopot) -> None:
    """An exception without such a frame keeps its traceback."""
    app.config["MAX_FORM_PARTS"] = "many"
    with pytest.raises(ConfigError) as caught:
        hide_framework(app)(create_environ("/view"), lambda *_: len)
    assert [entry.name for entry in caught.traceback][-1] == "check"


def test_response(app: Cocopot) -> None:
    """Responses are passed on."""
    app.add_url_rule("/", "home", lambda: "home")
    assert Client(hide_framework(app)).get("/").text == "home"
