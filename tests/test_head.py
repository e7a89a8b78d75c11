"""The head of a response is the one that Werkzeug makes, byte for byte, where it is made without it."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markupsafe import Markup
from werkzeug.http import remove_entity_headers as werkzeugs_function
from werkzeug.urls import iri_to_uri
from werkzeug.wrappers import Response as WerkzeugResponse

from cocopot import Cocopot, Response
from cocopot.head import encode_text, final_head, is_uri, remove_entity_headers

ENVIRON = {
    "PATH_INFO": "/a/b",
    "QUERY_STRING": "",
    "HTTP_HOST": "shop.example",
    "SERVER_NAME": "localhost",
    "SERVER_PORT": "80",
    "wsgi.url_scheme": "http",
}


class General(Response):
    """A response that Werkzeug makes and sends, as it overrides a method."""

    def get_wsgi_headers(self, environ: Any) -> Any:
        """Return what the base class returns."""
        return super().get_wsgi_headers(environ)


class WerkzeugHtml(WerkzeugResponse):
    """Werkzeug's own response, with the content type that ours has."""

    default_mimetype = "text/html"


def send(response: Any, method: str) -> tuple[Any, Any, bytes]:
    """Send a response; return status, headers and body."""
    started: list[Any] = []
    body = response({**ENVIRON, "REQUEST_METHOD": method}, lambda *args: started.append(args))
    try:
        content = b"".join(body)
    finally:
        if hasattr(body, "close"):
            body.close()
    status, headers = started[0]
    assert all(type(item) is str for pair in headers for item in pair)
    return status, list(headers), content


NAMES = st.sampled_from(
    [
        *("X-A", "x-a", "ETag", "Last-Modified", "Expires", "Allow", "Set-Cookie", "X A", "X\r\nB", ""),
        *("Content-Type", "content-type", "CONTENT-TYPE", "Content-Length", "content-length"),
        *("Location", "location", "LOCATION", "Content-Location", "content-location", "Content-Encoding"),
    ]
)
VALUES = st.sampled_from(
    [
        *("a", "", "text/plain", "3", "/a", "/a?b=c#d", "//host/a", "a/b", "/a?", "/a b", "/\xe9", "/\u20ac"),
        *("http://shop.example", "https://shop.example:8080/a//b?c", "HTTP://shop.example/", "http://a:080/"),
        *(
            "http://[::1",
            "a\r\nX-B: c",
            "a\0",
            "a\tb",
            " a ",
            "/%zz",
            "/a\\b",
            "/a;b",
            "http://\u2603.example/",
        ),
    ]
)
PAIRS = st.lists(st.tuples(NAMES, VALUES), max_size=5)
HEADERS = st.one_of(
    st.none(),
    PAIRS,
    PAIRS.map(dict),
    PAIRS.map(lambda pairs: [list(pair) for pair in pairs]),
    PAIRS.map(lambda pairs: {name: [value, value] for name, value in pairs}),
    st.just({"X-A": 1}),
)
BODIES = st.sampled_from(
    [
        None,
        "",
        "text",
        "\u20ac",
        Markup("<b>"),
        b"bytes",
        bytearray(b"ab"),
        [],
        [b"a", "b"],
        (b"a",),
        ["\u20ac"],
    ]
)
STATUSES = st.sampled_from(
    [
        *(None, 200, 201, 204, 206, 301, 304, 404, 416, 599, 199, 600, True, HTTPStatus.CREATED),
        *(HTTPStatus.CONTINUE, HTTPStatus.NOT_MODIFIED, "201 Created", "204", "200 OK\r\nX-A: b", "", "2000"),
    ]
)
TYPES = st.sampled_from(
    [None, None, None, "text/plain", "text/csv", "application/json", "image/svg+xml", "", "a\n"]
)
CHANGES: dict[str, Any] = {
    "nothing": lambda _: None,
    "read": lambda response: response.headers,
    "set": lambda response: response.headers.__setitem__("X-B", "c"),
    "update": lambda response: response.headers.update({"x-a": "d", "X-C": "e"}),
    "setdefault": lambda response: response.headers.setdefault("X-A", "f"),
    "no-length": lambda response: response.headers.pop("Content-Length", None),
    "no-type": lambda response: response.headers.remove("Content-Type"),
    "location": lambda response: setattr(response, "location", "/b"),
    "data": lambda response: response.set_data("other"),
    "body": lambda response: setattr(response, "response", [b"1", "2"]),
    "status": lambda response: setattr(response, "status_code", 204),
    "absolute": lambda response: setattr(response, "autocorrect_location_header", True),
    "no-automatic-length": lambda response: setattr(response, "automatically_set_content_length", False),
    "on-close": lambda response: response.call_on_close(lambda: None),
    "iterator": lambda response: setattr(response, "response", iter(["a", b"b"])),
}


def outcome(cls: Any, arguments: dict[str, Any], changes: list[str], method: str) -> Any:
    """Return what is sent, or the error."""
    try:
        response = cls(**arguments)
        for change in changes:
            CHANGES[change](response)
        return send(response, method), response.status_code
    except (ValueError, TypeError) as error:
        return type(error), str(error)


