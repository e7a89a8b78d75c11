"""What is compiled of arguments, cookies and forms does what it does in Python, and as Werkzeug does."""

from __future__ import annotations

import io
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from werkzeug.datastructures import ImmutableMultiDict as WerkzeugDict
from werkzeug.datastructures import MultiDict
from werkzeug.test import create_environ

from cocopot import Cocopot, Request, speedups
from cocopot.arguments import ImmutableMultiDict
from cocopot.header_parsers import parse_cookies
from cocopot.lazy_attributes import werkzeug_loader
from cocopot.speedups import requests as in_python
from tests.speedups.test_documents import Input, outcome

PLAIN = [speedups.plain_cookies, in_python.plain_cookies]
COOKIE_PIECES = ["a", "b=", "=", ";", "; ", '"', " ", "\t", "\u00e9", "c=d", "\x01", "a=1"]


@settings(deadline=None, max_examples=1000)
@given(st.lists(st.sampled_from(COOKIE_PIECES), max_size=8).map("".join))
def test_plain_cookies(header: str) -> None:
    """Those that are plain are read as others are, with all values of a name; which are, is the same."""
    found = [plain(header, ImmutableMultiDict) for plain in PLAIN]
    assert found[0] == found[1]
    if found[0] is not None:
        assert found[0] == MultiDict(parse_cookies(header))


@pytest.mark.parametrize("plain", PLAIN)
def test_what_browsers_send_is_plain(plain: Any) -> None:
    """Cookies without quotes are plain, whether a blank follows each semicolon or not."""
    assert plain("a=1; session=eyJ.b-_=;empty=; a=2", MultiDict).getlist("a") == ["1", "2"]
    for header in ("a", "a=1;", "a=1; ", "a=1;  b=2", 'a="1"', "a=1 2", "=1", "a=1; b", "a=\u00e9", " a=1"):
        assert plain(header, MultiDict) is None


@pytest.mark.parametrize("key", ["a", "b", "missing", "", ["not hashable"]])
@pytest.mark.parametrize("type_", [None, int, str, {}.__getitem__, lambda _: None, "no function"])
def test_get(key: Any, type_: Any) -> None:
    """`get` returns, and raises, what Werkzeug's does, also after a list has been emptied."""
    items: Any = {"a": ["1", "2"], "b": ["x"], "": []}
    ours: Any = ImmutableMultiDict(items)
    theirs: Any = WerkzeugDict(items)
    for emptied in ("nothing", "b"):
        for values in (ours, theirs):
            dict.get(values, emptied, []).clear()  # of the list behind it
        assert outcome(ours.get, key, "default", type_) == outcome(theirs.get, key, "default", type_)


APP = Cocopot("forms", autoload=False, static_folder=None)
DEBUGGED = Cocopot("debugged", autoload=False, static_folder=None)
DEBUGGED.config["DEBUG"] = True
URLENCODED = "application/x-www-form-urlencoded"
TYPES = [
    *(URLENCODED, f"{URLENCODED}; charset=utf-8", f" {URLENCODED}", URLENCODED.upper(), f"{URLENCODED}2"),
    *(
        "multipart/form-data; boundary=b",
        "multipart/form-data; boundary=b",
        "multipart/form-data;boundary=b",
        'multipart/form-data; boundary="b"',
        f"multipart/form-data; boundary={'b' * 70}",
        f"multipart/form-data; boundary={'b' * 71}",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=b/",
        "multipart/form-data; boundary=\u00e9",
        "Multipart/Form-Data",
        "text/plain",
        "application/json",
        "\u00e9",
        "",
    ),
]
FIELD = b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n\xc3\xa9\xff\r\n'
FILE = b'--b\r\nContent-Disposition: form-data; name="f"; filename="n"\r\nContent-Type: x\r\n\r\n\xff\r\n'
BODIES = [
    b"a=1&b=%C3%A9+&a=2",
    b"",
    b"a=\xff",
    b"{}",
    b"--b--",
    b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--b--',
    FIELD + FILE + FILE + FIELD + b"--b--\r\n",
    FIELD + FILE,
    FIELD + b"--b\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--b--\r\n",
    (FIELD + FILE + b"--b--\r\n").replace(b"--b", b"--" + b"b" * 70),
]
ENVIRONS = st.fixed_dictionaries(
    {},
    optional={
        "CONTENT_TYPE": st.sampled_from(TYPES),
        "CONTENT_LENGTH": st.sampled_from(
            ["body", "body", "body", "0", "", "3", "05", "+5", "٣", "99999999999999"]
        ),
        "HTTP_TRANSFER_ENCODING": st.sampled_from(["chunked", "gzip"]),
        "wsgi.input_terminated": st.just(True),
        "SERVER_SOFTWARE": st.just("Granian"),
    },
)


