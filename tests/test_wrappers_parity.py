"""Requests and responses behave as Werkzeug's do, shown on random input with Werkzeug as the oracle."""

from __future__ import annotations

import copy
import io
import re
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.datastructures import FileStorage, Headers, IfRange, MultiDict
from werkzeug.exceptions import ClientDisconnected, HTTPException, RequestEntityTooLarge
from werkzeug.sansio.http import parse_cookie
from werkzeug.test import run_wsgi_app
from werkzeug.user_agent import UserAgent
from werkzeug.utils import cached_property
from werkzeug.wrappers import Request as WerkzeugRequest
from werkzeug.wrappers import Response as WerkzeugResponse
from werkzeug.wsgi import ClosingIterator, LimitedStream

from cocopot.lazy_attributes import load_host
from cocopot.request import Request
from cocopot.request_urls import load_base_url, load_full_path, load_host_url, load_root_url, load_url
from cocopot.response import Response

if TYPE_CHECKING:
    from collections.abc import Callable

    from werkzeug.formparser import FormDataParser

RAISED = "raised"
latin1 = st.text(st.characters(max_codepoint=255), max_size=10)


def plain(value: Any) -> Any:
    """Return something to compare a value by."""
    if isinstance(value, MultiDict):
        return type(value).__name__, [(key, plain(item)) for key, item in value.items(multi=True)]
    if isinstance(value, FileStorage):
        return value.name, value.filename, list(value.headers), value.read()
    if isinstance(value, io.IOBase):
        return value.read()
    if isinstance(value, UserAgent):
        return value.string
    if isinstance(value, dict) and "wsgi.input" in value:
        return sorted(value)
    if callable(value):
        return getattr(value, "__name__", type(value).__name__)
    return re.sub(r" at 0x[0-9a-f]+", "", repr(value))


def outcome(read: Callable[[], Any]) -> Any:
    """Return what `read` returns, or what it raises, in a form to compare."""
    try:
        value = read()
    except HTTPException as error:
        return RAISED, type(error), error.code
    except Exception as error:  # noqa: BLE001 - whatever Werkzeug raises
        return RAISED, type(error), None
    try:
        return plain(value)
    except (HTTPException, ValueError, OverflowError) as error:  # such as a bad If-Range, a short body
        return "stream" if isinstance(value, LimitedStream) else type(value), type(error)


def attribute_names(instance: Any) -> list[str]:
    """Return the names of all public attributes, so that none of a new Werkzeug is forgotten."""
    return [name for name in dir(instance) if not name.startswith("_")]


# Requests


class FilesInMemory:
    """Werkzeug leaves the temporary files of a broken upload to the garbage collector: have none."""

    def _get_file_stream(self, *args: Any, **kwargs: Any) -> Any:
        return io.BytesIO()


class OurRequest(FilesInMemory, Request):
    """Our request, with its uploads in memory."""


class Oracle(FilesInMemory, WerkzeugRequest):
    """Werkzeug's request, with what is different by contract: broken forms are errors, cookies are UTF-8.

    The URLs differ on purpose, see `test_request_urls.py`; here it is tested that they follow what is set.
    """

    failure: Exception | None = None
    host = cached_property(load_host, name="host")
    host_url = cached_property(load_host_url, name="host_url")
    root_url = cached_property(load_root_url, name="root_url")
    url_root = cached_property(load_root_url, name="url_root")
    base_url = cached_property(load_base_url, name="base_url")
    url = cached_property(load_url, name="url")
    full_path = cached_property(load_full_path, name="full_path")

    @cached_property
    def cookies(self) -> Any:
        header = ";".join(self.headers.getlist("Cookie")).encode("latin-1")
        return parse_cookie(header.decode(errors="replace"), self.dict_storage_class)

    def _load_form_data(self) -> None:
        if self.failure is not None:
            raise self.failure
        try:
            super()._load_form_data()
        except (HTTPException, ValueError) as error:
            self.failure = error
            raise

    def make_form_data_parser(self) -> FormDataParser:
        parser = super().make_form_data_parser()
        has_body = self.content_length or "HTTP_TRANSFER_ENCODING" in self.environ
        exhausted = getattr(self.stream, "is_exhausted", False) and not getattr(self, "_cached_data", b"")
        parser.silent = not has_body or exhausted
        return parser


