"""What a view may return, and the response that becomes of it."""

from __future__ import annotations

import datetime as dt
import types
from typing import TYPE_CHECKING, Any, cast

import pytest
from werkzeug.datastructures import Headers, MultiDict
from werkzeug.test import create_environ, run_wsgi_app
from werkzeug.wrappers import Response as WerkzeugResponse

from cocopot import Blueprint, Cocopot, Response, hookimpl, make_response, request
from cocopot.exceptions import Forbidden, HTTPException, NotFound, blame_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from werkzeug.test import TestResponse

TEXT = "text/html; charset=utf-8"
JSON = "application/json"


def wsgi(environ: Any, start_response: Any) -> list[bytes]:
    """Answer as a WSGI application does."""
    start_response("203 Mine", [("Content-Type", "text/plain"), ("X-Seen", environ["REQUEST_METHOD"])])
    return [environ["PATH_INFO"].encode()]


class Middleware:
    """A WSGI application that is an object."""

    def __call__(self, environ: Any, start_response: Any) -> Any:
        return wsgi(environ, start_response)


def texts() -> Iterator[str]:
    yield "te"
    yield "xt"


def octets() -> Iterator[bytes]:
    yield b"\xff"
    yield b"\x00"


#: Name: (maker of the value, status, content type, body)
VALUES: dict[str, tuple[Callable[[], Any], str, str | None, bytes]] = {
    "str": (lambda: "t\xe9xt", "200 OK", TEXT, b"t\xc3\xa9xt"),
    "empty": (lambda: "", "200 OK", TEXT, b""),
    "str subclass": (lambda: type("Markup", (str,), {})("text"), "200 OK", TEXT, b"text"),
    "bytes": (lambda: b"\xff", "200 OK", TEXT, b"\xff"),
    "bytearray": (lambda: bytearray(b"\xff"), "200 OK", TEXT, b"\xff"),
    "dict": (lambda: {"b": 1, "a": None}, "200 OK", JSON, b'{"a":null,"b":1}\n'),
    "empty dict": (dict, "200 OK", JSON, b"{}\n"),
    "list": (lambda: [1, "two"], "200 OK", JSON, b'[1,"two"]\n'),
    "empty list": (list, "200 OK", JSON, b"[]\n"),
    "generator of str": (texts, "200 OK", TEXT, b"text"),
    "generator of bytes": (octets, "200 OK", TEXT, b"\xff\x00"),
    "iterator": (lambda: iter(["te", "xt"]), "200 OK", TEXT, b"text"),
    "response": (lambda: Response("text", 202, mimetype="text/plain"), "202 ACCEPTED", None, b"text"),
    "Werkzeug's": (
        lambda: WerkzeugResponse("text", 202),
        "202 ACCEPTED",
        "text/plain; charset=utf-8",
        b"text",
    ),
    "WSGI function": (lambda: wsgi, "203 Mine", "text/plain", b"/value"),
    "WSGI object": (Middleware, "203 Mine", "text/plain", b"/value"),
    "status": (lambda: ("text", 201), "201 CREATED", TEXT, b"text"),
    "status line": (lambda: ("text", "201 Made"), "201 Made", TEXT, b"text"),
    "status of none": (lambda: ("text", None), "200 OK", TEXT, b"text"),
    "status of a dict": (lambda: ({"a": 1}, 201), "201 CREATED", JSON, b'{"a":1}\n'),
    "status of a response": (lambda: (Response("text"), 201), "201 CREATED", TEXT, b"text"),
    "status of a generator": (lambda: (texts(), 201), "201 CREATED", TEXT, b"text"),
    "status of WSGI": (lambda: (wsgi, 201), "201 CREATED", "text/plain", b"/value"),
    "status and headers": (lambda: ("text", 201, {"X": "1"}), "201 CREATED", TEXT, b"text"),
    "unknown status": (lambda: ("text", 299), "299 UNKNOWN", TEXT, b"text"),
    "no content": (lambda: ("", 204), "204 NO CONTENT", TEXT, b""),
    "content type": (lambda: ("a,b", {"Content-Type": "text/csv"}), "200 OK", "text/csv", b"a,b"),
    "content type of a dict": (
        lambda: ({"a": 1}, 400, {"Content-Type": "application/problem+json"}),
        "400 BAD REQUEST",
        "application/problem+json",
        b'{"a":1}\n',
    ),
    "HTTP exception": (
        lambda: HTTPException("no", Response("made", 409)),
        "409 CONFLICT",
        TEXT,
        b"made",
    ),
}

