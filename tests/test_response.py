"""The response's short path, and what leaves it."""

from __future__ import annotations

import io
import pickle
from array import array
from http import HTTPStatus
from typing import Any, cast

import pytest
from werkzeug.datastructures import Headers, WWWAuthenticate
from werkzeug.test import run_wsgi_app
from werkzeug.wrappers import Response as WerkzeugResponse

from cocopot.response import Response, text_response

GET = {"REQUEST_METHOD": "GET"}


def send(response: Any, method: str = "GET") -> tuple[str, list[tuple[str, str]], Any]:
    """Call a response as a WSGI server does."""
    started: list[Any] = []
    body = response({"REQUEST_METHOD": method}, lambda *args: started.append(args))
    return (*started[0], body)


def sent_as_werkzeug(response: Any, method: str = "GET") -> tuple[str, list[tuple[str, str]], bytes]:
    """Return status, headers and body on Werkzeug's own path."""
    body, status, headers = run_wsgi_app(response, {"REQUEST_METHOD": method}, buffered=True)
    return status, list(headers), b"".join(body)


def test_a_plain_body_is_sent_as_it_is() -> None:
    """Status, headers and the body's own list go to the server; no object is made for the headers."""
    response = Response("é")
    status, headers, body = send(response)
    assert status == "200 OK"
    assert headers == [("Content-Type", "text/html; charset=utf-8"), ("Content-Length", "2")]
    assert body is response.response
    assert body == [b"\xc3\xa9"]
    assert response._headers is None


@pytest.mark.parametrize(
    "make",
    [
        *(bytearray, memoryview, lambda data: memoryview(array("H", data)), type("Bytes", (bytes,), {})),
        *(lambda data: [bytearray(data[:1]), memoryview(data[1:])], lambda data: iter([bytearray(data)])),
        lambda data: [data[:1].decode(), memoryview(data[1:])],
    ],
)
@pytest.mark.parametrize("set_later", [False, True])
def test_a_buffer_is_sent_as_bytes(make: Any, set_later: bool) -> None:
    """A server is passed bytes, and nothing else that has a buffer (PEP 3333)."""
    response = Response("" if set_later else make(b"data"))
    if set_later and isinstance(body := make(b"data"), (bytes, bytearray, memoryview)):
        response.set_data(cast("bytes", body))
    elif set_later:
        response.response = body
        response.headers.pop("Content-Length")
    _, headers, sent = send(response)
    parts = list(sent)
    assert {type(part) for part in parts} == {bytes}
    assert b"".join(parts) == b"data"
    assert dict(headers).get("Content-Length", "4") == "4"
    assert Response(make(b"data")).get_data() == b"data"


def test_a_response_can_be_sent_again() -> None:
    """What a server does to its list of headers does not reach the response."""
    response = Response("a")
    send(response)[1].append(("X-Server", "b"))
    assert "X-Server" not in dict(send(response)[1])


@pytest.mark.parametrize(
    ("status", "line", "code"),
    [
        (404, "404 NOT FOUND", 404),
        ("404 Not Found", "404 Not Found", 404),
        (HTTPStatus.CREATED, "201 CREATED", 201),
        ("202 Whatever", "202 Whatever", 202),
        ("503", "503 SERVICE UNAVAILABLE", 503),
        (599, "599 UNKNOWN", 599),
        (None, "200 OK", 200),
    ],
)
def test_a_status_is_a_number_or_a_line(status: Any, line: str, code: int) -> None:
    """Every spelling of a status gives its line and its number."""
    response = Response("a", status)
    assert (response.status, response.status_code) == (line, code)
    assert send(response)[0] == line


@pytest.mark.parametrize("headers", [{"X-A": "b"}, [("X-A", "b")], Headers({"X-A": "b"})])
def test_headers_come_before_type_and_length(headers: Any) -> None:
    """Headers passed to the constructor come first, whatever their type."""
    response = Response("a", 201, headers, mimetype="application/json")
    assert send(response)[1] == [("X-A", "b"), ("Content-Type", "application/json"), ("Content-Length", "1")]
    assert response.headers["x-a"] == "b"


