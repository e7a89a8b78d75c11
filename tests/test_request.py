"""The request beyond what Werkzeug's has, and what it makes of bad input."""

from __future__ import annotations

import copy
import io
import json
from types import SimpleNamespace
from typing import Any

import pytest
from werkzeug.datastructures import Headers
from werkzeug.exceptions import (
    BadRequest,
    BadRequestKeyError,
    ClientDisconnected,
    RequestEntityTooLarge,
    UnsupportedMediaType,
)
from werkzeug.utils import cached_property
from werkzeug.wrappers import Request as WerkzeugRequest

from cocopot.request import Request
from cocopot.routing import Rule
from cocopot.speedups import Lazy

MULTIPART = {"CONTENT_TYPE": "multipart/form-data; boundary=x"}
URLENCODED = {"CONTENT_TYPE": "application/x-www-form-urlencoded"}
JSON = {"CONTENT_TYPE": "application/json"}
CHUNKED = {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True}
FIELD = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nfoo\r\n--x--\r\n'


def post(body: bytes = b"", **environ: Any) -> Request:
    """Return a request with a body."""
    environ = {"REQUEST_METHOD": "POST", "CONTENT_LENGTH": str(len(body)), **environ}
    return Request({**environ, "wsgi.input": io.BytesIO(body)})


def chunked(body: bytes, **environ: Any) -> Request:
    """Return a request with a body whose end the server knows and whose length it does not."""
    return Request({"REQUEST_METHOD": "POST", "wsgi.input": io.BytesIO(body), **CHUNKED, **environ})


def app_with(**config: Any) -> Any:
    """Return what a request needs of an application."""
    return SimpleNamespace(config=config, json=json)


def routed(endpoint: str) -> Request:
    """Return a request that matched a rule with an endpoint."""
    request = Request({})
    request.url_rule = Rule("/", endpoint=endpoint)
    return request


def test_nothing_is_parsed_before_it_is_read() -> None:
    """A new request holds the environment and nothing else."""
    environ: dict[str, Any] = {"PATH_INFO": "/a"}
    request = Request(environ)
    assert request.environ is environ
    assert vars(request).keys() <= {"environ"}
    assert request.path == "/a"
    assert vars(request)["path"] == "/a"


def test_a_request_is_put_into_its_environment() -> None:
    """The environment knows its request, unless that is shallow or disabled."""
    environ: dict[str, Any] = {}
    request = Request(environ)
    assert environ["werkzeug.request"] is request
    assert Request({}, shallow=True).environ == {}
    assert Request({}, populate_request=False).environ == {}


def test_an_attribute_can_be_set_and_deleted() -> None:
    """What is assigned wins over the environment until it is deleted."""
    request = Request({"PATH_INFO": "/a"})
    request.path = "/b"
    assert request.path == "/b"
    del request.path
    assert request.path == "/a"


def test_a_path_that_is_not_utf8_is_replaced() -> None:
    """Bytes that are not UTF-8 become the replacement character, as in Werkzeug."""
    assert Request({"PATH_INFO": "/\xc3\xa9"}).path == "/é"
    assert Request({"PATH_INFO": "/\xff"}).path == "/\ufffd"


def test_a_copy_is_independent() -> None:
    """A copied request has its own attributes and the same environment."""
    request = Request({"PATH_INFO": "/a"})
    other = copy.copy(request)
    other.path = "/b"
    assert (request.path, other.path) == ("/a", "/b")
    assert other.environ is request.environ


def test_cookies_follow_replaced_headers() -> None:
    """The short way to the cookies is left when the headers were replaced."""
    request = Request({"HTTP_COOKIE": "a=1"})
    assert request.cookies.to_dict() == {"a": "1"}
    request = Request({"HTTP_COOKIE": "a=1"})
    request.headers = Request({"HTTP_COOKIE": "b=2"}).headers
    assert request.cookies.to_dict() == {"b": "2"}