#: Flask cannot take a response of our class.
OF_OUR_CLASS = {"response", "status of a response"}

REFUSED: dict[str, tuple[Any, str]] = {
    "number": (3, "a 'int'"),
    "float": (1.5, "a 'float'"),
    "bool": (False, "a 'bool'"),
    "date": (dt.date(2024, 5, 17), "a 'date'"),
    "object": (object(), "a 'object'"),
    "set": ({"a"}, "a 'set'"),
    "range": (range(3), "a 'range'"),
    "memoryview": (memoryview(b"text"), "a 'memoryview'"),
    "mapping": (types.MappingProxyType({"a": 1}), "a 'mappingproxy'"),
    "class": (object, "a 'type' that cannot be called as a WSGI application"),
    "function": (lambda: "text", "a 'function' that cannot be called as a WSGI application"),
    "empty tuple": ((), "a tuple of 0"),
    "tuple of one": (("text",), "a tuple of 1"),
    "tuple of four": (("text", 200, {}, None), "a tuple of 4"),
    "headers in a tuple of four": (("text", {}, 200, None), "a tuple of 4"),
    "body of none": ((None, 204), "a tuple whose body is None"),
    "number in a tuple": ((3, 200), "a 'int'"),
}


@pytest.fixture
def app() -> Cocopot:
    app = Cocopot(__name__, autoload=False)
    app.testing = True
    return app


def answer(app: Any, make: Callable[[], Any]) -> TestResponse:
    """Return the response to a request whose view returns what `make` makes."""
    app.add_url_rule("/value", "value", make)
    response: TestResponse = app.test_client().get("/value")
    return response


class TestValues:
    @pytest.mark.parametrize(("make", "status", "content_type", "body"), VALUES.values(), ids=VALUES)
    def test_becomes(
        self, app: Cocopot, make: Callable[[], Any], status: str, content_type: str | None, body: bytes
    ) -> None:
        """Each sort of value has its status, content type and body."""
        response = answer(app, make)
        assert (response.status, response.data) == (status, body)
        assert response.content_type == (content_type or "text/plain; charset=utf-8")

    def test_as_in_flask(self) -> None:
        """Status, headers and body are those of Flask, where that is installed."""
        flask = pytest.importorskip("flask")
        for name in VALUES.keys() - OF_OUR_CLASS:
            make = VALUES[name][0]
            ours = answer(Cocopot(__name__, autoload=False), make)
            theirs = answer(flask.Flask(__name__), make)
            assert (name, ours.status, ours.data) == (name, theirs.status, theirs.data)
            assert (name, sorted(ours.headers)) == (name, sorted(theirs.headers))

    @pytest.mark.parametrize("make", [value[0] for value in VALUES.values()], ids=VALUES)
    def test_from_everywhere(self, app: Cocopot, make: Callable[[], Any]) -> None:
        """A before-request function, an error handler and `make_response` take what a view may return."""
        app.before_request(lambda: make() if request.path == "/before" else None)
        app.add_url_rule("/made", "made", lambda: make_response(make()))
        app.errorhandler(404)(lambda _: make())
        expected = answer(app, make)
        for path in ("/before", "/made", "/missing"):
            response = app.test_client().get(path)
            assert (response.status, response.content_type) == (expected.status, expected.content_type)

    @pytest.mark.parametrize("error", [NotFound(), Forbidden("Not for you.")])
    def test_http_exception(self, app: Cocopot, error: HTTPException) -> None:
        """An HTTP exception that is returned is its own page; no error handler is asked."""
        app.errorhandler(HTTPException)(lambda _: "handled")
        response = answer(app, lambda: error)
        assert (response.status_code, response.text) == (error.code, error.get_body())

    def test_iterator_is_streamed(self, app: Cocopot) -> None:
        """An iterator is read while the response is sent, not before."""
        read = []

        def parts() -> Iterator[str]:
            for part in ("a", "b"):
                read.append(part)
                yield part

        app.add_url_rule("/value", "value", parts)
        response = app.test_client().get("/value")
        assert len(read) < 2
        assert (response.text, read) == ("ab", ["a", "b"])
        assert response.content_length is None

    def test_generator_is_closed(self, app: Cocopot) -> None:
        """A generator is closed when the client goes away."""
        closed = []

        def parts() -> Iterator[str]:
            try:
                yield "a"
                yield "b"
            finally:
                closed.append(True)

        answer(app, parts).close()
        assert closed == [True]