def test_headers_that_are_passed_are_not_changed() -> None:
    """A list of headers stays the caller's own."""
    headers = [("X-A", "b")]
    Response("a", headers=headers).headers["X-B"] = "c"
    assert headers == [("X-A", "b")]


def test_the_headers_object_is_the_only_truth() -> None:
    """Once read, the headers object is what is sent."""
    response = Response("a")
    response.headers["X-A"] = "b"
    response.headers.remove("Content-Type")
    assert send(response)[1] == [("Content-Length", "1"), ("X-A", "b")]
    response.headers = Headers({"X-C": "d"})
    assert send(response)[1] == [("X-C", "d"), ("Content-Length", "1")]


def test_headers_of_any_case_are_known() -> None:
    """A length or a location is recognised however it is spelled."""
    response = Response("a")
    response.headers.remove("Content-Length")
    response.headers["content-length"] = "1"
    assert send(response)[1][-1] == ("content-length", "1")
    response.headers["location"] = "/é"
    assert dict(send(response)[1])["Location"] == "/%C3%A9"


@pytest.mark.parametrize(
    "arguments",
    [
        {"headers": {"X-A": "b\r\nX-B: c"}},
        {"headers": [("X-A", "b\n")]},
        {"content_type": "text/html\r\nX-B: c"},
        {"mimetype": "text/html\n"},
        {"status": "200 OK\r\nX-B: c"},
    ],
)
def test_a_line_break_is_refused(arguments: dict[str, Any]) -> None:
    """No value that is passed to a response can begin another line."""
    with pytest.raises(ValueError, match="newlines"):
        Response("a", **arguments)


def test_a_status_with_a_line_break_is_refused_later_too() -> None:
    """Setting the status refuses what the constructor refuses."""
    response = Response("a")
    with pytest.raises(ValueError, match="newlines"):
        response.status = "200 OK\nX-A: b"
    assert response.status == "200 OK"


@pytest.mark.parametrize("name", ["X-A\r\nX-B", "X A", "X:A", "", "\xe9"])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    """The name of a header is a token, wherever it is set."""
    for body in ("a", ["a", "b"]):
        with pytest.raises(ValueError, match="is not the name of a header"):
            Response(body, headers={name: "b"})
        response = Response(body)
        with pytest.raises(ValueError, match="is not the name of a header"):
            response.headers[name] = "b"


@pytest.mark.parametrize("name", ["X-A", "Content-Type", "ETag"])
@pytest.mark.parametrize("value", ["a\0", "a\x7f", "a\nb", "\u0100"])
def test_a_header_is_refused_wherever_it_is_set(name: str, value: str) -> None:
    """The constructor, the headers of a plain and of any other response refuse what no server may receive."""
    for body in ("text", ["a", "b"]):
        for headers in ({name: value}, [(name, value)], {name: [value]}):
            with pytest.raises(ValueError, match=r"newlines|Latin-1"):
                Response(body, headers=headers)
        response = Response(body)
        for method in (response.headers.__setitem__, response.headers.add, response.headers.set):
            with pytest.raises(ValueError, match=r"newlines|Latin-1"):
                method(name, value)
        assert value not in response.headers.values()


def test_werkzeugs_headers_are_checked() -> None:
    """Headers of Werkzeug's class are checked when they are passed, and later when the response sets one."""
    bad = Headers()
    bad.add("X-A", "\u0100")
    with pytest.raises(ValueError, match="Latin-1"):
        Response("a", headers=bad)
    response = Response("a")
    with pytest.raises(ValueError, match="Latin-1"):
        response.headers = bad
    response.headers = Headers({"X-A": "b"})
    with pytest.raises(ValueError, match="newlines"):
        response.headers["X-B"] = "\0"


def test_headers_of_any_form_are_assigned() -> None:
    """A mapping that is assigned becomes headers, and headers of another class stay what they are."""
    response = Response("a")
    response.headers = {"X-A": "b"}  # type: ignore[assignment]  # for convenience
    assert response.headers.getlist("x-a") == ["b"]

    class Special(Headers):
        pass

    special = Special({"X-A": "b"})
    response.headers = special
    assert response.headers is special
    special["X-A"] = "\u0100"
    with pytest.raises(ValueError, match="Latin-1"):
        send(response)