@pytest.mark.parametrize(
    ("sent", "name", "value"),
    [
        ("a=é".encode(), "a", "é"),
        ("a=日本; b=1".encode(), "a", "日本"),
        ('a="é \\303\\251"'.encode(), "a", "é é"),
        ("名=1".encode(), "名", "1"),
        (b"a=\xff\xc3; b=1", "a", "��"),
        (b"a=1; \xff=2", "a", "1"),
    ],
)
def test_cookies_are_utf8(sent: bytes, name: str, value: str) -> None:
    """What a browser sends as UTF-8 is read as that; bytes that are not UTF-8 are replaced."""
    header = sent.decode("latin-1")
    assert Request({"HTTP_COOKIE": header}).cookies[name] == value
    request = Request({})
    request.headers = Headers([("Cookie", header)])
    assert request.cookies[name] == value


def test_the_endpoint_is_none_before_routing() -> None:
    """A request that matched nothing has no endpoint and no blueprint."""
    request = Request({})
    assert request.endpoint is None
    assert request.blueprint is None
    assert request.blueprints == []
    assert (request.url_rule, request.view_args, request.routing_exception) == (None, None, None)


@pytest.mark.parametrize(
    ("endpoint", "blueprints"), [("index", []), ("a.index", ["a"]), ("a.b.c.index", ["a.b.c", "a.b", "a"])]
)
def test_blueprints_are_listed_innermost_first(endpoint: str, blueprints: list[str]) -> None:
    """The blueprint is the endpoint without its last part; its parents follow."""
    request = routed(endpoint)
    assert request.endpoint == endpoint
    assert request.blueprints == blueprints
    assert request.blueprint == (blueprints[0] if blueprints else None)


@pytest.mark.parametrize("name", ["max_content_length", "max_form_memory_size", "max_form_parts"])
def test_limits_come_from_request_then_application_then_werkzeug(name: str) -> None:
    """A limit set on the request wins over the configuration, that over Werkzeug's default."""
    request = Request({})
    assert getattr(request, name) == getattr(Request, name)
    request.app = app_with()
    assert getattr(request, name) == getattr(Request, name)
    request.app = app_with(**{name.upper(): 7})
    assert getattr(request, name) == 7
    setattr(request, name, None)
    assert getattr(request, name) is None


def test_every_cached_property_of_werkzeugs_is_lazy() -> None:
    """No cached property of Werkzeug's request is left, which would raise other errors for bad input."""
    names = [
        name for name in dir(WerkzeugRequest) if isinstance(getattr(WerkzeugRequest, name), cached_property)
    ]
    assert names
    assert [name for name in names if not isinstance(getattr(Request, name), Lazy)] == []


def test_json_is_parsed_by_the_applications_library() -> None:
    """The application's JSON library is used, unless the request has its own."""
    request = post(b"1.5", **JSON)
    assert request.json_module is json
    library: Any = SimpleNamespace(loads=lambda data: ["app", data])
    app: Any = SimpleNamespace(config={}, json=library)
    request.app = app
    assert request.json == ["app", b"1.5"]
    request = post(b"1.5", **JSON)
    library = SimpleNamespace(loads=lambda _: "own")
    request.json_module = library
    assert request.json == "own"


@pytest.mark.parametrize("body", [b"{", b"\xff\xff", b'"\xe9"', b"[" * 200_000, b"1" * 5000, b""])
def test_bad_json_is_a_400(body: bytes) -> None:
    """JSON that is broken, not UTF-8 or nested too deeply is the client's fault."""
    with pytest.raises(BadRequest):
        _ = post(body, **JSON).json
    assert post(body, **JSON).get_json(silent=True) is None


def test_deep_json_is_remembered_as_bad() -> None:
    """The silent result of JSON nested too deeply is cached; the loud one still raises."""
    request = post(b"[" * 200_000, **JSON)
    assert request.get_json(silent=True) is None
    assert request.get_json(silent=True) is None
    with pytest.raises(BadRequest, match="nested too deeply"):
        request.get_json()


def test_what_a_failure_is_turned_into_is_kept() -> None:
    """The value of `on_json_loading_failed` is the result, also for JSON nested too deeply."""

    class Lenient(Request):
        def on_json_loading_failed(self, e: ValueError | None) -> Any:
            return str(e)

    request = Lenient(post(b"[" * 200_000, **JSON).environ)
    assert request.get_json() == "nested too deeply"
    assert request.get_json() == "nested too deeply"