class OwnStorage(Request):
    """A request whose forms are of a class of its own."""

    parameter_storage_class = MultiDict  # type: ignore[assignment]  # one that can be changed


class OwnLength(Request):
    """A request that has another length."""

    @property
    def content_length(self) -> int:
        return 2


STEPS = {
    "form": lambda request: sorted(request.form.lists()),
    "files": lambda request: sorted(request.files.lists()),
    "data": lambda request: request.data,
    "values": lambda request: sorted(request.values.lists()),
    "type of form": lambda request: (type(request.form), type(request.files)),
    "get_data": lambda request: request.get_data(),
    "text": lambda request: request.get_data(as_text=True),
    "get_data without cache": lambda request: request.get_data(cache=False),
    "json": lambda request: request.get_json(silent=True),
    "stream": lambda request: request.stream.read(),
    "headers": lambda request: request.headers.get("Content-Type"),
    "other headers": lambda request: setattr(request, "headers", {"Content-Type": "text/plain"}),
    "limit": lambda request: setattr(request, "max_content_length", 4),
    "shallow": lambda request: setattr(request, "shallow", True),
    "storage": lambda request: setattr(request, "parameter_storage_class", MultiDict),
    "length": lambda request: request.content_length,
    "type": lambda request: request.mimetype,
    "input": lambda request: request.environ["wsgi.input"].tell(),
    "parsed": lambda request: request.form_is_parsed,
    "contents": lambda request: [
        (file.name, file.filename, file.content_type, file.read(), type(file.stream))
        for file in request.files.values()
    ],
    "held": lambda request: request.holds_files,
    "parts": lambda request: setattr(request, "max_form_parts", 1),
    "memory": lambda request: setattr(request, "max_form_memory_size", 100),
    "announced": lambda request: setattr(request, "content_length", 2),
}


def _in_python(cls: type[Request]) -> type[Request]:
    """Return the class with what is not compiled."""
    namespace: dict[str, Any] = {}
    for name in ("form", "files", "data"):
        namespace[name] = type(Request.__dict__.get(name) or vars(Request.__mro__[1])[name])(
            werkzeug_loader(name)
        )
    if speedups.COMPILED:
        namespace["get_data"] = vars(Request)["get_data"].__wrapped__
    return type(cls.__name__, (cls,), namespace)


CLASSES = [(cls, _in_python(cls)) for cls in (Request, OwnStorage, OwnLength)]


@pytest.mark.skipif(not speedups.COMPILED, reason="nothing is compiled")
@settings(deadline=None, max_examples=500)
@given(
    ENVIRONS,
    st.sampled_from(BODIES),
    st.sampled_from(CLASSES),
    st.sampled_from([None, APP, APP, DEBUGGED]),
    st.integers(1, 30),
    st.sampled_from([None, None, None, OSError("gone"), OSError(28, "full"), ValueError("chunk")]),
    st.lists(st.sampled_from(sorted(STEPS)), max_size=5),
)
@example({}, b"", CLASSES[0], None, 1, None, ["data", "other headers", "type"])
def test_forms_of_requests(
    sent: dict[str, Any],
    body: bytes,
    classes: tuple[type[Request], type[Request]],
    app: Cocopot | None,
    most: int,
    error: Exception | None,
    steps: list[str],
) -> None:
    """A form and a body are the same whatever was read or changed before, and so is what is read next."""
    found = []
    if sent.get("CONTENT_LENGTH") == "body":
        sent = {**sent, "CONTENT_LENGTH": str(len(body))}
    for cls in classes:
        environ = create_environ(method="POST")
        for name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            environ.pop(name, None)
        request = cls(environ | sent | {"wsgi.input": Input(body, most, error)}, populate_request=False)
        request.app = app
        found.append([outcome(STEPS[step], request) for step in (*steps, "form", "files", "data", *steps)])
        request.close()
    assert found[0] == found[1]


def test_a_form_is_read_once() -> None:
    """The fields of a form are those of the body, and the body is read when they are read first."""
    body = io.BytesIO(b"a=1&b=2")
    environ = create_environ(method="POST", content_type=URLENCODED, content_length=7, input_stream=body)
    request = Request(environ)
    assert body.tell() == 0
    assert request.form["b"] == "2"
    assert body.tell() == 7
    assert request.form is request.form