@pytest.mark.parametrize(
    "set_value",
    [
        lambda response: setattr(response, "location", "/a\0"),
        lambda response: setattr(response, "content_location", "/a\n"),
        lambda response: setattr(response, "content_type", "text/\u0100"),
        lambda response: setattr(response, "mimetype", "text/a\0"),
        lambda response: setattr(response, "content_encoding", "a\x7f"),
        lambda response: setattr(response, "content_language", ["\u0100"]),
        lambda response: setattr(response, "accept_ranges", "\0"),
        lambda response: setattr(response, "access_control_allow_origin", "\u0100"),
        lambda response: response.mimetype_params.update(a="\0"),
        lambda response: response.set_etag("\u0100"),
        lambda response: response.vary.add("\0"),
        lambda response: response.allow.add("\u0100"),
        lambda response: setattr(response.cache_control, "private", "\0"),
        lambda response: setattr(response, "www_authenticate", WWWAuthenticate("basic", {"realm": "\u0100"})),
        lambda response: setattr(response.content_security_policy, "default_src", "\0"),
        lambda response: response.content_range.set(0, 1, 1, "\0"),
    ],
)
def test_a_property_refuses_what_its_header_does(set_value: Any) -> None:
    """Every attribute that sets a header raises where it is set."""
    response = Response("a")
    with pytest.raises(ValueError, match=r"newlines|Latin-1"):
        set_value(response)


def test_a_location_is_converted() -> None:
    """A location outside ASCII is sent as a URI."""
    response = Response("a", 302)
    response.location = "/\xe9/\u65e5?a=\u20ac"
    assert dict(send(response)[1])["Location"] == "/%C3%A9/%E6%97%A5?a=%E2%82%AC"


@pytest.mark.parametrize(
    "theirs",
    [
        lambda: WerkzeugResponse("a", 1000),
        lambda: WerkzeugResponse("a", "abc"),
        lambda: WerkzeugResponse("a", 100),
        lambda: WerkzeugResponse("a", headers={"X-A": "\u0100"}),
        lambda: WerkzeugResponse("a", headers={"X A": "b"}),
    ],
)
def test_a_bad_response_is_not_forced(theirs: Any) -> None:
    """A response of Werkzeug's, or of an application, is checked when converted; if refused, it is closed."""
    closed: list[str] = []
    for is_application in (False, True):
        response = theirs()
        response.call_on_close(lambda: closed.append("closed"))
        with pytest.raises(ValueError, match=r"status|Latin-1|name of a header"):
            Response.force_type(response.__call__ if is_application else response, dict(GET))
    assert closed == ["closed", "closed"]


@pytest.mark.parametrize(
    "members",
    [
        {"get_wsgi_headers": lambda *_: Headers({"X-A": "\0"})},
        {"get_wsgi_response": lambda *_: ([b""], "1000 X", [])},
        {"status": property(lambda _: "100 X", lambda response, _: vars(response).update(_status_code=100))},
        {"_clean_status": lambda *_: ("0 abc", 0)},
    ],
)
def test_what_a_subclass_adds_is_checked(members: dict[str, Any]) -> None:
    """What an override makes of status and headers is checked when the response is sent."""
    special: Any = type("Special", (Response,), members)
    with pytest.raises(ValueError, match=r"newlines|status"):
        send(special("a"))


def test_every_function_is_called_on_close() -> None:
    """A body and functions that raise on close do not skip the following functions."""
    closed: list[str] = []

    def parts() -> Any:
        try:
            yield "a"
        finally:
            closed.append("body")
            raise ValueError("body")

    def fail() -> None:
        closed.append("function")
        raise KeyError("function")

    response = Response(parts())
    response.call_on_close(fail)
    response.call_on_close(lambda: closed.append("last"))
    body = send(response)[2]
    next(iter(body))
    with pytest.raises(ValueError, match="body") as raised:
        body.close()
    assert closed == ["body", "function", "last"]
    assert "KeyError('function')" in raised.value.__notes__[0]