#: Bodies that headers can be added to.
SENDABLE: dict[str, Callable[[], Any]] = {
    "str": lambda: "text",
    "bytes": lambda: b"text",
    "dict": lambda: {"a": 1},
    "list": lambda: [1],
    "generator": texts,
    "Response": lambda: Response("text"),
    "Werkzeug's": lambda: WerkzeugResponse("text"),
    "WSGI function": lambda: wsgi,
    "exception": NotFound,
}


class TestHeaders:
    @pytest.mark.parametrize(
        "headers",
        [
            {"X-One": "1", "X-Two": "2"},
            [("X-One", "1"), ("X-Two", "2")],
            (("X-One", "1"), ("X-Two", "2")),
            Headers({"X-One": "1", "X-Two": "2"}),
        ],
        ids=["dict", "list", "tuple", "Headers"],
    )
    @pytest.mark.parametrize("body", ["text", b"text", {"a": 1}, Response("text"), wsgi])
    def test_forms(self, app: Cocopot, body: Any, headers: Any) -> None:
        """Headers may come as any sort of mapping or list of pairs, with any body, with or without status."""
        app.add_url_rule("/all", "all", lambda: (body, 201, headers))
        response = answer(app, lambda: (body, headers))
        with_status = app.test_client().get("/all")
        for sent in (response, with_status):
            assert (sent.headers["X-One"], sent.headers["X-Two"]) == ("1", "2")
        assert with_status.status_code == 201

    @pytest.mark.parametrize("body", [lambda: "text", lambda: {"a": 1}, texts, lambda: Response("text")])
    @pytest.mark.parametrize("form", [dict.items, lambda headers: (pair for pair in headers.items()), set])
    def test_an_iterable_of_pairs(self, app: Cocopot, body: Callable[[], Any], form: Any) -> None:
        """Headers may be any iterable of pairs, such as a generator, with or without a status."""
        pairs = {"X-One": "1", "X-Two": "2"}
        app.add_url_rule(
            "/all", "all", lambda: (body(), 201, form(pairs if form is not set else pairs.items()))
        )
        response = answer(app, lambda: (body(), form(pairs if form is not set else pairs.items())))
        with_status = app.test_client().get("/all")
        for sent in (response, with_status):
            assert (sent.headers["X-One"], sent.headers["X-Two"]) == ("1", "2")
        assert (response.status_code, with_status.status_code) == (200, 201)

    def test_replace_those_of_a_response(self, app: Cocopot) -> None:
        """A header of the tuple replaces that of the response."""
        response = answer(app, lambda: (Response("text", headers={"X-Seen": "no"}), {"X-Seen": "yes"}))
        assert response.headers.getlist("X-Seen") == ["yes"]

    def test_several_of_a_name(self, app: Cocopot) -> None:
        """A list of values becomes a header each."""
        response = answer(app, lambda: (Response("text"), {"Link": ["<a>", "<b>"]}))
        assert response.headers.getlist("Link") == ["<a>", "<b>"]

    def test_response_is_the_same_object(self, app: Cocopot) -> None:
        """A response is passed on, not copied."""
        mine = Response("text")
        with app.test_request_context("/"):
            assert app.make_response((mine, 201)) is mine
            assert app.make_response(mine) is mine

    @pytest.mark.parametrize("name", ["Set-Cookie", "Link", "Vary", "WWW-Authenticate", "link"])
    @pytest.mark.parametrize("form", [list, tuple, iter, Headers, MultiDict])
    @pytest.mark.parametrize("make", SENDABLE.values(), ids=SENDABLE)
    def test_all_of_a_name(self, app: Cocopot, make: Callable[[], Any], form: Any, name: str) -> None:
        """All headers of one name in a tuple are sent, in order, with any body, on every path."""
        pairs = [(name, "a=1"), ("X-Seen", "1"), (name, "b=2")]
        blueprint = Blueprint("bp", __name__, url_prefix="/bp")
        blueprint.add_url_rule("/", "view", lambda: (make(), 200, form(pairs)))
        blueprint.after_request(lambda response: response)
        app.register_blueprint(blueprint)
        response = answer(app, lambda: (make(), 200, form(pairs)))
        for sent in (response, app.test_client().get("/bp/")):
            assert sent.headers.getlist(name) == ["a=1", "b=2"]
            assert sent.headers.getlist("X-Seen") == ["1"]

    def test_headers_of_another_class(self, app: Cocopot) -> None:
        """Headers are added to a response of Werkzeug's class, too."""
        app.response_class = cast("type[Response]", WerkzeugResponse)
        response = answer(app, lambda: (WerkzeugResponse("text"), [("Link", "<a>"), ("Link", "<b>")]))
        assert response.headers.getlist("Link") == ["<a>", "<b>"]

    def test_repeated_in_the_tuple_and_the_response(self, app: Cocopot) -> None:
        """The headers of the tuple replace those of the response, whatever their case."""
        headers = [("link", "<b>"), ("Link", "<c>"), ("content-type", "text/plain")]
        response = answer(app, lambda: (Response("text", headers=[("Link", "<a>")] * 2), headers))
        assert response.headers.getlist("Link") == ["<b>", "<c>"]
        assert response.headers.getlist("Content-Type") == ["text/plain"]

    def test_line_breaks(self, app: Cocopot) -> None:
        """A header with a line break is refused."""
        with pytest.raises(ValueError, match="newline"):
            answer(app, lambda: ("text", {"X-Seen": "1\r\nSet-Cookie: a=b"}))


