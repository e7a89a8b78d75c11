"""`cocopot_response_closed`: the end of a response, once for each."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Any

import pytest
from werkzeug.test import create_environ, run_wsgi_app

import cocopot
from cocopot import Cocopot, Response, current_app, g, hookimpl, stream_with_context, url_for
from cocopot.exceptions import ClientDisconnected
from tests.hooks.drivers import plugin
from tests.hooks.support import app_with

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

HOOK = "cocopot_response_closed"


class Ends:
    """Records the status of each response that has ended, and the exception."""

    def __init__(self) -> None:
        self.seen: list[tuple[int, BaseException | None]] = []

    @hookimpl
    def cocopot_response_closed(self, response: Response, exc: BaseException | None) -> None:
        self.seen.append((response.status_code, exc))

    @property
    def names(self) -> list[tuple[int, str]]:
        """What was recorded, with the names of the exceptions' classes."""
        return [(status, type(exc).__name__) for status, exc in self.seen]


def pieces(error: BaseException | None = None) -> Iterator[str]:
    yield "a"
    if error is not None:
        raise error
    yield "b"


def observed(view: Callable[[], Any] = lambda: "view") -> tuple[Cocopot, Ends]:
    """Return an application with one view and the plugin, and the plugin."""
    ends = Ends()
    app = Cocopot("shop", autoload=False, plugins=[ends])
    app.add_url_rule("/", "index", view)
    return app, ends


def body_of(app: Cocopot, method: str = "GET") -> Any:
    """Return what the application passes to a server."""
    return app(create_environ("/", method=method), lambda *args: lambda data: None)


@pytest.mark.parametrize(
    "view",
    [
        lambda: "text",
        lambda: ("text", {"X-A": "b"}),
        lambda: {"a": 1},
        lambda: Response("text"),
        lambda: Response(["a", "b"]),
        lambda: Response(pieces()),
        lambda: Response(stream_with_context(pieces())),
        lambda: Response(b"", 304),
        lambda: Response(status=204),
        lambda: cocopot.redirect("/"),
        lambda: cocopot.send_file(__file__),
        lambda: cocopot.abort(418),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "DELETE"])
def test_fires_once_for_each_kind_of_response(view: Callable[[], Any], method: str) -> None:
    """Whatever a view returns or raises, and whatever the method, the end is reported once."""
    app, ends = observed(view)
    body, status, _ = run_wsgi_app(app, create_environ("/", method=method), buffered=True)
    assert ends.seen == [(int(status[:3]), None)]
    assert method != "HEAD" or not b"".join(body)


@pytest.mark.parametrize(
    ("environ", "status"),
    [
        ({"PATH_INFO": "/missing"}, 404),
        ({"HTTP_HOST": "a b"}, 400),
        ({"CONTENT_LENGTH": "-1"}, 400),
        ({"PATH_INFO": "/broken"}, 500),
        ({"PATH_INFO": "/handled"}, 200),
    ],
)
def test_error_pages(environ: dict[str, str], status: int) -> None:
    """Pages that are made before an endpoint is matched, and those of error handlers, are responses too."""
    app, ends = observed()
    app.add_url_rule("/broken", "broken", lambda: str(1 / 0))
    app.add_url_rule("/handled", "handled", lambda: str(int("a")))
    app.register_error_handler(ValueError, lambda exc: "handled")
    run_wsgi_app(app, {**create_environ("/"), **environ}, buffered=True)
    assert ends.seen == [(status, None)]


def test_the_plain_500_is_what_was_sent() -> None:
    """The response that could not be sent is not reported, the one in its place is."""

    class Odd(Response):
        def get_wsgi_headers(self, environ: Any) -> Any:
            raise ValueError("odd")

    app, ends = observed(lambda: Odd("text"))
    run_wsgi_app(app, create_environ("/"), buffered=True)
    assert ends.seen == [(500, None)]


def test_a_body_that_raises() -> None:
    """The exception is the body's own, which goes on to the server; the body is closed before."""
    error = ValueError("wrong")
    app, ends = observed(lambda: Response(pieces(error)))
    body = body_of(app)
    assert next(body) == b"a"
    with pytest.raises(ValueError, match="wrong"):
        next(body)
    assert ends.seen == [(200, error)]
    body.close()
    assert ends.seen == [(200, error)]


@pytest.mark.parametrize("view", [lambda: Response(pieces()), lambda: "text"])
def test_a_client_that_is_gone(view: Callable[[], Any]) -> None:
    """A server that closes the body before it has read it to its end reports a `ClientDisconnected`."""
    app, ends = observed(view)
    body = body_of(app)
    next(body)
    body.close()
    assert [type(exc) for _, exc in ends.seen] == [ClientDisconnected]
    assert "before the end of its body" in str(ends.seen[0][1])


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_body_that_is_never_read(method: str) -> None:
    """A server need not read the empty body of an answer to HEAD; any other one has not been sent."""
    app, ends = observed(lambda: Response(pieces()))
    body_of(app, method).close()
    assert ends.names == [(200, "NoneType" if method == "HEAD" else "ClientDisconnected")]