@pytest.mark.parametrize(("status", "method"), [(200, "HEAD"), (304, "GET"), (204, "GET"), (200, "GET")])
@pytest.mark.parametrize("is_passed_through", [False, True])
@pytest.mark.parametrize("is_forced", [False, True])
def test_functions_are_called_however_it_is_sent(
    status: int, method: str, is_passed_through: bool, is_forced: bool
) -> None:
    """The functions are called once without a body, in direct passthrough, and for a converted response."""
    closed: list[str] = []
    response: Any = (WerkzeugResponse if is_forced else Response)(
        iter([b"a"]), status, direct_passthrough=is_passed_through
    )
    response.call_on_close(lambda: closed.append("closed"))
    body = send(Response.force_type(response), method)[2]
    assert b"".join(body) == (b"a" if (status, method) == (200, "GET") else b"")
    body.close()
    assert closed == ["closed"]


@pytest.mark.parametrize(
    "arguments",
    [
        {"status": 1000},
        {"headers": {"X-A": "\0"}},
        {"headers": {"X A": "b"}},
        {"mimetype": "text/\u0100"},
        {"content_type": "\n"},
    ],
)
def test_the_body_of_a_response_that_cannot_be_made_is_closed(arguments: dict[str, Any]) -> None:
    """A file or a stream is closed if the response that it is passed to cannot be made."""
    body = io.BytesIO(b"text")
    with pytest.raises(ValueError, match=r"status|newlines|Latin-1|name of a header"):
        Response(body, **arguments)
    assert body.closed


def test_a_response_that_cannot_be_sent_is_closed() -> None:
    """No server closes a response that it has not received: its body is closed, its functions are called."""
    closed: list[str] = []

    def fail() -> None:
        closed.append("closed")
        raise KeyError("second")

    def refuse(*_: Any) -> Any:
        raise RuntimeError("first")

    response = Response(iter(["a"]))
    response.call_on_close(fail)
    with pytest.raises(RuntimeError, match="first") as raised:
        response({"REQUEST_METHOD": "GET"}, refuse)
    assert closed == ["closed"]
    assert "KeyError('second')" in raised.value.__notes__[0]


@pytest.mark.parametrize("status", [204, 304])
def test_a_status_without_a_body_sends_none(status: int) -> None:
    """204 and 304 have no body and no length."""
    _, headers, body = send(Response("a", status))
    assert b"".join(body) == b""
    assert "Content-Length" not in dict(headers)


def test_head_sends_the_length_and_no_body() -> None:
    """HEAD is answered with the headers of GET."""
    _, headers, body = send(Response("abc"), "HEAD")
    assert dict(headers)["Content-Length"] == "3"
    assert b"".join(body) == b""


def test_functions_are_called_on_close() -> None:
    """A response with callbacks is sent as something that can be closed."""
    response, closed = Response("a"), []

    @response.call_on_close
    def note() -> None:
        closed.append("closed")

    body = send(response)[2]
    assert (b"".join(body), closed) == (b"a", [])
    body.close()
    assert closed == ["closed"]


def test_a_callback_may_register_another() -> None:
    """What is registered while the response is closed is called too, as in Werkzeug."""
    response, closed = Response("a"), []
    response.call_on_close(lambda: response.call_on_close(lambda: closed.append("last")))
    response.close()
    assert closed == ["last"]


def test_a_callback_belongs_to_one_response() -> None:
    """No callback is shared between responses."""
    first, second = Response("a"), Response("a")
    first.call_on_close(lambda: None)
    assert send(second)[2] is second.response


def test_a_mimetype_of_the_class_or_none_is_used() -> None:
    """Without its own mimetype a response has the class's, or no content type at all."""

    class Plain(Response):
        default_mimetype = "text/plain"

    class Untyped(Response):
        default_mimetype = None

    assert Response("a").mimetype == "text/html"
    assert dict(send(Plain("a"))[1])["Content-Type"] == "text/plain; charset=utf-8"
    assert send(Untyped("a"))[1] == [("Content-Length", "1")]


