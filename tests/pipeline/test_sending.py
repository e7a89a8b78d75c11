"""What no server may receive is the application's own 500, and `start_response` is called as in PEP 3333."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.test import create_environ, run_wsgi_app
from werkzeug.wrappers import Response as WerkzeugResponse

from cocopot import (
    Blueprint,
    Cocopot,
    Response,
    abort,
    after_this_request,
    hookimpl,
    redirect,
    stream_with_context,
)
from cocopot.exceptions import HTTPException

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


class OddError(HTTPException):
    code = 1000


class HeaderError(HTTPException):
    code = 400

    def get_headers(self, *_: object) -> list[tuple[str, str]]:
        return [("X-A", "\u0100")]


class Raw(Response):
    """A response that calls the server by itself."""

    def __call__(self, _: Any, start_response: Any) -> Iterable[bytes]:
        start_response("1000 Odd", [])
        return [b""]


def raising(error: Exception) -> Any:
    raise error


def changed(name: str, value: Any) -> Response:
    """Return a response with an attribute set."""
    response = Response("text")
    setattr(response, name, value)
    return response


def application(status: str, headers: list[tuple[str, str]]) -> Callable[[Any, Any], list[bytes]]:
    """Return a WSGI application that answers with a status and headers."""

    def answer(_: Any, start_response: Any) -> list[bytes]:
        start_response(status, headers)
        return [b"text"]

    return answer


def with_cookie() -> Response:
    response = Response("text")
    response.set_cookie("sid; Domain=evil.example", "v")
    return response


def changed_after() -> str:
    after_this_request(lambda response: setattr(response, "status_code", 0))
    return "text"


#: What a view may do to send what no server may receive.
MISTAKES: dict[str, Callable[[], Any]] = {
    "status True": lambda: ("text", True),
    "status 0": lambda: ("text", 0),
    "status 42 of a dict": lambda: ({"a": 1}, 42),
    "status 100": lambda: ("text", 100),
    "status 1000 with headers": lambda: ("text", 1000, {"X-A": "b"}),
    "status text": lambda: ("a", "b"),
    "status of a generator": lambda: (iter(["a"]), "0 OK"),
    "Response": lambda: Response("text", 1000),
    "status": lambda: changed("status", "abc"),
    "status_code": lambda: changed("status_code", 99),
    "exception": lambda: raising(OddError()),
    "exception returned": OddError,
    "exception in a tuple": lambda: (HTTPException("text"), 700),
    "exception's headers": lambda: raising(HeaderError()),
    "exception's response": lambda: abort(WerkzeugResponse("text", 1000)),
    "redirect": lambda: redirect("/", 1000),
    "after this request": changed_after,
    "Werkzeug's": lambda: WerkzeugResponse("text", "abc"),
    "Werkzeug's header": lambda: WerkzeugResponse("text", headers={"X-A": "\0"}),
    "application": lambda: application("1000 Odd", []),
    "application's header": lambda: application("200 OK", [("X-A", "\u0100")]),
    "own class": lambda: Raw("text"),
    "header of a text": lambda: ("text", {"X-A": "\u0100"}),
    "header of a list": lambda: ([1], [("X-A", "a\x7f")]),
    "header name": lambda: ("text", {"X A": "b"}),
    "header in a generator": lambda: (iter(["a"]), 200, {"X-A": "\0"}),
    "header of a stream": lambda: (stream_with_context(iter(["a"])), {"X-A": "\0"}),
    "Response of a stream": lambda: Response(stream_with_context(iter(["a"])), 1000),
    "content type": lambda: Response("text", content_type="text/\0"),
    "mimetype": lambda: changed("mimetype", "text/\u0100"),
    "location": lambda: redirect("/a\0"),
    "cookie": with_cookie,
}


class OwnApp(Cocopot):
    """An application that overrides a step, so that its endpoints take the plain path."""

    def process_response(self, response: Response) -> Response:
        return super().process_response(response)


@pytest.fixture(params=[Cocopot, OwnApp])
def app(request: pytest.FixtureRequest) -> Cocopot:
    app: Cocopot = request.param(__name__, autoload=False, static_folder=None)
    return app


def is_logged(caplog: pytest.LogCaptureFixture) -> bool:
    """Return whether the `ValueError` of a request was logged as an exception."""
    return any(record.exc_info and record.exc_info[0] is ValueError for record in caplog.records)


class TestMistakes:
    @pytest.mark.parametrize("view", MISTAKES.values(), ids=MISTAKES)
    @pytest.mark.parametrize("prefix", ["", "/bp", "/observed"])
    def test_is_a_500(
        self, app: Cocopot, caplog: pytest.LogCaptureFixture, view: Callable[[], Any], prefix: str
    ) -> None:
        """It is logged, answered with a 500, and seen by the hooks, on every path of a request."""
        seen: list[object] = []
        blueprint = Blueprint("bp", __name__, url_prefix="/bp")
        observed = Blueprint("observed", __name__, url_prefix="/observed")
        for target in (app, blueprint, observed):
            target.add_url_rule("/", "view", view)
        observed.after_request(lambda response: seen.append(response.status_code))
        app.register_blueprint(blueprint)
        app.register_blueprint(observed)
        app.register_error_handler(500, lambda _: ("handled", 500))
        app.teardown_request(lambda exc: seen.append(type(exc)))
        response = app.test_client().get(f"{prefix}/")
        assert (response.status, response.text) == ("500 INTERNAL SERVER ERROR", "handled")
        assert is_logged(caplog)
        assert seen[-1] is ValueError
        assert (500 in seen) is (prefix == "/observed")

    @pytest.mark.parametrize("view", MISTAKES.values(), ids=MISTAKES)
    def test_is_raised_in_a_test(self, app: Cocopot, view: Callable[[], Any]) -> None:
        """Where exceptions propagate, the `ValueError` is raised."""
        app.testing = True
        app.add_url_rule("/", "view", view)
        with pytest.raises(ValueError, match=r"status|header|Latin-1|newlines|cookie"):
            app.test_client().get("/")

    @pytest.mark.parametrize(
        "change",
        [
            lambda response: setattr(response, "status", 1000),
            lambda response: response.headers.add("X-A", "\u0100"),
            lambda _: WerkzeugResponse("text", 1000),
            lambda _: WerkzeugResponse("text", headers={"X-A": "\0"}),
            lambda _: Raw("text"),
        ],
    )
    def test_of_an_after_request_function(
        self, app: Cocopot, caplog: pytest.LogCaptureFixture, change: Any
    ) -> None:
        """What a hook does to a response, or returns in its place, is checked too."""
        app.add_url_rule("/", "view", lambda: "text")
        app.after_request(lambda response: change(response) if response.status_code == 200 else None)
        assert app.test_client().get("/").status_code == 500
        assert is_logged(caplog)

    @pytest.mark.parametrize("made", [WerkzeugResponse("text", 1000), Raw("text")])
    def test_of_a_plugin(self, caplog: pytest.LogCaptureFixture, made: WerkzeugResponse) -> None:
        """What a plugin makes of a value is checked too."""

        class Maker:
            @hookimpl
            def cocopot_make_response(self, value: object) -> Any:
                return made if value == "text" else None

        app = Cocopot(__name__, autoload=False, plugins=[Maker()])
        app.add_url_rule("/", "view", lambda: "text")
        assert app.test_client().get("/").status_code == 500
        assert is_logged(caplog)

    def test_in_every_response(self, app: Cocopot) -> None:
        """A function that does it to the 500 as well is logged, and a 500 is sent."""
        app.add_url_rule("/", "view", lambda: "text")
        app.after_request(lambda response: setattr(response, "status", "abc"))
        assert app.test_client().get("/").status_code == 500


texts = st.text(st.characters(exclude_categories=[]), max_size=3) | st.sampled_from(
    ["a", "\t", " \xff", "a\r\n b"]
)
statuses = st.none() | st.integers(-1, 1100) | st.builds("{}{}".format, st.integers(90, 610), texts) | texts
names = st.sampled_from(["X-A", "Location", "content-type", "ETag", "Set-Cookie"]) | texts
bodies: dict[str, Callable[[], Any]] = {
    "str": lambda: "text",
    "dict": lambda: {"a": 1},
    "stream": lambda: iter(["text"]),
    "Response": lambda: Response("text"),
    "Werkzeug's": lambda: WerkzeugResponse("text"),
}
observed_app = Cocopot("tests_of_heads", autoload=False, static_folder=None)
plain_app = OwnApp("tests_of_heads", autoload=False, static_folder=None)
fast_app = Cocopot("tests_of_heads", autoload=False, static_folder=None)
value_to_return: list[Any] = []
for each in (observed_app, plain_app, fast_app):
    each.add_url_rule("/", "view", lambda: value_to_return[-1])
observed_app.after_request(lambda response: response)
logging.getLogger("tests_of_heads").disabled = True


@settings(deadline=None)
@given(
    st.sampled_from([observed_app, plain_app, fast_app]),
    st.sampled_from([*bodies]),
    statuses,
    st.dictionaries(names, texts, max_size=2) | st.lists(st.tuples(names, texts), max_size=2),
)
def test_a_server_receives_a_valid_head(app: Cocopot, body: str, status: Any, headers: Any) -> None:
    """Whatever status and headers a view returns, those that the server receives are valid."""
    value_to_return[:] = [(bodies[body](), status, headers)]
    started: list[Any] = []
    app(create_environ("/"), lambda *args: started.append(args))  # type: ignore[arg-type]  # no writer
    ((line, head),) = started
    assert re.fullmatch(r"[2-5][0-9]{2} [\t\x20-\x7e\x80-\xff]+", line)
    for name, value in head:
        assert type(name) is type(value) is str
        assert re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name)
        assert re.fullmatch(r"[\t\x20-\x7e\x80-\xff]*", value)


class ServerError(Exception):
    """What a server raises for a response that it refuses."""


class Server:
    """A server that refuses some heads, and records the calls.

    Args:
        refused: The beginnings of status lines that it refuses.
    """

    def __init__(self, *refused: str) -> None:
        self.refused = refused
        self.calls: list[tuple[str, object]] = []

    def start_response(self, status: str, headers: object, exc_info: Any = None) -> Any:
        assert headers
        if self.calls and exc_info is None:
            raise AssertionError("called again without exc_info")
        self.calls.append((status, exc_info and exc_info[1]))
        if status.startswith(self.refused):
            raise ServerError(status)

    def run(self, app: Cocopot) -> bytes:
        """Return the body of the response."""
        return b"".join(app(create_environ("/"), self.start_response))


class TestServer:
    @pytest.mark.parametrize(
        "view",
        [
            lambda: "text",
            lambda: Response("text"),
            lambda: {"a": 1},
            lambda: iter(["text"]),
            lambda: Raw.force_type(Response("text")),
            lambda: ("text", {"Location": "/a"}),
        ],
    )
    def test_refuses_the_response(self, app: Cocopot, monkeypatch: pytest.MonkeyPatch, view: Any) -> None:
        """The 500 is sent with `exc_info`, and teardown gets the server's exception."""
        monkeypatch.setattr(Raw, "__call__", WerkzeugResponse.__call__)
        seen: list[object] = []
        app.teardown_request(seen.append)
        app.add_url_rule("/", "view", view)
        server = Server("200")
        assert b"Internal Server Error" in server.run(app)
        assert [status for status, _ in server.calls] == ["200 OK", "500 INTERNAL SERVER ERROR"]
        error = server.calls[1][1]
        assert isinstance(error, ServerError)
        assert seen == [error]

    def test_refuses_everything(self, app: Cocopot, caplog: pytest.LogCaptureFixture) -> None:
        """The first exception goes on to the server and to teardown; the second is logged."""
        seen: list[object] = []
        app.teardown_request(seen.append)
        app.add_url_rule("/", "view", lambda: "text")
        with pytest.raises(ServerError, match="200 OK") as raised:
            Server("200", "500").run(app)
        assert seen == [raised.value]
        assert caplog.records[-1].exc_info
        assert str(caplog.records[-1].exc_info[1]) == "500 INTERNAL SERVER ERROR"

    def test_refuses_the_error_page(self, app: Cocopot) -> None:
        """The exception of the view goes on, not that of the server."""
        seen: list[object] = []
        app.teardown_request(seen.append)
        app.add_url_rule("/", "view", lambda: raising(KeyError("view")))
        server = Server("500")
        with pytest.raises(KeyError, match="view") as raised:
            server.run(app)
        assert seen == [raised.value]
        assert server.calls == [("500 INTERNAL SERVER ERROR", None)]

    def test_refuses_the_response_to_an_error_that_cannot_be_sent(self, app: Cocopot) -> None:
        """Where the response to the server's exception is invalid, a plain 500 is sent with `exc_info`."""
        app.register_error_handler(500, lambda _: Raw("text"))
        app.add_url_rule("/", "view", lambda: "text")
        server = Server("200")
        assert b"Internal Server Error" in server.run(app)
        assert [status for status, _ in server.calls] == ["200 OK", "500 INTERNAL SERVER ERROR"]
        assert isinstance(server.calls[1][1], ServerError)

    def test_is_started_once(self, app: Cocopot) -> None:
        """A response that is refused before the server is called is replaced without `exc_info`."""
        app.add_url_rule("/", "view", lambda: Raw("text"))
        server = Server()
        server.run(app)
        assert server.calls == [("500 INTERNAL SERVER ERROR", None)]

    def test_raises_it_again(self, app: Cocopot) -> None:
        """A server that has sent the headers raises the exception that it is passed (PEP 3333)."""

        def start_response(*args: Any) -> Any:
            if len(args) == 3:
                raise args[2][1].with_traceback(args[2][2])
            raise ServerError("first")

        app.add_url_rule("/", "view", lambda: "text")
        with pytest.raises(ServerError, match="first"):
            app(create_environ("/"), start_response)

    def test_where_exceptions_propagate(self, app: Cocopot) -> None:
        """The exception of the server is raised at once."""
        app.testing = True
        app.add_url_rule("/", "view", lambda: "text")
        with pytest.raises(ServerError):
            Server("200").run(app)