Oracle.__name__ = OurRequest.__name__ = "Request"

MULTIPART = (
    b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nfoo\r\n'
    b'--x\r\nContent-Disposition: form-data; name="f"; filename="n.txt"\r\n'
    b"Content-Type: text/plain\r\n\r\nbar\r\n--x--\r\n"
)
bodies = st.sampled_from(
    [
        b"",
        b"a=1&b=%ff&a=2",
        b"a=\xff",
        b'{"a": [1]}',
        b"{",
        b"\xff",
        MULTIPART,
        MULTIPART[:-9],
        b"--x\r\n\r\n\r\n",
    ]
)
content_types = st.sampled_from(
    [
        "",
        "text/plain",
        "application/json",
        "application/vnd.a+json; charset=zip",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "multipart/form-data; boundary=x",
        "multipart/form-data; boundary=\xe9",
    ]
)
header_values = latin1 | st.sampled_from(
    [
        "localhost",
        "xn--a:80",
        "[::1]:8080",
        "a=b; c=d",
        'a="\\377"; a=2',
        "Basic YTpi",
        "Basic \xff",
        'Digest a="b"',
        "bytes=0-1,4-",
        "bytes=5-2",
        "text/html;q=0.5,*/*;q=\xb2",
        'W/"a", "b", c',
        'a"b',
        "Thu, 01 Jan 1970 00:00:00 GMT",
        "31 Dec 99999999999999999999 23:59:59 +0000",
        "max-age=10, no-cache",
        "1.2.3.4, 5.6.7.8",
        "1_0",
    ]
)
# fmt: off
HEADERS = (
    "ACCEPT", "ACCEPT_CHARSET", "ACCEPT_ENCODING", "ACCEPT_LANGUAGE", "ACCESS_CONTROL_REQUEST_HEADERS",
    "ACCESS_CONTROL_REQUEST_METHOD", "AUTHORIZATION", "CACHE_CONTROL", "CONTENT_ENCODING", "CONTENT_MD",
    "COOKIE", "DATE", "HOST", "IF_MATCH", "IF_MODIFIED_SINCE", "IF_NONE_MATCH", "IF_RANGE",
    "IF_UNMODIFIED_SINCE", "MAX_FORWARDS", "ORIGIN", "PRAGMA", "RANGE", "REFERER", "TRANSFER_ENCODING",
    "USER_AGENT", "X_FORWARDED_FOR",
)
# fmt: on
optional_keys: dict[str, Any] = {
    "REQUEST_METHOD": st.sampled_from(["GET", "post", "PUT", "HEAD", "FOO"]),
    "wsgi.url_scheme": st.sampled_from(["http", "https", "ws", "wss"]),
    "SERVER_NAME": st.sampled_from(["localhost", "::1", "/run/socket", "a..b"]),
    "SERVER_PORT": st.sampled_from(["80", "443", "8080", "", "x"]),
    "SCRIPT_NAME": latin1,
    "PATH_INFO": latin1 | st.sampled_from(["", "/", "//a//", "/\xc3\xa9", "/a%20b"]),
    "QUERY_STRING": latin1 | st.text("ab=&;+%\xc3\xa9", max_size=12),
    "CONTENT_TYPE": content_types,
    "CONTENT_LENGTH": st.sampled_from(["", "0", "3", " 5 "]),
    "REMOTE_ADDR": st.sampled_from(["127.0.0.1", ""]),
    "REMOTE_USER": st.just("ann"),
    "wsgi.multithread": st.booleans(),
}
headers_of_environ = st.dictionaries(
    st.sampled_from([f"HTTP_{name}" for name in HEADERS]), header_values, max_size=5
)


@st.composite
def environs(draw: Any) -> Callable[[], dict[str, Any]]:
    """Draw a function that makes the same environment again and again, each with its own body."""
    body = draw(bodies)
    environ = {"CONTENT_LENGTH": str(len(body)), "CONTENT_TYPE": draw(content_types)}
    environ |= draw(st.fixed_dictionaries({}, optional=optional_keys)) | draw(headers_of_environ)
    return lambda: {**environ, "wsgi.input": io.BytesIO(body)}