def test_a_default_status_is_used() -> None:
    """A subclass, or the class later on, may have another default status."""

    class Made(Response):
        default_status = 201

    assert send(Made("a"))[0] == "201 CREATED"
    Made.default_status = 599
    assert send(Made("a"))[0] == "599 UNKNOWN"


def test_a_length_is_not_set_where_it_is_not_allowed() -> None:
    """A subclass may leave the length to the server."""

    class Unmeasured(Response):
        automatically_set_content_length = False

    assert "Content-Length" not in dict(send(Unmeasured("a"))[1])


@pytest.mark.parametrize(
    "name", ["get_wsgi_headers", "get_app_iter", "get_wsgi_response", "close", "set_data"]
)
def test_an_overridden_method_is_called(name: str) -> None:
    """What a subclass overrides takes effect: the short path is closed for it."""
    called: list[str] = []

    def method(self: Any, *args: Any) -> Any:
        called.append(name)
        return getattr(WerkzeugResponse, name)(self, *args)

    special: Any = type("Special", (Response,), {name: method})
    assert sent_as_werkzeug(special("a"))[2] == b"a"
    assert called
    called.clear()
    assert sent_as_werkzeug(type("Deeper", (special,), {})("a"))[2] == b"a"
    assert called


def test_an_overridden_property_is_used() -> None:
    """A subclass may decide on its status by itself."""

    class Teapot(Response):
        @property
        def status(self) -> str:
            return "418 ME"

        @status.setter
        def status(self, value: str | int | HTTPStatus) -> None:
            self._status_code = 418

    assert send(Teapot("a"))[0] == "418 ME"


def test_a_mixin_counts_as_a_subclass() -> None:
    """It does not matter where in the order of classes a method was overridden."""

    class Shouting:
        def get_app_iter(self, environ: Any) -> Any:
            return [b"A!"]

    class Loud(Shouting, Response):
        pass

    assert send(Loud("a"))[2] == [b"A!"]


def test_werkzeugs_response_is_forced_into_ours() -> None:
    """A response of Werkzeug's own becomes ours in place and keeps all it had."""
    theirs = WerkzeugResponse("a", 404, {"X-A": "b"})
    theirs.call_on_close(lambda: None)
    before = sent_as_werkzeug(theirs)
    ours = Response.force_type(theirs)
    assert type(ours) is Response
    assert sent_as_werkzeug(ours) == before
    ours.headers = Headers({"X-C": "d"})
    assert ours.headers.get("X-A") is None


def test_ours_is_forced_into_a_subclass() -> None:
    """A response of ours goes on under a subclass, with its own rules."""

    class Special(Response):
        def get_app_iter(self, environ: Any) -> Any:
            return [b"special"]

    response = Special.force_type(Response("a", headers={"X-A": "b"}))
    assert response.headers["X-A"] == "b"
    assert send(response)[2] == [b"special"]


def test_any_application_is_forced_into_a_response() -> None:
    """A WSGI application is run and its output is kept."""

    def application(environ: Any, start_response: Any) -> Any:
        start_response("201 CREATED", [("X-A", "b")])
        return [b"body"]

    response: Any = Response.force_type(application, dict(GET))  # type: ignore[arg-type]  # as in Werkzeug
    assert (response.status_code, response.headers["X-A"], response.data) == (201, "b", b"body")


def test_a_frozen_response_can_be_pickled() -> None:
    """What `freeze` has prepared survives pickling."""
    response = Response("a", headers={"X-A": "b"})
    untouched = pickle.loads(pickle.dumps(response))
    response.freeze()
    again = pickle.loads(pickle.dumps(response))
    assert send(again)[1] == send(response)[1]
    assert send(untouched)[1][0] == ("X-A", "b")


def test_a_text_response_is_a_response() -> None:
    """`text_response` makes what the constructor makes."""
    ours, theirs = text_response("\u20ac"), Response("\u20ac")
    status = {"_status": "200 OK", "_status_code": 200}
    assert status | vars(ours) == status | vars(theirs)
    assert (ours.status, ours.status_code) == (theirs.status, theirs.status_code)