def test_a_body_of_another_type_is_not_json() -> None:
    """JSON that is not called JSON is a 415."""
    with pytest.raises(UnsupportedMediaType):
        _ = post(b"{}", CONTENT_TYPE="text/plain").json


@pytest.mark.parametrize("length", ["-1", "x", "1.0", "1_0", "+1", "\xb2", "1, 1", "9" * 5000])
@pytest.mark.parametrize("name", ["stream", "data", "form", "files", "values", "json"])
def test_a_content_length_that_is_not_a_number_is_a_400(length: str, name: str) -> None:
    """Whoever reads the body learns that its length is nonsense; `content_length` stays Werkzeug's."""
    request = post(b"{}", **JSON, CONTENT_LENGTH=length)
    with pytest.raises(BadRequest):
        getattr(request, name)
    with pytest.raises(BadRequest):
        request.get_data()
    assert request.content_length == 0


def test_an_empty_content_length_is_an_empty_body() -> None:
    """PEP 3333 allows an empty length."""
    assert post(b"rest", CONTENT_LENGTH="").get_data() == b""
    assert post(b"data", CONTENT_LENGTH=" 4 ").get_data() == b"data"


def test_a_body_that_ends_early_is_a_400() -> None:
    """A body shorter than announced means that the client went away."""
    with pytest.raises(ClientDisconnected):
        post(b"abc", CONTENT_LENGTH="5").get_data()


def test_a_broken_connection_is_a_400() -> None:
    """What a server raises about a broken body is the client's fault, a full disk is not."""

    class Broken(io.BytesIO):
        error = OSError("bad chunk")

        def read(self, size: int | None = -1, /) -> bytes:
            raise self.error

    environ: dict[str, Any] = {**CHUNKED, **URLENCODED}
    for name in ("data", "form", "get_data"):
        with pytest.raises(ClientDisconnected):
            getattr(Request({**environ, "wsgi.input": Broken()}), name)()
    Broken.error = OSError(28, "No space left on device")
    with pytest.raises(OSError, match="space"):
        Request({**environ, "wsgi.input": Broken()}).get_data()


def test_a_shallow_request_does_not_read_its_body() -> None:
    """Reading the body of a shallow request is a mistake of the programmer."""
    request = Request({"wsgi.input": io.BytesIO(b"a"), "CONTENT_LENGTH": "x"}, shallow=True)
    with pytest.raises(RuntimeError, match="shallow"):
        _ = request.stream


@pytest.mark.parametrize(
    ("size", "limit", "fits"), [(10, 10, True), (11, 10, False), (0, 0, True), (1, 0, False)]
)
def test_a_body_that_is_too_long_is_a_413(size: int, limit: int, fits: bool) -> None:
    """The limit holds with a length, without one, and for a form."""
    for request in (post(b"a" * size), chunked(b"a" * size), chunked(b"a" * size, **URLENCODED)):
        request.max_content_length = limit
        if fits:
            assert len(request.get_data()) == size
        else:
            with pytest.raises(RequestEntityTooLarge):
                request.get_data(parse_form_data=True)


def test_a_long_body_is_refused_while_it_is_read() -> None:
    """Reading piece by piece stops with a 413 at the limit."""
    request = chunked(b"a" * 20)
    request.max_content_length = 10
    assert request.stream.read(8) == b"a" * 8
    with pytest.raises(RequestEntityTooLarge):
        request.stream.read(8)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (FIELD, "multipart/form-data"),
        (FIELD, "multipart/form-data; boundary=\xe9"),
        (FIELD[:-8], "multipart/form-data; boundary=x"),
        (b"--x\r\n\r\nfoo\r\n--x--\r\n", "multipart/form-data; boundary=x"),
        (b"--x\r\n\xff: \xff\r\n\r\nfoo\r\n--x--\r\n", "multipart/form-data; boundary=x"),
        (b"nothing", "multipart/form-data; boundary=x"),
        (b"a=\xff", "application/x-www-form-urlencoded"),
    ],
)
def test_a_broken_form_is_a_400(body: bytes, content_type: str) -> None:
    """A form that cannot be parsed is not taken for an empty one."""
    for name in ("form", "files", "values", "data"):
        with pytest.raises(BadRequest, match="form"):
            getattr(post(body, CONTENT_TYPE=content_type), name)
    with pytest.raises(BadRequest):
        post(body, CONTENT_TYPE=content_type).get_data(parse_form_data=True)