mutations_of_request = st.lists(
    st.sampled_from(
        [
            ("method", "PUT"),
            ("scheme", "https"),
            ("server", None),
            ("root_path", "/r"),
            ("path", "/p\xe9"),
            ("query_string", b"a=1&b"),
            (
                "headers",
                Headers([("Host", "h:80"), ("Cookie", "z=1"), ("Cookie", "y=2"), ("Content-Type", "a/b")]),
            ),
            ("remote_addr", "::1"),
            ("args", MultiDict([("a", "b")])),
            ("host", "example.com"),
            ("trusted_hosts", ["localhost"]),
            ("max_content_length", 4),
            ("max_form_memory_size", 2),
            ("max_form_parts", 1),
            ("parameter_storage_class", MultiDict),
            ("shallow", True),
        ]
    ),
    max_size=3,
)

#: What Werkzeug applies when it creates the stream, and we when the body is read: see the test of it.
AT_THE_STREAM = {"max_content_length", "shallow"}
late_mutations: Any = mutations_of_request.map(
    lambda changes: [change for change in changes if change[0] not in AT_THE_STREAM]
)

NAMES = attribute_names(WerkzeugRequest({}))
CALLS: list[Callable[[Any], Any]] = [
    repr,
    lambda request: request.get_data(),
    lambda request: request.get_data(as_text=True, parse_form_data=True),
    lambda request: request.get_json(force=True),
    lambda request: request.get_json(silent=True),
]


def assert_same(theirs: Any, ours: Any) -> None:
    """Check that two outcomes are equal, or that ours is a 400 where Werkzeug lets an error through."""
    if theirs[:1] == (RAISED,) and theirs[2] is None and theirs[1] is not RuntimeError:
        assert ours[0] == RAISED
        assert ours[2] == 400
    elif theirs == (RAISED, RequestEntityTooLarge, 413) and ours != theirs:
        assert ours == (RAISED, ClientDisconnected, 400)  # the form is cut as well, which is found first
    elif theirs == (IfRange, ValueError):  # an entity tag that is not one
        assert ours == "<IfRange ''>"
    else:
        assert ours == theirs


@settings(max_examples=150, deadline=None)
@given(environs(), late_mutations, st.permutations(NAMES), st.sampled_from(CALLS))
def test_every_attribute_of_a_request_is_werkzeugs(
    make_environ: Any, changes: Any, names: Any, call: Any
) -> None:
    """Whatever is read, in whatever order and after whatever was set, equals what Werkzeug answers."""
    theirs, ours = Oracle(make_environ()), OurRequest(make_environ())
    for position, name in enumerate(names):
        if position == len(names) // 2:
            assert_same(outcome(lambda: call(theirs)), outcome(lambda: call(ours)))
            for changed, value in changes:
                setattr(theirs, changed, value)
                setattr(ours, changed, value)
        if name == "stream" and theirs.failure is not None:
            continue  # what is left of a body whose form is broken is not defined
        assert_same(outcome(partial(getattr, theirs, name)), outcome(partial(getattr, ours, name)))
    assert repr(ours) == repr(theirs)


def test_a_limit_after_a_form_without_the_body() -> None:
    """It applies to the body, which has not been read; Werkzeug has created the stream before."""
    environ = {"CONTENT_LENGTH": "13", "CONTENT_TYPE": "text/plain"}
    for cls, is_refused in ((WerkzeugRequest, False), (Request, True)):
        request = cls({**environ, "wsgi.input": io.BytesIO(b"a=1&b=%ff&a=2")})
        assert not request.form
        request.max_content_length = 4
        assert (outcome(request.get_data)[:1] == (RAISED,)) is is_refused


@settings(max_examples=150, deadline=None)
@given(environs(), mutations_of_request)
def test_attributes_can_be_set_before_they_are_read(make_environ: Any, changes: Any) -> None:
    """What is set first wins over the environment, and what depends on it follows."""
    theirs, ours = Oracle(make_environ()), OurRequest(make_environ())
    for name, value in changes:
        setattr(theirs, name, value)
        setattr(ours, name, value)
    for name in NAMES:
        assert_same(outcome(partial(getattr, theirs, name)), outcome(partial(getattr, ours, name)))