@pytest.mark.parametrize(
    "query", ["a=\x01", "a=\x7f", "a=\0\x1b[31m", "a=\r\nX-A: b", "a=\xff", "a=\xc3\xa9 b"]
)
@pytest.mark.parametrize("path", ["/page", "//page", "/page\x01"])
def test_redirect_of_any_url(app: Cocopot, path: str, query: str) -> None:
    """A redirect of the router has a valid location, whatever the client's URL contains."""
    app.add_url_rule("/<name>/", "page", lambda name: name)
    _, status, headers = run_wsgi_app(app, {**create_environ(), "PATH_INFO": path, "QUERY_STRING": query})
    location = headers["Location"]
    assert status == "308 PERMANENT REDIRECT"
    assert location.startswith("http://localhost/page")
    assert location.isascii()
    assert location.isprintable()
    assert "\n" not in location


class TestClasses:
    def test_response_class_of_the_application(self, app: Cocopot) -> None:
        """Every response is of the application's class."""

        class Plain(Response):
            default_mimetype = "text/plain"

        app.response_class = Plain
        with app.test_request_context("/"):
            for value in ("text", b"text", {"a": 1}, WerkzeugResponse("text"), wsgi, NotFound(), texts()):
                assert isinstance(app.make_response(value), Plain)
        assert answer(app, lambda: "text").mimetype == "text/plain"