def test_a_body_that_is_never_closed() -> None:
    """A server that does not close the body, as PEP 3333 demands, reports the end when it discards it."""
    app, ends = observed(lambda: Response(pieces()))
    body = body_of(app)
    assert list(body) == [b"a", b"b"]
    assert ends.seen == []
    del body
    gc.collect()
    assert ends.seen == [(200, None)]


def test_an_exception_of_closing() -> None:
    """What a function of `call_on_close` raises is the exception, and goes on to the server."""

    def fail() -> None:
        raise ValueError("wrong")

    def view() -> Response:
        response = Response("text")
        response.call_on_close(fail)
        return response

    app, ends = observed(view)
    body = body_of(app)
    assert list(body) == [b"text"]
    with pytest.raises(ValueError, match="wrong"):
        body.close()
    body.close()
    assert ends.names == [(200, "ValueError")]


def test_comes_after_the_teardown() -> None:
    """The context of the request has been torn down, also that of a body of `stream_with_context`."""
    calls: list[str] = []
    app = app_with(plugin=plugin("plugin", HOOK, lambda: calls.append("closed")))
    app.teardown_request(lambda exc: calls.append("teardown"))
    app.add_url_rule("/stream", "stream", lambda: Response(stream_with_context(pieces())))
    for path in ("/", "/stream"):
        app.test_client().get(path).close()
    assert calls == ["teardown", "closed"] * 2


def test_the_context_of_the_hook() -> None:
    """`request`, `current_app` and `url_for` work in it; `g` is a new one, torn down because it was used."""
    seen: list[Any] = []

    def closed(request: Any) -> None:
        seen.append((cocopot.request.path, current_app.name, url_for("index"), "user" in g))
        g.connection = "open"

    app = app_with(plugin=plugin("plugin", HOOK, closed))
    app.before_request(lambda: setattr(g, "user", "someone"))
    app.teardown_appcontext(lambda exc: seen.append(g.get("connection")))
    app.start()
    seen.clear()
    app.test_client().get("/")
    assert seen == [None, ("/", "shop", "/", False), "open"]
    assert not cocopot.has_request_context()


def test_errors_never_reach_the_server(caplog: pytest.LogCaptureFixture) -> None:
    """They are logged with the plugin's name, also where exceptions propagate, and the others still run."""
    calls: list[str] = []
    broken = plugin("broken", HOOK, lambda: int("a"))
    app = app_with(a=plugin("a", HOOK, lambda: calls.append("a")), broken=broken)
    app.testing = True
    app.teardown_appcontext(lambda exc: 1 / (0 if "connection" in g else 1))
    app.plugins.register(plugin("b", HOOK, lambda: setattr(g, "connection", "open")), "b")
    assert app.test_client().get("/").text == "view"
    assert calls == ["a"]
    messages = [record.getMessage() for record in caplog.records]
    assert "ValueError Raised by plugin 'broken' in hook cocopot_response_closed." in messages
    assert messages[-1] == "Tearing down the context of cocopot_response_closed failed"


def test_an_exception_that_propagates_has_no_response() -> None:
    """Where an exception reaches the server, the application has no response that could end."""
    app, ends = observed(lambda: str(1 / 0))
    app.testing = True
    with pytest.raises(ZeroDivisionError):
        app.test_client().get("/")
    assert ends.seen == []


def test_the_test_client() -> None:
    """A whole body ends at once; a stream when it has been read, or when the response is closed."""
    app, ends = observed()
    app.add_url_rule("/stream", "stream", lambda: Response(pieces()))
    client = app.test_client()
    client.get("/")
    assert ends.names == [(200, "NoneType")]
    response = client.get("/stream")
    assert len(ends.seen) == 1
    assert response.text == "ab"
    response.close()
    client.get("/stream").close()
    assert ends.names[1:] == [(200, "NoneType"), (200, "ClientDisconnected")]


def test_nothing_is_wrapped_without_an_implementation() -> None:
    """Without an implementation the body is what it was, a list; with one it is wrapped from then on."""
    app = app_with()
    assert body_of(app) == [b"view"]
    ends = Ends()
    app.plugins.register(ends, "ends")
    wrapped: Iterable[bytes] = body_of(app)
    assert not isinstance(wrapped, list)
    app.plugins.unregister(ends)
    assert body_of(app) == [b"view"]