@settings(max_examples=300, deadline=None)
@given(st.text("ab=&;+%c3\xa9\xc3\xa9\xff ", max_size=20))
def test_a_query_string_is_parsed_as_werkzeug_does(query: str) -> None:
    """The quick way and Werkzeug's way give the same arguments."""
    theirs, ours = Oracle({"QUERY_STRING": query}), Request({"QUERY_STRING": query})
    assert_same(outcome(lambda: theirs.args), outcome(lambda: ours.args))


# Responses


class OracleResponse(WerkzeugResponse):
    """Werkzeug's, with our default mimetype, our functions on close in direct passthrough, and only bytes."""

    default_mimetype = "text/html"

    def __init__(self, response: Any = None, *args: Any, **kwargs: Any) -> None:
        super().__init__(bytes(response) if isinstance(response, bytearray) else response, *args, **kwargs)

    def get_app_iter(self, environ: Any) -> Any:
        body = super().get_app_iter(environ)
        is_passed_through = body is self.response and self._on_close
        return ClosingIterator(self.iter_encoded(), self.close) if is_passed_through else body


OracleResponse.__name__ = "Response"
RESPONSE_NAMES = attribute_names(WerkzeugResponse(""))

texts = st.text(max_size=8)
response_bodies = st.one_of(
    st.none(),
    texts,
    st.binary(max_size=8),
    st.lists(st.binary(max_size=4), max_size=3),
    st.lists(texts, max_size=3),
    st.just(bytearray(b"ab")),
)
statuses = st.sampled_from(
    [
        *(None, 200, 201, 204, 301, 304, 404, 418, 599, HTTPStatus.CREATED),
        *("200 OK", "404 Not Found", "404 NOT FOUND", " 202 Fine ", "503", ""),
    ]
)
names_of_headers = st.sampled_from(
    [
        "X-A",
        "x-a",
        "Content-Type",
        "content-length",
        "Content-Length",
        "Location",
        "Content-Location",
        "ETag",
        "Vary",
    ]
)
values_of_headers = st.sampled_from(["b", "5", "/a b\xe9", "b\r\nX: y", "a\tb", 7])
pairs_of_headers = st.lists(
    st.tuples(names_of_headers, values_of_headers) | st.just(("Location", "http://h/\u20ac")), max_size=3
)
mimetypes = st.sampled_from([None, "text/plain", "application/json", "image/svg+xml", "", "a/b\n"])
constructor_arguments = st.fixed_dictionaries(
    {"response": response_bodies},
    optional={
        "status": statuses,
        "headers": st.none() | pairs_of_headers | pairs_of_headers.map(dict) | st.just({"X-A": ["1", "2"]}),
        "mimetype": mimetypes,
        "content_type": mimetypes,
        "direct_passthrough": st.booleans(),
    },
)


def _do(name: str, *args: Any, **kwargs: Any) -> Callable[[Any], Any]:
    return lambda response: getattr(response, name)(*args, **kwargs)


def _set(name: str, value: Any) -> Callable[[Any], Any]:
    return lambda response: setattr(response, name, copy.copy(value))