@settings(max_examples=400, deadline=None)
@given(
    body=BODIES,
    status=STATUSES,
    headers=HEADERS,
    mimetype=TYPES,
    content_type=TYPES,
    changes=st.lists(st.sampled_from([*CHANGES]), max_size=2),
    method=st.sampled_from(["GET", "HEAD"]),
)
def test_it_is_the_one_that_werkzeug_makes(
    body: Any, status: Any, headers: Any, mimetype: Any, content_type: Any, changes: list[str], method: str
) -> None:
    """Whatever a response is made of, it is sent, or refused, as on the general path."""
    arguments = {
        "response": body,
        "status": status,
        "headers": headers,
        "mimetype": mimetype,
        "content_type": content_type,
    }
    ours = outcome(Response, arguments, changes, method)
    assert ours == outcome(General, arguments, changes, method)
    if not isinstance(ours[0], type):
        assert ours == outcome(WerkzeugHtml, arguments, changes, method)


@settings(max_examples=300, deadline=None)
@given(
    body=st.sampled_from(["text", b"bytes", Markup("<b>"), {"a": 1}, [1], iter("")]),
    status=STATUSES,
    headers=HEADERS,
    method=st.sampled_from(["GET", "HEAD"]),
    form=st.sampled_from(["status", "headers", "both", "response"]),
)
def test_a_tuple_is_what_the_response_would_be(
    body: Any, status: Any, headers: Any, method: str, form: str
) -> None:
    """A tuple that a view returns is sent as with a response class that takes the general path."""

    def answer(cls: Any) -> Any:
        app = Cocopot("shop", autoload=False, static_folder=None)
        app.response_class = cls
        with app.test_request_context():
            content = cls(body) if form == "response" and isinstance(body, str) else body
            value = (content, status) if form == "status" else (content, headers)
            try:
                return send(
                    app.make_response(value if form != "both" else (content, status, headers)), method
                )
            except (ValueError, TypeError) as error:
                return type(error), str(error)

    assert answer(Response) == answer(General)


@settings(max_examples=400, deadline=None)
@given(
    st.text("/:?#%@[]\\;=&.~!$'()*+,- aZ09\xe9\t\r\n_x", max_size=12),
    st.sampled_from(["", "http://a", "https://a.b"]),
)
@example("/\u0663", "")
@example(":65536/", "http://a")
@example("\n", "http://a/")
def test_a_uri_is_not_converted(text: str, start: str) -> None:
    """What is recognized as a URI is one that `iri_to_uri` would not change."""
    location = start + text
    if is_uri(location):
        assert iri_to_uri(location) == location


@settings(max_examples=400, deadline=None)
@given(
    st.text("/?%a&=.:#+\xe9 ", max_size=8),
    st.sampled_from(["", "/", "http://a", "https://a.b:80/", "http://A/"]),
)
def test_a_location_is_sent_as_by_werkzeug(text: str, start: str) -> None:
    """A location with a query, and one that has to be converted, is sent as Werkzeug sends it."""

    def answer(cls: Any) -> object:
        try:
            return send(cls("", 302, {"Location": start + text}), "GET")
        except ValueError as error:
            return str(error)

    assert answer(Response) == answer(General)


@pytest.mark.parametrize("location", ["/", "/a/b?c=d&e=%20#f", "https://shop.example:8080/a", "http://a"])
def test_usual_locations_are_uris(location: str) -> None:
    """The locations of redirects to an own page, and to a host, are sent as they are."""
    assert is_uri(location)
    response = Response("", 302, {"Location": location})
    assert final_head(response, response.headers) == send(response, "GET")[1]


@pytest.mark.parametrize(
    "make",
    [
        lambda: Response("", 204),
        lambda: Response(status=304),
        lambda: Response("a", headers={"Content-Type": "text/css"}),
        lambda: Response("a", 201, [("Location", "/a")]),
        lambda: Response("a", 302, {"Location": "https://b\xfccher.example/\xe4?\xf6 \xfc"}),
        lambda: Response(Markup("a")),
        lambda: Response(["a", "b"]),
        lambda: Response(iter(["a"])),
        lambda: Response.force_type(WerkzeugResponse("a")),
    ],
)
def test_it_is_made_without_werkzeug(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The ordinary ways to write a response do not leave the short path."""
    response = make()
    monkeypatch.delattr(WerkzeugResponse, "__call__")
    assert send(response, "GET")[0] == response.status


def test_encode_makes_new_lists() -> None:
    """The headers that a view returned stay as they are, and lists are new."""
    view_headers = {"X-A": "1"}
    first, second = (encode_text("a", view_headers, ("Content-Type", "text/html")) for _ in range(2))
    assert view_headers == {"X-A": "1"}
    expected = [("X-A", "1"), ("Content-Type", "text/html"), ("Content-Length", "1")]
    assert first == second == ([b"a"], expected)
    assert first[0] is not second[0]
    assert first[1] is not second[1]


@pytest.mark.parametrize("header", [("X-A", 1), ("X-A", "\n"), ("X A", "1"), ("Location", "/"), (1, "1")])
def test_encode_leaves_headers_that_must_be_inspected(header: Any) -> None:
    """A text is not encoded with headers that are invalid or special."""
    assert encode_text("a", dict([header]), ("Content-Type", "text/html")) is None


ENTITY_NAMES = [
    *("Allow", "Content-Encoding", "Content-Language", "content-length", "Content-MD5", "Content-Range"),
    *("CONTENT-TYPE", "Last-Modified", "Content-Location", "Expires", "ETag", "X-A"),
]


@given(st.lists(st.sampled_from(ENTITY_NAMES)))
def test_a_304_has_the_headers_that_werkzeugs_has(names: list[str]) -> None:
    """What describes the body is removed, in any case."""
    ours = [(name, "1") for name in names]
    theirs = [*ours]
    remove_entity_headers(ours)
    werkzeugs_function(theirs)
    assert ours == theirs