class TestRefused:
    @pytest.mark.parametrize(("value", "what"), REFUSED.values(), ids=REFUSED)
    def test_message(self, app: Cocopot, value: Any, what: str) -> None:
        """A value that is not a response is an error that names the endpoint and states what to return."""
        with pytest.raises(TypeError) as raised:
            answer(app, lambda: value)
        message = str(raised.value)
        assert message.startswith(f"The view for 'value' returned {what}")
        assert "Return a str, bytes, dict, list" in message

    @pytest.mark.parametrize(
        ("value", "what"),
        [
            (("text",), "a tuple of 1"),
            (("text", 200, {}, 4), "a tuple of 4"),
            ((), "a tuple of 0"),
            (("text", {"X-Seen": "1"}, 200), "a tuple whose status is a 'dict'"),
            (({"a": 1}, [("X-Seen", "1")], 200), "a tuple whose status is a 'list'"),
            (("text", b"200 OK"), "a tuple whose status is a 'bytes'"),
            (("text", 200.0), "a tuple whose status is a 'float'"),
            (("text", {1, 2}), "a tuple whose headers are a 'set'"),
            (("text", 200, iter([("X-Seen",)])), "a tuple whose headers are a 'list_iterator'"),
            (("text", 200, 5), "a tuple whose headers are a 'int'"),
            (("text", 200, "X-Seen: 1"), "a tuple whose headers are a 'str'"),
            (("text", ["X-Seen: 1"]), "a tuple whose headers are a 'list'"),
            (("text", 200, ("X-Seen", "1")), "a tuple whose headers are a 'tuple'"),
        ],
    )
    def test_tuple(self, app: Cocopot, value: Any, what: str) -> None:
        """A tuple of another form is an error that names the view, what is wrong, and what to return."""
        with pytest.raises(TypeError) as raised:
            answer(app, lambda: value)
        assert str(raised.value).startswith(f"The view for 'value' returned {what}, which")
        assert "(body, status), (body, headers) or (body, status, headers)" in str(raised.value)

    @pytest.mark.parametrize(
        "value", [("a", "b"), ("a", 1000), ("a", {"X A": "b"}), ({"a": 1}, 200, {"X": "\0"})]
    )
    def test_invalid_status_or_header(self, app: Cocopot, value: Any) -> None:
        """An invalid status or header in a tuple is a `ValueError` whose note names the view."""
        with pytest.raises(ValueError, match=r"status|header") as raised:
            answer(app, lambda: value)
        assert raised.value.__notes__[0] == f"The view for 'value' returned {value!r}."

    @pytest.mark.parametrize("value", [("a", 1000), WerkzeugResponse("a", "abc"), ("a", {"X-Seen": "\0"})])
    def test_invalid_status_or_header_of_a_plugin(self, value: Any) -> None:
        """If a plugin returned it, the note and the blame name the plugin and the hook."""

        class Gate:
            plugin_name = "gate"

            @hookimpl
            def cocopot_before_request(self) -> Any:
                return value

        app = Cocopot(__name__, autoload=False, plugins=[Gate()])
        app.testing = True
        with pytest.raises(ValueError, match=r"status|header") as raised:
            answer(app, lambda: "text")
        assert "'gate'" in raised.value.__notes__[0]
        (blame,) = blame_of(raised.value)
        assert (blame.plugin, blame.hook, blame.action) == ("gate", "cocopot_before_request", "returned")

    @pytest.mark.parametrize("others", [(1000,), (object(),), (200, "headers"), (1, 2, 3)])
    def test_body_is_closed(self, app: Cocopot, others: tuple[Any, ...]) -> None:
        """A body that cannot be sent because of what is beside it is closed at once."""
        closed: list[str] = []
        response = Response("text")
        response.call_on_close(lambda: closed.append("closed"))
        with pytest.raises((ValueError, TypeError), match="status"):
            answer(app, lambda: (response, *others))
        assert closed == ["closed"]

    def test_none(self, app: Cocopot) -> None:
        """A view without a return statement is reported so."""
        with pytest.raises(TypeError, match=r"view for 'value' returned None.*a return statement is missing"):
            answer(app, lambda: None)

    @pytest.mark.parametrize("last", [200, None, {}, {"X-Seen": "1"}, []], ids=repr)
    @pytest.mark.parametrize("body", ["text", {"a": 1}, Response("text")], ids=["text", "dict", "Response"])
    @pytest.mark.parametrize("is_observed", [False, True])
    def test_headers_in_place_of_the_status(
        self, app: Cocopot, body: Any, last: Any, is_observed: bool
    ) -> None:
        """A tuple of three is (body, status, headers): headers in the middle are an error."""
        if is_observed:
            app.after_request(lambda response: None)
        with pytest.raises(TypeError):
            answer(app, lambda: (body, {"X-Seen": "1"}, last))

    @pytest.mark.parametrize("value", [None, 3], ids=["None", "number"])
    def test_is_a_500(self, app: Cocopot, value: Any) -> None:
        """To the client it is a 500."""
        app.testing = False
        assert answer(app, lambda: value).status_code == 500