# Not `make_conditional`, which is different by contract: see test_conditions.py.
STEPS: dict[str, Callable[[Any], Any]] = {
    "set header": lambda response: response.headers.__setitem__("X-B", "c"),
    "set length": lambda response: response.headers.__setitem__("content-length", "3"),
    "drop length": lambda response: response.headers.pop("Content-Length", None),
    "add header": lambda response: response.headers.add("X-A", "d"),
    "bad header": lambda response: response.headers.add("X-A", "d\n"),
    "new headers": lambda response: setattr(response, "headers", Headers([("X-C", "d")])),
    "clear headers": lambda response: response.headers.clear(),
    "vary": lambda response: response.vary.add("Cookie"),
    "cache": lambda response: setattr(response.cache_control, "max_age", 5),
    "params": lambda response: response.mimetype_params.update(a="b"),
    "stream": lambda response: response.stream.write(b"more"),
    "repr": repr,
    "cookie": _do("set_cookie", "k", "v", max_age=3, expires=10**9),  # not the clock's time
    "no cookie": _do("delete_cookie", "k"),
    "freeze": _do("freeze"),
    "etag": _do("add_etag"),
    "own etag": _do("set_etag", "a"),
    "sequence": _do("make_sequence"),
    "read": _do("get_data"),
    "data": _set("data", "n\xe9w"),
    "bytes": _set("data", b"new"),
    "one": _set("response", [b"one"]),
    "two": _set("response", ["o", b"ne"]),
    "none": _set("response", []),
    "tuple": _set("response", (b"t",)),
    "status": _set("status", "201 Made"),
    "code": _set("status_code", 404),
    "no content": _set("status_code", 204),
    "mimetype": _set("mimetype", "text/css"),
    "content type": _set("content_type", "a/b"),
    "location": _set("location", "/\xe9"),
    "length": _set("content_length", 2),
    "passthrough": _set("direct_passthrough", True),
    "autocorrect": _set("autocorrect_location_header", True),
    "no length": _set("automatically_set_content_length", False),
    "no conversion": _set("implicit_sequence_conversion", False),
}


def life_of(cls: type[Any], arguments: dict[str, Any], steps: list[str], method: str) -> list[Any]:
    """Build a response, change it, read every attribute and send it; return all that can be observed."""
    closed: list[str] = []
    seen: list[Any] = []
    try:
        response = cls(**arguments | {"response": copy.copy(arguments["response"])})
    except Exception as error:  # noqa: BLE001 - whatever Werkzeug raises
        return [type(error)]
    for step in steps:
        if step == "on close":
            response.call_on_close(lambda: closed.append("closed"))
        else:
            seen.append((step, outcome(partial(STEPS[step], response))))
    environ = {"REQUEST_METHOD": method, "wsgi.url_scheme": "http", "SERVER_NAME": "h", "SERVER_PORT": "80"}
    for _ in range(2):
        try:
            body, status, headers = run_wsgi_app(response, environ, buffered=True)
            seen.append((b"".join(body), status, list(headers)))
        except Exception as error:  # noqa: BLE001 - such as text in direct passthrough
            seen.append(type(error))
        seen.append(closed.copy())
    seen += [(name, outcome(partial(getattr, response, name))) for name in RESPONSE_NAMES]
    response.close()
    return seen


@settings(max_examples=400, deadline=None)
@given(
    constructor_arguments,
    st.lists(st.sampled_from([*STEPS, "on close"]), max_size=4),
    st.sampled_from(["GET", "HEAD"]),
)
def test_a_response_lives_as_werkzeugs_does(arguments: Any, steps: list[str], method: str) -> None:
    """Built from anything and changed in any way, a response is sent and looks as Werkzeug's."""
    assert life_of(Response, arguments, steps, method) == life_of(OracleResponse, arguments, steps, method)


@settings(max_examples=100, deadline=None)
@given(constructor_arguments, st.lists(st.sampled_from([*STEPS, "on close"]), max_size=3))
def test_a_response_forced_into_our_type_lives_on(arguments: Any, steps: list[str]) -> None:
    """What Werkzeug's constructor made works under our class."""

    def forced(**arguments: Any) -> Any:
        return Response.force_type(OracleResponse(**arguments))

    kept: Any = forced
    assert life_of(kept, arguments, steps, "GET") == life_of(OracleResponse, arguments, steps, "GET")


@settings(max_examples=100, deadline=None)
@given(texts, st.lists(st.sampled_from([*STEPS]), max_size=3))
def test_given_headers_are_kept_and_changed_in_place(body: str, steps: list[str]) -> None:
    """A `Headers` object given to the constructor is the response's own, as in Werkzeug."""
    theirs, ours = Headers({"X-A": "b"}), Headers({"X-A": "b"})
    life_of(OracleResponse, {"response": body, "headers": theirs}, steps, "GET")
    life_of(Response, {"response": body, "headers": ours}, steps, "GET")
    assert list(ours) == list(theirs)
