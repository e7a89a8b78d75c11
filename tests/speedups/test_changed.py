"""A response in a tuple, with a status or headers, is changed as the pipeline in Python changes it."""

from __future__ import annotations

import inspect
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import pytest
from werkzeug.datastructures import Headers as WerkzeugHeaders
from werkzeug.datastructures import MultiDict
from werkzeug.test import EnvironBuilder, run_wsgi_app
from werkzeug.wrappers import Response as WerkzeugResponse

from cocopot import Cocopot, Response, current_app, make_response
from cocopot.datastructures import Headers
from cocopot.pipeline import lifecycle

if TYPE_CHECKING:
    from collections.abc import Callable


def with_headers_object() -> Response:
    """Return a response whose headers have been read."""
    response = Response("text", headers={"X-Own": "0"})
    response.headers.add("X-Own", "1")
    return response


def with_unusual_object() -> Response:
    """Return a response whose headers are a list of lists."""
    response = Response("text")
    response.headers._list = [["X-Own", "0"], ["Content-Length", "4"]]  # type: ignore[list-item]
    return response


class Guarded(Response):
    """A subclass that changes each attribute that is set."""

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, "202 OWN" if name == "status" else value)


RESPONSES: dict[str, Callable[[], Any]] = {
    "plain": lambda: Response("text"),
    "headers": lambda: Response("text", 404, [("X-Own", "0"), ("x-own", "1"), ("X-Other", "2")]),
    "object": with_headers_object,
    "location": lambda: Response("", 302, {"Location": "/a"}),
    "stream": lambda: Response(iter(["a", "b"])),
    "subclass": lambda: type("Own", (Response,), {})("text"),
    "overridden": lambda: Guarded("text"),
    "werkzeug": lambda: WerkzeugResponse("text", 404, [("X-Own", "0"), ("x-own", "1")], "text/html"),
    "werkzeug location": lambda: WerkzeugResponse("", 302, {"Location": "/\xe4"}),
    "werkzeug stream": lambda: WerkzeugResponse(iter(["a", "b"]), "299 Own"),
    "werkzeug invalid": lambda: WerkzeugResponse("text", headers={"X-Own": "\u20ac"}),
    "werkzeug status": lambda: WerkzeugResponse("text", 999),
    "werkzeug subclass": lambda: type("Own", (WerkzeugResponse,), {})("text"),
    "unusual object": with_unusual_object,
}
CHANGES: list[tuple[Any, ...]] = [
    *((), (201,), ("201 Made",), ("404",), (HTTPStatus.CREATED,), (True,), (999,), (204,), (304,), (None,)),
    *(({},), ([],), ({"X-OWN": "9"},), ([("X-Own", "8"), ("X-Own", "9")],), ({"X-Own": 7},), ((),)),
    *(({"X-Own": "a\n"},), ({"X Own": "a"},), ([("X-Own",)],), ({"Location": "/b"},), ("x", {"X-Own": "9"})),
    *(({"content-type": "a/b"},), ({"Content-Length": "4"},), (Headers({"X-Own": "9"}),)),
    *((201, {"X-Own": "9"}), (None, {"X-Own": "9"}), (201, None), (999, {"X-Own": "9"}), (201, {"X": "a\n"})),
    *((WerkzeugHeaders({"X-Own": "9"}),), (201, {}, "more"), (200.0,), (object(),)),
    *(("299 Own",), ("299 a\n",), ("299",), (201, (("X-Own", "9"),)), ([["X-Own", "9"]],), ([["X-Own"]],)),
    *(({"X-Own": ["8", "9"]},), ({"X-Own": []},), ({"X-Own": [7, None]},), ({"X-Own": ["a\n"]},)),
    *((MultiDict([("X-Own", "8"), ("X-Own", "9")]),), ({"X-Own": "9"}.items(),), ({"X-Own": {"9"}},)),
    *((201, {"X-Own": "9"}.items()), ({"Location": ["/b", "/c"]},), ({"Content-Location": "/\xe4"},)),
]


def sent(application: Any) -> object:
    """Return what an application sends, or what it raises."""
    try:
        body, status, headers = run_wsgi_app(application, EnvironBuilder("/").get_environ(), buffered=True)
    except Exception as error:  # noqa: BLE001 - whatever it is, both must raise it
        return type(error), str(error)
    return status, list(headers), b"".join(body)


def make_in_python(*args: Any) -> Any:
    """Do what `make_response` does, without what is compiled of it."""
    return inspect.unwrap(Cocopot.make_response)(current_app, args[0] if len(args) == 1 else args)


@pytest.mark.parametrize("name", RESPONSES)
@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("makes", [False, True])
def test_a_response_in_a_tuple(name: str, change: tuple[Any, ...], makes: bool) -> None:
    """Status and headers of the tuple are set, or refused, in the same way; also by `make_response`."""
    app = Cocopot("test", static_folder=None, autoload=False)
    app.config["PROPAGATE_EXCEPTIONS"] = True
    make: Any = make_response

    @app.route("/")
    def view() -> Any:
        response = RESPONSES[name]()
        return make(response, *change) if makes else (response, *change)

    found, make = sent(app), make_in_python
    assert found == sent(partial(lifecycle.handle_request, app))


@pytest.mark.parametrize("name", RESPONSES)
@pytest.mark.parametrize("makes", [False, True])
@pytest.mark.parametrize("hooked", [False, True])
def test_a_response_alone(name: str, makes: bool, hooked: bool) -> None:
    """A response of any class is sent, or refused, in the same way, and is one of the application's class."""
    app = Cocopot("test", static_folder=None, autoload=False)
    app.config["PROPAGATE_EXCEPTIONS"] = True
    seen: list[bool] = []

    @app.route("/")
    def view() -> Any:
        return make_response(RESPONSES[name]()) if makes else RESPONSES[name]()

    def see(response: Any) -> Any:
        seen.append(isinstance(response, Response) and isinstance(response.headers, Headers))
        return response

    if hooked:
        app.after_request(see)
    assert sent(app) == sent(partial(lifecycle.handle_request, app))
    assert False not in seen