def test_a_request_without_a_body_has_an_empty_form() -> None:
    """A content type alone promises nothing, nor does a stream that was read before."""
    assert post(b"", **MULTIPART).form.to_dict() == {}
    assert Request({"wsgi.input": io.BytesIO(), **MULTIPART}).form.to_dict() == {}
    request = post(FIELD, **MULTIPART)
    request.stream.read()
    assert request.form.to_dict() == {}


def test_a_form_is_parsed_from_data_read_before() -> None:
    """Bytes that `get_data` kept are parsed once more as a form."""
    request = post(FIELD, **MULTIPART)
    assert request.get_data() == FIELD
    assert request.form["a"] == "foo"


def test_a_missing_field_is_a_400() -> None:
    """Asking for a field that was not sent is answered to the client."""
    with pytest.raises(BadRequestKeyError):
        _ = post(b"a=1", **URLENCODED).form["b"]


def test_form_limits_are_a_413() -> None:
    """Too many parts, and a field that is too long, are refused."""
    for name in ("MAX_FORM_PARTS", "MAX_FORM_MEMORY_SIZE"):
        request = post(FIELD, **MULTIPART)
        request.app = app_with(**{name: 0})
        with pytest.raises(RequestEntityTooLarge):
            _ = request.form


@pytest.mark.parametrize(
    ("key", "value", "name"),
    [
        ("QUERY_STRING", "a=\xff", "args"),
        ("QUERY_STRING", "\u20ac", "query_string"),
        ("PATH_INFO", "\u20ac", "path"),
        ("QUERY_STRING", "\u20ac", "full_path"),
        ("HTTP_IF_MODIFIED_SINCE", "1 Jan 99999999999999999999 00:00:00 GMT", "if_modified_since"),
        ("HTTP_DATE", "1 Jan 99999999999999999999 00:00:00 GMT", "date"),
        ("HTTP_AUTHORIZATION", "Basic \xff", "authorization"),
    ],
)
def test_what_cannot_be_parsed_is_a_400(key: str, value: str, name: str) -> None:
    """Where Werkzeug lets a parser's error through, the client is reported that it is at fault."""
    request = Request({key: value})
    with pytest.raises(BadRequest) as caught:
        getattr(request, name)
    assert isinstance(caught.value.__cause__, ValueError | OverflowError)


def test_the_date_is_parsed() -> None:
    """A good date is a date, and cannot be set."""
    request = Request({"HTTP_DATE": "Thu, 01 Jan 1970 00:00:00 GMT"})
    assert request.date is not None
    assert request.date.timestamp() == 0
    with pytest.raises(AttributeError):
        request.date = None


def test_a_query_string_of_a_subclass_is_parsed() -> None:
    """A class that computes its query string has the arguments of that, whatever was sent."""

    class Signed(Request):
        @property  # type: ignore[misc]  # it cannot be set
        def query_string(self) -> bytes:  # type: ignore[override]
            return b"signed=1"

    for query in ("a=1", "a=%31"):
        assert Signed({"REQUEST_METHOD": "GET", "QUERY_STRING": query}).args.to_dict() == {"signed": "1"}


@pytest.mark.parametrize("value", ['"a"b"', 'W/"a"b"', 'a"b', '"""'])
def test_an_invalid_tag_is_no_condition_of_a_range(value: str) -> None:
    """An entity tag with a quotation mark in it matches nothing, and can be represented (RFC 9110, 8.8.3)."""
    condition = Request({"HTTP_IF_RANGE": value}).if_range
    assert (condition.etag, condition.date, str(condition)) == (None, None, "")
    assert str(Request({"HTTP_IF_RANGE": 'W/"a"'}).if_range) == '"a"'