def test_a_view_may_return_an_application_that_recovers(app: Cocopot) -> None:
    """A WSGI application that a view returns may replace its head; one that never starts is an error."""

    def recovering(_: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [])
        start_response("503 Later", [], (KeyError, KeyError(), None))
        return [b"sorry"]

    app.add_url_rule("/", "view", lambda: recovering)
    app.add_url_rule("/never", "never", lambda: lambda *_: [b"text"])
    body, status, _ = run_wsgi_app(app, create_environ("/"), buffered=True)
    assert (b"".join(body), status) == (b"sorry", "503 Later")
    app.testing = True
    with pytest.raises(TypeError, match=r"view for 'never' returned .* has not called start_response"):
        app.test_client().get("/never")


def test_a_stream_is_closed_though_its_teardown_raises(
    app: Cocopot, caplog: pytest.LogCaptureFixture
) -> None:
    """The functions that a response calls on close run, whatever the stream's teardown raises."""
    closed: list[str] = []

    def view() -> Response:
        response = Response(stream_with_context(iter(["a", "b"])))
        response.call_on_close(lambda: closed.append("closed"))
        return response

    app.testing = True
    app.add_url_rule("/", "view", view)
    app.teardown_request(lambda _: raising(KeyError("teardown")))
    body = app(create_environ("/"), lambda *_: None)  # type: ignore[arg-type]  # no writer
    next(iter(body))
    with pytest.raises(ExceptionGroup), caplog.at_level(logging.CRITICAL):
        body.close()  # type: ignore[attr-defined]  # PEP 3333
    assert closed == ["closed"]
